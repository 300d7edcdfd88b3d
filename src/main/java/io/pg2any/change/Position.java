package io.pg2any.change;

import java.util.Objects;

/**
 * How far a stage has come: everything that committed before {@code lsn} in the history of {@code source} is
 * contained, nothing that committed at or after it is.
 *
 * <p>{@code lsn} is the end LSN of a commit record, or an idle keepalive's WAL end, or, at a target that has a part of a
 * transaction, the start of that one's commit record: {@code START_REPLICATION} at it sends exactly the transactions that
 * are missing.
 */
public record Position(SourceIdentity source, Lsn lsn) {
    public Position {
        Objects.requireNonNull(source, "source");
        Objects.requireNonNull(lsn, "lsn");
    }
}
