package io.pg2any.camel;

import io.pg2any.change.Change;
import io.pg2any.change.Lsn;
import io.pg2any.change.SourceIdentity;
import io.pg2any.change.TransactionBatch;
import io.pg2any.change.TransactionCursor;
import io.pg2any.change.TransactionInfo;
import java.time.Instant;

/** A batch without transactions that ends where it begins: asks a target to make its position durable. */
record PositionBatch(SourceIdentity source, Lsn after) implements TransactionBatch {
    @Override
    public long stagedBytes() {
        return 0;
    }

    @Override
    public boolean preserve() {
        return true;
    }

    @Override
    public TransactionCursor open() {
        return new TransactionCursor() {
            @Override
            public boolean nextTransaction() {
                return false;
            }

            @Override
            public TransactionInfo transaction() {
                throw new IllegalStateException("a position has no transactions");
            }

            @Override
            public Change nextChange() {
                return null;
            }

            @Override
            public long ordinal() {
                return 0;
            }

            @Override
            public void skipThrough(long ordinal) {
                throw new IllegalStateException("a position has no transactions");
            }

            @Override
            public Instant stagedAt() {
                throw new IllegalStateException("a position has no transactions");
            }

            @Override
            public Lsn through() {
                return after;
            }

            @Override
            public void close() {
                // holds nothing
            }
        };
    }
}
