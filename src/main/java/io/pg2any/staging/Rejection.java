package io.pg2any.staging;

import java.time.Instant;
import java.util.Objects;

/**
 * Why a change was set aside.
 *
 * @param ordinal the change's place in its transaction, from 1
 * @param rejectedAt by this machine's clock, milliseconds
 * @param error what the target said, without values of the row
 */
public record Rejection(long ordinal, Instant rejectedAt, String error) {
    public Rejection {
        Objects.requireNonNull(rejectedAt, "rejectedAt");
        Objects.requireNonNull(error, "error");
    }
}
