package io.pg2any.apply;

/** What becomes of an update or delete that finds no row ({@code pg2any.divergence}). Always counted. */
public enum DivergencePolicy {
    /** Logged once per table, and on. */
    WARN,
    /** The change is rejected. */
    FAIL,
    /** An update inserts its row if every value of it is known; otherwise as {@link #WARN}. */
    UPSERT
}
