package io.pg2any.crash;

import static org.assertj.core.api.Assertions.assertThat;

import io.pg2any.cli.EmbeddedPostgres;
import io.pg2any.cli.quickstart.Workload;
import io.pg2any.server.TestPostgres;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.Random;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The real jar under a running workload, killed again and again.
 *
 * <p>{@code -Dpg2any.crash.kills=500} kills that often (in each acknowledge mode half of it), {@code
 * -Dpg2any.crash.seed=…} repeats a run's choices, {@code -Dpg2any.crash.streaming=parallel} has both modes stream so
 * ({@link StreamingMode}).
 */
class CrashIT {
    private static final Logger LOG = LoggerFactory.getLogger(CrashIT.class);
    private static final int KILLS = Integer.getInteger("pg2any.crash.kills", 28);
    private static final long SEED = Long.getLong("pg2any.crash.seed", 20260729);
    /** So many that the transaction does not fit in the pipeline's memory. */
    private static final int BIG_ROWS = 40_000;

    private static final int KILLS_PER_COMPARISON = 7;
    private static final int LONGEST_LIFE_MILLIS = 5000;

    private static final List<KillPoint> POINTS = KillPoint.onTheWayTo("org.sqlite.SQLiteConnection");

    private static EmbeddedPostgres server;

    @TempDir
    static Path folder;

    @BeforeAll
    static void start() throws Exception {
        server = TestPostgres.start(TestPostgres.VERSION);
    }

    @AfterAll
    static void stop() throws Exception {
        server.close();
    }

    @ParameterizedTest
    @CsvSource({"applied, off, none", "staged, forced, zstd"})
    void nothingIsLostOrRepeatedHoweverOftenItIsKilled(String acknowledge, String streaming, String compression)
            throws Exception {
        Random random = new Random(SEED + acknowledge.hashCode());
        Workload.Options workload =
                new Workload.Options(random.nextLong(), 2, 150, BIG_ROWS, Duration.ofSeconds(5), true);
        try (Scenario scenario = Scenario.create(
                server,
                "crash_" + acknowledge,
                folder,
                StreamingMode.or(streaming),
                Map.of("PG2ANY_ACKNOWLEDGE", acknowledge, "PG2ANY_COMPRESSION", compression))) {
            scenario.begin(workload);
            int point = random.nextInt(POINTS.size());
            for (int kill = 1; kill <= KILLS / 2; kill++) {
                // The first after a comparison finds a process that has been running for a while.
                if (kill % KILLS_PER_COMPARISON == 1 || kill % KILLS_PER_COMPARISON == 4) {
                    killAnyTime(scenario, random);
                } else {
                    killAtPoint(scenario, POINTS.get(point++ % POINTS.size()), random);
                }
                scenario.assertConsistentSoFar();
                if (kill % KILLS_PER_COMPARISON == 0) {
                    scenario.startPipeline();
                    scenario.assertBothSidesEqual();
                    scenario.assertWatched();
                }
            }
            if (!scenario.pipeline.isAlive()) {
                scenario.startPipeline();
            }
            scenario.assertBothSidesEqual();
            scenario.assertStopsGracefully();
        }
    }

    /** While it starts, recovers, streams or catches up. */
    private static void killAnyTime(Scenario scenario, Random random) throws IOException, InterruptedException {
        if (!scenario.pipeline.isAlive()) {
            scenario.startPipeline();
        }
        Duration life = Duration.ofMillis(random.nextInt(LONGEST_LIFE_MILLIS));
        OptionalInt ended = scenario.pipeline.waitFor(life);
        assertThat(ended).as("ended by itself:\n" + scenario.pipeline.tail()).isEmpty();
        LOG.info("{}: killed after {}", scenario.name, life);
    }

    static void killAtPoint(Scenario scenario, KillPoint point, Random random)
            throws IOException, InterruptedException {
        int hit = Debuggee.startAndKill(scenario.pipeline, point, random);
        LOG.info("{}: killed {}, hit {}", scenario.name, point, hit);
    }
}
