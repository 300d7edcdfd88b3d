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

/** Stage captured messages in crash-safe files; consume them as whole transactions, in commit order. */
@UriEndpoint(
        firstVersion = "0.1.0",
        scheme = "txstaging",
        title = "Transaction Staging",
        syntax = "txstaging:pipeline",
        category = {Category.FILE},
        headersClass = Pg2anyHeaders.class)
public class TxStagingEndpoint extends DefaultEndpoint {
    @UriPath(description = "The pipeline's name")
    @Metadata(required = true)
    private String pipeline;

    @UriParam(
            label = "consumer",
            description =
                    "Only changes of these tables are given on: schema.table patterns separated by commas, * stands"
                            + " for any characters, a leading ! excludes. The position moves on all the same")
    private String tables;

    TxStagingEndpoint(String uri, TxStagingComponent component, String pipeline) {
        super(uri, component);
        this.pipeline = pipeline;
    }

    @Override
    public Producer createProducer() {
        return new TxStagingProducer(this, resource());
    }

    @Override
    public Consumer createConsumer(Processor processor) throws Exception {
        TxStagingConsumer consumer = new TxStagingConsumer(this, processor, resource(), TablePatterns.parse(tables));
        configureConsumer(consumer);
        return consumer;
    }

    private StagingResource resource() {
        return ((TxStagingComponent) getComponent()).resource(pipeline);
    }

    public String getPipeline() {
        return pipeline;
    }

    public void setPipeline(String pipeline) {
        this.pipeline = pipeline;
    }

    public String getTables() {
        return tables;
    }

    public void setTables(String tables) {
        this.tables = tables;
    }
}
