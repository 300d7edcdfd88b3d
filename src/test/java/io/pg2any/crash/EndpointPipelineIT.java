package io.pg2any.crash;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.net.httpserver.HttpServer;
import io.pg2any.cli.EmbeddedPostgres;
import io.pg2any.cli.quickstart.PipelineProcess;
import io.pg2any.server.TestKafka;
import io.pg2any.server.TestPostgres;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeSet;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The real jar with a web server or files behind it, killed and stopped at bad moments. */
class EndpointPipelineIT {
    private static final long SEED = Long.getLong("pg2any.crash.seed", 20260729);
    private static final Duration LIMIT = Duration.ofSeconds(60);
    /** The endpoint's own time for an answer, and what stopping takes besides. */
    private static final Duration STOP_LIMIT = Duration.ofSeconds(12);

    private static EmbeddedPostgres server;

    @TempDir
    private static Path folder;

    @BeforeAll
    static void start() throws Exception {
        server = TestPostgres.start(TestPostgres.VERSION);
    }

    @AfterAll
    static void stop() throws Exception {
        server.close();
    }

    /** Takes messages in order and remembers their ids; refuses all while it is told to. */
    private static final class Receiver implements AutoCloseable {
        private final HttpServer http;
        private final List<String> ids = new CopyOnWriteArrayList<>();
        private final AtomicBoolean refuses = new AtomicBoolean();

        Receiver() throws Exception {
            http = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
            http.createContext("/", exchange -> {
                exchange.getRequestBody().readAllBytes();
                boolean refused = refuses.get();
                if (!refused) {
                    ids.add(String.valueOf(exchange.getRequestHeaders().getFirst("X-Event-Id")));
                }
                exchange.sendResponseHeaders(refused ? 503 : 204, -1);
                exchange.close();
            });
            http.start();
        }

        String uri() {
            return "http://127.0.0.1:" + http.getAddress().getPort() + "/events?httpMethod=POST";
        }

        @Override
        public void close() {
            http.stop(0);
        }
    }

    @Test
    void afterKillsEverythingHasComeInOrderAndRepetitionsAreToldByTheirId() throws Exception {
        Random random = new Random(SEED);
        try (Receiver receiver = new Receiver();
                PipelineProcess pipeline = pipeline("killed", Map.of("CDC_DEST_URI", receiver.uri()))) {
            // Camel's own headers do not leave the process.
            String send = "              - to:\n                  uri: \"{{pg2any.target.endpoint}}\"\n";
            String withId = "              - setHeader:\n                  name: X-Event-Id\n"
                    + "                  simple:\n"
                    + "                    expression: \"${header.CamelPg2anyEventId}\"\n"
                    + send;
            String shipped = Files.readString(Path.of("routes/apply-endpoint.camel.yaml"));
            assertThat(shipped).contains(send);
            route("killed", shipped.replace(send, withId));
            begin(pipeline, "killed");
            int rows = 0;
            for (int kill = 0; kill < 4; kill++) {
                int expected = receiver.ids.size() + 20 + random.nextInt(200);
                for (int transaction = 0; transaction < 40; transaction++) {
                    insert("killed", rows, 10);
                    rows += 10;
                }
                Scenario.await("messages arrive", () -> receiver.ids.size() >= expected);
                pipeline.kill();
                pipeline.start("-Xmx128m", "-XX:TieredStopAtLevel=1");
            }
            int all = rows;
            Scenario.await("all have come", () -> new TreeSet<>(receiver.ids).size() == all);
            assertThat(receiver.ids).as("kills made some come again").hasSizeGreaterThan(all);

            List<String> firsts = new ArrayList<>();
            for (String id : receiver.ids) {
                if (firsts.isEmpty() || id.compareTo(firsts.get(firsts.size() - 1)) > 0) {
                    firsts.add(id);
                }
            }
            assertThat(firsts)
                    .as("who passes over ids that are not greater has each once")
                    .hasSize(all);
            assertThat(pipeline.stop()).as(pipeline.tail()).hasValue(0);
        }
    }

    @Test
    void theIdempotentExampleLetsNothingThroughTwice() throws Exception {
        Path target = folder.resolve("taken");
        Map<String, String> environment =
                Map.of("CDC_DEST_URI", "file:" + target + "?fileName=changes&fileExist=Append");
        try (PipelineProcess pipeline = pipeline("idempotent", environment)) {
            route("idempotent", Files.readString(Path.of("routes/examples/idempotent.camel.yaml")));
            begin(pipeline, "idempotent");
            for (int kill = 0; kill < 3; kill++) {
                int rows = kill * 400;
                for (int transaction = 0; transaction < 40; transaction++) {
                    insert("idempotent", rows + 10 * transaction, 10);
                }
                int some = rows + 100;
                Scenario.await("messages arrive", () -> taken(target) >= some);
                pipeline.kill();
                pipeline.start("-Xmx128m", "-XX:TieredStopAtLevel=1");
            }
            Scenario.await("all have come", () -> taken(target) >= 1200);
            // They may have come before the last kill: a signal is for a process that runs.
            Scenario.await("it runs again", pipeline::isReady);
            assertThat(pipeline.stop()).as(pipeline.tail()).hasValue(0);
        }
        // A kill between the endpoint's work and the repository's note of it, once per kill, is what it cannot know of.
        assertThat(taken(target)).isBetween(1200L, 1203L);
    }

    private static long taken(Path folder) throws Exception {
        Path file = folder.resolve("changes");
        return Files.exists(file)
                ? Pattern.compile("\"op\":\"c\"")
                        .matcher(Files.readString(file))
                        .results()
                        .count()
                : 0;
    }

    @Test
    void whileTheTargetIsDownHealthNamesItAndAStopIsPrompt() throws Exception {
        try (TestKafka kafka = TestKafka.start();
                Receiver receiver = new Receiver();
                PipelineProcess web = pipeline("web", Map.of("CDC_DEST_URI", receiver.uri()));
                PipelineProcess broker =
                        pipeline("broker", Map.of("CDC_DEST_TYPE", "Kafka", "CDC_DEST_URI", kafka.servers()))) {
            begin(web, "web");
            begin(broker, "broker");
            Scenario.await("both are ready", () -> web.isReady() && broker.isReady());
            kafka.stopBroker(0);
            receiver.refuses.set(true);
            insert("web", 0, 10);
            insert("broker", 0, 10);

            Pattern refused = Pattern.compile("public.web: change 1 of transaction .* not been taken since 20");
            Pattern failing = Pattern.compile("failing since 20.*Kafka " + kafka.servers());
            Scenario.await(
                    "health names the endpoint",
                    () -> refused.matcher(web.health()).find());
            Scenario.await(
                    "health names the brokers",
                    () -> failing.matcher(broker.health()).find());
            assertThat(web.isReady() || broker.isReady()).isFalse();
            assertStopsInTime(web);
            assertStopsInTime(broker);
            assertThat(receiver.ids).isEmpty();

            receiver.refuses.set(false);
            kafka.startBroker(0);
            web.start("-Xmx128m", "-XX:TieredStopAtLevel=1");
            broker.start("-Xmx128m", "-XX:TieredStopAtLevel=1");
            Scenario.await("nothing was skipped", () -> receiver.ids.size() == 10);
            Scenario.await(
                    "nor in Kafka",
                    () -> broker.metrics()
                            .map(metrics -> metrics.get("pg2any_transactions_processed_total")
                                    .orElse(0))
                            .filter(applied -> applied >= 1)
                            .isPresent());
        }
    }

    private static void assertStopsInTime(PipelineProcess pipeline) throws Exception {
        long start = System.nanoTime();
        assertThat(pipeline.stop()).as(pipeline.tail()).hasValue(0);
        assertThat(Duration.ofNanos(System.nanoTime() - start)).isLessThan(STOP_LIMIT);
    }

    /** A pipeline, and a table, of that name. */
    private static PipelineProcess pipeline(String name, Map<String, String> settings) throws Exception {
        try (Connection connection = server.connect()) {
            Scenario.execute(
                    connection,
                    "CREATE TABLE " + name + " (id int PRIMARY KEY); CREATE PUBLICATION " + name + " FOR TABLE "
                            + name);
        }
        Map<String, String> environment = new HashMap<>(Map.of(
                "CDC_SOURCE_CONNECTION_STRING",
                server.sourceUri("postgres"),
                "CDC_REPLICATION_SLOT",
                name,
                "CDC_PUBLICATION",
                name,
                "PG2ANY_PIPELINE",
                name,
                "CDC_DEST_TYPE",
                "Camel"));
        environment.putAll(settings);
        return new PipelineProcess(Scenario.jar(), folder.resolve(name), environment);
    }

    private static void route(String name, String yaml) throws Exception {
        Path routes = Files.createDirectories(folder.resolve(name).resolve("routes"));
        Files.writeString(routes.resolve("apply-endpoint.camel.yaml"), yaml);
    }

    private static void begin(PipelineProcess pipeline, String slot) throws Exception {
        pipeline.start("-Xmx128m", "-XX:TieredStopAtLevel=1");
        try (Connection connection = server.connect()) {
            pipeline.awaitSlot(connection, slot, LIMIT);
        }
    }

    private static void insert(String table, int from, int count) throws Exception {
        try (Connection connection = server.connect()) {
            Scenario.execute(
                    connection,
                    "INSERT INTO " + table + " SELECT generate_series(" + from + ", " + (from + count - 1) + ")");
        }
    }
}
