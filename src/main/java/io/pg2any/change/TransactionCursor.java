package io.pg2any.change;

import java.io.Closeable;
import java.io.IOException;
import java.time.Instant;

/**
 * Reads a batch once, front to back. One thread.
 *
 * <pre>{@code
 * while (cursor.nextTransaction()) {
 *     TransactionInfo transaction = cursor.transaction();
 *     for (Change change; (change = cursor.nextChange()) != null; ) { … }
 * }
 * Lsn through = cursor.through();
 * }</pre>
 */
public interface TransactionCursor extends Closeable {
    /**
     * Moves to the next transaction; changes of the current one that were not read are skipped.
     *
     * @return false at the end of the batch
     * @throws TransactionAbandonedException when the source went away in the middle of a transaction that was still
     *     arriving: roll back and forget the batch, the transaction comes again
     */
    boolean nextTransaction() throws IOException;

    TransactionInfo transaction();

    /**
     * The next change of the current transaction, null at its end. May wait for a huge transaction that is still
     * arriving: the source sends it only once it has committed, but nothing of it may become visible before its end.
     */
    Change nextChange() throws IOException;

    /**
     * The place of the last change in the current transaction: counted from 1 over all that the source sent and did not
     * roll back, those too that this batch leaves out. 0 before the first.
     */
    long ordinal();

    /** Before the first change of the current transaction: it goes on behind this one. */
    void skipThrough(long ordinal);

    /** When this copy of the current transaction was staged. Another copy that the source sends has another time. */
    Instant stagedAt();

    /**
     * After the last transaction: the position of a target that has applied this batch.
     *
     * @throws IllegalStateException before {@link #nextTransaction} has returned false
     */
    Lsn through();
}
