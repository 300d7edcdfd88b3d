package io.pg2any.camel;

import org.apache.camel.Category;
import org.apache.camel.Consumer;
import org.apache.camel.Processor;
import org.apache.camel.Producer;
import org.apache.camel.spi.Metadata;
import org.apache.camel.spi.UriEndpoint;
import org.apache.camel.spi.UriParam;
import org.apache.camel.spi.UriPath;
import org.apache.camel.support.DefaultEndpoint;

/** Send whole transactions to Kafka as events, in commit order, exactly once. */
@UriEndpoint(
        firstVersion = "0.1.0",
        scheme = "kafkaapply",
        title = "Kafka Apply",
        syntax = "kafkaapply:pipeline",
        category = {Category.MESSAGING},
        producerOnly = true,
        headersClass = Pg2anyHeaders.class)
public class KafkaApplyEndpoint extends DefaultEndpoint {
    @UriPath(description = "The pipeline's name; the target's position is kept under it")
    @Metadata(required = true)
    private String pipeline;

    @UriParam
    private KafkaApplyConfiguration configuration;

    KafkaApplyEndpoint(
            String uri, KafkaApplyComponent component, String pipeline, KafkaApplyConfiguration configuration) {
        super(uri, component);
        this.pipeline = pipeline;
        this.configuration = configuration;
    }

    @Override
    public Producer createProducer() {
        return new TargetProducer(
                this, pipeline, pipe -> KafkaTargets.create(pipeline, configuration, pipe::primaryKey));
    }

    @Override
    public Consumer createConsumer(Processor processor) {
        throw new UnsupportedOperationException("kafkaapply: can only be sent to");
    }

    /** One position and one transactional id: two producers of it would fence each other off. */
    @Override
    public boolean isSingletonProducer() {
        return true;
    }

    public String getPipeline() {
        return pipeline;
    }

    public void setPipeline(String pipeline) {
        this.pipeline = pipeline;
    }

    public KafkaApplyConfiguration getConfiguration() {
        return configuration;
    }

    public void setConfiguration(KafkaApplyConfiguration configuration) {
        this.configuration = configuration;
    }
}
