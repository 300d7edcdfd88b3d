package io.pg2any.staging;

import io.pg2any.change.Lsn;
import java.util.Objects;

/**
 * What proves a staged file whole.
 *
 * @param through the position of a target that has applied the file
 * @param changes of all its transactions
 */
public record StagedFileFooter(Lsn through, long transactions, long changes, long frames) {
    public StagedFileFooter {
        Objects.requireNonNull(through, "through");
    }
}
