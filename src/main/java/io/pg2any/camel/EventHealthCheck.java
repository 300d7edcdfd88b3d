package io.pg2any.camel;

import io.pg2any.apply.message.Message;
import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import org.apache.camel.health.HealthCheckResultBuilder;
import org.apache.camel.impl.health.AbstractHealthCheck;

/** Down while the endpoint behind the split has not taken a change for too long; says which and since when. */
class EventHealthCheck extends AbstractHealthCheck {
    /** A restart of the other side that is over sooner is nobody's business. */
    private static final Duration TOLERATED = Duration.ofSeconds(30);

    private record Given(Message message, Instant at) {}

    private volatile Given given;

    EventHealthCheck(String pipeline) {
        super("pg2any", "target:" + pipeline);
    }

    /** This change is with the endpoint now. */
    void given(Message message) {
        given = new Given(message, Instant.now());
    }

    /** The last one has been taken, or is given up. */
    void idle() {
        given = null;
    }

    @Override
    protected void doCall(HealthCheckResultBuilder builder, Map<String, Object> options) {
        Given now = given;
        if (now == null || Duration.between(now.at(), Instant.now()).compareTo(TOLERATED) <= 0) {
            builder.up();
        } else {
            builder.message(now.message().place() + ", has not been taken since " + now.at())
                    .down();
        }
    }
}
