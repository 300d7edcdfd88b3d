package io.pg2any.staging;

import io.pg2any.change.Lsn;
import java.io.IOException;
import java.util.concurrent.locks.Condition;

/**
 * All that is written of what has arrived: frames to received/ when memory is short, and whole files on to pending/.
 * Every method may be repeated after a failure. Guarded by the log's lock.
 */
final class Sealing {
    private final StagingConfig config;
    private final StagingFiles files;
    private final TransactionAggregator aggregator;
    private final CommittedFiles committed;
    private final PreparedTransactions prepared;
    private final PendingFiles pending;
    /** Signalled when a file is sealed, or will not be. */
    private final Condition changed;

    private Lsn durable;

    Sealing(
            StagingConfig config,
            StagingFiles files,
            TransactionAggregator aggregator,
            CommittedFiles committed,
            PreparedTransactions prepared,
            PendingFiles pending,
            Condition changed) {
        this.config = config;
        this.files = files;
        this.aggregator = aggregator;
        this.committed = committed;
        this.prepared = prepared;
        this.pending = pending;
        this.changed = changed;
    }

    /** In STAGED what is sealed is on the disk before anybody hears of it. */
    boolean isForced() {
        return config.acknowledge() == AcknowledgeMode.STAGED;
    }

    /** Whole and forced up to here; null before anything is, or in APPLIED. */
    Lsn durable() {
        return durable;
    }

    void recovered(PendingFile file) {
        if (isForced() && file.header().acknowledge() == AcknowledgeMode.STAGED) {
            durable = file.through();
        }
    }

    /** All writing a chunk may call for, before it is taken: afterwards nothing can fail. */
    void makeRoom() throws IOException {
        while (committed.hasFinished()) {
            sealNext();
        }
        aggregator.streams().makeRoom(files, config.transactionMemoryBytes(), isForced());
        if (aggregator.transactionMemoryBytes() > config.transactionMemoryBytes()) {
            sealAll();
            aggregator.spoolTransaction();
        }
        OpenFile arriving = aggregator.arriving();
        if (arriving != null) {
            arriving.flush(files, false, isForced());
        }
        OpenFile batch = committed.batch();
        if (batch != null) {
            if (batch.sealed() != null || batch.bytes() >= config.batchBytes()) {
                sealNext();
            } else if (batch.buffer.size() >= FrameBuffer.BLOCK) {
                batch.flush(files, false, isForced());
            }
        }
    }

    void sealAll() throws IOException {
        while (committed.first() != null) {
            sealNext();
        }
    }

    /** Seals what committed first; nothing happens if there is nothing whole. */
    void sealNext() throws IOException {
        OpenFile file = committed.first();
        if (file == null) {
            return;
        }
        // What is sealed may be applied and acknowledged, and with it all prepares and rollbacks before it.
        prepared.settle(files);
        pending.add(file.seal(files, config.pending(), isForced() || file.hasPrepared()));
        if (isForced()) {
            durable = file.through();
        }
        committed.sealed(file);
        changed.signalAll();
    }

    /** What is in progress will not complete; its files go. */
    void abandonInProgress() throws IOException {
        OpenFile arriving = aggregator.arriving();
        if (arriving != null) {
            changed.signalAll();
            arriving.abandon(files);
        }
        aggregator.dropTransaction();
        aggregator.streams().deleteDiscarded(files);
    }

    /** On disk, whole or not. */
    long stagedBytes() {
        return pending.bytes()
                + committed.all().stream().mapToLong(OpenFile::stored).sum()
                + inProgressBytes();
    }

    /** On disk, of transactions that have not completed. */
    long inProgressBytes() {
        OpenFile arriving = aggregator.arriving();
        return aggregator.streams().written() + prepared.bytes() + (arriving == null ? 0 : arriving.stored());
    }

    /** Bytes of records that are not in a file yet. */
    long memoryBytes() {
        OpenFile arriving = aggregator.arriving();
        return aggregator.transactionMemoryBytes()
                + committed.all().stream().mapToLong(OpenFile::buffered).sum()
                + aggregator.streams().memoryBytes()
                + (arriving == null ? 0 : arriving.buffered());
    }
}
