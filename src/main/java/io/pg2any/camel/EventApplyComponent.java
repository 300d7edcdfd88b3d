package io.pg2any.camel;

import java.util.Map;
import org.apache.camel.Endpoint;
import org.apache.camel.spi.Metadata;
import org.apache.camel.spi.annotations.Component;
import org.apache.camel.support.HealthCheckComponent;

/** Turns batches into one message per change, for routes that end in any endpoint. */
@Component("eventapply")
public class EventApplyComponent extends HealthCheckComponent {
    @Metadata(
            label = "common",
            description = "What events look like: the options about events of kafkaapply; an endpoint's own body wins")
    private KafkaApplyConfiguration configuration = new KafkaApplyConfiguration();

    @Override
    protected Endpoint createEndpoint(String uri, String remaining, Map<String, Object> parameters) throws Exception {
        if (remaining.isEmpty()) {
            throw new IllegalArgumentException("eventapply: needs the pipeline's name, as in eventapply:pg2any");
        }
        EventApplyEndpoint endpoint = new EventApplyEndpoint(uri, this, remaining);
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
