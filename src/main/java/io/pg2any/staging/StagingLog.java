package io.pg2any.staging;

import io.pg2any.change.Lsn;
import io.pg2any.change.Position;
import io.pg2any.change.TransactionAbandonedException;
import io.pg2any.change.TransactionBatch;
import io.pg2any.change.TransactionCursor;
import io.pg2any.pgoutput.MessageChunk;
import java.io.Closeable;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.io.UncheckedIOException;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
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

    private static final int MANY_FILES = 64;
    private static final long BUSY_BATCH_BYTES = 32 * 1024;
    private static final long GATHER_BYTES = 512 * 1024;
    private static final long GATHER_NANOS = TimeUnit.MILLISECONDS.toNanos(4);
    private static final Duration PILED_SEAL_INTERVAL = Duration.ofSeconds(1);

    private final StagingConfig config;
    private final StagingFiles files;
    private final Clock clock;
    private final Closeable folderLock;

    /** Fair: a capture that never pauses must not starve the target's thread. */
    private final ReentrantLock lock = new ReentrantLock(true);

    private final Condition changed = lock.newCondition();
    private Instant sealedAt = Instant.EPOCH;
    private long gatherUntilNanos;
    private final TransactionAggregator aggregator;
    private final PreparedTransactions prepared;
    private final PendingFiles pending;
    private final StagingBudget budget;
    /** Lent to one cursor at a time; see {@link AnnouncedRelations} for why it outlives cursors. */
    private final AtomicReference<AnnouncedRelations> relations =
            new AtomicReference<>(new AnnouncedRelations(StagedTransactions.DECODER));

    private StagedBatch outstanding;
    /** A chunk that was taken but whose sealing failed; null otherwise. */
    private MessageChunk unsealed;

    private Lsn applied;
    private Lsn durable;
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
        this.aggregator = new TransactionAggregator(config, clock, prepared);
        this.pending = new PendingFiles(files, prepared, recovered);
        this.budget = new StagingBudget(config.maxBytes());
        if (!recovered.isEmpty()) {
            PendingFile last = recovered.get(recovered.size() - 1);
            aggregator.startAt(last.header().source(), last.through());
        }
        for (PendingFile file : recovered) {
            if (config.acknowledge() == AcknowledgeMode.STAGED
                    && file.header().acknowledge() == AcknowledgeMode.STAGED) {
                durable = file.through();
            }
        }
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
            return aggregator.through() == null
                    ? Optional.empty()
                    : Optional.of(new Position(aggregator.source(), aggregator.through()));
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
            if (aggregator.source() != null
                    && !aggregator
                            .source()
                            .systemIdentifier()
                            .equals(target.source().systemIdentifier())) {
                throw new PositionMismatchException("the target follows cluster "
                        + target.source().systemIdentifier() + ", staged in " + config.folder() + " is cluster "
                        + aggregator.source().systemIdentifier());
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
                dropPending();
                aggregator.startAt(target.source(), target.lsn());
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
                    && (aggregator.through() == null || target.lsn().isAfter(aggregator.through()))) {
                aggregator.startAt(target.source(), target.lsn());
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
                makeRoom();
                aggregator.scan(chunk);
                remains = aggregator.streams().tryToDeleteDiscarded(files);
                changed.signalAll();
            }
            unsealed = chunk;
            prepared.settle(files);
            if (isForced() && sealIsDue()) {
                sealWhole();
                sealedAt = clock.instant();
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
     * In STAGED every chunk is made safe at once; while a target that is down lets files pile up, a file a second is
     * enough, or their number would fill memory and disk long before their bytes do.
     */
    private boolean sealIsDue() {
        OpenFile batch = aggregator.batch();
        return pending.size() < MANY_FILES
                || (batch != null && batch.bytes() >= config.batchBytes())
                || !clock.instant().isBefore(sealedAt.plus(PILED_SEAL_INTERVAL));
    }

    /**
     * The session is over: what was in progress is dropped now and not with the next session's first chunk, so that a
     * target in the middle of an arriving transaction does not wait for that. Nothing happens if it is not the current.
     */
    public void sessionEnded(long session) throws IOException {
        lock.lock();
        try {
            if (!closed && aggregator.session() == session) {
                abandonTransaction();
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
            return Optional.ofNullable(durable);
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
            gatherUntilNanos = System.nanoTime() + (batch.stagedBytes() >= BUSY_BATCH_BYTES ? GATHER_NANOS : 0);
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
                    stagedBytes(),
                    config.maxBytes(),
                    pending.size(),
                    pending.transactions()
                            + aggregator.whole().stream()
                                    .mapToLong(OpenFile::transactions)
                                    .sum(),
                    first == null
                            ? Optional.ofNullable(aggregator.firstWhole()).map(open -> open.header.createdAt())
                            : Optional.of(first.header().createdAt()),
                    Optional.ofNullable(aggregator.received()),
                    Optional.ofNullable(aggregator.through()),
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
            for (OpenFile file : aggregator.whole()) {
                file.abandon(files);
            }
            prepared.close(files);
            abandonTransaction();
        } finally {
            lock.unlock();
        }
    }

    // For batches and cursors

    TransactionCursor openCursor(StagedBatch batch) {
        List<BatchCursor.Part> parts = new ArrayList<>();
        for (PendingFile file : batch.files()) {
            parts.add(() -> FrameReader.open(files, file.path()));
        }
        if (batch.arriving() != null) {
            parts.add(() -> openArriving(batch.arriving()));
        }
        AnnouncedRelations lent = relations.getAndSet(null);
        return new BatchCursor(
                files, parts, lent == null ? new AnnouncedRelations(StagedTransactions.DECODER) : lent, relations::set);
    }

    /** In STAGED it was forced when it was sealed. False while it is not whole. */
    boolean preserve(StagedBatch batch) throws IOException {
        List<PendingFile> whole = new ArrayList<>(batch.files());
        if (batch.arriving() != null) {
            lock.lock();
            try {
                if (batch.arriving().sealed() == null) {
                    return false;
                }
                whole.add(batch.arriving().sealed());
            } finally {
                lock.unlock();
            }
        }
        for (PendingFile file : whole) {
            if (file.header().acknowledge() == AcknowledgeMode.APPLIED) {
                file.force(files);
            }
        }
        files.forceFolder(config.pending());
        return true;
    }

    long arrivedBytes(OpenFile file) {
        lock.lock();
        try {
            return file.bytes();
        } finally {
            lock.unlock();
        }
    }

    /** Bytes of records that are not in a file yet. */
    long memoryBytes() {
        lock.lock();
        try {
            OpenFile arriving = aggregator.arriving();
            return aggregator.transactionMemoryBytes()
                    + aggregator.whole().stream().mapToLong(OpenFile::buffered).sum()
                    + aggregator.streams().memoryBytes()
                    + (arriving == null ? 0 : arriving.buffered());
        } finally {
            lock.unlock();
        }
    }

    private FrameReader openArriving(OpenFile file) throws IOException {
        awaitArrived(file, 1);
        StagingFiles.StagedFile opened;
        lock.lock();
        try {
            // Under the lock: sealing renames the file.
            opened = files.openForReading(file.path());
        } finally {
            lock.unlock();
        }
        return FrameReader.open(opened, file.path(), needed -> awaitArrived(file, needed));
    }

    /** Waits until so much can be read, or the file is whole. */
    private long awaitArrived(OpenFile file, long needed) throws IOException {
        lock.lock();
        try {
            while (true) {
                boolean givenUp = closed || (stopping && file == aggregator.arriving());
                if (file.isAbandoned() || (givenUp && file.sealed() == null)) {
                    throw new TransactionAbandonedException("the transaction after " + file.header.after()
                            + " did not arrive to its end; the source sends it again");
                }
                if (file == aggregator.firstWhole()) {
                    // Its last frames become readable only with the footer: what has been read is then staged.
                    sealNext();
                }
                if (file.sealed() != null) {
                    return file.sealed().fileBytes();
                }
                if (file == aggregator.arriving() && file.written() < needed) {
                    // The target has caught up: it gets what is there, however little.
                    file.flush(files, true);
                }
                if (file.written() >= needed) {
                    return file.written();
                }
                changed.awaitNanos(LONGEST_WAIT_NANOS);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            InterruptedIOException interrupted =
                    new InterruptedIOException("interrupted while waiting for a transaction to arrive");
            interrupted.initCause(e);
            throw interrupted;
        } finally {
            lock.unlock();
        }
    }

    // Under the lock

    private void beginSession(MessageChunk chunk) throws IOException {
        aggregator.requireContinues(chunk);
        abandonTransaction();
        if (aggregator.source() != null && !aggregator.source().equals(chunk.source())) {
            // A file has one source in its header.
            sealWhole();
        }
        aggregator.beginSession(chunk);
    }

    private void abandonTransaction() throws IOException {
        OpenFile arriving = aggregator.arriving();
        if (arriving != null) {
            changed.signalAll();
            arriving.abandon(files);
        }
        aggregator.dropTransaction();
        aggregator.streams().deleteDiscarded(files);
    }

    private void awaitBudget() throws IOException, InterruptedException {
        aggregator.streams().deleteDiscarded(files);
        // Completed files go by themselves, within the time a target takes to make its commits durable.
        while (budget.isReached(stagedBytes() - pending.completedBytes(), clock.instant())) {
            long inProgress = inProgressBytes();
            if (inProgress > 0 && inProgress == stagedBytes() - pending.completedBytes()) {
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

    /** All writing a chunk may call for, before it is taken: afterwards nothing can fail. */
    private void makeRoom() throws IOException {
        deleteCompleted();
        while (aggregator.hasFinished()) {
            sealNext();
        }
        aggregator.streams().makeRoom(files, config.transactionMemoryBytes(), isForced());
        if (aggregator.transactionMemoryBytes() > config.transactionMemoryBytes()) {
            sealWhole();
            aggregator.spoolTransaction();
        }
        OpenFile arriving = aggregator.arriving();
        if (arriving != null) {
            arriving.flush(files, false);
        }
        OpenFile batch = aggregator.batch();
        if (batch != null) {
            if (batch.sealed() != null || batch.bytes() >= config.batchBytes()) {
                sealNext();
            } else if (batch.buffer.size() >= FrameBuffer.BLOCK) {
                batch.flush(files, false);
            }
        }
    }

    private void sealWhole() throws IOException {
        while (aggregator.firstWhole() != null) {
            sealNext();
        }
    }

    /** Seals what committed first; nothing happens if there is nothing whole. */
    private void sealNext() throws IOException {
        OpenFile file = aggregator.firstWhole();
        if (file == null) {
            return;
        }
        // What is sealed may be applied and acknowledged, and with it all prepares and rollbacks before it.
        prepared.settle(files);
        pending.add(file.seal(files, config.pending(), isForced() || file.hasPrepared()));
        if (isForced()) {
            durable = file.through();
        }
        aggregator.sealed(file);
        changed.signalAll();
    }

    /**
     * A target that keeps up with a busy source would ask for every few transactions alone, each at the price of a file,
     * an exchange and a commit: after a batch that was not small it waits a moment for the next to fill.
     */
    private long gatherNanosLeft() {
        OpenFile batch = aggregator.batch();
        if (stopping || aggregator.hasFinished() || (batch != null && batch.bytes() >= GATHER_BYTES)) {
            return 0;
        }
        return gatherUntilNanos - System.nanoTime();
    }

    private StagedBatch next(boolean mayGather) throws IOException {
        if (pending.first() == null) {
            if (mayGather && gatherNanosLeft() > 0) {
                return null;
            }
            sealNext();
        }
        List<PendingFile> whole = pending.firstUpTo(config.batchBytes());
        if (!whole.isEmpty()) {
            return new StagedBatch(this, whole);
        }
        OpenFile arriving = aggregator.arriving();
        return arriving != null && config.offerWhileArriving() && !stopping && !aggregator.isPreparing()
                ? new StagedBatch(this, arriving)
                : null;
    }

    private long stagedBytes() {
        return pending.bytes()
                + aggregator.whole().stream().mapToLong(OpenFile::stored).sum()
                + inProgressBytes();
    }

    /** On disk, of transactions that have not completed. */
    private long inProgressBytes() {
        OpenFile arriving = aggregator.arriving();
        return aggregator.streams().written() + prepared.bytes() + (arriving == null ? 0 : arriving.written());
    }

    private void deleteCompleted() {
        pending.deleteCompleted(deletable(), targetDurable);
    }

    private void dropPending() {
        try {
            pending.drop();
        } catch (IOException e) {
            throw new UncheckedIOException("cannot drop the staged files in " + config.pending(), e);
        }
    }

    private boolean isForced() {
        return config.acknowledge() == AcknowledgeMode.STAGED;
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
