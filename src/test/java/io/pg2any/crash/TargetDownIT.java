package io.pg2any.crash;

import static org.assertj.core.api.Assertions.assertThat;

import io.pg2any.change.Lsn;
import io.pg2any.cli.EmbeddedPostgres;
import io.pg2any.cli.quickstart.PipelineProcess;
import io.pg2any.server.MySqlServer;
import io.pg2any.server.TestPostgres;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A target that is down under load, with {@code acknowledge=staged}: this machine's disk takes what comes, and the
 * source may forget it, up to the quota. {@code -Dpg2any.crash.downSeconds=600} is the long form.
 */
class TargetDownIT {
    private static final Logger LOG = LoggerFactory.getLogger(TargetDownIT.class);
    private static final int DOWN_SECONDS = Integer.getInteger("pg2any.crash.downSeconds", 10);
    private static final String NAME = "down";

    /** Bytes of one transaction, and how many of them come in a second. */
    private static final int TRANSACTION_BYTES = 100_000;

    private static final int TRANSACTIONS_PER_SECOND = 10;

    /** Reached after about half of the time. */
    private static final long QUOTA = DOWN_SECONDS / 2L * TRANSACTIONS_PER_SECOND * TRANSACTION_BYTES;

    /** What had been read when the quota was reached; it does not depend on how long the target is down. */
    private static final long READ_AHEAD = 4 << 20;

    @TempDir
    Path folder;

    @Test
    void theSlotMovesAndTheDiskFillsToItsQuotaAndEverythingLandsAfter() throws Exception {
        try (EmbeddedPostgres source = TestPostgres.start(TestPostgres.VERSION);
                MySqlServer target = MySqlServer.mariaDb()) {
            try (Connection connection = source.connect()) {
                Scenario.execute(connection, "CREATE DATABASE " + NAME);
            }
            try (Connection connection = source.connect(NAME)) {
                Scenario.execute(connection, "CREATE TABLE arrivals (id int PRIMARY KEY, body text)");
                Scenario.execute(connection, "CREATE PUBLICATION p FOR ALL TABLES");
                run(source, connection, target);
            }
        }
    }

    private void run(EmbeddedPostgres source, Connection connection, MySqlServer target) throws Exception {
        Path staging = folder.resolve("staging");
        Map<String, String> environment = Map.of(
                "CDC_SOURCE_CONNECTION_STRING",
                source.sourceUri(NAME),
                "CDC_REPLICATION_SLOT",
                NAME,
                "CDC_PUBLICATION",
                "p",
                "CDC_DEST_TYPE",
                "MariaDB",
                "CDC_DEST_URI",
                target.url("mariadb", "test"),
                "CDC_TRANSACTION_FILE_BASE_PATH",
                staging.toString(),
                "PG2ANY_ACKNOWLEDGE",
                "staged",
                "PG2ANY_STAGING_MAX_BYTES",
                Long.toString(QUOTA));
        CountDownLatch stop = new CountDownLatch(1);
        AtomicReference<Exception> failure = new AtomicReference<>();
        try (PipelineProcess pipeline = new PipelineProcess(Scenario.jar(), folder.resolve(NAME), environment)) {
            pipeline.start("-Xmx128m");
            pipeline.awaitSlot(connection, NAME, Scenario.START_LIMIT);
            Thread load = new Thread(() -> load(source, stop, failure), "load");
            load.start();
            Scenario.await("the target's table", () -> hasTable(target));

            target.kill();
            Lsn before = confirmed(connection);
            long most = watchWhileDown(staging, stop);
            Lsn later = confirmed(connection);
            assertThat(pipeline.isAlive()).as(pipeline.tail()).isTrue();
            assertThat(pipeline.isReady())
                    .as("ready with its disk at the quota")
                    .isFalse();
            assertThat(Files.readString(pipeline.log())).contains("staging quota reached");
            LOG.info("down for {} s: slot from {} to {}, at most {} bytes staged", DOWN_SECONDS, before, later, most);
            // What is on this machine's disk the source may forget.
            assertThat(later.value() - before.value()).isGreaterThan(QUOTA / 2);
            assertThat(most).isBetween(QUOTA, QUOTA + READ_AHEAD);

            target.start();
            Scenario.await(
                    "more than what was staged", () -> confirmed(connection).isAfter(later));
            stop.countDown();
            load.join(30_000);
            assertThat(failure.get()).isNull();
            try (Connection reader = DriverManager.getConnection(target.jdbcUrl("test"))) {
                // A cheap question while it works: the last row comes last.
                String last = row(connection, "SELECT max(id) FROM arrivals");
                Scenario.await(
                        "the last row in the target",
                        Scenario.AWAIT_LIMIT.plusSeconds(DOWN_SECONDS),
                        () -> last.equals(row(reader, "SELECT max(id) FROM arrivals")));
                String everything = "SELECT count(*), sum(id), count(DISTINCT id) FROM arrivals";
                assertThat(row(reader, everything)).isEqualTo(row(connection, everything));
            }
            Scenario.await("an empty disk", () -> size(staging) < READ_AHEAD);
            assertThat(pipeline.stop()).as(pipeline.tail()).hasValue(0);
        }
    }

    /** The most bytes that the folder had. */
    private static long watchWhileDown(Path staging, CountDownLatch stop) throws InterruptedException, IOException {
        long most = 0;
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(DOWN_SECONDS);
        while (System.nanoTime() < end) {
            most = Math.max(most, size(staging));
            stop.await(100, TimeUnit.MILLISECONDS);
        }
        return most;
    }

    private static void load(EmbeddedPostgres source, CountDownLatch stop, AtomicReference<Exception> failure) {
        try (Connection connection = source.connect(NAME);
                PreparedStatement insert = connection.prepareStatement(
                        "INSERT INTO arrivals SELECT ? * 100 + n, repeat(md5(random()::text), ?)"
                                + " FROM generate_series(1, 100) n")) {
            for (int i = 0; !stop.await(1000 / TRANSACTIONS_PER_SECOND, TimeUnit.MILLISECONDS); i++) {
                insert.setInt(1, i);
                insert.setInt(2, TRANSACTION_BYTES / 100 / 32);
                insert.executeUpdate();
            }
        } catch (SQLException e) {
            failure.set(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private static boolean hasTable(MySqlServer target) throws SQLException {
        try (Connection reader = DriverManager.getConnection(target.jdbcUrl("test"));
                Statement statement = reader.createStatement();
                ResultSet row = statement.executeQuery("SELECT 1 FROM information_schema.tables"
                        + " WHERE table_schema = 'test' AND table_name = 'arrivals'")) {
            return row.next();
        }
    }

    private static Lsn confirmed(Connection connection) throws SQLException {
        return Lsn.parse(row(
                connection, "SELECT confirmed_flush_lsn FROM pg_replication_slots WHERE slot_name = '" + NAME + "'"));
    }

    private static String row(Connection connection, String sql) throws SQLException {
        try (Statement statement = connection.createStatement();
                ResultSet row = statement.executeQuery(sql)) {
            row.next();
            StringBuilder text = new StringBuilder(row.getString(1));
            for (int i = 2; i <= row.getMetaData().getColumnCount(); i++) {
                text.append('|').append(row.getString(i));
            }
            return text.toString();
        }
    }

    private static long size(Path staging) throws IOException {
        try (Stream<Path> files = Files.walk(staging)) {
            return files.mapToLong(TargetDownIT::sizeOf).sum();
        } catch (UncheckedIOException e) {
            return 0; // a file went while it was listed; the next look tells
        }
    }

    private static long sizeOf(Path file) {
        try {
            return Files.isRegularFile(file) ? Files.size(file) : 0;
        } catch (NoSuchFileException e) {
            return 0; // applied and gone meanwhile
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
