package io.pg2any.camel;

import io.pg2any.change.Change;
import io.pg2any.change.Lsn;
import io.pg2any.change.TransactionAbandonedException;
import io.pg2any.change.TransactionBatch;
import io.pg2any.change.TransactionCursor;
import java.io.IOException;
import java.time.Instant;

/**
 * A batch on its way through a route, remembering what its reader found: where it ends, and whether the source went
 * away under it. Read by one thread at a time.
 */
class DeliveredBatch extends ForwardingBatch {
    private volatile Lsn through;
    private volatile boolean abandoned;
    private volatile Instant newestCommit;

    DeliveredBatch(TransactionBatch batch) {
        super(batch);
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
    TransactionCursor cursor(TransactionCursor opened) {
        return new Cursor(opened);
    }

    @Override
    public String toString() {
        return "batch after " + after() + " (" + stagedBytes() + " bytes)";
    }

    private final class Cursor extends ForwardingCursor {
        Cursor(TransactionCursor cursor) {
            super(cursor);
        }

        @Override
        public boolean nextTransaction() throws IOException {
            try {
                boolean found = super.nextTransaction();
                if (!found) {
                    DeliveredBatch.this.through = super.through();
                } else if (!transaction().isLoneMessage()) {
                    newestCommit = transaction().commitTime();
                }
                return found;
            } catch (TransactionAbandonedException e) {
                abandoned = true;
                throw e;
            }
        }

        @Override
        public Change nextChange() throws IOException {
            try {
                return super.nextChange();
            } catch (TransactionAbandonedException e) {
                abandoned = true;
                throw e;
            }
        }
    }
}
