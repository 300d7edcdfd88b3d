package io.pg2any.cli.quickstart;

import java.util.List;

/**
 * One table on both sides.
 *
 * @param table source name, {@code schema.table}
 * @param rows rows that are equal on both sides, duplicates counted
 * @param missing rows of the source that the target has not
 * @param extra rows of the target that the source has not
 * @param different rows with the same key and other values
 * @param examples the first few deviations, in words
 */
public record TableComparison(
        String table, long rows, long missing, long extra, long different, List<String> examples) {
    public TableComparison {
        examples = List.copyOf(examples);
    }

    public boolean equal() {
        return missing == 0 && extra == 0 && different == 0;
    }
}
