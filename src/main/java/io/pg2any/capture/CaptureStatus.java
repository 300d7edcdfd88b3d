package io.pg2any.capture;

import io.pg2any.change.Lsn;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;

/**
 * How capture is doing, at one moment. Counts are since {@link Capture#start()} and lag by at most the chunk that is
 * being filled.
 *
 * @param error what went wrong last, without secrets; stays after a reconnect until the new session has made progress
 * @param failingSince when the present series of failures began
 * @param attempts how many failures the series has
 * @param serverVersion empty before the first connection
 * @param received end LSN of the last complete transaction read, or the last idle position
 * @param serverWalEnd how far the walsender has come, by its last message
 * @param confirmed what the server was told last to be safe
 * @param handoffBytes read but not taken
 * @param oldestChunkAge how long the oldest chunk has not been taken; zero when none waits
 * @param lastMessageAt when the server was heard last
 */
public record CaptureStatus(
        State state,
        Optional<String> error,
        Optional<Instant> failingSince,
        int attempts,
        String serverVersion,
        Lsn received,
        Lsn serverWalEnd,
        Lsn confirmed,
        long handoffBytes,
        Duration oldestChunkAge,
        Totals totals,
        Optional<Instant> lastMessageAt) {
    /** Where the reader is in its life. */
    public enum State {
        /** Not started, waiting for the position, connecting, or backing off: {@link CaptureStatus#error()} says why. */
        CONNECTING,
        STREAMING,
        /** Connected, slot active, nothing read. */
        SUSPENDED,
        /** For good: {@link Capture#take} throws the reason. */
        FAILED,
        CLOSED
    }

    /** Messages read, by kind; {@code messages} also counts kinds without a counter of their own. */
    public record Totals(
            long messages,
            long bytes,
            long transactions,
            long begins,
            long commits,
            long inserts,
            long updates,
            long deletes,
            long truncates) {
        static final Totals NONE = new Totals(0, 0, 0, 0, 0, 0, 0, 0, 0);
    }
}
