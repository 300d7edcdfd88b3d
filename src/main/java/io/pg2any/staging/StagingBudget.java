package io.pg2any.staging;

import java.time.Instant;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The disk quota, and since when it holds capture back. Guarded by the log's lock. */
final class StagingBudget {
    private static final Logger LOG = LoggerFactory.getLogger(StagingBudget.class);

    private final long maxBytes;
    private Instant reachedSince;

    StagingBudget(long maxBytes) {
        this.maxBytes = maxBytes;
    }

    boolean isReached(long stagedBytes, Instant now) {
        boolean reached = stagedBytes >= maxBytes;
        if (reached && reachedSince == null) {
            reachedSince = now;
            LOG.warn(
                    "staging quota reached: {} of {} bytes (pg2any.staging.maxBytes); capture waits for the target",
                    stagedBytes,
                    maxBytes);
        } else if (!reached && reachedSince != null) {
            reachedSince = null;
            LOG.info("staging has room again: {} of {} bytes", stagedBytes, maxBytes);
        }
        return reached;
    }

    /** Empty while there is room. */
    Optional<Instant> reachedSince() {
        return Optional.ofNullable(reachedSince);
    }
}
