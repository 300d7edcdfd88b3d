package io.pg2any.staging;

import io.pg2any.change.TransactionAbandonedException;
import io.pg2any.change.TransactionCursor;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.LongSupplier;
import java.util.function.Predicate;
import java.util.function.Supplier;

/**
 * Opens batches for the target's thread. Of a large transaction that is still arriving it gets what is there, and waits
 * for the rest; the log's lock is taken for every look at what is there.
 */
final class BatchReads {
    /** How long a wait goes without looking at the state again, whatever woke or did not wake it. */
    private static final long LONGEST_WAIT_NANOS = TimeUnit.SECONDS.toNanos(1);

    private static final long NOT_YET = -1;

    private final StagingFiles files;
    private final Path folder;
    private final ReentrantLock lock;
    private final Condition changed;
    private final TransactionAggregator aggregator;
    private final CommittedFiles committed;
    private final Sealing sealing;
    private final Predicate<OpenFile> givenUp;
    /** Lent to one cursor at a time; see {@link AnnouncedRelations} for why it outlives cursors. */
    private final AtomicReference<AnnouncedRelations> relations =
            new AtomicReference<>(new AnnouncedRelations(StagedTransactions.DECODER));

    /**
     * @param folder of whole files
     * @param givenUp whether nobody waits for the rest of this file any more, unless it is sealed
     */
    BatchReads(
            StagingFiles files,
            Path folder,
            ReentrantLock lock,
            Condition changed,
            TransactionAggregator aggregator,
            CommittedFiles committed,
            Sealing sealing,
            Predicate<OpenFile> givenUp) {
        this.files = files;
        this.folder = folder;
        this.lock = lock;
        this.changed = changed;
        this.aggregator = aggregator;
        this.committed = committed;
        this.sealing = sealing;
        this.givenUp = givenUp;
    }

    TransactionCursor open(StagedBatch batch) {
        List<BatchCursor.Part> parts = new ArrayList<>();
        for (PendingFile file : batch.files()) {
            parts.add(announced -> new StagedTransactions(files, FrameReader.open(files, file.path()), announced));
        }
        if (batch.arriving() != null) {
            parts.add(announced -> openArriving(batch.arriving(), announced));
        }
        AnnouncedRelations lent = relations.getAndSet(null);
        return new BatchCursor(
                parts, lent == null ? new AnnouncedRelations(StagedTransactions.DECODER) : lent, relations::set);
    }

    private StagedTransactions openArriving(OpenFile file, AnnouncedRelations announced) throws IOException {
        FrameReader head = open(file, file::path, needed -> awaitHead(file, needed));
        return new StagedTransactions(files, head, announced, number -> openArrivingSegment(file, number));
    }

    /** Null when the transaction is whole and has no such segment. */
    private FrameReader openArrivingSegment(OpenFile file, int number) throws IOException {
        Spool body = file.segments();
        boolean there = await(file, () -> body.written(number) > 0 ? 1 : body.isSealed() ? 0 : NOT_YET) == 1;
        return there ? open(file, () -> body.path(number), needed -> awaitSegment(file, number, needed)) : null;
    }

    private FrameReader open(OpenFile file, Supplier<Path> path, FrameReader.Limit limit) throws IOException {
        limit.await(1);
        StagingFiles.StagedFile opened;
        Path openedPath;
        lock.lock();
        try {
            // Under the lock: sealing renames the file, and what is abandoned has none.
            requireGoesOn(file);
            openedPath = path.get();
            if (file.sealed() != null) {
                return FrameReader.open(files, openedPath);
            }
            opened = files.openForReading(openedPath);
        } finally {
            lock.unlock();
        }
        return FrameReader.open(opened, openedPath, limit);
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
        files.forceFolder(folder);
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

    private long awaitHead(OpenFile file, long needed) throws IOException {
        return await(
                file,
                () -> file.sealed() != null
                        ? file.sealed().fileBytes()
                        : file.written() >= needed ? file.written() : NOT_YET);
    }

    private long awaitSegment(OpenFile file, int number, long needed) throws IOException {
        Spool body = file.segments();
        return await(
                file, () -> body.isWhole(number) || body.written(number) >= needed ? body.written(number) : NOT_YET);
    }

    /**
     * Waits for something that arrives with the file.
     *
     * @param arrived asked under the lock; {@link #NOT_YET} if it is not there
     */
    private long await(OpenFile file, LongSupplier arrived) throws IOException {
        lock.lock();
        try {
            while (true) {
                requireGoesOn(file);
                if (file == committed.first()) {
                    // Its last frames become readable only with the footer: what has been read is then staged.
                    sealing.sealNext();
                }
                long there = arrived.getAsLong();
                if (there != NOT_YET) {
                    return there;
                }
                if (file == aggregator.arriving() && file.buffered() > 0) {
                    // The target has caught up: it gets what is there, however little.
                    file.flush(files, true, sealing.isForced());
                } else {
                    changed.awaitNanos(LONGEST_WAIT_NANOS);
                }
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

    private void requireGoesOn(OpenFile file) throws TransactionAbandonedException {
        if (file.isAbandoned() || (givenUp.test(file) && file.sealed() == null)) {
            throw new TransactionAbandonedException("the transaction after " + file.header.after()
                    + " did not arrive to its end; the source sends it again");
        }
    }
}
