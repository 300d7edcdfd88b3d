package io.pg2any.crash;

import static org.assertj.core.api.Assertions.assertThat;

import io.pg2any.cli.EmbeddedPostgres;
import io.pg2any.cli.quickstart.Workload;
import io.pg2any.server.TestPostgres;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.Statement;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** SIGTERM at bad moments: the process ends in good time with code 0, and the next one goes on where it was. */
class StopIT {
    /** A statement may wait for a lock for 2 s here; the rest is ours. */
    private static final Duration LIMIT = Duration.ofSeconds(8);

    private static final Workload.Options WORKLOAD =
            new Workload.Options(13, 2, 150, 5_000, Duration.ofSeconds(2), true);

    private static EmbeddedPostgres server;

    @TempDir
    private static Path folder;

    @BeforeAll
    static void start() throws Exception {
        server = TestPostgres.start(TestPostgres.VERSION);
    }

    @AfterAll
    static void stop() throws Exception {
        server.close();
    }

    @ParameterizedTest
    @ValueSource(strings = {"applied", "staged"})
    void whileAHugeTransactionArrives(String acknowledge) throws Exception {
        try (Scenario scenario = scenario("huge_" + acknowledge, Map.of("PG2ANY_ACKNOWLEDGE", acknowledge))) {
            scenario.begin(WORKLOAD).assertBothSidesEqual();
            scenario.workload().pause();
            long received = received(scenario);
            scenario.source("INSERT INTO scratch (v) SELECT repeat('x', 200) FROM generate_series(1, 400000)");
            Scenario.await("it has begun to arrive", () -> received(scenario) > received + (8 << 20));

            assertStopsInTime(scenario);

            scenario.startPipeline();
            scenario.workload().resume();
            scenario.assertBothSidesEqual();
            scenario.assertStopsGracefully();
        }
    }

    @Test
    void whileTheTargetIsLocked() throws Exception {
        try (Scenario scenario = scenario("locked", Map.of()).begin(WORKLOAD)) {
            scenario.assertBothSidesEqual();
            try (Connection other = DriverManager.getConnection("jdbc:sqlite:" + scenario.pipeline.target());
                    Statement statement = other.createStatement()) {
                statement.execute("PRAGMA busy_timeout = 20000");
                statement.execute("BEGIN EXCLUSIVE");
                scenario.awaitTransactions(50);

                assertStopsInTime(scenario);
            }
            scenario.startPipeline();
            scenario.assertBothSidesEqual();
            scenario.assertStopsGracefully();
        }
    }

    /** Before its first try has failed nothing tells that the target would be waited for in vain. */
    @Test
    void rightAfterTheTargetWasLocked() throws Exception {
        try (Scenario scenario = scenario("just_locked", Map.of()).begin(WORKLOAD)) {
            scenario.awaitTransactions(200);
            try (Connection other = DriverManager.getConnection("jdbc:sqlite:" + scenario.pipeline.target());
                    Statement statement = other.createStatement()) {
                statement.execute("PRAGMA busy_timeout = 20000");
                statement.execute("BEGIN EXCLUSIVE");

                assertStopsInTime(scenario);
            }
            scenario.startPipeline();
            scenario.assertBothSidesEqual();
            scenario.assertStopsGracefully();
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"applied", "staged"})
    void whileStagingIsAtItsQuota(String acknowledge) throws Exception {
        Map<String, String> settings = Map.of("PG2ANY_STAGING_MAX_BYTES", "2097152", "PG2ANY_ACKNOWLEDGE", acknowledge);
        try (Scenario scenario = scenario("quota_" + acknowledge, settings).begin(WORKLOAD)) {
            scenario.assertBothSidesEqual();
            try (Connection other = DriverManager.getConnection("jdbc:sqlite:" + scenario.pipeline.target());
                    Statement statement = other.createStatement()) {
                statement.execute("PRAGMA busy_timeout = 20000");
                statement.execute("BEGIN EXCLUSIVE");
                Scenario.await("capture stops reading at the quota", () -> {
                    scenario.source("INSERT INTO scratch (v) SELECT repeat('x', 1000) FROM generate_series(1, 500)");
                    return metric(scenario, "pg2any_staging_quota_reached") > 0;
                });

                assertStopsInTime(scenario);
            }
            scenario.startPipeline();
            scenario.assertBothSidesEqual();
            scenario.assertStopsGracefully();
        }
    }

    private static Scenario scenario(String name, Map<String, String> settings) throws Exception {
        Map<String, String> environment = new HashMap<>(settings);
        environment.put("CDC_QUERY_TIMEOUT", "2");
        return Scenario.create(server, name, folder, environment);
    }

    private static void assertStopsInTime(Scenario scenario) throws Exception {
        long start = System.nanoTime();
        scenario.assertStopsGracefully();
        assertThat(Duration.ofNanos(System.nanoTime() - start)).isLessThan(LIMIT);
    }

    private static long received(Scenario scenario) {
        return (long) metric(scenario, "pg2any_received_bytes_total");
    }

    /** 0 while there is no answer. */
    private static double metric(Scenario scenario, String name) {
        return scenario.pipeline
                .metrics()
                .map(metrics -> metrics.get(name).orElseThrow())
                .orElse(0.0);
    }
}
