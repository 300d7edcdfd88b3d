package io.pg2any.camel;

import io.pg2any.apply.Applied;
import io.pg2any.apply.Target;
import io.pg2any.apply.TargetException;
import io.pg2any.change.Position;
import io.pg2any.change.TransactionAbandonedException;
import io.pg2any.change.TransactionBatch;
import io.pg2any.pgoutput.MalformedMessageException;
import io.pg2any.staging.CorruptStagedFileException;
import java.io.IOException;
import java.time.Instant;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import org.apache.camel.Endpoint;
import org.apache.camel.Exchange;
import org.apache.camel.InvalidPayloadException;
import org.apache.camel.Message;
import org.apache.camel.health.HealthCheckRegistry;
import org.apache.camel.support.DefaultProducer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Applies a batch. The target is opened in the background and tried again for as long as it takes: a target that is
 * down neither keeps the routes from starting nor capture from staging.
 */
class TargetProducer extends DefaultProducer {
    private static final Logger LOG = LoggerFactory.getLogger(TargetProducer.class);
    private static final long RETRY_MILLIS_MAX = 10_000;
    private static final long CLOSE_PATIENCE_MILLIS = 5_000;

    /** Makes the target when the producer starts. */
    @FunctionalInterface
    interface TargetFactory {
        /**
         * @throws IllegalArgumentException for an option that means nothing; names it
         */
        Target create(Pipeline pipeline) throws TargetException;
    }

    private final Endpoint endpoint;
    private final String name;
    private final TargetFactory factory;
    private final TargetHealthCheck healthCheck;
    /** Of the thread that uses the target: a stop need not have waited for the end of what is being applied. */
    private final ReentrantLock using = new ReentrantLock();

    private Pipeline pipeline;
    private ExecutorService opener;
    private volatile Target target;
    private volatile boolean open;
    private volatile boolean stopped;
    private volatile Instant failingSince;
    private volatile String openError = "the target is being opened";

    /**
     * @param pipeline the name under which the target keeps its position
     */
    TargetProducer(Endpoint endpoint, String pipeline, TargetFactory factory) {
        super(endpoint);
        this.endpoint = endpoint;
        this.name = pipeline;
        this.factory = factory;
        this.healthCheck = new TargetHealthCheck(this, pipeline);
    }

    @Override
    protected void doStart() throws Exception {
        super.doStart();
        openError = "the target is being opened";
        pipeline = Pipeline.of(endpoint.getCamelContext(), name);
        try {
            target = factory.create(pipeline);
            stopped = false;
        } catch (IllegalArgumentException e) {
            PipelineFailedException failure = new PipelineFailedException(e.getMessage(), true, e);
            pipeline.fail(failure);
            throw failure;
        }
        pipeline.target(target);
        HealthCheckRegistry registry = HealthCheckRegistry.get(endpoint.getCamelContext());
        if (registry != null) {
            registry.register(healthCheck);
        }
        opener = endpoint.getCamelContext()
                .getExecutorServiceManager()
                .newSingleThreadExecutor(this, "pg2any-target-" + name);
        opener.execute(this::openUntilItSucceeds);
    }

    @Override
    protected void doStop() throws Exception {
        HealthCheckRegistry registry = HealthCheckRegistry.get(endpoint.getCamelContext());
        if (registry != null) {
            registry.unregister(healthCheck);
        }
        if (opener != null) {
            opener.shutdownNow();
            opener.awaitTermination(10, TimeUnit.SECONDS);
            opener = null;
        }
        if (target != null) {
            open = false;
            stopped = true;
            pipeline.targetClosed();
            if (using.tryLock(CLOSE_PATIENCE_MILLIS, TimeUnit.MILLISECONDS)) {
                try {
                    target.close();
                } finally {
                    using.unlock();
                }
            } else {
                LOG.warn("Target of pipeline {} is still busy; it is closed when it answers", name);
            }
        }
        super.doStop();
    }

    private void openUntilItSucceeds() {
        long delay = 200;
        while (isRunAllowed()) {
            try {
                Optional<Position> position = openTarget();
                pipeline.targetOpened(position);
                open = true;
                openError = null;
                LOG.info(
                        "Target of pipeline {} is open, {}",
                        name,
                        position.map(p -> "applied through " + p.lsn()).orElse("nothing applied yet"));
                return;
            } catch (TargetException e) {
                openError = e.getMessage();
                if (e.kind() != TargetException.Kind.RETRYABLE) {
                    pipeline.fail(failure(e));
                    return;
                }
            } catch (IOException | RuntimeException e) {
                openError = e.getMessage();
                pipeline.fail(new PipelineFailedException(Objects.toString(e.getMessage(), e.toString()), false, e));
                return;
            }
            LOG.warn("Target of pipeline {} is tried again in {} ms: {}", name, delay, openError);
            try {
                Thread.sleep(delay);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                return; // stopping
            }
            delay = Math.min(delay * 2, RETRY_MILLIS_MAX);
        }
    }

    private Optional<Position> openTarget() throws TargetException {
        using.lock();
        try {
            return target.open();
        } finally {
            using.unlock();
        }
    }

    Target target() {
        return target;
    }

    /** When the present series of failures began, null when the last try succeeded. */
    Instant failingSince() {
        return failingSince;
    }

    /** Changes that were set aside and wait for somebody. */
    long waitingRejected() {
        return pipeline.waitingRejected().values().stream()
                .mapToLong(Long::longValue)
                .sum();
    }

    /** Why the target is not open yet, null when it is. */
    String openError() {
        return openError;
    }

    @Override
    public void process(Exchange exchange) throws Exception {
        Message message = exchange.getMessage();
        TransactionBatch batch = message.getBody(TransactionBatch.class);
        if (batch == null) {
            throw new InvalidPayloadException(exchange, TransactionBatch.class);
        }
        requireOpen();
        using.lockInterruptibly();
        Target used = target;
        try {
            apply(used, batch, message);
        } finally {
            if (stopped || used != target) {
                used.close(); // the stop has not waited for it
            }
            using.unlock();
        }
    }

    private void apply(Target used, TransactionBatch batch, Message message) throws TargetException, IOException {
        requireOpen();
        Instant began = Instant.now();
        try {
            Applied applied = used.apply(batch);
            pipeline.applied(
                    applied.applied(),
                    applied.transactions(),
                    batch instanceof DeliveredBatch delivered ? delivered.newestCommit() : null);
            pipeline.durable(applied.durable());
            failingSince = null;
            pipeline.targetFails(false);
            message.setHeader(Pg2anyHeaders.APPLIED_LSN, applied.applied());
            message.setHeader(Pg2anyHeaders.SAFE_LSN, applied.durable());
            message.setHeader(Pg2anyHeaders.TRANSACTIONS, applied.transactions());
            message.setHeader(Pg2anyHeaders.CHANGES, applied.rows());
        } catch (TransactionAbandonedException e) {
            // Rolled back at the target; nothing moved, and the source sends the transaction again.
            LOG.info("Transaction rolled back at the target: {}", e.getMessage());
            message.removeHeader(Pg2anyHeaders.SAFE_LSN);
        } catch (TargetException e) {
            pipeline.applyFailed();
            if (e.kind() == TargetException.Kind.RETRYABLE) {
                failingSince(began);
                throw e;
            }
            PipelineFailedException failure = failure(e);
            pipeline.fail(failure);
            throw failure;
        } catch (CorruptStagedFileException | MalformedMessageException | RuntimeException e) {
            PipelineFailedException failure =
                    new PipelineFailedException(Objects.toString(e.getMessage(), e.toString()), false, e);
            pipeline.fail(failure);
            throw failure;
        } catch (IOException e) {
            // The disk of the staged files, or a stop while a transaction was still arriving: rolled back.
            failingSince(began);
            throw e;
        }
    }

    private void requireOpen() throws TargetException {
        if (!open) {
            throw new TargetException(TargetException.Kind.RETRYABLE, "the target is not open: " + openError);
        }
    }

    /** A try that waits for its target fails late: what counts is when the first of the series began. */
    private void failingSince(Instant began) {
        pipeline.targetFails(true);
        if (failingSince == null) {
            failingSince = began;
        }
    }

    private static PipelineFailedException failure(TargetException e) {
        return new PipelineFailedException(e.getMessage(), e.kind() == TargetException.Kind.CONFIG, e);
    }
}
