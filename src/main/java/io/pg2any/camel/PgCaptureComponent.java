package io.pg2any.camel;

import java.util.Map;
import org.apache.camel.Endpoint;
import org.apache.camel.component.pg.replication.slot.PgReplicationSlotComponent;
import org.apache.camel.spi.Metadata;
import org.apache.camel.spi.annotations.Component;
import org.apache.camel.util.PropertiesHelper;

/**
 * Captures committed changes from a PostgreSQL logical replication slot.
 *
 * <p>Bound in the registry under {@code pg-replication-slot}, it serves the stock component's URIs too.
 */
@Component("pgcapture")
public class PgCaptureComponent extends PgReplicationSlotComponent {
    @Metadata(
            label = "common",
            description = "Settings that all endpoints of this component start from; an endpoint's own parameters win")
    private PgCaptureConfiguration configuration = new PgCaptureConfiguration();

    @Override
    protected void doBuild() throws Exception {
        super.doBuild();
        SecretOptions.mask(getCamelContext(), "connection");
    }

    @Override
    protected Endpoint createEndpoint(String uri, String remaining, Map<String, Object> parameters) throws Exception {
        // Prefixed groups must leave the map before the remaining parameters are bound one by one.
        Map<String, Object> slotOptions = PropertiesHelper.extractProperties(parameters, "slotOptions.");
        Map<String, Object> driver = PropertiesHelper.extractProperties(parameters, "driver.");
        PgCaptureEndpoint endpoint = new PgCaptureEndpoint(uri, this, remaining, configuration.copy());
        endpoint.setSlotOptions(slotOptions);
        endpoint.setDriver(driver);
        setProperties(endpoint, parameters);
        return endpoint;
    }

    public PgCaptureConfiguration getConfiguration() {
        return configuration;
    }

    public void setConfiguration(PgCaptureConfiguration configuration) {
        this.configuration = configuration;
    }
}
