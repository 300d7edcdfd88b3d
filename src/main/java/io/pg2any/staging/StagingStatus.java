package io.pg2any.staging;

import io.pg2any.change.Lsn;
import java.time.Instant;
import java.util.Optional;

/**
 * Staging at one moment.
 *
 * @param stagedBytes on disk, against the quota {@code maxBytes}
 * @param pendingFiles whole files that the target has not applied
 * @param waitingTransactions whole transactions that the target has not applied, those still in memory included
 * @param oldestUnappliedSince when the oldest of them was received; empty when the target has everything
 * @param received the highest commit that messages have arrived of
 * @param staged everything that committed before it is here or was
 * @param applied what the target has said it has
 * @param quotaReachedSince since when capture waits for room; empty when it does not
 * @param usableBytes that the disk has left
 * @param lastError what failed last, until the same kind of work succeeds
 */
public record StagingStatus(
        long stagedBytes,
        long maxBytes,
        int pendingFiles,
        long waitingTransactions,
        Optional<Instant> oldestUnappliedSince,
        Optional<Lsn> received,
        Optional<Lsn> staged,
        Optional<Lsn> applied,
        Optional<Instant> quotaReachedSince,
        long usableBytes,
        Optional<String> lastError) {
    public StagingStatus {
        requireOrder("staged", staged, "received", received);
        requireOrder("applied", applied, "staged", staged);
    }

    private static void requireOrder(String low, Optional<Lsn> lower, String high, Optional<Lsn> higher) {
        if (lower.isPresent() && (higher.isEmpty() || lower.get().isAfter(higher.get()))) {
            throw new IllegalStateException(low + " LSN " + lower.get() + " is after " + high + " LSN "
                    + higher.map(Lsn::toString).orElse("none"));
        }
    }
}
