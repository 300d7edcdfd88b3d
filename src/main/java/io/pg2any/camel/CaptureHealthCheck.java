package io.pg2any.camel;

import io.pg2any.capture.CaptureStatus;
import java.time.Duration;
import java.util.Map;
import java.util.Optional;
import org.apache.camel.health.HealthCheckResultBuilder;
import org.apache.camel.impl.health.AbstractHealthCheck;

/**
 * Up while the slot streams. Down, with the reason, when it does not, or when chunks have been waiting for the route
 * for too long.
 */
class CaptureHealthCheck extends AbstractHealthCheck {
    /** A chunk that waits longer than this means that the route does not get on. */
    private static final Duration STUCK = Duration.ofSeconds(60);

    private final PgCaptureConsumer consumer;

    CaptureHealthCheck(PgCaptureConsumer consumer, String routeId) {
        super("pg2any", "consumer:" + routeId);
        this.consumer = consumer;
    }

    @Override
    protected void doCall(HealthCheckResultBuilder builder, Map<String, Object> options) {
        builder.detail("slot", consumer.config().slot());
        consumer.pipeline()
                .failure()
                .ifPresentOrElse(
                        failure -> builder.message(failure.getMessage()).down(), () -> callStatus(builder));
    }

    private void callStatus(HealthCheckResultBuilder builder) {
        Optional<CaptureStatus> current = consumer.status();
        if (current.isEmpty()) {
            builder.message("capture is stopped").down();
            return;
        }
        CaptureStatus status = current.get();
        Duration oldest = max(status.oldestChunkAge(), consumer.deliveryAge());
        builder.detail("state", status.state().name());
        builder.detail("received", status.received().toString());
        builder.detail("confirmed", status.confirmed().toString());
        builder.detail("oldestChunkMillis", oldest.toMillis());
        switch (status.state()) {
            case STREAMING, SUSPENDED -> {
                if (oldest.compareTo(STUCK) > 0) {
                    builder.message("the oldest chunk has waited " + oldest.toSeconds() + " s for the route")
                            .down();
                } else {
                    builder.up();
                }
            }
            default ->
                builder.message("slot " + consumer.config().slot() + " is not streaming (" + status.state()
                                + status.error().map(error -> "): " + error).orElse(")"))
                        .down();
        }
    }

    private static Duration max(Duration a, Duration b) {
        return a.compareTo(b) >= 0 ? a : b;
    }
}
