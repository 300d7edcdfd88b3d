package io.pg2any.crash;

import static org.assertj.core.api.Assertions.assertThat;

import io.pg2any.cli.EmbeddedPostgres;
import io.pg2any.cli.EmbeddedPostgres.StopMode;
import io.pg2any.cli.quickstart.Workload;
import io.pg2any.server.TestPostgres;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The whole pipeline on every supported server, in both acknowledge modes between them. */
class EveryServerIT {
    @TempDir
    private Path folder;

    @ParameterizedTest
    @CsvSource({"14, applied", "15, staged", "16, applied", "17, staged", "18, applied", "14, staged"})
    void carriesEveryChangeAcrossAKillAndALostConnectionAndLetsTheServerStop(int version, String acknowledge)
            throws Exception {
        Workload.Options workload = new Workload.Options(version, 2, 150, 5_000, Duration.ofSeconds(3), true);
        try (EmbeddedPostgres server = TestPostgres.start(version);
                Scenario scenario = Scenario.create(
                                server,
                                "server_" + version + "_" + acknowledge,
                                folder,
                                Map.of("PG2ANY_ACKNOWLEDGE", acknowledge))
                        .begin(workload)) {
            scenario.pipeline.kill();
            scenario.startPipeline();
            scenario.awaitTransactions(100);
            scenario.source("SELECT pg_terminate_backend(active_pid) FROM pg_replication_slots" + " WHERE slot_name = '"
                    + scenario.name + "'");
            scenario.awaitTransactions(100);
            scenario.assertBothSidesEqual();

            scenario.workload().pause();
            long began = System.nanoTime();
            // It waits until the pipeline has confirmed what it was sent, the very last commit too.
            server.stop(StopMode.FAST);
            assertThat(Duration.ofNanos(System.nanoTime() - began)).isLessThan(Duration.ofSeconds(15));
            scenario.assertStopsGracefully();
        }
    }
}
