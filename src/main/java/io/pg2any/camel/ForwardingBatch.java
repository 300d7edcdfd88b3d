package io.pg2any.camel;

import io.pg2any.change.Change;
import io.pg2any.change.Lsn;
import io.pg2any.change.SourceIdentity;
import io.pg2any.change.TransactionBatch;
import io.pg2any.change.TransactionCursor;
import io.pg2any.change.TransactionInfo;
import java.io.IOException;
import java.time.Instant;

/** A batch that is another one but for what a subclass says. */
abstract class ForwardingBatch implements TransactionBatch {
    private final TransactionBatch batch;

    ForwardingBatch(TransactionBatch batch) {
        this.batch = batch;
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
        return cursor(batch.open());
    }

    abstract TransactionCursor cursor(TransactionCursor opened);

    /** The same for the batch's cursor. */
    abstract static class ForwardingCursor implements TransactionCursor {
        private final TransactionCursor cursor;

        ForwardingCursor(TransactionCursor cursor) {
            this.cursor = cursor;
        }

        @Override
        public boolean nextTransaction() throws IOException {
            return cursor.nextTransaction();
        }

        @Override
        public TransactionInfo transaction() {
            return cursor.transaction();
        }

        @Override
        public Change nextChange() throws IOException {
            return cursor.nextChange();
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
        public Lsn through() {
            return cursor.through();
        }

        @Override
        public void close() throws IOException {
            cursor.close();
        }
    }
}
