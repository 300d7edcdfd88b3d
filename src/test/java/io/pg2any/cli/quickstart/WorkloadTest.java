package io.pg2any.cli.quickstart;

import static org.assertj.core.api.Assertions.assertThat;

import io.pg2any.cli.EmbeddedPostgres;
import io.pg2any.cli.EmbeddedPostgres.StopMode;
import io.pg2any.server.TestPostgres;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class WorkloadTest {
    private static final Workload.Options FAST = new Workload.Options(7, 2, 0, 1000, Duration.ofSeconds(1), true);

    @ParameterizedTest
    @ValueSource(ints = {14, 18})
    void everyKindOfTransactionRunsAndKeepsTheInvariants(int version) throws Exception {
        try (EmbeddedPostgres server = TestPostgres.start(version);
                Connection connection = server.connect()) {
            WorkloadSchema.create(connection);
            WorkloadSchema.fill(connection);
            try (Workload workload = Workload.start(server::connect, FAST)) {
                await(workload, 1500);
                workload.pause();
                for (String invariant : WorkloadSchema.INVARIANTS.values()) {
                    assertThat(hasRow(connection, invariant)).as(invariant).isFalse();
                }
                for (String table : new String[] {
                    "ledger", "everything", "documents", "duplicates", "order_lines", "devices", "bulk", "shop.items"
                }) {
                    assertThat(hasRow(connection, "SELECT 1 FROM " + table))
                            .as(table)
                            .isTrue();
                }
            }
        }
    }

    @Test
    void itGoesOnAfterTheServerWasAway() throws Exception {
        try (EmbeddedPostgres server = TestPostgres.start(18)) {
            try (Connection connection = server.connect()) {
                WorkloadSchema.create(connection);
                WorkloadSchema.fill(connection);
            }
            try (Workload workload = Workload.start(server::connect, FAST)) {
                await(workload, 10);
                server.stop(StopMode.IMMEDIATE);
                long before = workload.transactions();
                server.start();
                await(workload, before + 10);
            }
        }
    }

    private static void await(Workload workload, long transactions) throws SQLException, InterruptedException {
        PipelineProcess.Waiting waiting = new PipelineProcess.Waiting(Duration.ofSeconds(60));
        while (workload.transactions() < transactions) {
            workload.throwFailure();
            assertThat(waiting.again()).as("transactions in time").isTrue();
        }
    }

    private static boolean hasRow(Connection connection, String sql) throws SQLException {
        try (Statement statement = connection.createStatement();
                ResultSet row = statement.executeQuery(sql)) {
            return row.next();
        }
    }
}
