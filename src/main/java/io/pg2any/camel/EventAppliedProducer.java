package io.pg2any.camel;

import io.pg2any.change.Lsn;
import org.apache.camel.Exchange;
import org.apache.camel.Message;
import org.apache.camel.support.DefaultProducer;

/**
 * After the split, which a failed change keeps from getting here: all of the batch has been taken. A batch that was not
 * read to its end moves nothing.
 */
class EventAppliedProducer extends DefaultProducer {
    /** Exchange property that holds the {@link ChangeMessages} of the split. */
    static final String MESSAGES = "CamelPg2anyChangeMessages";

    private final EventApplyEndpoint endpoint;

    EventAppliedProducer(EventApplyEndpoint endpoint) {
        super(endpoint);
        this.endpoint = endpoint;
    }

    @Override
    public void process(Exchange exchange) {
        ChangeMessages messages = exchange.getProperty(MESSAGES, ChangeMessages.class);
        if (messages == null) {
            throw new IllegalStateException(
                    "eventapply: step=applied needs a step=open before it, in the same exchange");
        }
        Message message = exchange.getMessage();
        message.removeHeader(Pg2anyHeaders.SAFE_LSN);
        Lsn through = messages.batch().through();
        if (through == null) {
            return;
        }
        Pipeline pipeline = Pipeline.of(endpoint.getCamelContext(), endpoint.getPipeline());
        pipeline.applied(through, messages.transactions(), messages.batch().newestCommit());
        pipeline.durable(through);
        message.setHeader(Pg2anyHeaders.APPLIED_LSN, through);
        message.setHeader(Pg2anyHeaders.SAFE_LSN, through);
        message.setHeader(Pg2anyHeaders.TRANSACTIONS, messages.transactions());
        message.setHeader(Pg2anyHeaders.CHANGES, messages.changes());
    }
}
