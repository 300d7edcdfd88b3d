package io.pg2any.crash;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.pg2any.change.Lsn;
import io.pg2any.cli.EmbeddedPostgres;
import io.pg2any.cli.quickstart.PipelineProcess;
import io.pg2any.server.CommittedRecords;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.HashMap;
import java.util.HashSet;
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

/**
 * Writes transactions of a few changes, a large one now and then, and logical messages, and counts them; and reads from
 * Kafka that each came once and in order. Every change of a counter raises its version by one.
 */
final class Counters implements AutoCloseable {
    static final Duration LIMIT = Duration.ofSeconds(60);
    static final String MESSAGE_TOPICS = "note/*=pg2any.public.notes";
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final int KEYS = 200;

    private final EmbeddedPostgres server;
    private final Random random;
    private final AtomicLong transactions = new AtomicLong();
    private final AtomicLong changes = new AtomicLong();
    private final AtomicBoolean finished = new AtomicBoolean();
    private final AtomicReference<Exception> failure = new AtomicReference<>();
    private final Thread thread = new Thread(this::write, "writer");
    private long moves;

    private Counters(EmbeddedPostgres server, long seed) {
        this.server = server;
        this.random = new Random(seed);
    }

    /** Makes tables and publication {@code pub}, starts the pipeline, and writes as soon as its slot is there. */
    static Counters begin(EmbeddedPostgres server, PipelineProcess pipeline, String slot, long seed)
            throws SQLException, IOException, InterruptedException {
        try (Connection connection = server.connect()) {
            Scenario.execute(connection, """
                    CREATE TABLE counters (id int PRIMARY KEY, version bigint NOT NULL, note text);
                    CREATE TABLE moves (id bigint PRIMARY KEY, of int NOT NULL);
                    CREATE PUBLICATION pub FOR TABLE counters, moves""");
            pipeline.start("-Xmx128m", "-XX:TieredStopAtLevel=1");
            pipeline.awaitSlot(connection, slot, LIMIT);
        }
        Counters counters = new Counters(server, seed);
        counters.thread.start();
        return counters;
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

    /** The second is sent even if its transaction is rolled back. */
    private long messages(Statement statement) throws SQLException {
        statement.execute("SELECT pg_logical_emit_message(true, 'note/' || " + random.nextInt(KEYS) + ", 'in'),"
                + " pg_logical_emit_message(false, 'note/alone', 'out')");
        return 2;
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

    @Override
    public void close() throws InterruptedException {
        finished.set(true);
        thread.join();
    }

    /** Until PostgreSQL knows that everything written so far is safe. */
    void awaitConfirmed(PipelineProcess pipeline, String slot) throws SQLException, InterruptedException, IOException {
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

    /** For a reader of committed messages. */
    void assertExactlyOnceAndInOrder(String servers) throws IOException, SQLException {
        Set<String> seen = new HashSet<>();
        Map<String, Long> lastLsn = new HashMap<>();
        Map<String, Long> lastVersion = new HashMap<>();
        Map<Integer, String> rows = new TreeMap<>();
        for (ConsumerRecord<byte[], byte[]> record :
                CommittedRecords.of(servers, Map.of(), topic -> topic.startsWith("pg2any.public."))) {
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
        assertThat(seen).hasSize(changes.intValue());
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

    private Map<Integer, String> sourceRows() throws SQLException {
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
}
