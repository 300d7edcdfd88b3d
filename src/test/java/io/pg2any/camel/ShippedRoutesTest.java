package io.pg2any.camel;

import static org.assertj.core.api.Assertions.assertThat;

import io.pg2any.change.Lsn;
import io.pg2any.change.SourceIdentity;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.camel.Consumer;
import org.apache.camel.Endpoint;
import org.apache.camel.Exchange;
import org.apache.camel.Processor;
import org.apache.camel.Producer;
import org.apache.camel.main.Main;
import org.apache.camel.support.DefaultComponent;
import org.apache.camel.support.DefaultConsumer;
import org.apache.camel.support.DefaultEndpoint;
import org.apache.camel.support.DefaultProducer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Loads the shipped apply route and error handling with a target that fails, and asserts that no mark moves. */
class ShippedRoutesTest {
    private static final Lsn THROUGH = new Lsn(0x200);

    private final Main main = new Main();
    private final AtomicInteger tries = new AtomicInteger();
    private final CountDownLatch triedOften = new CountDownLatch(3);

    @AfterEach
    void stop() {
        main.stop();
    }

    @ParameterizedTest
    @ValueSource(strings = {"jdbc", "kafka"})
    void aFailingTargetMovesNoMarkAndTheSameBatchIsTriedAgainInOrder(String kind) throws Exception {
        Pipeline pipeline = start(kind, exchange -> {
            tries.incrementAndGet();
            triedOften.countDown();
            throw new java.io.IOException("the target is down");
        });

        assertThat(triedOften.await(30, TimeUnit.SECONDS)).isTrue();

        assertThat(pipeline.feedback().confirmable()).isEqualTo(Lsn.ZERO);
        assertThat(pipeline.appliedLsn()).isEqualTo(Lsn.ZERO);
        assertThat(pipeline.failure()).isEmpty();
    }

    @Test
    void whatCanNeverSucceedIsNotTriedAgainAndMovesNoMark() throws Exception {
        CountDownLatch tried = new CountDownLatch(1);
        Pipeline pipeline = start("jdbc", exchange -> {
            tries.incrementAndGet();
            tried.countDown();
            throw new PipelineFailedException("rejected", false, null);
        });
        assertThat(tried.await(30, TimeUnit.SECONDS)).isTrue();
        main.stop();

        assertThat(tries.get()).isEqualTo(1);
        assertThat(pipeline.feedback().confirmable()).isEqualTo(Lsn.ZERO);
    }

    @Test
    void onlyWhatTheTargetCallsSafeIsAcknowledged() throws Exception {
        Pipeline pipeline = start("jdbc", exchange -> {
            exchange.getMessage().setHeader(Pg2anyHeaders.APPLIED_LSN, THROUGH);
            exchange.getMessage().setHeader(Pg2anyHeaders.SAFE_LSN, new Lsn(0x180));
        });

        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(30);
        while (pipeline.feedback().confirmable().equals(Lsn.ZERO) && System.nanoTime() < deadline) {
            Thread.onSpinWait();
        }
        assertThat(pipeline.feedback().confirmable()).isEqualTo(new Lsn(0x180));
    }

    private Pipeline start(String kind, Processor target) throws Exception {
        main.bind(kind + "apply", new TargetComponent(target));
        main.bind("txstaging", new OneBatchComponent());
        main.addInitialProperty("pg2any.pipeline", "test");
        main.setDefaultPropertyPlaceholderLocation("false");
        main.configure()
                .setRoutesIncludePattern("file:routes/errors.camel.yaml,file:routes/apply-" + kind + ".camel.yaml");
        main.configure().setShutdownTimeout(5);
        main.start();
        return Pipeline.of(main.getCamelContext(), "test");
    }

    /** The stand-in for a target: what it does is the test's business. */
    private static final class TargetComponent extends DefaultComponent {
        private final Processor target;

        TargetComponent(Processor target) {
            this.target = target;
        }

        @Override
        protected Endpoint createEndpoint(String uri, String remaining, Map<String, Object> parameters) {
            return new DefaultEndpoint(uri, this) {
                @Override
                public Producer createProducer() {
                    return new DefaultProducer(this) {
                        @Override
                        public void process(Exchange exchange) throws Exception {
                            target.process(exchange);
                        }
                    };
                }

                @Override
                public Consumer createConsumer(Processor processor) {
                    throw new UnsupportedOperationException();
                }
            };
        }
    }

    /** Sends one batch into the route and nothing more. */
    private static final class OneBatchComponent extends DefaultComponent {
        @Override
        protected Endpoint createEndpoint(String uri, String remaining, Map<String, Object> parameters) {
            return new DefaultEndpoint(uri, this) {
                @Override
                public Producer createProducer() {
                    throw new UnsupportedOperationException();
                }

                @Override
                public Consumer createConsumer(Processor processor) {
                    return new DefaultConsumer(this, processor) {
                        private Thread thread;

                        @Override
                        protected void doStart() throws Exception {
                            super.doStart();
                            thread = new Thread(this::send);
                            thread.start();
                        }

                        private void send() {
                            Exchange exchange = createExchange(false);
                            exchange.getMessage()
                                    .setBody(new PositionBatch(new SourceIdentity("7", 1, "slot"), THROUGH));
                            try {
                                getProcessor().process(exchange);
                            } catch (Exception e) {
                                exchange.setException(e);
                            }
                        }

                        @Override
                        protected void doStop() throws Exception {
                            super.doStop();
                            thread.join(5_000);
                        }
                    };
                }
            };
        }
    }
}
