package io.pg2any.crash;

import static org.assertj.core.api.Assertions.assertThat;

import io.pg2any.cli.EmbeddedPostgres;
import io.pg2any.cli.quickstart.Comparison;
import io.pg2any.cli.quickstart.PipelineProcess;
import io.pg2any.cli.quickstart.TargetPosition;
import io.pg2any.cli.quickstart.TargetWatch;
import io.pg2any.cli.quickstart.Workload;
import io.pg2any.cli.quickstart.WorkloadSchema;
import java.io.IOException;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/** A database with the workload's tables, the real jar in its own process, and a reader that watches the target. */
final class Scenario implements AutoCloseable {
    static final Duration START_LIMIT = Duration.ofSeconds(60);
    private static final Duration WORKLOAD_LIMIT = Duration.ofSeconds(60);
    static final Duration PATIENCE = Duration.ofSeconds(40);
    /** Longer than anything that health waits for before it speaks. */
    static final Duration AWAIT_LIMIT = Duration.ofSeconds(90);

    final String name;
    final PipelineProcess pipeline;
    private final EmbeddedPostgres server;
    private final TargetWatch watch;
    private Workload workload;

    private Scenario(String name, EmbeddedPostgres server, PipelineProcess pipeline) {
        this.name = name;
        this.server = server;
        this.pipeline = pipeline;
        this.watch = TargetWatch.start(pipeline.target());
    }

    static Path jar() {
        return Path.of(System.getProperty("pg2any.test.jar", "target/pg2any.jar"));
    }

    /** Makes the database and the tables; nothing runs yet. */
    static Scenario create(EmbeddedPostgres server, String name, Path folder, Map<String, String> environment)
            throws SQLException, IOException {
        return create(server, name, folder, StreamingMode.ASKED.orElse(StreamingMode.AUTO), environment);
    }

    static Scenario create(
            EmbeddedPostgres server, String name, Path folder, StreamingMode streaming, Map<String, String> environment)
            throws SQLException, IOException {
        try (Connection connection = server.connect()) {
            execute(connection, "CREATE DATABASE " + name);
        }
        try (Connection connection = server.connect(name)) {
            WorkloadSchema.create(connection);
        }
        streaming.apply(server, name);
        Map<String, String> all = new HashMap<>(Map.of(
                "CDC_SOURCE_CONNECTION_STRING",
                server.sourceUri(name),
                "CDC_REPLICATION_SLOT",
                name,
                "CDC_PUBLICATION",
                WorkloadSchema.PUBLICATION,
                "CDC_STREAMING",
                streaming.option()));
        all.putAll(environment);
        return new Scenario(name, server, new PipelineProcess(jar(), folder.resolve(name), all));
    }

    /** How many transactions the server has sent while they were open, since its last crash. */
    long streamedTransactions() throws SQLException {
        try (Connection connection = connect();
                Statement statement = connection.createStatement();
                ResultSet row = statement.executeQuery(
                        "SELECT stream_txns FROM pg_stat_replication_slots WHERE slot_name = '" + name + "'")) {
            return row.next() ? row.getLong(1) : 0;
        }
    }

    /** Starts the pipeline for the first time, fills the tables behind its slot, and gets the workload going. */
    Scenario begin(Workload.Options options) throws IOException, SQLException, InterruptedException {
        startPipeline();
        try (Connection connection = connect()) {
            pipeline.awaitSlot(connection, name, START_LIMIT);
            WorkloadSchema.fill(connection);
        }
        workload = Workload.start(this::connect, options);
        // So many that every table has had its first change.
        awaitTransactions(100);
        return this;
    }

    /** Waits until the workload has committed that many more. */
    void awaitTransactions(int more) throws SQLException, InterruptedException {
        long goal = workload.transactions() + more;
        long end = System.nanoTime() + WORKLOAD_LIMIT.toNanos();
        CountDownLatch never = new CountDownLatch(1);
        while (workload.transactions() < goal) {
            workload.throwFailure();
            assertThat(System.nanoTime()).as("the workload goes on").isLessThan(end);
            never.await(20, TimeUnit.MILLISECONDS);
        }
    }

    Process startPipeline(String... more) throws IOException {
        return start(pipeline, more);
    }

    /** With little memory, and for a short life: optimizing compilation would not pay back before the next kill. */
    static Process start(PipelineProcess pipeline, String... more) throws IOException {
        List<String> options = new ArrayList<>(List.of("-Xmx128m", "-XX:TieredStopAtLevel=1"));
        options.addAll(List.of(more));
        return pipeline.start(options.toArray(String[]::new));
    }

    Workload workload() {
        return workload;
    }

    Connection connect() throws SQLException {
        return server.connect(name);
    }

    /** The source's server ends without a checkpoint, and recovers. */
    void crashSource() throws IOException {
        server.stop(EmbeddedPostgres.StopMode.IMMEDIATE);
        server.start();
    }

    /** SIGKILL of the process that serves the slot: the server takes all others down with it, and recovers by itself. */
    void killWalsender() throws Exception {
        try (Connection connection = connect();
                Statement statement = connection.createStatement();
                ResultSet row = statement.executeQuery(
                        "SELECT active_pid FROM pg_replication_slots WHERE slot_name = '" + name + "' AND active")) {
            if (!row.next()) {
                return;
            }
            ProcessHandle walsender = ProcessHandle.of(row.getLong(1)).orElseThrow();
            walsender.destroyForcibly();
            walsender.onExit().join();
            await("the server ends this session", () -> !connection.isValid(1));
        }
        await("the server has recovered", this::accepts);
    }

    private boolean accepts() {
        try (Connection connection = connect()) {
            return connection.isValid(5);
        } catch (SQLException e) {
            return false;
        }
    }

    /** The process that serves the slot is told to end. */
    void endWalsender() throws SQLException {
        source("SELECT pg_terminate_backend(active_pid) FROM pg_replication_slots WHERE slot_name = '" + name
                + "' AND active");
    }

    void source(String sql) throws SQLException {
        try (Connection connection = connect()) {
            execute(connection, sql);
        }
    }

    /** Stops the workload for a moment, lets the target catch up, and compares; the pipeline must run. */
    void assertBothSidesEqual() throws SQLException, IOException, InterruptedException {
        workload.pause();
        try (Connection source = connect()) {
            TargetPosition.awaitCaughtUp(source, pipeline, PATIENCE);
            Comparison comparison = Comparison.of(source, WorkloadSchema.PUBLICATION, pipeline.target());
            assertThat(comparison.equal()).as(comparison.toString()).isTrue();
            assertThat(comparison.rows()).isPositive();
        }
        assertThat(target(WorkloadSchema.REPEATED_LEDGER_ENTRIES)).isZero();
        assertConsistentSoFar();
        workload.resume();
    }

    interface Condition {
        boolean holds() throws Exception;
    }

    static void await(String what, Condition condition) throws Exception {
        await(what, AWAIT_LIMIT, condition);
    }

    static void await(String what, Duration limit, Condition condition) throws Exception {
        long end = System.nanoTime() + limit.toNanos();
        CountDownLatch never = new CountDownLatch(1);
        while (!condition.holds()) {
            assertThat(System.nanoTime()).as(what).isLessThan(end);
            never.await(50, TimeUnit.MILLISECONDS);
        }
    }

    void assertConsistentSoFar() {
        assertThat(watch.violations()).isEmpty();
    }

    /** Before something that a reader of the target cannot bear either. */
    void stopWatching() throws InterruptedException {
        watch.close();
    }

    /** The reader has really looked while transactions came in. */
    void assertWatched() {
        assertThat(watch.looks()).isPositive();
        assertConsistentSoFar();
    }

    void assertStopsGracefully() throws InterruptedException, IOException {
        OptionalInt code = pipeline.stop();
        assertThat(code).as(pipeline.tail()).hasValue(0);
    }

    long target(String sql) throws SQLException {
        try (Connection sqlite = DriverManager.getConnection("jdbc:sqlite:" + pipeline.target());
                Statement statement = sqlite.createStatement();
                ResultSet row = statement.executeQuery(sql)) {
            return row.next() ? row.getLong(1) : 0;
        }
    }

    static void execute(Connection connection, String sql) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            statement.execute(sql);
        }
    }

    @Override
    public void close() throws InterruptedException, SQLException {
        try {
            if (workload != null) {
                workload.close();
            }
        } finally {
            pipeline.kill();
            pipeline.close();
            watch.close();
        }
    }
}
