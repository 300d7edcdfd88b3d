package io.pg2any.crash;

import static org.assertj.core.api.Assertions.assertThat;

import io.pg2any.cli.EmbeddedPostgres;
import io.pg2any.cli.quickstart.PipelineProcess;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.regex.Pattern;

/** Transactions of many kinds over the same few rows, one of the tables without a key, and what both sides then hold. */
final class TargetWorkload implements AutoCloseable {
    private static final Duration PATIENCE = Duration.ofSeconds(90);

    private static final int PAUSE_MILLIS = 4;

    /** Of a time that is written with its zone, or is known to be in UTC. */
    private static final Pattern TIME_TAIL = Pattern.compile("(\\.0*|(?<=\\.\\d{0,5}[1-9])0+)?( ?\\+00(:00)?)?$");

    private final CountDownLatch stop = new CountDownLatch(1);
    private final AtomicReference<Exception> failure = new AtomicReference<>();
    private final Thread thread;

    private TargetWorkload(EmbeddedPostgres source, String name, long seed) {
        thread = new Thread(() -> work(source, name, seed, stop, failure), "workload-" + name);
        thread.start();
    }

    static void create(EmbeddedPostgres source, String name) throws SQLException {
        try (Connection connection = source.connect(name)) {
            Scenario.execute(connection, """
                    CREATE TABLE account (id int PRIMARY KEY, name text, balance numeric(12,2), at timestamptz);
                    CREATE TABLE bag (a int, b text);
                    ALTER TABLE bag REPLICA IDENTITY FULL;
                    CREATE TABLE ledger (id bigserial PRIMARY KEY, account int, note text);
                    CREATE PUBLICATION p FOR ALL TABLES
                    """);
        }
    }

    static TargetWorkload start(EmbeddedPostgres source, String name, long seed) {
        return new TargetWorkload(source, name, seed);
    }

    /** Ends it; it must have gone well. */
    @Override
    public void close() throws InterruptedException {
        stop.countDown();
        thread.join(30_000);
        assertThat(failure.get()).isNull();
        assertThat(thread.isAlive()).isFalse();
    }

    private static void work(
            EmbeddedPostgres source, String name, long seed, CountDownLatch stop, AtomicReference<Exception> failure) {
        Random random = new Random(seed);
        try (Connection connection = source.connect(name);
                Statement statement = connection.createStatement()) {
            connection.setAutoCommit(false);
            statement.execute("INSERT INTO account SELECT n, 'name ' || n, n, now() FROM generate_series(1, 200) n");
            statement.execute("INSERT INTO bag SELECT n % 5, 'b' || n % 3 FROM generate_series(1, 60) n");
            connection.commit();
            // Not as fast as it could: commits of the target, at which its connection is cut, shall come often.
            while (!stop.await(PAUSE_MILLIS, TimeUnit.MILLISECONDS)) {
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
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /** Every row of both sides, once the target has caught up. */
    static void awaitEqual(String sourceUrl, String targetUrl, PipelineProcess pipeline) throws Exception {
        List<String> expected = rows(sourceUrl);
        assertThat(expected).hasSizeGreaterThan(200);
        long end = System.nanoTime() + PATIENCE.toNanos();
        while (true) {
            List<String> found = settledRows(targetUrl);
            if (found.equals(expected)) {
                return;
            }
            if (System.nanoTime() > end) {
                assertThat(found).as(pipeline.tail()).isEqualTo(expected);
            }
            new CountDownLatch(1).await(300, TimeUnit.MILLISECONDS);
        }
    }

    /** None while the pipeline and this reader are in each other's way. */
    private static List<String> settledRows(String url) throws SQLException {
        try {
            return rows(url);
        } catch (SQLException e) {
            if (e.getSQLState() != null && e.getSQLState().startsWith("40")) {
                return List.of();
            }
            throw e;
        }
    }

    /** In an order of this machine's: servers sort text by rules of their own. */
    private static List<String> rows(String url) throws SQLException {
        List<String> rows = new ArrayList<>();
        try (Connection connection = DriverManager.getConnection(url);
                Statement statement = connection.createStatement()) {
            if (connection.getMetaData().getDatabaseProductName().equals("PostgreSQL")) {
                statement.execute("SET timezone = 'UTC'");
            }
            for (String table : List.of("account", "bag", "ledger")) {
                try (ResultSet result = statement.executeQuery("SELECT * FROM " + table)) {
                    int columns = result.getMetaData().getColumnCount();
                    while (result.next()) {
                        StringBuilder row = new StringBuilder(table);
                        for (int i = 1; i <= columns; i++) {
                            boolean time = result.getMetaData().getColumnName(i).equals("at");
                            String text = result.getString(i);
                            row.append('|')
                                    .append(time ? TIME_TAIL.matcher(text).replaceFirst("") : text);
                        }
                        rows.add(row.toString());
                    }
                }
            }
        }
        Collections.sort(rows);
        return rows;
    }
}
