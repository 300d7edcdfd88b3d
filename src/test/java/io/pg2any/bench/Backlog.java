package io.pg2any.bench;

import io.pg2any.change.Lsn;
import io.pg2any.cli.EmbeddedPostgres;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;

/**
 * A filled database of its own with a slot that was made before the fill and is never read itself.
 *
 * <p>The last transaction inserts {@link #END} into {@link #MARKS}; everything measured commits before {@link #end()},
 * that row after it. Who has seen the row has seen everything. So does {@link #WARM} end what a pipeline may warm up with.
 */
final class Backlog implements AutoCloseable {
    static final String PUBLICATION = "bench";
    static final String MARKS = "bench_marks";
    static final long WARM = 1;
    static final long END = 2;
    static final String CREATE_MARKS = "CREATE TABLE " + MARKS + " (id bigint PRIMARY KEY)";

    private final EmbeddedPostgres server;
    private final Connection connection;
    private final Scenario scenario;
    private final String database;
    private final long wanted;
    private final List<String> copies = new ArrayList<>();

    /** 0 until it has been written. */
    private long rows;

    private long warmUpRows;
    /** Behind the mark. */
    private Lsn warm = Lsn.ZERO;

    private Lsn end = Lsn.ZERO;

    private Backlog(EmbeddedPostgres server, Connection connection, Scenario scenario, String database, long wanted) {
        this.server = server;
        this.connection = connection;
        this.scenario = scenario;
        this.database = database;
        this.wanted = wanted;
    }

    /**
     * @param warmUp whether as many rows as are measured come before them
     */
    static Backlog filled(EmbeddedPostgres server, Scenario scenario, long rows, boolean warmUp) throws SQLException {
        Backlog backlog = empty(server, scenario, rows);
        if (warmUp) {
            backlog.writeWarmUp();
        }
        backlog.write();
        execute(backlog.connection, "CHECKPOINT"); // so that none runs inside a measurement
        return backlog;
    }

    /** One that its reader has written when it is ready to read. */
    static Backlog empty(EmbeddedPostgres server, Scenario scenario, long rows) throws SQLException {
        String database = database(scenario);
        createDatabase(server, database);
        Connection connection = server.connect(database);
        scenario.create(connection);
        execute(connection, CREATE_MARKS);
        publish(connection, scenario.tables(), MARKS);
        execute(connection, "SELECT pg_create_logical_replication_slot('" + database + "', 'pgoutput')");
        return new Backlog(server, connection, scenario, database, rows);
    }

    private void writeWarmUp() throws SQLException {
        warmUpRows = scenario.fill(connection, 1, wanted);
        mark(WARM);
        warm = now();
    }

    /** Unless that has been done. */
    void write() throws SQLException {
        if (rows == 0) {
            rows = scenario.fill(connection, 1 + warmUpRows, wanted);
            end = now();
            mark(END);
        }
    }

    private void mark(long mark) throws SQLException {
        execute(connection, "INSERT INTO " + MARKS + " VALUES (" + mark + ")");
    }

    private Lsn now() throws SQLException {
        return Lsn.parse(text(connection, "SELECT pg_current_wal_insert_lsn()"));
    }

    private static String database(Scenario scenario) {
        return "bench_" + scenario.name().toLowerCase(java.util.Locale.ROOT);
    }

    /** After the backlog was closed: gives its disk back. */
    static void dropDatabase(EmbeddedPostgres server, Scenario scenario) throws SQLException {
        try (Connection admin = server.connect()) {
            execute(admin, "DROP DATABASE " + database(scenario));
            execute(admin, "CHECKPOINT");
        }
    }

    static void createDatabase(EmbeddedPostgres server, String database) throws SQLException {
        try (Connection admin = server.connect()) {
            execute(admin, "CREATE DATABASE " + database);
        }
    }

    static void publish(Connection connection, List<String> tables, String... more) throws SQLException {
        List<String> all = new ArrayList<>(tables);
        all.addAll(List.of(more));
        execute(connection, "CREATE PUBLICATION " + PUBLICATION + " FOR TABLE " + String.join(", ", all));
    }

    /** A new slot at the start of the backlog. */
    String copySlot(String suffix) throws SQLException {
        String copy = database + "_" + suffix;
        execute(connection, "SELECT pg_copy_logical_replication_slot('" + database + "', '" + copy + "')");
        copies.add(copy);
        return copy;
    }

    void dropSlot(String slot) throws SQLException, InterruptedException {
        dropSlot(connection, slot);
        copies.remove(slot);
    }

    /** Waits for the walsender to leave the slot, which it does some moments after its client. */
    static void dropSlot(Connection connection, String slot) throws SQLException, InterruptedException {
        Deadline deadline = Deadline.seconds(30, "slot " + slot + " to be free");
        while (SlotActivity.of(connection, slot).isPresent()) {
            deadline.pause(20);
        }
        execute(connection, "SELECT pg_drop_replication_slot('" + slot + "')");
    }

    EmbeddedPostgres server() {
        return server;
    }

    Connection connection() {
        return connection;
    }

    Scenario scenario() {
        return scenario;
    }

    String database() {
        return database;
    }

    /** Row changes to be measured, without the closing one. */
    long rows() {
        return rows;
    }

    /** And those before them. */
    long allRows() {
        return warmUpRows + rows;
    }

    boolean hasWarmUp() {
        return warmUpRows > 0;
    }

    Lsn warm() {
        return warm;
    }

    Lsn end() {
        return end;
    }

    long count(String table) throws SQLException {
        return Long.parseLong(text(connection, "SELECT count(*) FROM " + table));
    }

    /** Drops every slot, so that the server may recycle the WAL. */
    @Override
    public void close() throws SQLException {
        try {
            for (String copy : List.copyOf(copies)) {
                dropSlot(copy);
            }
            dropSlot(database);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } finally {
            connection.close();
        }
    }

    static void execute(Connection connection, String sql) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            statement.execute(sql);
        }
    }

    static String text(Connection connection, String sql) throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement(sql);
                ResultSet row = statement.executeQuery()) {
            row.next();
            return row.getString(1);
        }
    }
}
