package io.pg2any.camel;

import io.pg2any.apply.TargetStatus;
import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import org.apache.camel.health.HealthCheckResultBuilder;
import org.apache.camel.impl.health.AbstractHealthCheck;

/** Up while the target takes what it is given. Down, with the error and since when, after it has failed for a while. */
class TargetHealthCheck extends AbstractHealthCheck {
    /** A lock or a restart that is over sooner is nobody's business. */
    private static final Duration TOLERATED = Duration.ofSeconds(30);

    private final TargetProducer producer;

    TargetHealthCheck(TargetProducer producer, String pipeline) {
        super("pg2any", "target:" + pipeline);
        this.producer = producer;
    }

    @Override
    protected void doCall(HealthCheckResultBuilder builder, Map<String, Object> options) {
        String openError = producer.openError();
        if (openError != null) {
            builder.message(openError).down();
            return;
        }
        TargetStatus status = producer.target().status();
        builder.detail("connected", status.connected());
        long rejected = producer.waitingRejected();
        if (rejected > 0) {
            builder.detail("rejectedChanges", rejected);
        }
        Instant failing = producer.failingSince();
        if (failing != null && Duration.between(failing, Instant.now()).compareTo(TOLERATED) > 0) {
            builder.message("failing since " + failing + ": "
                            + status.lastError().map(Throwable::getMessage).orElse("unknown error"))
                    .down();
        } else {
            builder.up();
        }
    }
}
