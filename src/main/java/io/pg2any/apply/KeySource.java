package io.pg2any.apply;

import io.pg2any.change.Relation;
import java.util.List;

/**
 * Looks up a relation's primary key in the source's catalog: under REPLICA IDENTITY FULL the stream does not tell it.
 * Only enrichment: without an answer the table gets no key and rows are found by all their columns.
 */
@FunctionalInterface
public interface KeySource {
    KeySource NONE = relation -> List.of();

    /** Column names in key order; empty when there is none or it cannot be known now. */
    List<String> primaryKey(Relation relation);
}
