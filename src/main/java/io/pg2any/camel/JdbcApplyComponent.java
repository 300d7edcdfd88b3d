package io.pg2any.camel;

import java.util.Map;
import org.apache.camel.Endpoint;
import org.apache.camel.spi.Metadata;
import org.apache.camel.spi.annotations.Component;
import org.apache.camel.support.HealthCheckComponent;

/** Applies whole transactions to a database, together with the position, in one target transaction. */
@Component("jdbcapply")
public class JdbcApplyComponent extends HealthCheckComponent {
    @Metadata(
            label = "common",
            description = "Settings that all endpoints of this component start from; an endpoint's own parameters win")
    private JdbcApplyConfiguration configuration = new JdbcApplyConfiguration();

    @Override
    protected void doBuild() throws Exception {
        super.doBuild();
        SecretOptions.mask(getCamelContext(), "url");
    }

    @Override
    protected Endpoint createEndpoint(String uri, String remaining, Map<String, Object> parameters) throws Exception {
        if (remaining.isEmpty()) {
            throw new IllegalArgumentException("jdbcapply: needs the pipeline's name, as in jdbcapply:pg2any");
        }
        JdbcApplyEndpoint endpoint = new JdbcApplyEndpoint(uri, this, remaining, configuration.copy());
        setProperties(endpoint, parameters);
        return endpoint;
    }

    public JdbcApplyConfiguration getConfiguration() {
        return configuration;
    }

    public void setConfiguration(JdbcApplyConfiguration configuration) {
        this.configuration = configuration;
    }
}
