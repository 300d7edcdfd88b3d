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

/** Apply whole transactions to a database, in commit order, exactly once. */
@UriEndpoint(
        firstVersion = "0.1.0",
        scheme = "jdbcapply",
        title = "JDBC Apply",
        syntax = "jdbcapply:pipeline",
        category = {Category.DATABASE},
        producerOnly = true,
        headersClass = Pg2anyHeaders.class)
public class JdbcApplyEndpoint extends DefaultEndpoint {
    @UriPath(description = "The pipeline's name; the target's position is kept under it")
    @Metadata(required = true)
    private String pipeline;

    @UriParam
    private JdbcApplyConfiguration configuration;

    JdbcApplyEndpoint(String uri, JdbcApplyComponent component, String pipeline, JdbcApplyConfiguration configuration) {
        super(uri, component);
        this.pipeline = pipeline;
        this.configuration = configuration;
    }

    @Override
    public Producer createProducer() {
        return new TargetProducer(
                this,
                pipeline,
                pipe -> JdbcTargets.create(
                        pipeline,
                        configuration,
                        pipe::primaryKey,
                        RejectedTables.of(configuration.getRejected(), configuration.getRejectedTables(), pipe)));
    }

    @Override
    public Consumer createConsumer(Processor processor) {
        throw new UnsupportedOperationException("jdbcapply: can only be sent to");
    }

    /** One position and one connection: two producers of it would fence each other off. */
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

    public JdbcApplyConfiguration getConfiguration() {
        return configuration;
    }

    public void setConfiguration(JdbcApplyConfiguration configuration) {
        this.configuration = configuration;
    }
}
