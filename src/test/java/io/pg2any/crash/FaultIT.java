package io.pg2any.crash;

import static org.assertj.core.api.Assertions.assertThat;

import io.pg2any.change.Lsn;
import io.pg2any.cli.EmbeddedPostgres;
import io.pg2any.cli.EmbeddedPostgres.StopMode;
import io.pg2any.cli.quickstart.TargetPosition;
import io.pg2any.cli.quickstart.Workload;
import io.pg2any.server.TestPostgres;
import java.io.IOException;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.Map;
import java.util.OptionalInt;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What goes wrong around the pipeline: it recovers by itself, or stops with the reason. */
class FaultIT {
    private static final Duration EXIT_LIMIT = Duration.ofSeconds(40);
    private static final Workload.Options WORKLOAD =
            new Workload.Options(11, 2, 150, 5_000, Duration.ofSeconds(2), true);

    private static EmbeddedPostgres server;

    @TempDir
    static Path folder;

    @BeforeAll
    static void start() throws Exception {
        server = TestPostgres.start(TestPostgres.VERSION, Map.of("wal_sender_timeout", "3s"));
    }

    @AfterAll
    static void stop() throws Exception {
        server.close();
    }

    @Test
    void aCrashOfTheSourceIsSurvived() throws Exception {
        try (Scenario scenario = scenario("source_crash").begin(WORKLOAD)) {
            scenario.assertBothSidesEqual();
            for (int i = 0; i < 2; i++) {
                server.stop(StopMode.IMMEDIATE);
                server.start();
                scenario.awaitTransactions(50);
            }
            assertStillTheSameProcess(scenario);
        }
    }

    @Test
    void aTerminatedWalsenderIsReplacedWithoutLoss() throws Exception {
        try (Scenario scenario = scenario("walsender").begin(WORKLOAD)) {
            for (int i = 0; i < 3; i++) {
                scenario.awaitTransactions(50);
                scenario.source("SELECT pg_terminate_backend(active_pid) FROM pg_replication_slots"
                        + " WHERE slot_name = 'walsender' AND active");
            }
            assertStillTheSameProcess(scenario);
        }
    }

    /** A walsender ends only when its client has confirmed everything, also what it never got to see. */
    @Test
    void theSourceStopsFastWhileUnpublishedTablesAreBusy() throws Exception {
        try (Scenario scenario = scenario("fast_stop").begin(WORKLOAD)) {
            scenario.assertBothSidesEqual();
            scenario.workload().pause();
            CountDownLatch stop = new CountDownLatch(1);
            Thread idleTraffic = new Thread(() -> writeUnpublished(scenario, stop));
            idleTraffic.start();
            assertThat(stop.await(3, TimeUnit.SECONDS)).isFalse();

            long start = System.nanoTime();
            server.stop(StopMode.FAST);
            Duration took = Duration.ofNanos(System.nanoTime() - start);
            stop.countDown();
            idleTraffic.join();
            server.start();

            assertThat(took).isLessThan(Duration.ofSeconds(6));
            scenario.workload().resume();
            scenario.awaitTransactions(50);
            assertStillTheSameProcess(scenario);
        }
    }

    @Test
    void aTargetLockedForLongerThanTheWalsendersPatienceDelaysOnly() throws Exception {
        try (Scenario scenario = scenario("locked_target").begin(WORKLOAD)) {
            scenario.assertBothSidesEqual();
            Lsn locked;
            try (Connection other = DriverManager.getConnection("jdbc:sqlite:" + scenario.pipeline.target());
                    Statement statement = other.createStatement()) {
                statement.execute("PRAGMA busy_timeout = 20000");
                statement.execute("BEGIN EXCLUSIVE");
                locked = TargetPosition.read(scenario.pipeline).orElseThrow();
                assertThat(new CountDownLatch(1).await(15, TimeUnit.SECONDS)).isFalse();
                assertThat(TargetPosition.read(scenario.pipeline)).hasValue(locked);
                statement.execute("ROLLBACK");
            }
            assertStillTheSameProcess(scenario);
            assertThat(TargetPosition.read(scenario.pipeline).orElseThrow()).isGreaterThan(locked);
        }
    }

    @Test
    void aSlotDroppedUnderARunningPipelineStopsIt() throws Exception {
        try (Scenario scenario = scenario("dropped_running").begin(WORKLOAD)) {
            scenario.assertBothSidesEqual();
            scenario.workload().pause();
            scenario.source("""
                    DO $$
                    BEGIN
                        LOOP
                            PERFORM pg_terminate_backend(active_pid) FROM pg_replication_slots
                                WHERE slot_name = 'dropped_running' AND active;
                            BEGIN
                                PERFORM pg_drop_replication_slot('dropped_running');
                                RETURN;
                            EXCEPTION WHEN object_in_use THEN
                                PERFORM pg_sleep(0.001);
                            END;
                        END LOOP;
                    END $$
                    """);
            assertEndsFatally(scenario, "dropped_running", "slot");
        }
    }

    @Test
    void aSlotDroppedWhileStoppedIsNamedAndNotMadeAgain() throws Exception {
        try (Scenario scenario = scenario("dropped").begin(WORKLOAD)) {
            stopAndCommitMore(scenario);
            scenario.source("SELECT pg_drop_replication_slot('dropped')");
            scenario.startPipeline();
            assertEndsFatally(scenario, "slot dropped", "does not exist");
            assertThat(exists("SELECT 1 FROM pg_replication_slots WHERE slot_name = 'dropped'"))
                    .isFalse();
        }
    }

    @Test
    void aSlotThatWasAdvancedIsAGap() throws Exception {
        try (Scenario scenario = scenario("advanced").begin(WORKLOAD)) {
            stopAndCommitMore(scenario);
            scenario.source("SELECT pg_replication_slot_advance('advanced', pg_current_wal_lsn())");
            scenario.startPipeline();
            assertEndsFatally(scenario, "advanced", "gap");
        }
    }

    @Test
    void aSlotThatTheServerInvalidatedIsLost() throws Exception {
        try (Scenario scenario = scenario("invalidated").begin(WORKLOAD)) {
            stopAndCommitMore(scenario);
            try {
                scenario.source("ALTER SYSTEM SET max_slot_wal_keep_size = '1MB'");
                scenario.source("SELECT pg_reload_conf()");
                for (int i = 0; i < 4; i++) {
                    scenario.source("SELECT pg_logical_emit_message(false, 'fill', repeat('x', 1000000))");
                    scenario.source("SELECT pg_switch_wal()");
                }
                scenario.source("CHECKPOINT");
                assertThat(exists("SELECT 1 FROM pg_replication_slots WHERE slot_name = 'invalidated'"
                                + " AND wal_status = 'lost'"))
                        .isTrue();
                scenario.startPipeline();
                assertEndsFatally(scenario, "invalidated", "slot");
            } finally {
                scenario.source("ALTER SYSTEM RESET max_slot_wal_keep_size");
                scenario.source("SELECT pg_reload_conf()");
                scenario.source("SELECT pg_drop_replication_slot('invalidated')");
            }
        }
    }

    private static Scenario scenario(String name) throws SQLException, IOException {
        return Scenario.create(server, name, folder, Map.of());
    }

    private static void stopAndCommitMore(Scenario scenario) throws Exception {
        scenario.assertBothSidesEqual();
        scenario.workload().pause();
        scenario.assertStopsGracefully();
        scenario.source("INSERT INTO scratch (v) VALUES ('after the stop')");
    }

    private static void assertEndsFatally(Scenario scenario, String... words) throws Exception {
        OptionalInt code = scenario.pipeline.waitFor(EXIT_LIMIT);
        assertThat(code).as(scenario.pipeline.tail()).hasValue(1);
        assertThat(scenario.pipeline.tail()).contains(words);
    }

    private static void assertStillTheSameProcess(Scenario scenario) throws Exception {
        assertThat(scenario.pipeline.isAlive()).as(scenario.pipeline.tail()).isTrue();
        scenario.assertBothSidesEqual();
        scenario.assertWatched();
        scenario.assertStopsGracefully();
    }

    private static boolean exists(String sql) throws SQLException {
        try (Connection connection = server.connect();
                Statement statement = connection.createStatement();
                ResultSet row = statement.executeQuery(sql)) {
            return row.next();
        }
    }

    private static void writeUnpublished(Scenario scenario, CountDownLatch stop) {
        try (Connection connection = scenario.connect();
                Statement statement = connection.createStatement()) {
            while (!stop.await(1, TimeUnit.MILLISECONDS)) {
                statement.execute("INSERT INTO unpublished (v) VALUES ('not for you')");
            }
        } catch (SQLException e) {
            assertThat(e.getSQLState()).as("cut off by the stop: " + e).startsWith("57P");
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
