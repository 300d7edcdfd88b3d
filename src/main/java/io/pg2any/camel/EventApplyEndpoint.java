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

/** One message per change for a split in front of any endpoint, and the proof that all of a batch were delivered. */
@UriEndpoint(
        firstVersion = "0.1.0",
        scheme = "eventapply",
        title = "Event Apply",
        syntax = "eventapply:pipeline",
        category = {Category.MESSAGING},
        producerOnly = true,
        headersClass = Pg2anyHeaders.class)
public class EventApplyEndpoint extends DefaultEndpoint {
    /** What to do with a batch. */
    public enum Step {
        /** The body becomes the sequence of its changes, for a split. */
        open,
        /** After the split: if every change was taken, the batch is applied and may be acknowledged. */
        applied
    }

    /** What the body of a change's message is. */
    public enum Body {
        json,
        map
    }

    @UriPath(description = "The pipeline's name")
    @Metadata(required = true)
    private String pipeline;

    @UriParam(
            defaultValue = "open",
            description = "open, before the split, makes the body the sequence of its changes; applied, after it, moves"
                    + " the marks if every change was taken")
    private Step step = Step.open;

    @UriParam(defaultValue = "json", description = "What a change's message holds: JSON text, or a java.util.Map of it")
    private Body body = Body.json;

    EventApplyEndpoint(String uri, EventApplyComponent component, String pipeline) {
        super(uri, component);
        this.pipeline = pipeline;
    }

    @Override
    public Producer createProducer() {
        return step == Step.open
                ? new EventOpenProducer(this, ((EventApplyComponent) getComponent()).getConfiguration())
                : new EventAppliedProducer(this);
    }

    @Override
    public Consumer createConsumer(Processor processor) {
        throw new UnsupportedOperationException("eventapply: can only be sent to");
    }

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

    public Step getStep() {
        return step;
    }

    public void setStep(Step step) {
        this.step = step;
    }

    public Body getBody() {
        return body;
    }

    public void setBody(Body body) {
        this.body = body;
    }
}
