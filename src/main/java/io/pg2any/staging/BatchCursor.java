package io.pg2any.staging;

import io.pg2any.change.Change;
import io.pg2any.change.Lsn;
import io.pg2any.change.TransactionCursor;
import io.pg2any.change.TransactionInfo;
import java.io.IOException;
import java.time.Instant;
import java.util.Iterator;
import java.util.List;
import java.util.function.Consumer;

/** Reads the files of a batch one after the other; each is opened when it is reached. */
final class BatchCursor implements TransactionCursor {
    /** Opens one file of the batch. */
    interface Part {
        StagedTransactions open(AnnouncedRelations relations) throws IOException;
    }

    private final Iterator<Part> parts;
    private final AnnouncedRelations relations;
    private final Consumer<AnnouncedRelations> giveBack;
    private StagedTransactions current;
    private Lsn through;
    private boolean ended;
    private boolean closed;

    /**
     * @param relations belong to this cursor until it is closed
     */
    BatchCursor(List<Part> parts, AnnouncedRelations relations, Consumer<AnnouncedRelations> giveBack) {
        this.parts = parts.iterator();
        this.relations = relations;
        this.giveBack = giveBack;
    }

    @Override
    public boolean nextTransaction() throws IOException {
        while (!ended) {
            if (current == null) {
                if (!parts.hasNext()) {
                    ended = true;
                    break;
                }
                current = parts.next().open(relations);
            }
            if (current.nextTransaction()) {
                return true;
            }
            through = current.frames().footer().through();
            current.close();
            current = null;
        }
        return false;
    }

    @Override
    public TransactionInfo transaction() {
        if (current == null || current.transaction() == null) {
            throw new IllegalStateException("there is no current transaction");
        }
        return current.transaction();
    }

    @Override
    public Change nextChange() throws IOException {
        return current == null ? null : current.nextChange();
    }

    @Override
    public long ordinal() {
        return current == null ? 0 : current.ordinal();
    }

    @Override
    public void skipThrough(long ordinal) {
        current.skipThrough(ordinal);
    }

    @Override
    public Instant stagedAt() {
        return current.frames().header().createdAt();
    }

    @Override
    public Lsn through() {
        if (!ended) {
            throw new IllegalStateException("the batch has not been read to its end");
        }
        return through;
    }

    @Override
    public void close() throws IOException {
        if (closed) {
            return;
        }
        closed = true;
        try {
            if (current != null) {
                current.close();
            }
        } finally {
            giveBack.accept(relations);
        }
    }
}
