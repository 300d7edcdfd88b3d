package io.pg2any.crash;

import static org.assertj.core.api.Assertions.assertThat;

import io.pg2any.cli.EmbeddedPostgres;
import io.pg2any.cli.quickstart.WorkloadSchema;
import io.pg2any.server.TestPostgres;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The README's example of an edited route, to the letter, with the jar as it was built. */
class EditedRouteIT {
    @TempDir
    private Path folder;

    @Test
    void aLogAndAFilterOnTablesWorkWithoutARebuild() throws Exception {
        Path routes = Files.createDirectories(folder.resolve("edited/routes"));
        Files.writeString(routes.resolve("apply-jdbc.camel.yaml"), example());
        try (EmbeddedPostgres server = TestPostgres.start(TestPostgres.VERSION);
                Scenario scenario = Scenario.create(server, "edited", folder, Map.of())) {
            scenario.source("CREATE TABLE audit (id int PRIMARY KEY); CREATE TABLE kept (id int PRIMARY KEY)");
            scenario.source("ALTER PUBLICATION " + WorkloadSchema.PUBLICATION + " ADD TABLE audit, kept");
            scenario.startPipeline();
            try (Connection connection = scenario.connect()) {
                scenario.pipeline.awaitSlot(connection, scenario.name, Scenario.START_LIMIT);
            }
            scenario.source("INSERT INTO audit VALUES (1); INSERT INTO kept VALUES (1), (2)");
            Scenario.await("the filtered table stays away, the other comes", () -> {
                assertThat(scenario.pipeline.isAlive())
                        .as(scenario.pipeline.tail())
                        .isTrue();
                return scenario.target("SELECT count(*) FROM sqlite_master WHERE name = 'kept'") == 1
                        && scenario.target("SELECT count(*) FROM kept") == 2;
            });

            scenario.assertStopsGracefully();
            assertThat(scenario.target("SELECT count(*) FROM sqlite_master WHERE name = 'audit'"))
                    .isZero();
            assertThat(scenario.pipeline.tail()).containsPattern("1 transactions, 2 rows, now at [0-9A-F]+/[0-9A-F]+");
        }
    }

    private static String example() throws Exception {
        String readme = Files.readString(Path.of("README.md"));
        int start = readme.indexOf("```yaml\n- route:\n    id: apply") + "```yaml\n".length();
        return readme.substring(start, readme.indexOf("```", start));
    }
}
