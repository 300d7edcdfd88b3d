package io.pg2any.camel;

import io.pg2any.capture.Capture;
import io.pg2any.capture.CaptureConfig;
import io.pg2any.capture.CaptureException;
import io.pg2any.capture.CaptureStatus;
import io.pg2any.change.Lsn;
import io.pg2any.pgoutput.MalformedMessageException;
import io.pg2any.pgoutput.MessageChunk;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.TimeUnit;
import org.apache.camel.Exchange;
import org.apache.camel.Processor;
import org.apache.camel.Suspendable;
import org.apache.camel.support.DefaultConsumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Sends chunks of messages into the route, one at a time, in order. The capture's own thread owns the socket; the
 * dispatch thread here may be held up by the route for as long as it takes.
 *
 * <p>A chunk whose exchange fails is sent again until it succeeds or the pipeline has failed for good: skipping it
 * would lose its changes.
 */
class PgCaptureConsumer extends DefaultConsumer implements Suspendable {
    private static final Logger LOG = LoggerFactory.getLogger(PgCaptureConsumer.class);
    private static final Duration POLL = Duration.ofMillis(500);
    private static final long RETRY_MILLIS_MAX = 10_000;

    private final PgCaptureEndpoint endpoint;
    private final CaptureConfig config;
    private final Pipeline pipeline;
    private final boolean acknowledgesItself;

    private volatile Capture capture;
    private volatile long deliveringSinceNanos;
    private volatile boolean delivering;
    private ExecutorService dispatcher;

    PgCaptureConsumer(PgCaptureEndpoint endpoint, Processor processor, CaptureConfig config) {
        super(endpoint, processor);
        this.endpoint = endpoint;
        this.config = config;
        this.pipeline = endpoint.pipeline();
        // Without a named pipeline nothing else says what is safe: a finished exchange does, as with the stock
        // component.
        this.acknowledgesItself = endpoint.getConfiguration().getPipeline() == null;
    }

    @Override
    protected void doBuild() throws Exception {
        setHealthCheck(new CaptureHealthCheck(this, getRouteId()));
        super.doBuild();
    }

    @Override
    protected void doStart() throws Exception {
        super.doStart();
        capture = new Capture(
                config, acknowledgesItself ? Optional::empty : pipeline::resumePosition, pipeline.feedback());
        pipeline.source(config, this::status);
        capture.start();
        dispatcher = endpoint.getCamelContext()
                .getExecutorServiceManager()
                .newSingleThreadExecutor(this, "pg2any-dispatch-" + config.slot());
        Capture started = capture;
        dispatcher.execute(() -> dispatch(started));
    }

    @Override
    protected void doSuspend() throws Exception {
        capture.suspend();
        super.doSuspend();
    }

    @Override
    protected void doResume() throws Exception {
        super.doResume();
        capture.resume();
    }

    /** The route is stopped last: its steps must not go while a chunk is in them. */
    @Override
    protected void doStop() throws Exception {
        try {
            stopCapture();
        } finally {
            super.doStop();
        }
    }

    private void stopCapture() throws InterruptedException {
        if (dispatcher != null) {
            dispatcher.shutdownNow();
            dispatcher.awaitTermination(10, TimeUnit.SECONDS);
            dispatcher = null;
        }
        if (capture != null) {
            capture.close();
            capture = null;
        }
    }

    Optional<CaptureStatus> status() {
        return Optional.ofNullable(capture).map(Capture::status);
    }

    /** How long the chunk that is in the route has been there, zero when none is. */
    Duration deliveryAge() {
        return delivering ? Duration.ofNanos(System.nanoTime() - deliveringSinceNanos) : Duration.ZERO;
    }

    Pipeline pipeline() {
        return pipeline;
    }

    CaptureConfig config() {
        return config;
    }

    private void dispatch(Capture from) {
        try {
            while (isRunAllowed()) {
                MessageChunk chunk = from.take(POLL);
                if (chunk != null) {
                    deliveringSinceNanos = System.nanoTime();
                    delivering = true;
                    if (!deliver(chunk)) {
                        return; // a later chunk would stand in staging as if this one had not been
                    }
                    delivering = false;
                }
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt(); // stopping
        } catch (CaptureException e) {
            pipeline.fail(new PipelineFailedException(
                    e.getMessage() + (e.remedy().isEmpty() ? "" : "; " + e.remedy()),
                    e.kind() == CaptureException.Kind.CONFIG,
                    e));
        } catch (MalformedMessageException | RuntimeException | Error e) {
            // A dead dispatch thread must not look alive.
            pipeline.fail(new PipelineFailedException("capture dispatch ended: " + e, false, e));
        }
    }

    /** False when it was given up, because of a stop or a failure for good: then no other may follow. */
    private boolean deliver(MessageChunk chunk) throws InterruptedException, MalformedMessageException {
        long delay = 200;
        while (isRunAllowed()) {
            Exchange exchange = createExchange(false);
            Exception failure;
            try {
                exchange.getMessage().setBody(chunk);
                exchange.getMessage().setHeader(Pg2anyHeaders.SLOT, config.slot());
                exchange.getMessage().setHeader(Pg2anyHeaders.MESSAGES, chunk.messages());
                getProcessor().process(exchange);
                failure = exchange.getException();
            } catch (Exception e) {
                failure = e;
            } finally {
                releaseExchange(exchange, false);
            }
            if (failure == null && !acknowledgesItself && !pipeline.wasStaged(chunk)) {
                // That an exchange completed proves nothing: a route may have handled a failure away.
                failure = new IllegalStateException("the route finished without staging it");
            }
            if (failure == null) {
                acknowledgeItself(chunk);
                return true;
            }
            if (pipeline.failure().isPresent()
                    || !isRunAllowed()
                    || endpoint.getCamelContext().isStopping()) {
                return false; // what was not delivered comes again from the acknowledged position after a start
            }
            pipeline.captureFailed();
            LOG.warn(
                    "Chunk of slot {} failed and is tried again in {} ms: {}",
                    config.slot(),
                    delay,
                    failure.toString());
            Thread.sleep(delay);
            delay = Math.min(delay * 2, RETRY_MILLIS_MAX);
        }
        return false;
    }

    private void acknowledgeItself(MessageChunk chunk) throws MalformedMessageException {
        if (acknowledgesItself) {
            Lsn through = chunk.through();
            if (through != null) {
                pipeline.feedback().safe(through);
            }
        }
    }
}
