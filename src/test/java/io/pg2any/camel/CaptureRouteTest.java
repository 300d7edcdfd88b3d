package io.pg2any.camel;

import static org.assertj.core.api.Assertions.assertThat;

import io.pg2any.change.Change;
import io.pg2any.change.TransactionBatch;
import io.pg2any.change.TransactionCursor;
import io.pg2any.cli.EmbeddedPostgres;
import io.pg2any.pgoutput.MessageChunk;
import io.pg2any.server.TestPostgres;
import io.pg2any.staging.StagingLog;
import java.io.IOException;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.camel.Predicate;
import org.apache.camel.builder.RouteBuilder;
import org.apache.camel.impl.DefaultCamelContext;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What a route does with chunks never makes a hole in what is staged. */
class CaptureRouteTest {
    private static EmbeddedPostgres server;

    @TempDir
    private Path folder;

    private final DefaultCamelContext context = new DefaultCamelContext();

    @BeforeAll
    static void start() throws Exception {
        server = TestPostgres.start(17);
        execute("CREATE TABLE item (id int PRIMARY KEY); CREATE PUBLICATION items FOR TABLE item");
    }

    @AfterAll
    static void stop() throws Exception {
        server.close();
    }

    @AfterEach
    void stopContext() {
        context.stop();
    }

    @Test
    void aChunkThatTheRouteDidNotStageComesAgain() throws Exception {
        AtomicBoolean dropped = new AtomicBoolean();
        Pipeline pipeline = start(
                "filtered",
                exchange -> !hasMessages(exchange.getMessage().getBody(MessageChunk.class)) || dropped.getAndSet(true));

        execute("INSERT INTO item VALUES (1)");
        execute("INSERT INTO item VALUES (2)");

        assertThat(stagedInserts(pipeline.staging().orElseThrow(), 2)).isEqualTo(List.of("1", "2"));
        assertThat(dropped).isTrue();
    }

    @Test
    void afterAChunkThatWasGivenUpNoOtherIsDelivered() throws Exception {
        AtomicInteger delivered = new AtomicInteger();
        CountDownLatch given = new CountDownLatch(1);
        CountDownLatch more = new CountDownLatch(2);
        Pipeline pipeline = Pipeline.of(context, "failed");
        start("failed", exchange -> {
            if (!hasMessages(exchange.getMessage().getBody(MessageChunk.class))) {
                return true;
            }
            delivered.incrementAndGet();
            more.countDown();
            pipeline.fail(new PipelineFailedException("the target refused a row", false, null));
            given.countDown();
            throw new IllegalStateException("the disk is full");
        });

        execute("INSERT INTO item VALUES (3)");
        assertThat(given.await(20, TimeUnit.SECONDS)).isTrue();
        execute("INSERT INTO item VALUES (4)");

        assertThat(more.await(2, TimeUnit.SECONDS)).isFalse();
        assertThat(delivered).hasValue(1);
    }

    /** Without a pipeline a finished exchange is what says that its changes are safe, as with the stock component. */
    @Test
    void aStockUriRunsOnThisConsumerAndConfirmsWhatTheRouteHasFinished() throws Exception {
        context.getRegistry().bind("pg-replication-slot", new PgCaptureComponent());
        Semaphore failures = new Semaphore(1);
        CountDownLatch finished = new CountDownLatch(1);
        context.addRoutes(new RouteBuilder() {
            @Override
            public void configure() {
                from("pg-replication-slot:localhost:" + server.port() + "/postgres/stock:pgoutput?user=postgres"
                                + "&statusInterval=1&slotOptions.proto_version=1&slotOptions.publication_names=items")
                        .process(exchange -> {
                            if (hasMessages(exchange.getMessage().getBody(MessageChunk.class))) {
                                if (failures.tryAcquire()) {
                                    throw new IllegalStateException("once");
                                }
                                finished.countDown();
                            }
                        });
            }
        });
        context.start();
        await("the slot is in use", "SELECT active FROM pg_replication_slots WHERE slot_name = 'stock'");

        execute("INSERT INTO item VALUES (5)");
        String committed = query("SELECT pg_current_wal_insert_lsn()");

        assertThat(finished.await(20, TimeUnit.SECONDS)).isTrue();
        await(
                "what is finished is confirmed",
                "SELECT confirmed_flush_lsn >= '" + committed
                        + "' FROM pg_replication_slots WHERE slot_name = 'stock'");
    }

    private static boolean hasMessages(MessageChunk chunk) {
        return chunk.messages() > 0;
    }

    private Pipeline start(String slot, Predicate passes) throws Exception {
        context.getComponent("pgcapture", PgCaptureComponent.class)
                .getConfiguration()
                .setConnection(server.sourceUri("postgres"));
        context.getComponent("txstaging", TxStagingComponent.class).setFolder(folder.toString());
        context.addRoutes(new RouteBuilder() {
            @Override
            public void configure() {
                from("pgcapture:" + slot + "?publication=items&pipeline=" + slot)
                        .filter(passes)
                        .to("txstaging:" + slot);
            }
        });
        Pipeline pipeline = Pipeline.of(context, slot);
        context.start();
        pipeline.targetOpened(Optional.empty());
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(20);
        while (pipeline.captureStatus()
                .filter(status -> status.state() == io.pg2any.capture.CaptureStatus.State.STREAMING)
                .isEmpty()) {
            assertThat(System.nanoTime()).as("streaming within 20 s").isLessThan(end);
            new CountDownLatch(1).await(20, TimeUnit.MILLISECONDS);
        }
        return pipeline;
    }

    private static void await(String what, String condition) throws Exception {
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(20);
        while (!"t".equals(query(condition))) {
            assertThat(System.nanoTime()).as(what).isLessThan(end);
            new CountDownLatch(1).await(20, TimeUnit.MILLISECONDS);
        }
    }

    /** The first value, or nothing. */
    private static String query(String sql) throws Exception {
        try (Connection connection = server.connect("postgres");
                Statement statement = connection.createStatement();
                ResultSet row = statement.executeQuery(sql)) {
            return row.next() ? row.getString(1) : "";
        }
    }

    private static List<String> stagedInserts(StagingLog log, int expected) throws IOException, InterruptedException {
        List<String> ids = new ArrayList<>();
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(20);
        while (ids.size() < expected && System.nanoTime() < end) {
            TransactionBatch batch = log.take(Duration.ofMillis(500));
            if (batch == null) {
                continue;
            }
            try (TransactionCursor cursor = batch.open()) {
                while (cursor.nextTransaction()) {
                    for (Change change; (change = cursor.nextChange()) != null; ) {
                        ids.add(((Change.Insert) change).row().text(0));
                    }
                }
            }
            log.complete(batch);
        }
        return ids;
    }

    private static void execute(String sql) throws Exception {
        try (Connection connection = server.connect();
                Statement statement = connection.createStatement()) {
            statement.execute(sql);
        }
    }
}
