package io.pg2any.crash;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.pg2any.change.Lsn;
import io.pg2any.cli.EmbeddedPostgres;
import io.pg2any.cli.FreePort;
import io.pg2any.cli.quickstart.PipelineProcess;
import io.pg2any.server.CommittedRecords;
import io.pg2any.server.TestKafka;
import io.pg2any.server.TestPostgres;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The real jar from PostgreSQL to Kafka, killed again and again, the broker restarted under it. */
class KafkaPipelineIT {
    private static final Logger LOG = LoggerFactory.getLogger(KafkaPipelineIT.class);
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final long SEED = Long.getLong("pg2any.crash.seed", 20260729);
    private static final Duration LIMIT = Duration.ofSeconds(60);
    private static final String PRODUCER = "org.apache.kafka.clients.producer.KafkaProducer";
    private static final int KEYS = 200;

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
                        "PG2ANY_KAFKA_TOPICS_PARTITIONS",
                        "3"));
        try (Connection connection = server.connect()) {
            Scenario.execute(connection, """
                    CREATE TABLE counters (id int PRIMARY KEY, version bigint NOT NULL, note text);
                    CREATE TABLE moves (id bigint PRIMARY KEY, of int NOT NULL);
                    CREATE PUBLICATION pub FOR TABLE counters, moves""");
            pipeline.start("-Xmx128m", "-XX:TieredStopAtLevel=1");
            pipeline.awaitSlot(connection, slot, LIMIT);
        }
        try (pipeline;
                Writer writer = new Writer(random.nextLong())) {
            writer.awaitTransactions(200);
            for (KillPoint point : POINTS) {
                pipeline.kill();
                int port = FreePort.find();
                Process process = pipeline.start("-Xmx128m", "-XX:TieredStopAtLevel=1", Debuggee.jvmOption(port));
                Debuggee.attach(process, port).killAt(point, 1 + random.nextInt(point.hits()), LIMIT);
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
            awaitConfirmed(pipeline, slot);

            assertExactlyOnceAndInOrder(writer.changes());
            assertThat(pipeline.stop()).as(pipeline.tail()).hasValue(0);
        }
    }

    private static void awaitConfirmed(PipelineProcess pipeline, String slot)
            throws SQLException, InterruptedException, IOException {
        try (Connection connection = server.connect();
                Statement statement = connection.createStatement()) {
            ResultSet end = statement.executeQuery("SELECT pg_current_wal_lsn()");
            end.next();
            Lsn lsn = Lsn.parse(end.getString(1));
            CountDownLatch never = new CountDownLatch(1);
            long deadline = System.nanoTime() + LIMIT.toNanos();
            while (true) {
                ResultSet row = statement.executeQuery(
                        "SELECT confirmed_flush_lsn FROM pg_replication_slots WHERE slot_name = '" + slot + "'");
                row.next();
                if (!Lsn.parse(row.getString(1)).isBefore(lsn)) {
                    return;
                }
                assertThat(System.nanoTime())
                        .as("the pipeline catches up:\n" + pipeline.tail())
                        .isLessThan(deadline);
                never.await(50, TimeUnit.MILLISECONDS);
            }
        }
    }

    private static void assertExactlyOnceAndInOrder(long changes) throws IOException, SQLException {
        Set<String> seen = new HashSet<>();
        Map<String, Long> lastLsn = new HashMap<>();
        Map<String, Long> lastVersion = new HashMap<>();
        Map<Integer, String> rows = new TreeMap<>();
        for (ConsumerRecord<byte[], byte[]> record :
                CommittedRecords.of(kafka.servers(), Map.of(), topic -> topic.startsWith("pg2any.public."))) {
            long lsn = Long.parseLong(header(record, "pg2any.lsn"));
            String place = lsn + "/" + header(record, "pg2any.ordinal");
            String partition = record.topic() + "-" + record.partition();
            assertThat(lastLsn.merge(partition, lsn, (before, now) -> {
                        assertThat(now)
                                .as("order of transactions in " + partition)
                                .isGreaterThanOrEqualTo(before);
                        return now;
                    }))
                    .isEqualTo(lsn);
            if (record.value() == null) {
                continue;
            }
            assertThat(seen.add(place)).as("change " + place + " comes once").isTrue();
            if (record.topic().endsWith("counters")) {
                follow(JSON.readTree(record.value()), lastVersion, rows);
            }
        }
        assertThat(seen).hasSize((int) changes);
        assertThat(rows).isEqualTo(sourceRows());
    }

    /** Every version of a counter follows the one before; a deleted one begins anew. */
    private static void follow(JsonNode event, Map<String, Long> lastVersion, Map<Integer, String> rows) {
        boolean delete = event.get("op").asText().equals("d");
        JsonNode row = event.get(delete ? "before" : "after");
        String key = row.get("id").asText();
        if (delete) {
            lastVersion.remove(key);
            rows.remove(row.get("id").asInt());
        } else {
            long version = row.get("version").asLong();
            assertThat(version).as("version of counter " + key).isEqualTo(lastVersion.getOrDefault(key, 0L) + 1);
            lastVersion.put(key, version);
            rows.put(row.get("id").asInt(), version + " " + row.get("note").asText());
        }
    }

    private static Map<Integer, String> sourceRows() throws SQLException {
        Map<Integer, String> rows = new TreeMap<>();
        try (Connection connection = server.connect();
                Statement statement = connection.createStatement();
                ResultSet row = statement.executeQuery("SELECT id, version, note FROM counters")) {
            while (row.next()) {
                rows.put(row.getInt(1), row.getLong(2) + " " + row.getString(3));
            }
        }
        return rows;
    }

    private static String header(ConsumerRecord<byte[], byte[]> record, String name) {
        return new String(record.headers().lastHeader(name).value(), StandardCharsets.UTF_8);
    }

    /** Commits transactions of a few changes, a large one now and then, and counts the changes. */
    private static final class Writer implements AutoCloseable {
        private final Random random;
        private final AtomicLong transactions = new AtomicLong();
        private final AtomicLong changes = new AtomicLong();
        private final AtomicBoolean finished = new AtomicBoolean();
        private final AtomicReference<Exception> failure = new AtomicReference<>();
        private final Thread thread = new Thread(this::write, "writer");
        private long moves;

        Writer(long seed) {
            random = new Random(seed);
            thread.start();
        }

        private void write() {
            try (Connection connection = server.connect();
                    Statement statement = connection.createStatement()) {
                connection.setAutoCommit(false);
                CountDownLatch never = new CountDownLatch(1);
                while (!finished.get()) {
                    long made = random.nextInt(100) == 0 ? large(statement) : small(statement);
                    connection.commit();
                    changes.addAndGet(made);
                    transactions.incrementAndGet();
                    never.await(5, TimeUnit.MILLISECONDS);
                }
            } catch (SQLException | InterruptedException e) {
                failure.set(e);
            }
        }

        private long small(Statement statement) throws SQLException {
            int id = random.nextInt(KEYS);
            long made = statement.executeUpdate("INSERT INTO moves VALUES (" + moves++ + ", " + id + ")");
            if (random.nextInt(10) == 0) {
                return made + statement.executeUpdate("DELETE FROM counters WHERE id = " + id);
            }
            for (int i = 0; i < 3; i++) {
                made += statement.executeUpdate("INSERT INTO counters VALUES (" + (id + i) % KEYS + ", 1, 'new')"
                        + " ON CONFLICT (id) DO UPDATE SET version = counters.version + 1, note = 'tx ' || "
                        + transactions.get());
            }
            return made;
        }

        private long large(Statement statement) throws SQLException {
            long from = moves;
            moves += 5_000;
            return statement.executeUpdate(
                    "INSERT INTO moves SELECT i, 0 FROM generate_series(" + from + ", " + (moves - 1) + ") i");
        }

        void awaitTransactions(int more) throws InterruptedException {
            long goal = transactions.get() + more;
            long deadline = System.nanoTime() + LIMIT.toNanos();
            CountDownLatch never = new CountDownLatch(1);
            while (transactions.get() < goal) {
                assertThat(failure.get()).isNull();
                assertThat(System.nanoTime()).as("the writer goes on").isLessThan(deadline);
                never.await(20, TimeUnit.MILLISECONDS);
            }
        }

        void finish() throws InterruptedException {
            finished.set(true);
            thread.join();
            assertThat(failure.get()).isNull();
        }

        long changes() {
            return changes.get();
        }

        @Override
        public void close() throws InterruptedException {
            finished.set(true);
            thread.join();
        }
    }
}
