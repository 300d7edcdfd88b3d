package io.pg2any.crash;

import static org.assertj.core.api.Assertions.assertThat;

import io.pg2any.cli.EmbeddedPostgres;
import io.pg2any.cli.quickstart.Comparison;
import io.pg2any.cli.quickstart.TargetPosition;
import io.pg2any.cli.quickstart.WorkloadSchema;
import io.pg2any.server.TestPostgres;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A huge transaction that the server streams and then rolls back leaves nothing behind. {@code
 * -Dpg2any.rollback.rows=5000000} is the long form.
 */
class RolledBackTransactionIT {
    private static final Logger LOG = LoggerFactory.getLogger(RolledBackTransactionIT.class);
    private static final int ROWS = Integer.getInteger("pg2any.rollback.rows", 150_000);
    /** Until the server has sent them all. */
    private static final Duration SENDING_LIMIT = Duration.ofSeconds(60 + ROWS / 20_000);

    private static final Duration SECONDS = Duration.ofSeconds(10);

    @TempDir
    Path folder;

    @Test
    void aHugeStreamedTransactionThatIsRolledBackLeavesTheTargetAndTheDiskAsTheyWere() throws Exception {
        Map<String, String> environment =
                Map.of("CDC_TRANSACTION_SEGMENT_SIZE_MB", "1", "PG2ANY_COMPRESSION", "zstd", "CDC_STREAMING", "on");
        try (EmbeddedPostgres server = TestPostgres.start(TestPostgres.VERSION);
                Scenario scenario = Scenario.create(server, "rolled_back", folder, environment)) {
            scenario.source("ALTER DATABASE rolled_back SET logical_decoding_work_mem = '1MB'");
            scenario.startPipeline();
            try (Connection source = scenario.connect();
                    Connection huge = scenario.connect()) {
                scenario.pipeline.awaitSlot(source, scenario.name, Scenario.START_LIMIT);
                WorkloadSchema.fill(source);
                TargetPosition.awaitCaughtUp(source, scenario.pipeline, Scenario.PATIENCE);
                huge.setAutoCommit(false);
                Scenario.execute(
                        huge,
                        "INSERT INTO bulk SELECT 1, n, repeat(md5(n::text), 8) FROM generate_series(1, " + ROWS
                                + ") n");
                awaitSent(source, text(source, "SELECT pg_current_wal_insert_lsn()"));
                List<Path> streamed = staged();
                assertThat(streamed)
                        .as("the segments of the open transaction")
                        .filteredOn(file -> file.toString().endsWith(".segment"))
                        .hasSizeGreaterThan(2);

                huge.rollback();
                long rolledBack = System.nanoTime();
                await("an empty staging folder", SECONDS, () -> staged().isEmpty());
                LOG.info(
                        "{} streamed rows in {} files were rolled back: staging was empty after {} ms",
                        ROWS,
                        streamed.size(),
                        TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - rolledBack));

                // The pipeline goes on, and nothing of the transaction is anywhere.
                scenario.source("INSERT INTO bulk VALUES (2, 1, 'after')");
                TargetPosition.awaitCaughtUp(source, scenario.pipeline, Scenario.PATIENCE);
                assertThat(scenario.target("SELECT count(*) FROM bulk")).isEqualTo(1);
                Comparison comparison = Comparison.of(source, WorkloadSchema.PUBLICATION, scenario.pipeline.target());
                assertThat(comparison.equal()).as(comparison.toString()).isTrue();
            }
            assertThat(scenario.streamedTransactions()).isPositive();
            scenario.assertStopsGracefully();
        }
    }

    /** Everything in the staging folder but its lock. */
    private List<Path> staged() throws IOException {
        try (Stream<Path> files = Files.walk(folder.resolve("rolled_back"))) {
            return files.filter(file -> file.toString().endsWith(".staged")
                            || file.toString().endsWith(".segment")
                            || file.getParent().endsWith("received"))
                    .toList();
        }
    }

    private static void awaitSent(Connection source, String lsn) throws Exception {
        await(
                "the server has sent everything",
                SENDING_LIMIT,
                () -> text(source, "SELECT bool_or(sent_lsn >= '" + lsn + "') FROM pg_stat_replication")
                        .equals("t"));
    }

    private static String text(Connection source, String sql) throws SQLException {
        try (Statement statement = source.createStatement();
                ResultSet row = statement.executeQuery(sql)) {
            return row.next() ? String.valueOf(row.getString(1)) : "";
        }
    }

    private static void await(String what, Duration limit, Scenario.Condition condition) throws Exception {
        long end = System.nanoTime() + limit.toNanos();
        CountDownLatch never = new CountDownLatch(1);
        while (!condition.holds()) {
            assertThat(System.nanoTime()).as(what).isLessThan(end);
            never.await(50, TimeUnit.MILLISECONDS);
        }
    }
}
