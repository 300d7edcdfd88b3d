package io.pg2any.apply;

import io.pg2any.change.Relation;
import java.util.List;
import java.util.Set;

/**
 * Looks up in the source's catalog what the stream does not tell of a relation: its primary key under REPLICA IDENTITY
 * FULL, and which columns are NOT NULL. Only enrichment: without a key rows are found by all their columns.
 */
@FunctionalInterface
public interface KeySource {
    KeySource NONE = relation -> List.of();

    /**
     * Column names in key order; empty when there is none.
     *
     * @throws TargetException RETRYABLE when the catalog cannot be asked now: a table must not lose its key to that
     */
    List<String> primaryKey(Relation relation) throws TargetException;

    /** Names of the columns that hold no NULL, as far as the catalog says; it may be ahead of the rows to come. */
    default Set<String> notNull(Relation relation) {
        return Set.of();
    }
}
