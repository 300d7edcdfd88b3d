package io.pg2any.apply;

import io.pg2any.apply.TargetStatus.RowKind;
import io.pg2any.change.Change;
import io.pg2any.change.SourceIdentity;
import io.pg2any.change.TransactionInfo;
import java.time.Instant;
import java.util.Objects;

/**
 * A change that its target refused for good, with all that is known of it.
 *
 * @param ordinal its place among the changes of the transaction, from 1
 * @param error the target's words, with table, key columns and remedy, without any value of the row
 * @param rejectedAt by this machine's clock
 */
public record RejectedChange(
        SourceIdentity source,
        TransactionInfo transaction,
        long ordinal,
        Change change,
        String error,
        Instant rejectedAt) {
    public RejectedChange {
        Objects.requireNonNull(source, "source");
        Objects.requireNonNull(transaction, "transaction");
        Objects.requireNonNull(change, "change");
        Objects.requireNonNull(error, "error");
        Objects.requireNonNull(rejectedAt, "rejectedAt");
        if (ordinal < 1) {
            throw new IllegalArgumentException("ordinal: must be positive");
        }
    }

    /** Null of a logical message. */
    public RowKind kind() {
        if (change instanceof Change.Insert) {
            return RowKind.INSERT;
        }
        if (change instanceof Change.Update) {
            return RowKind.UPDATE;
        }
        if (change instanceof Change.Delete) {
            return RowKind.DELETE;
        }
        return change instanceof Change.Truncate ? RowKind.TRUNCATE : null;
    }
}
