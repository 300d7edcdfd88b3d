package io.pg2any.apply;

/** Who makes the target's tables ({@code pg2any.tables}). */
public enum TablesPolicy {
    /** Missing tables are created and missing columns added. */
    CREATE,
    /** A missing table or column is an error. */
    EXPECT
}
