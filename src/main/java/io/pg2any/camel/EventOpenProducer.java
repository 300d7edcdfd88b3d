package io.pg2any.camel;

import io.pg2any.apply.message.MessageOptions;
import java.io.IOException;
import java.util.Optional;
import org.apache.camel.Exchange;
import org.apache.camel.InvalidPayloadException;
import org.apache.camel.health.HealthCheckRegistry;
import org.apache.camel.support.DefaultProducer;

/**
 * Before the split. The endpoint behind it keeps no position: what is staged and what PostgreSQL was told say where to go
 * on, so after a crash some changes come again.
 */
class EventOpenProducer extends DefaultProducer {
    private final EventApplyEndpoint endpoint;
    private final KafkaApplyConfiguration configuration;
    private final EventHealthCheck healthCheck;

    private Pipeline pipeline;
    private MessageOptions options;

    EventOpenProducer(EventApplyEndpoint endpoint, KafkaApplyConfiguration configuration) {
        super(endpoint);
        this.endpoint = endpoint;
        this.configuration = configuration;
        this.healthCheck = new EventHealthCheck(endpoint.getPipeline());
    }

    @Override
    protected void doStart() throws Exception {
        super.doStart();
        pipeline = Pipeline.of(endpoint.getCamelContext(), endpoint.getPipeline());
        try {
            options = KafkaTargets.messageOptions(configuration, pipeline);
            pipeline.targetOpened(Optional.empty());
        } catch (IllegalArgumentException | IOException e) {
            PipelineFailedException failure = new PipelineFailedException(e.getMessage(), true, e);
            pipeline.fail(failure);
            throw failure;
        }
        HealthCheckRegistry registry = HealthCheckRegistry.get(endpoint.getCamelContext());
        if (registry != null) {
            registry.register(healthCheck);
        }
    }

    @Override
    protected void doStop() throws Exception {
        HealthCheckRegistry registry = HealthCheckRegistry.get(endpoint.getCamelContext());
        if (registry != null) {
            registry.unregister(healthCheck);
        }
        super.doStop();
    }

    @Override
    public void process(Exchange exchange) throws Exception {
        DeliveredBatch batch = exchange.getMessage().getBody(DeliveredBatch.class);
        if (batch == null) {
            throw new InvalidPayloadException(exchange, DeliveredBatch.class);
        }
        ChangeMessages messages = new ChangeMessages(
                endpoint.getCamelContext(), pipeline, options, endpoint.getBody(), batch, healthCheck);
        exchange.setProperty(EventAppliedProducer.MESSAGES, messages);
        exchange.getExchangeExtension().addOnCompletion(messages.closing());
        exchange.getMessage().setBody(messages);
    }
}
