package io.pg2any.crash;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import io.pg2any.cli.EmbeddedPostgres;
import io.pg2any.cli.EmbeddedPostgres.StopMode;
import io.pg2any.cli.quickstart.Workload;
import io.pg2any.server.TestPostgres;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * The whole pipeline on every supported server, in both acknowledge modes and all modes of streaming between them. Forced
 * means that the server streams whatever it can.
 */
class EveryServerIT {
    @TempDir
    private Path folder;

    /** The one mode that was asked for, on the one server. */
    static Stream<Arguments> modes() {
        if (StreamingMode.ASKED.isPresent()) {
            return Stream.of("applied", "staged").map(acknowledge -> arguments(TestPostgres.VERSION, acknowledge, ""));
        }
        return Stream.of(
                arguments(14, "applied", "forced"),
                arguments(15, "staged", "forced"),
                arguments(16, "applied", "parallel forced"),
                arguments(17, "staged", "off"),
                arguments(18, "applied", "forced"),
                arguments(18, "staged", "parallel forced"),
                arguments(14, "staged", "off"));
    }

    @ParameterizedTest
    @MethodSource("modes")
    void carriesEveryChangeAcrossAKillAndALostConnectionAndLetsTheServerStop(
            int version, String acknowledge, String streaming) throws Exception {
        StreamingMode mode = StreamingMode.or(streaming);
        Workload.Options workload = new Workload.Options(version, 2, 150, 5_000, Duration.ofSeconds(3), true);
        try (EmbeddedPostgres server = TestPostgres.start(version);
                Scenario scenario = Scenario.create(
                        server,
                        "server_" + version + "_" + acknowledge,
                        folder,
                        mode,
                        Map.of("PG2ANY_ACKNOWLEDGE", acknowledge))) {
            scenario.begin(workload);
            scenario.pipeline.kill();
            scenario.startPipeline();
            scenario.awaitTransactions(100);
            scenario.endWalsender();
            scenario.awaitTransactions(100);
            scenario.assertBothSidesEqual();
            if (mode.forced()) {
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
