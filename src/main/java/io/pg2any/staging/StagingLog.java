package io.pg2any.staging;

import io.pg2any.change.Lsn;
import io.pg2any.change.Position;
import io.pg2any.change.TransactionBatch;
import io.pg2any.pgoutput.MessageChunk;
import java.io.Closeable;
import java.io.IOException;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Chunks of messages in, batches of whole committed transactions out, in commit order, across crashes.
 *
 * <p>One thread appends, one takes, opens cursors and completes; {@link #status}, {@link #durableLsn}, {@link
 * #sessionEnded} and {@link #close} may come from any. An {@link IOException} leaves everything as it was: the same call
 * may be made again.
 *
 * <p>Small transactions gather in one open batch. While the target is busy the batch grows up to {@code batchBytes};
 * when the target asks for more it is sealed at once: an idle system is prompt, a busy one has few files. A transaction
 * beyond {@code transactionMemoryBytes} gets a file of its own and, since PostgreSQL sends only what has committed, may
 * be read by the target while it is still arriving. A transaction that the server streams while it is open waits in
 * memory, or in segments of its own, until its commit.
 *
 * <p>In {@link AcknowledgeMode#STAGED} every {@link #append} seals what is whole, forced to disk, before it returns.
 */
public final class StagingLog implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(StagingLog.class);
    /** How long a wait goes without looking at the state again, whatever woke or did not wake it. */
    private static final long LONGEST_WAIT_NANOS = TimeUnit.SECONDS.toNanos(1);

    private final StagingConfig config;
    private final StagingFiles files;
    private final Clock clock;
    private final Closeable folderLock;

    /** Fair: a capture that never pauses must not starve the target's thread. */
    private final ReentrantLock lock = new ReentrantLock(true);

    private final Condition changed = lock.newCondition();
    private final CommittedFiles committed;
    private final TransactionAggregator aggregator;
    private final PreparedTransactions prepared;
    private final PendingFiles pending;
    private final Sealing sealing;
    private final SealingPace pace;
    private final BatchReads reads;
    private final StagingBudget budget;
    private StagedBatch outstanding;
    /** A chunk that was taken but whose sealing failed; null otherwise. */
    private MessageChunk unsealed;

    private Lsn applied;
    private Lsn targetDurable;
    private String lastError;
    private boolean stopping;
    private boolean closed;

    private StagingLog(
            StagingConfig config,
            StagingFiles files,
            Clock clock,
            Closeable folderLock,
            List<PendingFile> recovered,
            List<PreparedTransactions.Prepared> recoveredPrepared) {
        this.config = config;
        this.files = files;
        this.clock = clock;
        this.folderLock = folderLock;
        this.prepared = new PreparedTransactions(
                config.prepared(),
                recoveredPrepared,
                recovered.stream().flatMap(file -> file.prepared().stream()).toList());
        this.committed = new CommittedFiles(config, clock);
        this.aggregator = new TransactionAggregator(config, committed, prepared);
        this.pending = new PendingFiles(files, prepared, recovered);
        this.sealing = new Sealing(config, files, aggregator, committed, prepared, pending, changed);
        this.pace = new SealingPace(clock, config.batchBytes());
        this.reads = new BatchReads(
                files,
                config.pending(),
                lock,
                changed,
                aggregator,
                committed,
                sealing,
                file -> closed || (stopping && file == aggregator.arriving()));
        this.budget = new StagingBudget(config.maxBytes());
        if (!recovered.isEmpty()) {
            PendingFile last = recovered.get(recovered.size() - 1);
            committed.startAt(last.header().source(), last.through());
        }
        recovered.forEach(sealing::recovered);
    }

    /**
     * Takes the folder and recovers what is in it.
     *
     * @throws IOException if another instance has the folder, or it cannot be read
     * @throws CorruptStagedFileException if acknowledged transactions are damaged
     */
    public static StagingLog open(StagingConfig config, StagingFiles files) throws IOException {
        return open(config, files, Clock.systemUTC());
    }

    static StagingLog open(StagingConfig config, StagingFiles files, Clock clock) throws IOException {
        files.createFolder(config.received());
        files.createFolder(config.pending());
        files.createFolder(config.prepared());
        files.createFolder(config.rejected());
        Closeable folderLock = files.lock(config.lockFile());
        if (folderLock == null) {
            throw new IOException("staging folder " + config.folder() + " is in use by another instance; stop it, or"
                    + " give this one its own folder (pg2any.staging.base)");
        }
        boolean opened = false;
        try {
            StagingRecovery recovery = new StagingRecovery(config, files);
            List<PendingFile> recovered = recovery.recover();
            StagingLog log = new StagingLog(config, files, clock, folderLock, recovered, recovery.recoverPrepared());
            opened = true;
            LOG.info(
                    "staging in {}: {} files wait, {}",
                    config.folder(),
                    recovered.size(),
                    log.stagedPosition()
                            .map(position -> "staged through " + position.lsn())
                            .orElse("nothing known of what was staged before"));
            return log;
        } finally {
            if (!opened) {
                folderLock.close();
            }
        }
    }

    /** Everything whole that this log holds or has passed on; empty before anything is known. */
    public Optional<Position> stagedPosition() {
        lock.lock();
        try {
            return committed.through() == null
                    ? Optional.empty()
                    : Optional.of(new Position(committed.source(), committed.through()));
        } finally {
            lock.unlock();
        }
    }

    /**
     * Tells what the target has, before the first take: files it has are deleted. A session may be under way, when
     * staging alone is what makes changes safe and the target was not waited for.
     *
     * @throws PositionMismatchException if transactions between the target's position and the first file are missing, or
     *     the target follows another cluster
     */
    public void reconcile(Position target) {
        lock.lock();
        try {
            requireOpen();
            if (outstanding != null) {
                throw new IllegalStateException("reconcile comes before take");
            }
            if (committed.source() != null
                    && !committed
                            .source()
                            .systemIdentifier()
                            .equals(target.source().systemIdentifier())) {
                throw new PositionMismatchException("the target follows cluster "
                        + target.source().systemIdentifier() + ", staged in " + config.folder() + " is cluster "
                        + committed.source().systemIdentifier());
            }
            PendingFile first = pending.firstAfter(target.lsn());
            if (first != null
                    && first.after().isAfter(target.lsn())
                    && aggregator.session() == 0
                    && pending.allOf(AcknowledgeMode.APPLIED)) {
                // A power failure took commits of the target back; the source was never told of them.
                LOG.warn(
                        "the target stands at {}, before the first staged file, which continues from {}: all staged files"
                                + " are dropped, the source sends them again",
                        target.lsn(),
                        first.after());
                pending.drop();
                committed.startAt(target.source(), target.lsn());
                first = null;
            }
            if (first != null && first.after().isAfter(target.lsn())) {
                throw new PositionMismatchException("the target has what committed before " + target.lsn()
                        + ", but the first staged file, " + first.path() + ", continues from " + first.after()
                        + ": what lies between is missing");
            }
            pending.completeThrough(target.lsn());
            applied = target.lsn();
            targetDurable = target.lsn();
            deleteCompleted();
            // A session has its own place, behind the target's at most by what the target will pass over.
            if (aggregator.session() == 0
                    && (committed.through() == null || target.lsn().isAfter(committed.through()))) {
                committed.startAt(target.source(), target.lsn());
            }
        } finally {
            lock.unlock();
        }
    }

    /**
     * Takes the next chunk, whole or not at all. Waits at the quota until the target has made room.
     *
     * @throws IOException if the disk refuses, the folder is named: append the same chunk again
     * @throws io.pg2any.pgoutput.MalformedMessageException fatal for the session
     * @throws PositionMismatchException if the session does not continue what is staged
     * @throws StagingQuotaExceededException if one transaction alone needs more than the quota
     */
    public void append(MessageChunk chunk) throws IOException, InterruptedException {
        lock.lockInterruptibly();
        try {
            requireOpen();
            String remains = null;
            // Taken before, only its sealing failed: to take it again would double it.
            if (chunk != unsealed) {
                if (!aggregator.isSession(chunk)) {
                    beginSession(chunk);
                }
                awaitBudget();
                deleteCompleted();
                sealing.makeRoom();
                aggregator.scan(chunk);
                remains = aggregator.streams().tryToDeleteDiscarded(files);
                changed.signalAll();
            }
            unsealed = chunk;
            prepared.settle(files);
            if (sealing.isForced() && pace.isChunkDue(pending.size(), committed.batch())) {
                sealing.sealAll();
                pace.chunkSealed();
            }
            unsealed = null;
            lastError = remains;
        } catch (IOException e) {
            lastError = e.toString();
            throw e;
        } finally {
            lock.unlock();
        }
    }

    /**
     * The session is over: what was in progress is dropped now and not with the next session's first chunk, so that a
     * target in the middle of an arriving transaction does not wait for that. Nothing happens if it is not the current.
     */
    public void sessionEnded(long session) throws IOException {
        lock.lock();
        try {
            if (!closed && aggregator.session() == session) {
                sealing.abandonInProgress();
            }
        } finally {
            lock.unlock();
        }
    }

    /**
     * From now on nobody is made to wait for the source or the target: who waits for the rest of an arriving
     * transaction is told that it is abandoned, who waits for room is refused. Whole transactions go on.
     */
    public void prepareToClose() {
        lock.lock();
        try {
            stopping = true;
            changed.signalAll();
        } finally {
            lock.unlock();
        }
    }

    /** What may be acknowledged in {@link AcknowledgeMode#STAGED}: forced to disk. Empty before that, or in APPLIED. */
    public Optional<Lsn> durableLsn() {
        lock.lock();
        try {
            return Optional.ofNullable(sealing.durable());
        } finally {
            lock.unlock();
        }
    }

    /**
     * The next batch. One is out at a time: complete or release it first.
     *
     * @return null if there was nothing until the timeout, or the log was closed
     */
    public TransactionBatch take(Duration timeout) throws IOException, InterruptedException {
        long nanos = timeout.toNanos();
        lock.lockInterruptibly();
        try {
            requireOpen();
            if (outstanding != null) {
                throw new IllegalStateException(outstanding + " is out, complete or release it first");
            }
            while (!closed) {
                outstanding = next(nanos > 0);
                if (outstanding != null || nanos <= 0) {
                    return outstanding;
                }
                long gather = gatherNanosLeft();
                if (gather > 0 && gather < nanos) {
                    nanos -= gather - Math.max(0, changed.awaitNanos(gather));
                } else {
                    nanos = changed.awaitNanos(nanos);
                }
            }
            return null;
        } catch (IOException e) {
            lastError = e.toString();
            throw e;
        } finally {
            lock.unlock();
        }
    }

    /**
     * The target has committed the batch. Its files go: at once when the source still has what they hold, else when the
     * target has it for good. A file that the disk does not let go is tried again later.
     */
    public void complete(TransactionBatch batch) {
        lock.lock();
        try {
            requireOutstanding(batch);
            Lsn through;
            if (outstanding.arriving() == null) {
                List<PendingFile> whole = outstanding.files();
                through = whole.get(whole.size() - 1).through();
            } else if (outstanding.arriving().sealed() != null) {
                through = outstanding.arriving().through();
            } else {
                throw new IllegalStateException(batch + " has not arrived, it cannot have been applied");
            }
            pace.completed(batch.stagedBytes());
            outstanding = null;
            applied = through;
            pending.completeThrough(through);
            deleteCompleted();
            changed.signalAll();
        } finally {
            lock.unlock();
        }
    }

    /** The target holds everything before this position for good: a power failure would not take it back. */
    public void targetDurable(Lsn position) {
        lock.lock();
        try {
            if (targetDurable == null || position.isAfter(targetDurable)) {
                targetDurable = position;
                deleteCompleted();
                changed.signalAll();
            }
        } finally {
            lock.unlock();
        }
    }

    /** In APPLIED the source keeps what the target might lose; in STAGED nobody else does. */
    private Lsn deletable() {
        return config.acknowledge() == AcknowledgeMode.APPLIED ? applied : targetDurable;
    }

    /** The target has not applied the batch: if it is whole it will be offered again. */
    public void release(TransactionBatch batch) {
        lock.lock();
        try {
            requireOutstanding(batch);
            outstanding = null;
            changed.signalAll();
        } finally {
            lock.unlock();
        }
    }

    public StagingStatus status() throws IOException {
        long usable = files.usableSpace(config.folder());
        lock.lock();
        try {
            PendingFile first = pending.first();
            return new StagingStatus(
                    sealing.stagedBytes(),
                    config.maxBytes(),
                    pending.size(),
                    pending.transactions()
                            + committed.all().stream()
                                    .mapToLong(OpenFile::transactions)
                                    .sum(),
                    first == null
                            ? Optional.ofNullable(committed.first()).map(open -> open.header.createdAt())
                            : Optional.of(first.header().createdAt()),
                    Optional.ofNullable(aggregator.received()),
                    Optional.ofNullable(committed.through()),
                    Optional.ofNullable(applied),
                    budget.reachedSince(),
                    usable,
                    Optional.ofNullable(lastError == null ? pending.lastError() : lastError));
        } finally {
            lock.unlock();
        }
    }

    /**
     * Leaves what is sealed for the next start, drops the rest, which the source sends again, and wakes who waits. Does
     * nothing the second time.
     */
    @Override
    public void close() throws IOException {
        lock.lock();
        try (Closeable release = folderLock) {
            if (closed) {
                return;
            }
            closed = true;
            changed.signalAll();
            for (OpenFile file : committed.all()) {
                file.abandon(files);
            }
            prepared.close(files);
            sealing.abandonInProgress();
        } finally {
            lock.unlock();
        }
    }

    /** Bytes of records that are not in a file yet. */
    long memoryBytes() {
        lock.lock();
        try {
            return sealing.memoryBytes();
        } finally {
            lock.unlock();
        }
    }

    // Under the lock

    private void beginSession(MessageChunk chunk) throws IOException {
        aggregator.requireContinues(chunk);
        sealing.abandonInProgress();
        if (committed.source() != null && !committed.source().equals(chunk.source())) {
            // A file has one source in its header.
            sealing.sealAll();
        }
        aggregator.beginSession(chunk);
    }

    private void awaitBudget() throws IOException, InterruptedException {
        aggregator.streams().deleteDiscarded(files);
        // Completed files go by themselves, within the time a target takes to make its commits durable.
        while (budget.isReached(sealing.stagedBytes() - pending.completedBytes(), clock.instant())) {
            long inProgress = sealing.inProgressBytes();
            if (inProgress > 0 && inProgress == sealing.stagedBytes() - pending.completedBytes()) {
                throw new StagingQuotaExceededException("transactions in progress of " + inProgress
                        + " bytes so far need more than the staging quota of " + config.maxBytes()
                        + " bytes; raise pg2any.staging.maxBytes");
            }
            deleteCompleted();
            changed.awaitNanos(LONGEST_WAIT_NANOS);
            if (closed || stopping) {
                throw new IOException("staging stops while it waits for room; the chunk was not taken");
            }
        }
    }

    private long gatherNanosLeft() {
        return stopping ? 0 : pace.gatherNanosLeft(committed);
    }

    private StagedBatch next(boolean mayGather) throws IOException {
        if (pending.first() == null) {
            if (mayGather && gatherNanosLeft() > 0) {
                return null;
            }
            sealing.sealNext();
        }
        List<PendingFile> whole = pending.firstUpTo(config.batchBytes());
        if (!whole.isEmpty()) {
            return new StagedBatch(reads, whole);
        }
        OpenFile arriving = aggregator.arriving();
        return arriving != null && config.offerWhileArriving() && !stopping && !aggregator.isPreparing()
                ? new StagedBatch(reads, arriving)
                : null;
    }

    private void deleteCompleted() {
        pending.deleteCompleted(deletable(), targetDurable);
    }

    private void requireOpen() {
        if (closed) {
            throw new IllegalStateException("staging log in " + config.folder() + " is closed");
        }
    }

    private void requireOutstanding(TransactionBatch batch) {
        if (batch == null || batch != outstanding) {
            throw new IllegalStateException(batch + " is not the batch that is out, " + outstanding + " is");
        }
    }
}
