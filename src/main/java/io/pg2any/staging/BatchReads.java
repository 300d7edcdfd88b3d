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
import java.util.function.Predicate;

/**
 * Opens batches for the target's thread. Of a large transaction that is still arriving it gets what is there, and waits
 * for the rest; the log's lock is taken for every look at what is there.
 */
final class BatchReads {
    /** How long a wait goes without looking at the state again, whatever woke or did not wake it. */
    private static final long LONGEST_WAIT_NANOS = TimeUnit.SECONDS.toNanos(1);

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
            parts.add(() -> FrameReader.open(files, file.path()));
        }
        if (batch.arriving() != null) {
            parts.add(() -> openArriving(batch.arriving()));
        }
        AnnouncedRelations lent = relations.getAndSet(null);
        return new BatchCursor(
                files, parts, lent == null ? new AnnouncedRelations(StagedTransactions.DECODER) : lent, relations::set);
    }

    private FrameReader openArriving(OpenFile file) throws IOException {
        awaitArrived(file, 1);
        StagingFiles.StagedFile opened;
        lock.lock();
        try {
            // Under the lock: sealing renames the file.
            if (file.sealed() != null) {
                return FrameReader.open(files, file.path());
            }
            opened = files.openForReading(file.path());
        } finally {
            lock.unlock();
        }
        return FrameReader.open(opened, file.path(), needed -> awaitArrived(file, needed));
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

    /** Waits until so much can be read, or the file is whole. */
    private long awaitArrived(OpenFile file, long needed) throws IOException {
        lock.lock();
        try {
            while (true) {
                if (file.isAbandoned() || (givenUp.test(file) && file.sealed() == null)) {
                    throw new TransactionAbandonedException("the transaction after " + file.header.after()
                            + " did not arrive to its end; the source sends it again");
                }
                if (file == committed.first()) {
                    // Its last frames become readable only with the footer: what has been read is then staged.
                    sealing.sealNext();
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
}
