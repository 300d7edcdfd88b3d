package io.pg2any.apply;

/** What becomes of a value that the target's column cannot hold ({@code pg2any.values.unrepresentable}). */
public enum ValuePolicy {
    /** The change is rejected. */
    FAIL,
    /** NULL is stored. */
    NULL,
    /** The nearest value the column holds; where there is none (NaN, broken text) the change is rejected. */
    CLAMP,
    /** PostgreSQL's text is stored where the column takes text; bytes that are no text as {@code \x} and hex digits. */
    TEXT
}
