package io.pg2any.camel;

import io.pg2any.change.Lsn;
import io.pg2any.change.SourceIdentity;
import io.pg2any.change.TransactionBatch;
import io.pg2any.pgoutput.MalformedMessageException;
import io.pg2any.staging.CorruptStagedFileException;
import io.pg2any.staging.StagingLog;
import java.io.IOException;
import java.time.Duration;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.TimeUnit;
import org.apache.camel.Exchange;
import org.apache.camel.Processor;
import org.apache.camel.Suspendable;
import org.apache.camel.support.DefaultConsumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Sends batches of whole transactions into the route, one at a time, in commit order.
 *
 * <p>A batch is done only when the pipeline's applied position has passed it. That an exchange completed proves nothing:
 * a route may have handled the failure away. What is not done is sent again, for ever, until the pipeline has failed
 * for good.
 */
class TxStagingConsumer extends DefaultConsumer implements Suspendable {
    private static final Logger LOG = LoggerFactory.getLogger(TxStagingConsumer.class);
    private static final Duration POLL = Duration.ofMillis(200);
    private static final long RETRY_MILLIS_MAX = 10_000;

    private final TxStagingEndpoint endpoint;
    private final StagingResource resource;
    private final TablePatterns tables;

    private StagingLog log;
    private SourceIdentity source; // of the newest batch; the apply thread's own
    private ExecutorService executor;

    TxStagingConsumer(TxStagingEndpoint endpoint, Processor processor, StagingResource resource, TablePatterns tables) {
        super(endpoint, processor);
        this.endpoint = endpoint;
        this.resource = resource;
        this.tables = tables;
    }

    @Override
    protected void doBuild() throws Exception {
        setHealthCheck(new StagingHealthCheck(resource.pipeline(), getRouteId()));
        super.doBuild();
    }

    @Override
    protected void doStart() throws Exception {
        super.doStart();
        log = resource.acquire();
        executor = endpoint.getCamelContext()
                .getExecutorServiceManager()
                .newSingleThreadExecutor(this, "pg2any-apply-" + endpoint.getPipeline());
        StagingLog opened = log;
        executor.execute(() -> consume(opened));
    }

    /** The first thing a stopping context does: what waits for the source would hold it up. */
    @Override
    protected void doSuspend() throws Exception {
        if (log != null && endpoint.getCamelContext().isStopping()) {
            log.prepareToClose();
            if (stopsInVain()) {
                executor.shutdownNow();
            }
        }
        super.doSuspend();
    }

    /** The try under way, and any more, would most likely wait as the last one did, for as long as the target's client waits. */
    private boolean stopsInVain() {
        return endpoint.getCamelContext().isStopping() && resource.pipeline().targetFails();
    }

    /** The route is stopped last: its steps must not go while a batch is in them. */
    @Override
    protected void doStop() throws Exception {
        try {
            stopApplying();
        } finally {
            super.doStop();
        }
    }

    private void stopApplying() throws Exception {
        if (executor != null) {
            executor.shutdown();
            if (!executor.awaitTermination(5, TimeUnit.SECONDS)) {
                // Whatever is in flight rolls back; it is applied again after the next start.
                executor.shutdownNow();
                executor.awaitTermination(10, TimeUnit.SECONDS);
            }
            executor = null;
        }
        if (log != null) {
            log = null;
            resource.release();
        }
    }

    private void consume(StagingLog from) {
        try {
            while (isRunAllowed() && resource.pipeline().failure().isEmpty()) {
                if (!resource.pipeline().mayApply(POLL)) {
                    continue;
                }
                TransactionBatch batch = isSuspendingOrSuspended() ? null : take(from);
                if (batch != null) {
                    deliver(from, batch);
                    continue;
                }
                if (stopsInVain()) {
                    return;
                }
                makeDurable(from);
                if (isSuspendingOrSuspended()) {
                    Thread.sleep(POLL.toMillis());
                }
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt(); // stopping
        } catch (IOException | RuntimeException | Error e) {
            // A dead apply thread must not look alive.
            resource.pipeline()
                    .fail(
                            e instanceof PipelineFailedException failure
                                    ? failure
                                    : new PipelineFailedException("apply ended: " + e.getMessage(), false, e));
        }
    }

    /** A disk that is full or fails is waited for, as its error says in health; damaged files are not. */
    private TransactionBatch take(StagingLog from) throws IOException, InterruptedException {
        try {
            return from.take(POLL);
        } catch (CorruptStagedFileException | MalformedMessageException e) {
            throw e;
        } catch (IOException e) {
            LOG.warn(
                    "Staging of pipeline {} is tried again: {}",
                    resource.pipeline().name(),
                    e.toString());
            Thread.sleep(RETRY_MILLIS_MAX / 10);
            return null;
        }
    }

    private void deliver(StagingLog from, TransactionBatch batch) throws InterruptedException {
        boolean completed = false;
        try {
            completed = deliverUntilApplied(batch);
        } finally {
            if (completed) {
                from.complete(batch);
            } else {
                from.release(batch);
            }
        }
        from.targetDurable(resource.pipeline().durableLsn());
    }

    /** False when the batch was abandoned by the source, or given up for a stop or a failure. */
    private boolean deliverUntilApplied(TransactionBatch batch) throws InterruptedException {
        Pipeline pipeline = resource.pipeline();
        long delay = 200;
        while (true) {
            DeliveredBatch delivered = new DeliveredBatch(tables.select(batch));
            Exception failure = route(delivered);
            if (delivered.abandoned()) {
                return false;
            }
            Lsn through = delivered.through();
            if (through != null && !pipeline.appliedLsn().isBefore(through)) {
                source = batch.source();
                return true;
            }
            if (pipeline.failure().isPresent() || !isRunAllowed() || isSuspendingOrSuspended()) {
                return false;
            }
            LOG.warn(
                    "Batch after {} of pipeline {} was not applied and is tried again in {} ms: {}",
                    batch.after(),
                    pipeline.name(),
                    delay,
                    failure == null ? "the route finished without applying it" : failure.toString());
            Thread.sleep(delay);
            delay = Math.min(delay * 2, RETRY_MILLIS_MAX);
        }
    }

    /**
     * Nothing is waiting: what the target has committed but might lose to a power failure is made to stay, by a batch
     * that moves nothing. Until then PostgreSQL keeps its WAL, and does not shut down.
     */
    private void makeDurable(StagingLog from) {
        Pipeline pipeline = resource.pipeline();
        if (source != null && pipeline.durableLsn().isBefore(pipeline.appliedLsn())) {
            DeliveredBatch batch = new DeliveredBatch(new PositionBatch(source, pipeline.appliedLsn()));
            Exception failure = route(batch);
            if (failure != null && isRunAllowed()) {
                LOG.warn("Target of pipeline {} could not be flushed: {}", pipeline.name(), failure.toString());
            }
            from.targetDurable(pipeline.durableLsn());
        }
    }

    private Exception route(DeliveredBatch batch) {
        Exchange exchange = createExchange(false);
        try {
            exchange.getMessage().setBody(batch);
            exchange.getMessage().setHeader(Pg2anyHeaders.SLOT, batch.source().slot());
            exchange.getMessage().setHeader(Pg2anyHeaders.AFTER_LSN, batch.after());
            getProcessor().process(exchange);
            return exchange.getException();
        } catch (Exception e) {
            return e;
        } finally {
            releaseExchange(exchange, false);
        }
    }
}
