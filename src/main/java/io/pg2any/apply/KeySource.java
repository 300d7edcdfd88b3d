package io.pg2any.apply;

import io.pg2any.change.Relation;
import java.util.List;

/**
 * Looks up a relation's primary key in the source's catalog: under REPLICA IDENTITY FULL the stream does not tell it.
 * Only enrichment: without a key rows are found by all their columns.
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
}
