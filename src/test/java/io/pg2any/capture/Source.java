package io.pg2any.capture;

import static org.assertj.core.api.Assertions.assertThat;

import io.pg2any.change.Lsn;
import io.pg2any.change.Position;
import io.pg2any.cli.EmbeddedPostgres;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.function.BooleanSupplier;

/** A database {@code shop} with a table and a publication, on a server of the test's choice. */
final class Source {
    static final String SLOT = "pg2any_test";

    private Source() {}

    static void createShop(EmbeddedPostgres server) throws SQLException {
        execute(server, "postgres", "CREATE DATABASE shop");
        execute(
                server,
                "shop",
                "CREATE TABLE item (id bigint PRIMARY KEY, name text); CREATE PUBLICATION items FOR TABLE item");
    }

    static CaptureConfig.Builder config(EmbeddedPostgres server) {
        return CaptureConfig.builder(ConnectionString.parse(server.sourceUri("shop")), SLOT, List.of("items"))
                .reconnect(Duration.ofMillis(50), Duration.ofMillis(500));
    }

    static Capture capture(CaptureConfig config, SlotFeedback feedback, Position position) {
        return new Capture(config, () -> Optional.ofNullable(position), feedback);
    }

    static void execute(EmbeddedPostgres server, String database, String sql) throws SQLException {
        try (Connection connection = server.connect(database);
                Statement statement = connection.createStatement()) {
            statement.execute(sql);
        }
    }

    static void insert(EmbeddedPostgres server, int id) throws SQLException {
        execute(server, "shop", "INSERT INTO item VALUES (" + id + ", 'n" + id + "')");
    }

    static String query(EmbeddedPostgres server, String sql) throws SQLException {
        try (Connection connection = server.connect("shop");
                Statement statement = connection.createStatement();
                ResultSet row = statement.executeQuery(sql)) {
            return row.next() ? row.getString(1) : null;
        }
    }

    static Lsn confirmedFlush(EmbeddedPostgres server) throws SQLException {
        return Lsn.parse(
                query(server, "SELECT confirmed_flush_lsn FROM pg_replication_slots WHERE slot_name='" + SLOT + "'"));
    }

    static void dropSlot(EmbeddedPostgres server, String name) throws Exception {
        await(() -> queryUnchecked(
                        server, "SELECT count(*) FROM pg_replication_slots WHERE active AND slot_name='" + name + "'")
                .equals("0"));
        execute(
                server,
                "shop",
                "SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots WHERE slot_name='" + name + "'");
    }

    static String queryUnchecked(EmbeddedPostgres server, String sql) {
        try {
            return query(server, sql);
        } catch (SQLException e) {
            throw new AssertionError(e);
        }
    }

    /** Bounded waiting for what only the server knows. */
    static void await(BooleanSupplier condition) throws InterruptedException {
        long deadline = System.nanoTime() + Duration.ofSeconds(20).toNanos();
        while (!condition.getAsBoolean()) {
            assertThat(System.nanoTime()).as("the condition within 20 s").isLessThan(deadline);
            Thread.sleep(10);
        }
    }
}
