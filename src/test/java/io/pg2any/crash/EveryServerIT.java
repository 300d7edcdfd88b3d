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

/**
 * The whole pipeline on every supported server, in both acknowledge modes and all modes of streaming between them. Forced
 * means that the server streams whatever it can.
 */
class EveryServerIT {
    @TempDir
    private Path folder;

    @ParameterizedTest
    @CsvSource({
        "14, applied, forced",
        "15, staged, forced",
        "16, applied, parallel forced",
        "17, staged, off",
        "18, applied, forced",
        "18, staged, parallel forced",
        "14, staged, off"
    })
    void carriesEveryChangeAcrossAKillAndALostConnectionAndLetsTheServerStop(
            int version, String acknowledge, String streaming) throws Exception {
        boolean forced = streaming.endsWith("forced");
        Workload.Options workload = new Workload.Options(version, 2, 150, 5_000, Duration.ofSeconds(3), true);
        try (EmbeddedPostgres server = TestPostgres.start(version);
                Scenario scenario = Scenario.create(
                        server,
                        "server_" + version + "_" + acknowledge,
                        folder,
                        Map.of(
                                "PG2ANY_ACKNOWLEDGE",
                                acknowledge,
                                "CDC_STREAMING",
                                streaming.replaceFirst(" ?forced", "").replaceFirst("^$", "auto")))) {
            if (forced) {
                scenario.forceStreaming(version);
            }
            scenario.begin(workload);
            scenario.pipeline.kill();
            scenario.startPipeline();
            scenario.awaitTransactions(100);
            scenario.source("SELECT pg_terminate_backend(active_pid) FROM pg_replication_slots" + " WHERE slot_name = '"
                    + scenario.name + "'");
            scenario.awaitTransactions(100);
            scenario.assertBothSidesEqual();
            if (forced) {
                assertThat(scenario.streamedTransactions()).isPositive();
            }

            scenario.workload().pause();
            long began = System.nanoTime();
            // It waits until the pipeline has confirmed what it was sent, the very last commit too.
            server.stop(StopMode.FAST);
            assertThat(Duration.ofNanos(System.nanoTime() - began)).isLessThan(Duration.ofSeconds(15));
            scenario.assertStopsGracefully();
        }
    }
}
