package io.pg2any.camel;

import io.pg2any.staging.StagingLog;
import io.pg2any.staging.StagingStatus;
import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import java.util.Optional;
import org.apache.camel.health.HealthCheckResultBuilder;
import org.apache.camel.impl.health.AbstractHealthCheck;

/**
 * Up while what is staged goes on to the target. Down, with the reason, when transactions wait and the applied position
 * has not moved for too long, when the disk quota stops capture, or when what was applied is not acknowledged.
 */
class StagingHealthCheck extends AbstractHealthCheck {
    /** Work waits, and nothing was applied or acknowledged for longer: a retry loop, a lock, a stuck or cut route. */
    private static final Duration NO_PROGRESS = Duration.ofSeconds(60);

    private final Pipeline pipeline;
    private final Duration patience;

    StagingHealthCheck(Pipeline pipeline, String routeId) {
        this(pipeline, routeId, NO_PROGRESS);
    }

    StagingHealthCheck(Pipeline pipeline, String routeId, Duration patience) {
        super("pg2any", "consumer:" + routeId);
        this.pipeline = pipeline;
        this.patience = patience;
    }

    @Override
    protected void doCall(HealthCheckResultBuilder builder, Map<String, Object> options) {
        builder.detail("pipeline", pipeline.name());
        builder.detail("applied", pipeline.appliedLsn().toString());
        Optional<StagingLog> log = pipeline.staging();
        if (pipeline.failure().isPresent()) {
            builder.message(pipeline.failure().get().getMessage()).down();
        } else if (log.isEmpty()) {
            builder.message("staging is closed").down();
        } else {
            try {
                callStatus(builder, log.get().status());
            } catch (IOException e) {
                builder.message("the staging folder cannot be examined: " + e).down();
            }
        }
    }

    private void callStatus(HealthCheckResultBuilder builder, StagingStatus status) {
        builder.detail("stagedBytes", status.stagedBytes());
        builder.detail("waitingTransactions", status.waitingTransactions());
        Instant now = Instant.now();
        if (status.quotaReachedSince().isPresent()) {
            builder.message("disk quota reached since "
                            + status.quotaReachedSince().get()
                            + ": capture waits until the target has caught up (pg2any.staging.maxBytes)")
                    .down();
            return;
        }
        if (status.lastError().isPresent()) {
            builder.message("staging cannot write: " + status.lastError().get()).down();
            return;
        }
        Optional<Instant> waiting = status.oldestUnappliedSince();
        if (waiting.isPresent()) {
            Instant moved = Instant.ofEpochMilli(
                    Math.max(pipeline.appliedAtMillis(), waiting.get().toEpochMilli()));
            Duration still = Duration.between(moved, now);
            builder.detail(
                    "oldestUnappliedMillis",
                    Duration.between(waiting.get(), now).toMillis());
            if (still.compareTo(patience) > 0) {
                builder.message("nothing was applied for " + still.toSeconds() + " s while transactions wait")
                        .down();
                return;
            }
        }
        Optional<Instant> unacknowledged = pipeline.unacknowledgedSince();
        if (unacknowledged.isPresent()
                && Duration.between(unacknowledged.get(), now).compareTo(patience) > 0) {
            builder.message("nothing of what the target has was acknowledged since " + unacknowledged.get()
                            + ", the slot keeps all WAL: the route must end in pgcapture:acknowledge?pipeline="
                            + pipeline.name())
                    .down();
            return;
        }
        builder.up();
    }
}
