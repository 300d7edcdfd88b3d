package io.pg2any.apply;

/** What becomes of a target table that exists when its source table gets a new column ({@code pg2any.tables.evolve}). */
public enum EvolvePolicy {
    /** The target's table gets it too. */
    ADD,
    /** It is an error. */
    FAIL
}
