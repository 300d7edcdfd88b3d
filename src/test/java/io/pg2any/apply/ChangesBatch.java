package io.pg2any.apply;

import io.pg2any.change.Change;
import io.pg2any.change.Lsn;
import io.pg2any.change.SourceIdentity;
import io.pg2any.change.TransactionAbandonedException;
import io.pg2any.change.TransactionBatch;
import io.pg2any.change.TransactionCursor;
import io.pg2any.change.TransactionInfo;
import java.io.IOException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;

/**
 * Transactions in memory. The n-th ends {@code STEP} bytes of WAL after the one before, its commit record begins 0x30
 * before its end.
 */
public final class ChangesBatch implements TransactionBatch {
    public static final SourceIdentity SOURCE = new SourceIdentity("7300000000000000001", 1, "pg2any");
    public static final long STEP = 0x100;

    private final SourceIdentity source;
    private final Lsn after;
    private final List<Iterable<Change>> transactions = new ArrayList<>();
    private boolean abandoned;
    private Instant stagedAt = Instant.EPOCH;
    private boolean preserved;
    private Lsn through;

    private ChangesBatch(SourceIdentity source, Lsn after) {
        this.source = source;
        this.after = after;
        this.through = after;
    }

    public static ChangesBatch after(long lsn) {
        return new ChangesBatch(SOURCE, new Lsn(lsn));
    }

    public static ChangesBatch after(SourceIdentity source, long lsn) {
        return new ChangesBatch(source, new Lsn(lsn));
    }

    public ChangesBatch transaction(Change... changes) {
        return transaction(List.of(changes));
    }

    public ChangesBatch transaction(Iterable<Change> changes) {
        transactions.add(changes);
        through = new Lsn(through.value() + STEP);
        return this;
    }

    /** An idle source: no transaction, only a later position. */
    public ChangesBatch through(long lsn) {
        through = new Lsn(lsn);
        return this;
    }

    /** The source goes away at the end of the last transaction's changes. */
    public ChangesBatch abandoned() {
        abandoned = true;
        return this;
    }

    /** As if the source had sent it again then. */
    public ChangesBatch stagedAt(Instant time) {
        stagedAt = time;
        return this;
    }

    public boolean isPreserved() {
        return preserved;
    }

    @Override
    public boolean preserve() {
        preserved = !abandoned;
        return preserved;
    }

    @Override
    public SourceIdentity source() {
        return source;
    }

    @Override
    public Lsn after() {
        return after;
    }

    public Lsn end() {
        return through;
    }

    @Override
    public long stagedBytes() {
        return 0;
    }

    @Override
    public TransactionCursor open() {
        return new Cursor();
    }

    private final class Cursor implements TransactionCursor {
        private int at = -1;
        private java.util.Iterator<Change> changes;
        private long ordinal;
        private long skippedThrough;

        @Override
        public boolean nextTransaction() {
            if (++at >= transactions.size()) {
                return false;
            }
            changes = transactions.get(at).iterator();
            ordinal = 0;
            skippedThrough = 0;
            return true;
        }

        @Override
        public TransactionInfo transaction() {
            Lsn end = new Lsn(after.value() + (at + 1) * STEP);
            return new TransactionInfo(700 + at, new Lsn(end.value() - 0x30), Instant.EPOCH, count());
        }

        private OptionalLong count() {
            return transactions.get(at) instanceof List<Change> known
                    ? OptionalLong.of(known.size())
                    : OptionalLong.empty();
        }

        @Override
        public Change nextChange() throws IOException {
            while (changes.hasNext()) {
                Change change = changes.next();
                if (++ordinal > skippedThrough) {
                    return change;
                }
            }
            if (abandoned && at == transactions.size() - 1) {
                throw new TransactionAbandonedException("the source connection ended");
            }
            return null;
        }

        @Override
        public long ordinal() {
            return ordinal;
        }

        @Override
        public void skipThrough(long through) {
            skippedThrough = through;
        }

        @Override
        public Instant stagedAt() {
            return stagedAt;
        }

        @Override
        public Lsn through() {
            if (at < transactions.size()) {
                throw new IllegalStateException("the batch has not been read to its end");
            }
            return through;
        }

        @Override
        public void close() {}
    }
}
