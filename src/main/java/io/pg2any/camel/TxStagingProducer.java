package io.pg2any.camel;

import io.pg2any.change.Lsn;
import io.pg2any.pgoutput.MalformedMessageException;
import io.pg2any.pgoutput.MessageChunk;
import io.pg2any.staging.StagingLog;
import java.util.Optional;
import org.apache.camel.Exchange;
import org.apache.camel.InvalidPayloadException;
import org.apache.camel.support.DefaultProducer;

/**
 * Appends a chunk. When it returns, the chunk has been taken whole; in staged mode the message then says how far
 * everything is safe on this disk. May hold the route up while the disk quota is used up.
 */
class TxStagingProducer extends DefaultProducer {
    private final StagingResource resource;
    private StagingLog log;

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
        try {
            if (chunk.endsSession()) {
                log.sessionEnded(chunk.session());
            } else {
                log.append(chunk);
            }
            resource.pipeline().staged(chunk);
        } catch (MalformedMessageException | RuntimeException e) {
            PipelineFailedException failure = new PipelineFailedException(e.getMessage(), false, e);
            resource.pipeline().fail(failure);
            throw failure;
        }
        Optional<Lsn> durable = log.durableLsn();
        if (durable.isPresent()) {
            exchange.getMessage().setHeader(Pg2anyHeaders.SAFE_LSN, durable.get());
        }
    }
}
