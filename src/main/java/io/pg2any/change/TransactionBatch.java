package io.pg2any.change;

import java.io.IOException;

/**
 * Whole committed transactions, consecutive in commit order: what staging gives and a target takes. May hold none and
 * only move the position (an idle source).
 */
public interface TransactionBatch {
    SourceIdentity source();

    /**
     * The position this batch continues from: a target that stands before it has lost something, a target that stands
     * at or after the batch's own end has it already.
     */
    Lsn after();

    /** Size of the staged bytes, for progress and limits; may still grow while a huge transaction arrives. */
    long stagedBytes();

    /**
     * A fresh cursor before the first transaction. May be opened again, for another try in strict order or after an
     * error; every cursor gives the same transactions.
     */
    TransactionCursor open() throws IOException;

    /**
     * From now on the batch outlasts a power failure, until it is complete: a target that has taken a part of a
     * transaction finds the rest of the same copy. May be called again.
     *
     * @return false while the batch is still arriving: then nothing of it may become visible
     */
    boolean preserve() throws IOException;
}
