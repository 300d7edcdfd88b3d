package io.pg2any.crash;

import static org.assertj.core.api.Assertions.assertThat;

import io.pg2any.cli.EmbeddedPostgres;
import io.pg2any.cli.EmbeddedPostgres.StopMode;
import io.pg2any.cli.quickstart.PipelineProcess;
import io.pg2any.server.MySqlServer;
import io.pg2any.server.TestPostgres;
import java.io.IOException;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The real jar in front of database servers, under load. The pipeline and the target's server are killed in turn; at
 * the end every row of both sides is compared, in a table without a key too. {@code -Dpg2any.crash.targetKills=50} is
 * the long form.
 */
class TargetCrashIT {
    private static final Logger LOG = LoggerFactory.getLogger(TargetCrashIT.class);
    private static final int KILLS = Integer.getInteger("pg2any.crash.targetKills", 4);
    private static final Duration PATIENCE = Duration.ofSeconds(90);
    private static final long SEED = Long.getLong("pg2any.crash.seed", 20261122);

    private static EmbeddedPostgres source;

    @TempDir
    static Path folder;

    /** A database server that can die and come back. */
    private interface TargetServer {
        String url();

        String jdbcUrl();

        void kill() throws IOException;

        void start() throws IOException;
    }

    @BeforeAll
    static void start() throws Exception {
        source = TestPostgres.start(17);
    }

    @AfterAll
    static void stop() throws Exception {
        source.close();
    }

    @Test
    void nothingIsLostOrRepeatedInMariaDb() throws Exception {
        try (MySqlServer server = MySqlServer.mariaDb()) {
            run("crash_mariadb", "MariaDB", new TargetServer() {
                @Override
                public String url() {
                    return server.url("mariadb", "test");
                }

                @Override
                public String jdbcUrl() {
                    return server.jdbcUrl("test");
                }

                @Override
                public void kill() throws IOException {
                    server.kill();
                }

                @Override
                public void start() throws IOException {
                    server.start();
                }
            });
        }
    }

    @Test
    void nothingIsLostOrRepeatedInPostgres() throws Exception {
        try (EmbeddedPostgres server = TestPostgres.start(18)) {
            run("crash_postgres", "PostgreSQL", new TargetServer() {
                @Override
                public String url() {
                    return "postgresql://postgres@127.0.0.1:" + server.port() + "/postgres";
                }

                @Override
                public String jdbcUrl() {
                    return server.jdbcUrl("postgres");
                }

                @Override
                public void kill() throws IOException {
                    server.stop(StopMode.IMMEDIATE);
                }

                @Override
                public void start() throws IOException {
                    server.start();
                }
            });
        }
    }

    private static void run(String name, String type, TargetServer target) throws Exception {
        try (Connection connection = source.connect()) {
            Scenario.execute(connection, "CREATE DATABASE " + name);
        }
        try (Connection connection = source.connect(name)) {
            Scenario.execute(connection, """
                    CREATE TABLE account (id int PRIMARY KEY, name text, balance numeric(12,2), at timestamptz);
                    CREATE TABLE bag (a int, b text);
                    ALTER TABLE bag REPLICA IDENTITY FULL;
                    CREATE TABLE ledger (id bigserial PRIMARY KEY, account int, note text);
                    CREATE PUBLICATION p FOR ALL TABLES
                    """);
        }
        Map<String, String> environment = Map.of(
                "CDC_SOURCE_CONNECTION_STRING",
                source.sourceUri(name),
                "CDC_REPLICATION_SLOT",
                name,
                "CDC_PUBLICATION",
                "p",
                "CDC_DEST_TYPE",
                type,
                "CDC_DEST_URI",
                target.url());
        Random random = new Random(SEED);
        AtomicReference<Exception> failure = new AtomicReference<>();
        CountDownLatch stop = new CountDownLatch(1);
        try (PipelineProcess pipeline = new PipelineProcess(Scenario.jar(), folder.resolve(name), environment)) {
            pipeline.start("-Xmx128m", "-XX:TieredStopAtLevel=1");
            try (Connection connection = source.connect(name)) {
                pipeline.awaitSlot(connection, name, Scenario.START_LIMIT);
            }
            Thread workload = new Thread(() -> work(name, stop, failure), "workload-" + name);
            workload.start();
            for (int kill = 0; kill < KILLS; kill++) {
                boolean ofTarget = kill % 2 == 1;
                // Long enough for the process to have begun to apply, mostly.
                stop.await(1500 + random.nextInt(2500), TimeUnit.MILLISECONDS);
                if (ofTarget) {
                    target.kill();
                    stop.await(random.nextInt(1500), TimeUnit.MILLISECONDS);
                    target.start();
                } else {
                    pipeline.kill();
                    pipeline.start("-Xmx128m", "-XX:TieredStopAtLevel=1");
                }
                LOG.info("{}: killed {}", name, ofTarget ? "the target's server" : "the pipeline");
            }
            stop.countDown();
            workload.join(30_000);
            assertThat(failure.get()).isNull();
            assertThat(pipeline.isAlive()).as(pipeline.tail()).isTrue();
            awaitEqual(name, target, pipeline);
            assertThat(pipeline.stop()).as(pipeline.tail()).hasValue(0);
        }
    }

    /** Transactions of many kinds, over the same few rows. */
    private static void work(String name, CountDownLatch stop, AtomicReference<Exception> failure) {
        Random random = new Random(SEED);
        try (Connection connection = source.connect(name);
                Statement statement = connection.createStatement()) {
            connection.setAutoCommit(false);
            statement.execute("INSERT INTO account SELECT n, 'name ' || n, n, now() FROM generate_series(1, 200) n");
            statement.execute("INSERT INTO bag SELECT n % 5, 'b' || n % 3 FROM generate_series(1, 60) n");
            connection.commit();
            while (stop.getCount() > 0) {
                int id = 1 + random.nextInt(200);
                switch (random.nextInt(6)) {
                    case 0 -> {
                        statement.execute("DELETE FROM account WHERE id = " + id);
                        statement.execute("INSERT INTO account VALUES (" + id + ", 'again', 1.50, now())");
                    }
                    case 1 ->
                        statement.execute("UPDATE account SET balance = balance + 1, at = clock_timestamp()"
                                + " WHERE id BETWEEN " + id + " AND " + (id + 20));
                    case 2 ->
                        statement.execute("UPDATE bag SET b = b || 'x' WHERE ctid = (SELECT ctid FROM bag LIMIT 1"
                                + " OFFSET " + random.nextInt(50) + ")");
                    case 3 -> {
                        statement.execute("INSERT INTO bag VALUES (" + id % 5 + ", NULL), (" + id % 5 + ", NULL)");
                        statement.execute("DELETE FROM bag WHERE ctid = (SELECT min(ctid) FROM bag)");
                        statement.execute("DELETE FROM bag WHERE ctid = (SELECT max(ctid) FROM bag)");
                    }
                    case 4 -> {
                        statement.execute("UPDATE account SET id = -1 WHERE id = " + id);
                        statement.execute("UPDATE account SET id = " + id + " WHERE id = -1");
                    }
                    default ->
                        statement.execute("INSERT INTO ledger (account, note) SELECT " + id
                                + ", 'n' || n FROM generate_series(1, " + (1 + random.nextInt(400)) + ") n");
                }
                connection.commit();
            }
        } catch (SQLException e) {
            failure.set(e);
        }
    }

    private static final List<String> QUERIES = List.of(
            "SELECT id, name, balance FROM account ORDER BY id",
            "SELECT a, b, count(*) FROM bag GROUP BY a, b ORDER BY a, coalesce(b, '')",
            "SELECT count(*), min(id), max(id), sum(account) FROM ledger");

    private static void awaitEqual(String name, TargetServer target, PipelineProcess pipeline) throws Exception {
        List<String> expected = rows(source.jdbcUrl(name));
        long end = System.nanoTime() + PATIENCE.toNanos();
        while (true) {
            List<String> found = rows(target.jdbcUrl());
            if (found.equals(expected)) {
                assertThat(expected).hasSizeGreaterThan(200);
                return;
            }
            if (System.nanoTime() > end) {
                assertThat(found).as(pipeline.tail()).isEqualTo(expected);
            }
            new CountDownLatch(1).await(300, TimeUnit.MILLISECONDS);
        }
    }

    private static List<String> rows(String url) throws SQLException {
        List<String> rows = new ArrayList<>();
        try (Connection connection = DriverManager.getConnection(url);
                Statement statement = connection.createStatement()) {
            for (String query : QUERIES) {
                try (ResultSet result = statement.executeQuery(query)) {
                    int columns = result.getMetaData().getColumnCount();
                    while (result.next()) {
                        StringBuilder row = new StringBuilder();
                        for (int i = 1; i <= columns; i++) {
                            row.append(result.getString(i)).append('|');
                        }
                        rows.add(row.toString());
                    }
                }
            }
        }
        return rows;
    }
}
