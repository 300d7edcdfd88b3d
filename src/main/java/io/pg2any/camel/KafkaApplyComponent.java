package io.pg2any.camel;

import java.util.Map;
import org.apache.camel.Endpoint;
import org.apache.camel.spi.Metadata;
import org.apache.camel.spi.annotations.Component;
import org.apache.camel.support.HealthCheckComponent;

/** Sends whole transactions to Kafka as events, together with the position, in one Kafka transaction. */
@Component("kafkaapply")
public class KafkaApplyComponent extends HealthCheckComponent {
    @Metadata(
            label = "common",
            description = "Settings that all endpoints of this component start from; an endpoint's own parameters win")
    private KafkaApplyConfiguration configuration = new KafkaApplyConfiguration();

    @Override
    protected Endpoint createEndpoint(String uri, String remaining, Map<String, Object> parameters) throws Exception {
        if (remaining.isEmpty()) {
            throw new IllegalArgumentException("kafkaapply: needs the pipeline's name, as in kafkaapply:pg2any");
        }
        KafkaApplyEndpoint endpoint = new KafkaApplyEndpoint(uri, this, remaining, configuration.copy());
        setProperties(endpoint, parameters);
        return endpoint;
    }

    public KafkaApplyConfiguration getConfiguration() {
        return configuration;
    }

    public void setConfiguration(KafkaApplyConfiguration configuration) {
        this.configuration = configuration;
    }
}
