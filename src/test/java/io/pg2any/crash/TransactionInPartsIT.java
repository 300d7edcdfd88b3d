package io.pg2any.crash;

import static org.assertj.core.api.Assertions.assertThat;

import io.pg2any.cli.EmbeddedPostgres;
import io.pg2any.cli.quickstart.TargetPosition;
import io.pg2any.cli.quickstart.WorkloadSchema;
import io.pg2any.server.TestPostgres;
import java.nio.file.Path;
import java.sql.Connection;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** One large transaction in a table without a key, committed in parts by a process that is killed after some of them. */
class TransactionInPartsIT {
    private static final String NAME = "parts";
    private static final int KILLS = Integer.getInteger("pg2any.parts.kills", 3);
    private static final long SEED = Long.getLong("pg2any.crash.seed", 20261124);
    private static final int ROWS_PER_COMMIT = 500;
    /** Parts before a kill at most; there are more of them than all kills together can apply. */
    private static final int HITS = 8;

    private static final int ROWS = (KILLS + 1) * HITS * ROWS_PER_COMMIT;

    private static final String TARGET = "io.pg2any.apply.jdbc.JdbcTarget";
    private static final List<KillPoint> POINTS = List.of(
            KillPoint.entry("after a part's commit", "io.pg2any.apply.jdbc.ApplySession", "publishCounts", HITS),
            KillPoint.entry("before a part's position moves", TARGET, "commitPart", HITS),
            KillPoint.entry("before a part's commit", "org.sqlite.SQLiteConnection", "commit", HITS));

    @TempDir
    private Path folder;

    @Test
    void afterAKillBetweenPartsTheNextRowFollows() throws Exception {
        Random random = new Random(SEED);
        try (EmbeddedPostgres server = TestPostgres.start(TestPostgres.VERSION);
                Scenario scenario = Scenario.create(
                        server,
                        NAME,
                        folder,
                        StreamingMode.or("forced"),
                        Map.of("PG2ANY_APPLY_MAX_ROWS_PER_COMMIT", Integer.toString(ROWS_PER_COMMIT)))) {
            scenario.source("CREATE TABLE lines (n bigint); ALTER PUBLICATION quickstart ADD TABLE lines");
            scenario.startPipeline();
            try (Connection connection = scenario.connect()) {
                scenario.pipeline.awaitSlot(connection, NAME, Scenario.START_LIMIT);
                WorkloadSchema.fill(connection);
            }
            scenario.source("INSERT INTO lines VALUES (0)");
            awaitCaughtUp(scenario);
            scenario.stopWatching();
            scenario.pipeline.kill();
            scenario.source("BEGIN; SAVEPOINT s; INSERT INTO lines SELECT -n FROM generate_series(1, 1000) n;"
                    + " ROLLBACK TO s; INSERT INTO lines SELECT n FROM generate_series(1, " + ROWS + ") n; COMMIT");
            for (int kill = 0; kill < KILLS; kill++) {
                CrashIT.killAtPoint(scenario, POINTS.get(kill % POINTS.size()), random);
                long applied = scenario.target("SELECT count(*) - 1 FROM lines");
                assertThat(scenario.target("SELECT ordinal FROM pg2any_position"))
                        .isEqualTo(applied);
                assertThat(scenario.target("SELECT max(n) FROM lines")).isEqualTo(applied);
                assertThat(applied).isLessThan(ROWS).isNotNegative();
            }
            assertThat(scenario.target("SELECT ordinal FROM pg2any_position")).isPositive();
            scenario.startPipeline();
            awaitCaughtUp(scenario);
            assertThat(scenario.target("SELECT count(*) FROM lines")).isEqualTo(ROWS + 1);
            assertThat(scenario.target("SELECT count(DISTINCT n) FROM lines")).isEqualTo(ROWS + 1);
            assertThat(scenario.target("SELECT max(n) FROM lines")).isEqualTo(ROWS);
            assertThat(scenario.target("SELECT ordinal FROM pg2any_position")).isZero();
            scenario.assertStopsGracefully();
        }
    }

    private static void awaitCaughtUp(Scenario scenario) throws Exception {
        try (Connection source = scenario.connect()) {
            TargetPosition.awaitCaughtUp(source, scenario.pipeline, Scenario.PATIENCE);
        }
    }
}
