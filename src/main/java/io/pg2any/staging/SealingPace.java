package io.pg2any.staging;

import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.concurrent.TimeUnit;

/**
 * When whole transactions are sealed that could still gather more: soon enough that nobody waits, seldom enough that
 * files, exchanges and commits stay few. Guarded by the log's lock.
 */
final class SealingPace {
    private static final int MANY_FILES = 64;
    private static final long BUSY_BATCH_BYTES = 32 * 1024;
    private static final long GATHER_BYTES = 512 * 1024;
    private static final long GATHER_NANOS = TimeUnit.MILLISECONDS.toNanos(4);
    private static final Duration PILED_SEAL_INTERVAL = Duration.ofSeconds(1);

    private final Clock clock;
    private final long batchBytes;
    private Instant chunkSealedAt = Instant.EPOCH;
    private long gatherUntilNanos;

    SealingPace(Clock clock, long batchBytes) {
        this.clock = clock;
        this.batchBytes = batchBytes;
    }

    /**
     * In STAGED every chunk is made safe at once; while a target that is down lets files pile up, a file a second is
     * enough, or their number would fill memory and disk long before their bytes do.
     *
     * @param batch null if there is none
     */
    boolean isChunkDue(int pendingFiles, OpenFile batch) {
        return pendingFiles < MANY_FILES
                || (batch != null && batch.bytes() >= batchBytes)
                || !clock.instant().isBefore(chunkSealedAt.plus(PILED_SEAL_INTERVAL));
    }

    void chunkSealed() {
        chunkSealedAt = clock.instant();
    }

    /** The target has applied a batch of that size. */
    void completed(long stagedBytes) {
        gatherUntilNanos = System.nanoTime() + (stagedBytes >= BUSY_BATCH_BYTES ? GATHER_NANOS : 0);
    }

    /**
     * A target that keeps up with a busy source would ask for every few transactions alone, each at the price of a file,
     * an exchange and a commit: after a batch that was not small it waits a moment for the next to fill.
     */
    long gatherNanosLeft(CommittedFiles committed) {
        OpenFile batch = committed.batch();
        return committed.hasFinished() || (batch != null && batch.bytes() >= GATHER_BYTES)
                ? 0
                : gatherUntilNanos - System.nanoTime();
    }
}
