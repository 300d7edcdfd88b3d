package io.pg2any.apply.jdbc;

/** How a batch is tried; each is for what the one before it was refused. */
enum ApplyWay {
    /** By table and net effect, or in blocks of rows, where nothing at the target can tell. */
    GROUPED,
    /** Every row alone and in order: an error names it, and one that only the grouping made does not come. */
    STRICT,
    /**
     * Rows of tables with unique indexes beside the key are taken out and put in anew. Rows that swap the values of such
     * an index pass through a state that the target does not allow: this shows it only what they have become.
     */
    REPLACING,
    /** In strict order, each change behind a savepoint: without those that are refused, if their tables opt in. */
    PARKING
}
