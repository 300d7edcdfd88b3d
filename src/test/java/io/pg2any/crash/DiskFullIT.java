package io.pg2any.crash;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import io.pg2any.cli.EmbeddedPostgres;
import io.pg2any.cli.quickstart.Workload;
import io.pg2any.server.TestPostgres;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** No space left on the device, really: health says so, the process waits, and goes on by itself. */
class DiskFullIT {
    private static final Workload.Options WORKLOAD =
            new Workload.Options(12, 2, 150, 5_000, Duration.ofSeconds(2), true);

    private static EmbeddedPostgres server;

    @TempDir
    private Path folder;

    @BeforeAll
    static void start() throws Exception {
        server = TestPostgres.start(TestPostgres.VERSION);
    }

    @AfterAll
    static void stop() throws Exception {
        server.close();
    }

    @ParameterizedTest
    @CsvSource({"staging, applied", "staging, staged", "target, staged"})
    void aFullDiskIsWaitedOut(String what, String acknowledge) throws Exception {
        String name = what + "_" + acknowledge;
        Path place = folder.resolve(what.equals("staging") ? "disk" : name);
        try (TightDisk disk = TightDisk.mount(place, 100)) {
            assumeThat(disk).as("a file system can be mounted here").isNotNull();
            Path staging = what.equals("staging") ? place : folder.resolve("staging");
            Map<String, String> environment =
                    Map.of("PG2ANY_ACKNOWLEDGE", acknowledge, "CDC_TRANSACTION_FILE_BASE_PATH", staging.toString());
            try (Scenario scenario =
                    Scenario.create(server, name, folder, environment).begin(WORKLOAD)) {
                scenario.assertBothSidesEqual();
                Scenario.await("ready at first", scenario.pipeline::isReady);

                if (what.equals("target")) {
                    scenario.stopWatching();
                }
                disk.fill();
                scenario.awaitTransactions(20);
                Scenario.await("not ready on a full disk", () -> !scenario.pipeline.isReady());
                assertThat(scenario.pipeline.isAlive())
                        .as(scenario.pipeline.tail())
                        .isTrue();
                disk.free();

                scenario.awaitTransactions(20);
                scenario.assertBothSidesEqual();
                Scenario.await("ready again", scenario.pipeline::isReady);
                scenario.assertStopsGracefully();
            }
        }
    }
}
