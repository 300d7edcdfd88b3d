package io.pg2any.camel;

import static io.pg2any.apply.Relations.keyed;
import static io.pg2any.apply.Tuples.tuple;
import static org.assertj.core.api.Assertions.assertThat;

import com.sun.net.httpserver.HttpServer;
import io.pg2any.apply.ChangesBatch;
import io.pg2any.change.Change;
import io.pg2any.change.Change.Insert;
import io.pg2any.change.Change.Truncate;
import io.pg2any.change.Change.Update;
import io.pg2any.change.Lsn;
import io.pg2any.change.Relation;
import io.pg2any.change.TransactionBatch;
import io.pg2any.server.CommittedRecords;
import io.pg2any.server.TestKafka;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.apache.camel.Consumer;
import org.apache.camel.Endpoint;
import org.apache.camel.Exchange;
import org.apache.camel.Processor;
import org.apache.camel.Producer;
import org.apache.camel.builder.RouteBuilder;
import org.apache.camel.main.Main;
import org.apache.camel.support.DefaultComponent;
import org.apache.camel.support.DefaultConsumer;
import org.apache.camel.support.DefaultEndpoint;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The shipped route to any endpoint, with real ones behind it. */
class EndpointRouteTest {
    private static final Relation PERSON = keyed(1, "person", "id* int4", "name text");
    private static final Relation ORDERS = keyed(2, "orders", "id* int4");

    private final Main main = new Main();
    private final CountDownLatch routed = new CountDownLatch(1);
    private final List<String> taken = new CopyOnWriteArrayList<>();
    private String body = "json";

    @TempDir
    private Path folder;

    @AfterEach
    void stop() {
        main.stop();
    }

    private static Change person(int id) {
        return new Insert(PERSON, tuple(Integer.toString(id), "name " + id));
    }

    private static ChangesBatch twoTransactions() {
        return ChangesBatch.after(0x1000).transaction(person(1), person(2)).transaction(person(3));
    }

    @Test
    void everyChangeIsAFileAndTheBatchIsAcknowledgedAfterTheLast() throws Exception {
        ChangesBatch batch = twoTransactions();
        Pipeline pipeline =
                start(batch, "apply-endpoint", "file:" + folder + "?fileName=${header.CamelPg2anyEventId}.json");

        assertThat(names(folder))
                .containsExactly(
                        "00000000000010D0-000000000001-0001-insert.json",
                        "00000000000010D0-000000000002-0001-insert.json",
                        "00000000000011D0-000000000001-0001-insert.json");
        assertThat(Files.readString(folder.resolve("00000000000011D0-000000000001-0001-insert.json")))
                .contains("\"after\":{\"id\":3,\"name\":\"name 3\"}");
        assertThat(pipeline.feedback().confirmable()).isEqualTo(batch.end());
        assertThat(pipeline.appliedTransactions()).isEqualTo(2);
    }

    @Test
    void aFailingEndpointIsTriedAgainInOrderAndNothingIsSkippedOrRepeated() throws Exception {
        AtomicInteger tries = new AtomicInteger();
        Pipeline pipeline = start(twoTransactions(), "apply-endpoint", "direct:taker", exchange -> {
            if (tries.incrementAndGet() == 2 || tries.get() == 3) {
                throw new IOException("the endpoint is down");
            }
            taken.add(exchange.getMessage().getHeader(Pg2anyHeaders.KEY, String.class));
        });

        assertThat(taken).containsExactly("{\"id\":1}", "{\"id\":2}", "{\"id\":3}");
        assertThat(tries.get()).isEqualTo(5);
        assertThat(pipeline.feedback().confirmable()).isEqualTo(new Lsn(0x1200));
    }

    @Test
    void aStopWhileTheEndpointFailsIsPromptAndMovesNoMark() throws Exception {
        CountDownLatch tried = new CountDownLatch(3);
        Pipeline pipeline = configure(twoTransactions(), "apply-endpoint", "direct:taker", exchange -> {
            if (!taken.isEmpty()) {
                tried.countDown();
                throw new IOException("the endpoint is down");
            }
            taken.add("first");
        });
        assertThat(tried.await(30, TimeUnit.SECONDS)).isTrue();
        long began = System.nanoTime();
        main.stop();

        assertThat(System.nanoTime() - began).isLessThan(TimeUnit.SECONDS.toNanos(4));
        assertThat(pipeline.feedback().confirmable()).isEqualTo(Lsn.ZERO);
        assertThat(pipeline.appliedLsn()).isEqualTo(Lsn.ZERO);
    }

    @Test
    void anAbandonedTransactionMovesNoMark() throws Exception {
        Pipeline pipeline = start(
                ChangesBatch.after(0x1000).transaction(person(1)).abandoned(),
                "apply-endpoint",
                "direct:taker",
                exchange -> taken.add("x"));

        assertThat(taken).hasSize(1);
        assertThat(pipeline.feedback().confirmable()).isEqualTo(Lsn.ZERO);
        assertThat(pipeline.appliedLsn()).isEqualTo(Lsn.ZERO);
    }

    @Test
    void anIdlePositionPassesWithoutMessages() throws Exception {
        Pipeline pipeline = start(
                ChangesBatch.after(0x1000).through(0x5000), "apply-endpoint", "direct:taker", e -> taken.add("x"));

        assertThat(taken).isEmpty();
        assertThat(pipeline.feedback().confirmable()).isEqualTo(new Lsn(0x5000));
    }

    @Test
    void aWebServerGetsThemInOrderAlsoWhenItRefusesAtFirst() throws Exception {
        AtomicInteger requests = new AtomicInteger();
        HttpServer server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.createContext("/", exchange -> {
            String body = new String(exchange.getRequestBody().readAllBytes(), StandardCharsets.UTF_8);
            boolean refuse = requests.incrementAndGet() == 1;
            if (!refuse) {
                taken.add(body.replaceAll(".*\"after\":\\{\"id\":(\\d+).*", "$1"));
            }
            exchange.sendResponseHeaders(refuse ? 503 : 204, -1);
            exchange.close();
        });
        server.start();
        try {
            Pipeline pipeline = start(
                    twoTransactions(),
                    "apply-endpoint",
                    "http://127.0.0.1:" + server.getAddress().getPort() + "/events?httpMethod=POST");
            assertThat(taken).containsExactly("1", "2", "3");
            assertThat(pipeline.feedback().confirmable()).isEqualTo(new Lsn(0x1200));
        } finally {
            server.stop(0);
        }
    }

    @Test
    void aQueueInMemoryTakesThemInOrder() throws Exception {
        CountDownLatch all = new CountDownLatch(3);
        main.configure().addRoutesBuilder(new RouteBuilder() {
            @Override
            public void configure() {
                from("seda:changes").process(exchange -> {
                    taken.add(exchange.getMessage().getHeader(Pg2anyHeaders.EVENT_ID, String.class));
                    all.countDown();
                });
            }
        });
        start(twoTransactions(), "apply-endpoint", "seda:changes");

        assertThat(all.await(30, TimeUnit.SECONDS)).isTrue();
        assertThat(taken).isSorted().hasSize(3);
    }

    @Test
    void aMessageBrokerTakesThemInOrder() throws Exception {
        try (TestKafka kafka = TestKafka.start(1, Map.of("auto.create.topics.enable", "true"))) {
            Pipeline pipeline = start(twoTransactions(), "apply-endpoint", "kafka:changes?brokers=" + kafka.servers());

            assertThat(CommittedRecords.of(kafka.servers(), Map.of(), "changes"::equals))
                    .map(record -> new String(record.value(), StandardCharsets.UTF_8)
                            .replaceAll(".*\"after\":\\{\"id\":(\\d+).*", "$1"))
                    .containsExactly("1", "2", "3");
            assertThat(pipeline.feedback().confirmable()).isEqualTo(new Lsn(0x1200));
            main.stop();
        }
    }

    @Test
    void aMapBodyHasTheEventsMembers() throws Exception {
        body = "map";
        start(twoTransactions(), "apply-endpoint", "direct:taker", exchange -> {
            Map<?, ?> event = exchange.getMessage().getBody(Map.class);
            taken.add(String.valueOf(((Map<?, ?>) event.get("after")).get("name")));
        });

        assertThat(taken).containsExactly("name 1", "name 2", "name 3");
    }

    @Test
    void messagesOfOneChangeHaveIdsOfTheirOwnThatRise() throws Exception {
        ChangesBatch batch = ChangesBatch.after(0x1000)
                .transaction(
                        person(1),
                        new Update(PERSON, tuple("1", null), tuple("2", "b")),
                        new Truncate(List.of(PERSON, ORDERS), false, false));
        start(
                batch,
                "apply-endpoint",
                "direct:taker",
                exchange -> taken.add(exchange.getMessage().getHeader(Pg2anyHeaders.EVENT_ID, String.class)));

        assertThat(taken).hasSize(6).isSorted().doesNotHaveDuplicates();
    }

    @Test
    void aLogicalMessageIsWhatWasEmitted() throws Exception {
        EventApplyComponent component = new EventApplyComponent();
        KafkaApplyConfiguration configuration = new KafkaApplyConfiguration();
        configuration.setMessages("order/*=orders");
        component.setConfiguration(configuration);
        main.bind("eventapply", component);
        Change emitted = new Change.LogicalMessage(true, new Lsn(0x1010), "order/7", new byte[] {1, (byte) 0xFF});
        start(
                ChangesBatch.after(0x1000).transaction(person(1), emitted),
                "apply-endpoint",
                "direct:taker",
                exchange -> {
                    var message = exchange.getMessage();
                    if ("order/7".equals(message.getHeader(Pg2anyHeaders.PREFIX))) {
                        taken.add(message.getHeader(Pg2anyHeaders.TOPIC) + " " + message.getHeader(Pg2anyHeaders.KEY)
                                + " "
                                + message.getHeader(Pg2anyHeaders.ORDINAL) + "/"
                                + message.getHeader(Pg2anyHeaders.COUNT) + " "
                                + message.getHeader(Pg2anyHeaders.OPERATION) + " "
                                + HexFormat.of().formatHex(message.getBody(byte[].class)));
                    }
                });

        assertThat(taken).containsExactly("orders 7 2/2 message 01ff");
    }

    @Test
    void theFanOutExampleChoosesByTable() throws Exception {
        Path orders = folder.resolve("orders");
        main.addInitialProperty("orders.endpoint", "file:" + orders);
        ChangesBatch batch = ChangesBatch.after(0x1000)
                .transaction(person(1), new Insert(ORDERS, tuple("5")))
                .transaction(person(2));
        Pipeline pipeline = start(batch, "examples/fan-out", "unused");

        assertThat(names(orders)).containsExactly("00000000000010D0-000000000002-0001-insert.json");
        assertThat(pipeline.feedback().confirmable()).isEqualTo(batch.end());
    }

    private static List<String> names(Path folder) throws IOException {
        try (Stream<Path> files = Files.list(folder)) {
            return files.map(file -> file.getFileName().toString()).sorted().toList();
        }
    }

    private Pipeline start(TransactionBatch batch, String route, String endpoint) throws Exception {
        return start(batch, route, endpoint, exchange -> {});
    }

    /** Returns when the batch has been through the route. */
    private Pipeline start(TransactionBatch batch, String route, String endpoint, Processor taker) throws Exception {
        Pipeline pipeline = configure(batch, route, endpoint, taker);
        assertThat(routed.await(30, TimeUnit.SECONDS)).isTrue();
        return pipeline;
    }

    private Pipeline configure(TransactionBatch batch, String route, String endpoint, Processor taker)
            throws Exception {
        main.bind("txstaging", new OneBatchComponent(batch));
        main.addInitialProperty("pg2any.pipeline", "test");
        main.addInitialProperty("pg2any.target.endpoint", endpoint);
        main.addInitialProperty("pg2any.endpoint.body", body);
        main.setDefaultPropertyPlaceholderLocation("false");
        main.configure().setRoutesIncludePattern("file:routes/errors.camel.yaml,file:routes/" + route + ".camel.yaml");
        main.configure().setShutdownTimeout(5);
        main.configure().addRoutesBuilder(new RouteBuilder() {
            @Override
            public void configure() {
                // The error handling under test is the shipped route's.
                from("direct:taker").errorHandler(noErrorHandler()).process(taker);
            }
        });
        main.start();
        return Pipeline.of(main.getCamelContext(), "test");
    }

    /** Sends one batch into the route and nothing more. */
    private final class OneBatchComponent extends DefaultComponent {
        private final TransactionBatch batch;

        OneBatchComponent(TransactionBatch batch) {
            this.batch = batch;
        }

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
                            exchange.getMessage().setBody(new DeliveredBatch(batch));
                            try {
                                getProcessor().process(exchange);
                            } catch (Exception e) {
                                exchange.setException(e);
                            }
                            routed.countDown();
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
