package io.pg2any.crash;

import static org.assertj.core.api.Assertions.assertThat;

import io.pg2any.cli.EmbeddedPostgres;
import io.pg2any.cli.FreePort;
import io.pg2any.cli.quickstart.PipelineProcess;
import io.pg2any.server.CommittedRecords;
import io.pg2any.server.TestKafka;
import io.pg2any.server.TestPostgres;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The real jar from PostgreSQL to Kafka, killed again and again, the broker restarted under it. */
class KafkaPipelineIT {
    private static final Logger LOG = LoggerFactory.getLogger(KafkaPipelineIT.class);
    private static final long SEED = Long.getLong("pg2any.crash.seed", 20260729);
    private static final String PRODUCER = "org.apache.kafka.clients.producer.KafkaProducer";

    private static final List<KillPoint> POINTS = List.of(
            KillPoint.entry("before the position record", "io.pg2any.apply.kafka.RecordSender", "send", 10),
            KillPoint.entry("before the commit", PRODUCER, "commitTransaction", 10),
            KillPoint.entry("after the commit", "io.pg2any.apply.kafka.RecordSender", "publishCounts", 10),
            KillPoint.entry("before acknowledge", "io.pg2any.capture.SlotFeedback", "safe", 5),
            KillPoint.entry("before the transactional id is taken", PRODUCER, "initTransactions", 1));

    private static EmbeddedPostgres server;
    private static TestKafka kafka;

    @TempDir
    static Path folder;

    @BeforeAll
    static void start() throws Exception {
        server = TestPostgres.start(18);
        kafka = TestKafka.start();
    }

    @AfterAll
    static void stop() throws Exception {
        kafka.close();
        server.close();
    }

    @Test
    void aReaderOfCommittedMessagesSeesEveryChangeOnceAndInOrder() throws Exception {
        Random random = new Random(SEED);
        String slot = "kafka_crash";
        PipelineProcess pipeline = new PipelineProcess(
                Scenario.jar(),
                folder.resolve(slot),
                Map.of(
                        "CDC_SOURCE_CONNECTION_STRING",
                        server.sourceUri("postgres"),
                        "CDC_REPLICATION_SLOT",
                        slot,
                        "CDC_PUBLICATION",
                        "pub",
                        "CDC_DEST_TYPE",
                        "Kafka",
                        "CDC_DEST_URI",
                        kafka.servers(),
                        "PG2ANY_EVENTS_MESSAGES",
                        Counters.MESSAGE_TOPICS,
                        "PG2ANY_KAFKA_TOPICS_PARTITIONS",
                        "3"));
        try (pipeline;
                Counters writer = Counters.begin(server, pipeline, slot, random.nextLong())) {
            writer.awaitTransactions(200);
            for (KillPoint point : POINTS) {
                pipeline.kill();
                int port = FreePort.find();
                Process process = pipeline.start("-Xmx128m", "-XX:TieredStopAtLevel=1", Debuggee.jvmOption(port));
                Debuggee.attach(process, port).killAt(point, 1 + random.nextInt(point.hits()), Counters.LIMIT);
                LOG.info("killed {}", point);
            }
            for (int kill = 0; kill < 3; kill++) {
                pipeline.start("-Xmx128m", "-XX:TieredStopAtLevel=1");
                assertThat(pipeline.waitFor(Duration.ofMillis(1500 + random.nextInt(4000))))
                        .as("ended by itself:\n" + pipeline.tail())
                        .isEmpty();
            }
            pipeline.start("-Xmx128m", "-XX:TieredStopAtLevel=1");
            writer.awaitTransactions(100);
            kafka.stopBroker(0);
            writer.awaitTransactions(100);
            kafka.startBroker(0);
            writer.awaitTransactions(200);
            writer.finish();
            writer.awaitConfirmed(pipeline, slot);

            writer.assertExactlyOnceAndInOrder(kafka.servers());
            assertThat(pipeline.stop()).as(pipeline.tail()).hasValue(0);
        }
    }

    @Test
    void whatCanNeverBeSentStopsTheProcessOrIsSetAsideAndCounted() throws Exception {
        String name = "kafka_rejected";
        try (Connection connection = server.connect()) {
            Scenario.execute(connection, "CREATE DATABASE " + name);
        }
        Map<String, String> environment = new HashMap<>(Map.of(
                "CDC_SOURCE_CONNECTION_STRING",
                server.sourceUri(name),
                "CDC_REPLICATION_SLOT",
                name,
                "CDC_PUBLICATION",
                "pub",
                "CDC_DEST_TYPE",
                "Kafka",
                "CDC_DEST_URI",
                kafka.servers(),
                "CDC_KAFKA_TOPIC_PREFIX",
                name,
                "CDC_KAFKA_MESSAGE_MAX_BYTES",
                "20000000",
                "METRICS_PORT",
                Integer.toString(FreePort.find())));
        try (Connection source = server.connect(name);
                PipelineProcess stopping = new PipelineProcess(Scenario.jar(), folder.resolve(name), environment)) {
            Scenario.execute(
                    source,
                    "CREATE TABLE notes (id int PRIMARY KEY, v text, d date); CREATE PUBLICATION pub FOR TABLE notes");
            stopping.start("-Xmx128m", "-XX:TieredStopAtLevel=1");
            stopping.awaitSlot(source, name, Counters.LIMIT);
            // More than the broker takes, however it is compressed.
            Scenario.execute(
                    source,
                    "INSERT INTO notes SELECT id, CASE id WHEN 2 THEN (SELECT string_agg(md5(i::text),"
                            + " '') FROM generate_series(1, 100000) i) END FROM generate_series(1, 3) id");

            assertThat(stopping.waitFor(Counters.LIMIT)).as(stopping.tail()).hasValue(1);
            assertThat(Files.readAllLines(stopping.log()).stream().filter(line -> line.contains(" ERROR ")))
                    .singleElement()
                    .asString()
                    .contains("public.notes: change 2 of transaction");
            assertThat(keys(name)).isEmpty();
            // A day without a number, which no message can be made of.
            Scenario.execute(source, "INSERT INTO notes VALUES (4, 'end of days', 'infinity'), (5, 'fine', now())");
        }

        environment.put("PG2ANY_REJECTED", "park");
        try (PipelineProcess parking = new PipelineProcess(Scenario.jar(), folder.resolve(name), environment)) {
            parking.start("-Xmx128m", "-XX:TieredStopAtLevel=1");
            Scenario.await("the rest is sent", () -> keys(name).size() == 3);

            assertThat(keys(name)).containsExactlyInAnyOrder("{\"id\":1}", "{\"id\":3}", "{\"id\":5}");
            String port = environment.get("METRICS_PORT");
            Scenario.await(
                    "what was set aside is counted",
                    () -> http(port, "/metrics")
                            .matches("(?s).*pg2any_rejected_changes_total\\{[^}]*table=\"notes\"[^}]*} 2.*"));
            assertThat(http(port, "/health")).contains("\"rejectedChanges\":\"2\"");
            assertThat(parking.stop()).as(parking.tail()).hasValue(0);
        }
    }

    private static List<String> keys(String prefix) {
        return CommittedRecords.of(kafka.servers(), Map.of(), topic -> topic.startsWith(prefix + ".public.")).stream()
                .map(record -> new String(record.key(), StandardCharsets.UTF_8))
                .toList();
    }

    private static String http(String port, String path) throws Exception {
        URI uri = URI.create("http://127.0.0.1:" + port + path);
        return HttpClient.newHttpClient()
                .send(HttpRequest.newBuilder(uri).build(), HttpResponse.BodyHandlers.ofString())
                .body();
    }
}
