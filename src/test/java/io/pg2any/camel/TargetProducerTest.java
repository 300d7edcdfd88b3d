package io.pg2any.camel;

import static org.assertj.core.api.Assertions.assertThat;

import io.pg2any.apply.Applied;
import io.pg2any.apply.ChangesBatch;
import io.pg2any.apply.Target;
import io.pg2any.apply.TargetException;
import io.pg2any.apply.TargetStatus;
import io.pg2any.change.Lsn;
import io.pg2any.change.Position;
import io.pg2any.change.Relation;
import io.pg2any.change.TransactionBatch;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.camel.CamelContext;
import org.apache.camel.Exchange;
import org.apache.camel.impl.DefaultCamelContext;
import org.apache.camel.support.DefaultExchange;
import org.junit.jupiter.api.Test;

class TargetProducerTest {
    private final CountDownLatch applying = new CountDownLatch(1);
    private final CountDownLatch answer = new CountDownLatch(1);
    private final AtomicInteger inside = new AtomicInteger();
    private final AtomicInteger together = new AtomicInteger();
    private final AtomicInteger closed = new AtomicInteger();

    /** A rollback in the middle of what another thread applies would let the rest of it become visible alone. */
    @Test
    void theTargetIsNotClosedUnderABatchThatIsBeingApplied() throws Exception {
        try (CamelContext context = new DefaultCamelContext()) {
            context.addComponent("jdbcapply", new JdbcApplyComponent());
            TargetProducer producer =
                    new TargetProducer(context.getEndpoint("jdbcapply:test"), "test", pipeline -> new SlowTarget());
            producer.start();
            while (producer.openError() != null) {
                assertThat(new CountDownLatch(1).await(5, TimeUnit.MILLISECONDS))
                        .isFalse();
            }
            Thread apply = new Thread(() -> process(context, producer));
            apply.start();
            assertThat(applying.await(10, TimeUnit.SECONDS)).isTrue();
            Thread stop = new Thread(producer::stop);
            stop.start();

            assertThat(new CountDownLatch(1).await(300, TimeUnit.MILLISECONDS)).isFalse();
            assertThat(closed).hasValue(0);
            answer.countDown();
            apply.join();
            stop.join();
            assertThat(closed).hasPositiveValue();
            assertThat(together).hasValue(0);
        }
    }

    private static void process(CamelContext context, TargetProducer producer) {
        Exchange exchange = new DefaultExchange(context);
        exchange.getMessage().setBody(ChangesBatch.after(0x1000).through(0x2000), TransactionBatch.class);
        try {
            producer.process(exchange);
        } catch (Exception e) {
            throw new IllegalStateException(e);
        }
    }

    /** Counts how often two threads were in it at once. */
    private final class SlowTarget implements Target {
        private final TargetStatus status = new TargetStatus();

        @Override
        public Optional<Position> open() {
            return Optional.empty();
        }

        @Override
        public Optional<Position> position() {
            return Optional.empty();
        }

        @Override
        public List<TargetException> check(List<Relation> relations) {
            return List.of();
        }

        @Override
        public Applied apply(TransactionBatch batch) {
            enter();
            try {
                applying.countDown();
                answer.await();
                return new Applied(new Lsn(0x2000), new Lsn(0x2000), 0, 0);
            } catch (InterruptedException e) {
                throw new IllegalStateException(e);
            } finally {
                inside.decrementAndGet();
            }
        }

        @Override
        public TargetStatus status() {
            return status;
        }

        @Override
        public void close() {
            enter();
            closed.incrementAndGet();
            inside.decrementAndGet();
        }

        private void enter() {
            if (inside.incrementAndGet() > 1) {
                together.incrementAndGet();
            }
        }
    }
}
