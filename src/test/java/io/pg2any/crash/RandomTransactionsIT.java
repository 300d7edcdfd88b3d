package io.pg2any.crash;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import io.pg2any.cli.EmbeddedPostgres;
import io.pg2any.cli.quickstart.Comparison;
import io.pg2any.cli.quickstart.TargetPosition;
import io.pg2any.cli.quickstart.WorkloadSchema;
import io.pg2any.server.TestPostgres;
import java.nio.file.Path;
import java.sql.Connection;
import java.util.Map;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * {@link RandomTransactions} against the real jar, which is killed, and whose walsender and server are ended or killed, at
 * random; at rest both sides are equal row by row, and every transaction was applied once.
 *
 * <p>{@code -Dpg2any.random.rounds=200} goes on for longer, {@code -Dpg2any.random.seed=…} repeats a run's choices. When
 * something is killed is a step of the sequence; how far the pipeline is then is not repeated.
 */
class RandomTransactionsIT {
    private static final Logger LOG = LoggerFactory.getLogger(RandomTransactionsIT.class);
    private static final int ROUNDS = Integer.getInteger("pg2any.random.rounds", 3);
    private static final long SEED = Long.getLong("pg2any.random.seed", 20261122);
    private static final int STEPS = 800;

    @TempDir
    private Path folder;

    /** The one mode that was asked for, on the one server. */
    static Stream<Arguments> modes() {
        if (StreamingMode.ASKED.isPresent()) {
            return Stream.of(
                    arguments(TestPostgres.VERSION, "staged", "", false),
                    arguments(TestPostgres.VERSION, "applied", "", TestPostgres.VERSION >= 15));
        }
        return Stream.of(
                arguments(14, "staged", "on forced", false), arguments(18, "applied", "parallel forced", true));
    }

    @ParameterizedTest
    @MethodSource("modes")
    void bothSidesAreEqualAtRestWhateverHappened(int version, String acknowledge, String streaming, boolean twoPhase)
            throws Exception {
        Random random = new Random(SEED + version);
        LOG.info("-Dpg2any.random.seed={}", SEED);
        String name = "random_" + version + "_" + acknowledge;
        StreamingMode mode = StreamingMode.or(streaming);
        boolean streamed = false;
        try (EmbeddedPostgres server = TestPostgres.start(version, Map.of("max_prepared_transactions", "10"));
                Scenario scenario = Scenario.create(
                        server,
                        name,
                        folder,
                        mode,
                        Map.of("PG2ANY_ACKNOWLEDGE", acknowledge, "PG2ANY_TWO_PHASE", Boolean.toString(twoPhase)))) {
            scenario.source(RandomTransactions.tables());
            scenario.startPipeline();
            try (Connection connection = scenario.connect()) {
                scenario.pipeline.awaitSlot(connection, name, Scenario.START_LIMIT);
                WorkloadSchema.fill(connection);
            }
            try (RandomTransactions transactions = RandomTransactions.open(scenario, random.nextLong(), twoPhase)) {
                for (int round = 1; round <= ROUNDS; round++) {
                    run(scenario, transactions, random);
                    transactions.settle();
                    assertEqual(scenario, transactions);
                    streamed |= scenario.streamedTransactions() > 0;
                    LOG.info("{}: round {}, {} transactions committed", name, round, transactions.committed());
                }
            }
            assertThat(streamed).isEqualTo(mode.forced());
            scenario.assertStopsGracefully();
        }
    }

    private static void run(Scenario scenario, RandomTransactions transactions, Random random) throws Exception {
        int kill = random.nextInt(STEPS);
        int restart = kill + random.nextInt(50);
        int cut = random.nextInt(STEPS);
        int crash = random.nextInt(STEPS);
        boolean ofWalsender = random.nextBoolean();
        for (int step = 0; step < STEPS; step++) {
            transactions.step();
            if (step == cut) {
                scenario.endWalsender();
            }
            if (step == crash) {
                if (ofWalsender) {
                    scenario.killWalsender();
                } else {
                    scenario.crashSource();
                }
                transactions.reconnect();
            }
            if (step == kill) {
                scenario.pipeline.kill();
            }
            if (step == restart) {
                scenario.startPipeline();
            }
        }
        if (!scenario.pipeline.isAlive()) {
            scenario.startPipeline();
        }
    }

    /** Transactions may be open: what they have done is on neither side. */
    private static void assertEqual(Scenario scenario, RandomTransactions transactions) throws Exception {
        try (Connection source = scenario.connect()) {
            TargetPosition.awaitCaughtUp(source, scenario.pipeline, Scenario.PATIENCE);
            Comparison comparison = Comparison.of(source, WorkloadSchema.PUBLICATION, scenario.pipeline.target());
            assertThat(comparison.equal()).as(comparison.toString()).isTrue();
        }
        assertThat(scenario.target("SELECT count(*) FROM done")).isEqualTo(transactions.committed());
        assertThat(scenario.target("SELECT count(DISTINCT number) FROM done")).isEqualTo(transactions.committed());
    }
}
