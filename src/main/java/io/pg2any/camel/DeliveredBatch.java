package io.pg2any.camel;

import io.pg2any.change.Change;
import io.pg2any.change.Lsn;
import io.pg2any.change.SourceIdentity;
import io.pg2any.change.TransactionAbandonedException;
import io.pg2any.change.TransactionBatch;
import io.pg2any.change.TransactionCursor;
import io.pg2any.change.TransactionInfo;
import java.io.IOException;
import java.time.Instant;

/**
 * A batch on its way through a route, remembering what its reader found: where it ends, and whether the source went
 * away under it. Read by one thread at a time.
 */
class DeliveredBatch implements TransactionBatch {
    private final TransactionBatch batch;
    private volatile Lsn through;
    private volatile boolean abandoned;
    private volatile Instant newestCommit;

    DeliveredBatch(TransactionBatch batch) {
        this.batch = batch;
    }

    /** The position after this batch, null until some step has read it to its end. */
    Lsn through() {
        return through;
    }

    /** When the newest transaction read so far committed at the source, null before the first. */
    Instant newestCommit() {
        return newestCommit;
    }

    boolean abandoned() {
        return abandoned;
    }

    @Override
    public SourceIdentity source() {
        return batch.source();
    }

    @Override
    public Lsn after() {
        return batch.after();
    }

    @Override
    public long stagedBytes() {
        return batch.stagedBytes();
    }

    @Override
    public boolean preserve() throws IOException {
        return batch.preserve();
    }

    @Override
    public TransactionCursor open() throws IOException {
        return new Cursor(batch.open());
    }

    @Override
    public String toString() {
        return "batch after " + after() + " (" + stagedBytes() + " bytes)";
    }

    private final class Cursor implements TransactionCursor {
        private final TransactionCursor cursor;

        Cursor(TransactionCursor cursor) {
            this.cursor = cursor;
        }

        @Override
        public boolean nextTransaction() throws IOException {
            try {
                boolean found = cursor.nextTransaction();
                if (!found) {
                    through = cursor.through();
                } else if (!cursor.transaction().isLoneMessage()) {
                    newestCommit = cursor.transaction().commitTime();
                }
                return found;
            } catch (TransactionAbandonedException e) {
                abandoned = true;
                throw e;
            }
        }

        @Override
        public TransactionInfo transaction() {
            return cursor.transaction();
        }

        @Override
        public long ordinal() {
            return cursor.ordinal();
        }

        @Override
        public void skipThrough(long ordinal) {
            cursor.skipThrough(ordinal);
        }

        @Override
        public Instant stagedAt() {
            return cursor.stagedAt();
        }

        @Override
        public Change nextChange() throws IOException {
            try {
                return cursor.nextChange();
            } catch (TransactionAbandonedException e) {
                abandoned = true;
                throw e;
            }
        }

        @Override
        public Lsn through() {
            return cursor.through();
        }

        @Override
        public void close() throws IOException {
            cursor.close();
        }
    }
}
