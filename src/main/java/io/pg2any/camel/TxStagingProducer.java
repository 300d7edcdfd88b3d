package io.pg2any.camel;

import io.pg2any.change.Lsn;
import io.pg2any.pgoutput.MalformedMessageException;
import io.pg2any.pgoutput.MessageChunk;
import io.pg2any.staging.StagingLog;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.RejectedExecutionException;
import org.apache.camel.Exchange;
import org.apache.camel.InvalidPayloadException;
import org.apache.camel.support.DefaultProducer;

/**
 * Appends a chunk. When it returns, the chunk has been taken whole; in staged mode the message then says how far
 * everything is safe on this disk. May hold the route up while the disk quota is used up.
 */
class TxStagingProducer extends DefaultProducer {
    private final StagingResource resource;
    /** Null while stopped. A chunk may come from a thread that the stop did not wait for. */
    private volatile StagingLog log;

    TxStagingProducer(TxStagingEndpoint endpoint, StagingResource resource) {
        super(endpoint);
        this.resource = resource;
    }

    @Override
    protected void doStart() throws Exception {
        super.doStart();
        log = resource.acquire();
    }

    @Override
    protected void doStop() throws Exception {
        if (log != null) {
            log = null;
            resource.release();
        }
        super.doStop();
    }

    @Override
    public void process(Exchange exchange) throws Exception {
        MessageChunk chunk = exchange.getMessage().getBody(MessageChunk.class);
        if (chunk == null) {
            throw new InvalidPayloadException(exchange, MessageChunk.class);
        }
        StagingLog open = log;
        if (open == null) {
            throw new RejectedExecutionException("staging has stopped; the chunk was not taken");
        }
        try {
            if (chunk.endsSession()) {
                open.sessionEnded(chunk.session());
            } else {
                open.append(chunk);
            }
            resource.pipeline().staged(chunk);
        } catch (MalformedMessageException | RuntimeException e) {
            PipelineFailedException failure =
                    new PipelineFailedException(Objects.toString(e.getMessage(), e.toString()), false, e);
            resource.pipeline().fail(failure);
            throw failure;
        }
        Optional<Lsn> durable = open.durableLsn();
        if (durable.isPresent()) {
            exchange.getMessage().setHeader(Pg2anyHeaders.SAFE_LSN, durable.get());
        }
    }
}
