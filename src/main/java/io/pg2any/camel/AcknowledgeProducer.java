package io.pg2any.camel;

import io.pg2any.change.Lsn;
import org.apache.camel.Endpoint;
import org.apache.camel.Exchange;
import org.apache.camel.support.DefaultProducer;

/**
 * {@code pgcapture:acknowledge}: what the message says is safe may be confirmed to PostgreSQL. A message that says
 * nothing moves nothing.
 */
class AcknowledgeProducer extends DefaultProducer {
    private final Pipeline pipeline;

    AcknowledgeProducer(Endpoint endpoint, Pipeline pipeline) {
        super(endpoint);
        this.pipeline = pipeline;
    }

    @Override
    public void process(Exchange exchange) {
        Lsn safe = exchange.getMessage().getHeader(Pg2anyHeaders.SAFE_LSN, Lsn.class);
        if (safe != null) {
            pipeline.feedback().safe(safe);
        }
    }
}
