package io.pg2any.capture;

import io.pg2any.change.Position;
import java.util.Optional;

/** Where the stages behind capture have come to; asked once, before the first {@code START_REPLICATION}. */
@FunctionalInterface
public interface ResumePosition {
    /**
     * Blocks until the answer is known, for as long as the target is down; runs on the reader thread, which
     * {@link Capture#close()} interrupts.
     *
     * @return empty for a fresh pipeline, which alone may create a slot
     */
    Optional<Position> get() throws InterruptedException;
}
