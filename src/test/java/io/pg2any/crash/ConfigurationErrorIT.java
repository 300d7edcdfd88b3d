package io.pg2any.crash;

import static org.assertj.core.api.Assertions.assertThat;

import io.pg2any.cli.EmbeddedPostgres;
import io.pg2any.cli.quickstart.PipelineProcess;
import io.pg2any.server.TestPostgres;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.Statement;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What an operator can get wrong ends the process with exit code 2 and a message with the cause and the remedy. */
class ConfigurationErrorIT {
    private static EmbeddedPostgres server;

    @TempDir
    Path folder;

    @BeforeAll
    static void start() throws Exception {
        server = TestPostgres.start(TestPostgres.VERSION);
        try (Connection connection = server.connect()) {
            Scenario.execute(connection, "CREATE TABLE t (id int PRIMARY KEY, v text)");
            Scenario.execute(connection, "CREATE PUBLICATION p FOR TABLE t");
            Scenario.execute(connection, "CREATE ROLE modest LOGIN");
            Scenario.execute(connection, "GRANT SELECT ON t TO modest");
            Scenario.execute(connection, "SELECT pg_create_logical_replication_slot('other_plugin', 'test_decoding')");
        }
    }

    @AfterAll
    static void stop() throws Exception {
        server.close();
    }

    @Test
    void anUnknownTargetTypeIsToldTheKnownOnes() throws Exception {
        assertRefused(Map.of("CDC_DEST_TYPE", "Oracle"), "CDC_DEST_TYPE", "Oracle", "SQLite");
    }

    @Test
    void aMissingVariableIsNamed() throws Exception {
        assertRefused(Map.of("CDC_SOURCE_CONNECTION_STRING", ""), "CDC_SOURCE_CONNECTION_STRING");
        assertRefused(Map.of("CDC_DEST_URI", ""), "CDC_DEST_URI");
    }

    @Test
    void aMalformedVariableIsNamedWithItsValue() throws Exception {
        assertRefused(Map.of("PG2ANY_STAGING_BATCH_BYTES", "lots"), "PG2ANY_STAGING_BATCH_BYTES", "lots");
        assertRefused(Map.of("PG2ANY_ACKNOWLEDGE", "never"), "PG2ANY_ACKNOWLEDGE", "never", "applied");
    }

    @Test
    void aMalformedConnectionStringIsRefusedWithoutItsPassword() throws Exception {
        String output = assertRefused(
                Map.of("CDC_SOURCE_CONNECTION_STRING", "mysql://someone:s3cret@localhost/db"),
                "CDC_SOURCE_CONNECTION_STRING");
        assertThat(output).doesNotContain("s3cret");
    }

    @Test
    void aMissingPublicationIsNamedWithItsRemedy() throws Exception {
        assertRefused(Map.of("CDC_PUBLICATION", "nowhere"), "nowhere", "CREATE PUBLICATION");
    }

    @Test
    void aRoleWithoutReplicationIsNamedWithItsRemedy() throws Exception {
        String source = server.sourceUri("postgres").replace("postgres@", "modest@");
        assertRefused(Map.of("CDC_SOURCE_CONNECTION_STRING", source), "modest", "REPLICATION");
    }

    @Test
    void aSlotOfAnotherPluginIsNamed() throws Exception {
        assertRefused(Map.of("CDC_REPLICATION_SLOT", "other_plugin"), "other_plugin", "test_decoding", "pgoutput");
    }

    @Test
    void aStagingFolderThatCannotBeMadeIsNamed() throws Exception {
        Path file = Files.writeString(folder.resolve("a-file"), "");
        assertRefused(
                Map.of("CDC_TRANSACTION_FILE_BASE_PATH", file.resolve("below").toString()), file.toString());
    }

    @Test
    void walLevelReplicaIsNamedWithItsRemedy() throws Exception {
        try (EmbeddedPostgres replica = TestPostgres.start(TestPostgres.VERSION, Map.of("wal_level", "replica"))) {
            try (Connection connection = replica.connect()) {
                Scenario.execute(connection, "CREATE TABLE t (id int PRIMARY KEY); CREATE PUBLICATION p FOR TABLE t");
            }
            assertRefused(
                    Map.of("CDC_SOURCE_CONNECTION_STRING", replica.sourceUri("postgres")), "wal_level", "logical");
        }
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "id INTEGER PRIMARY KEY | lacks columns v",
                "id INTEGER PRIMARY KEY, v TEXT, other TEXT NOT NULL | for column other",
                "v TEXT | lacks columns id"
            })
    void aTargetTableWhoseColumnsDoNotFitIsNamed(String columns, String named) throws Exception {
        Path target = folder.resolve("misfit.db");
        try (Connection sqlite = DriverManager.getConnection("jdbc:sqlite:" + target);
                Statement statement = sqlite.createStatement()) {
            statement.execute("CREATE TABLE t (" + columns + ")");
        }
        assertRefused(
                Map.of("CDC_DEST_URI", target.toString(), "PG2ANY_TABLES", "expect"),
                target.toString(),
                "table t",
                "public.t",
                named);
    }

    @Test
    void aRouteThatCannotBeReadIsNamedWithItsLine() throws Exception {
        Path run = Files.createTempDirectory(folder, "run");
        Path route = Files.createDirectory(run.resolve("routes")).resolve("apply-jdbc.camel.yaml");
        Files.writeString(route, "- route:\n    id: apply\n   from: x\n");

        assertRefused(run, Map.of(), "apply-jdbc.camel.yaml", "line 3");
    }

    @Test
    void aStagingFolderOfAnotherInstanceIsNamed() throws Exception {
        Path run = Files.createTempDirectory(folder, "run");
        Path lock = Files.createDirectory(run.resolve("staging")).resolve("staging.lock");
        try (FileChannel other = FileChannel.open(lock, StandardOpenOption.CREATE, StandardOpenOption.WRITE)) {
            other.lock();
            assertRefused(run, Map.of(), "in use by another instance");
        }
    }

    private String assertRefused(Map<String, String> wrong, String... words) throws Exception {
        return assertRefused(Files.createTempDirectory(folder, "run"), wrong, words);
    }

    private static String assertRefused(Path run, Map<String, String> wrong, String... words) throws Exception {
        Map<String, String> environment = new HashMap<>(Map.of(
                "CDC_SOURCE_CONNECTION_STRING",
                server.sourceUri("postgres"),
                "CDC_REPLICATION_SLOT",
                "refused",
                "CDC_PUBLICATION",
                "p"));
        environment.putAll(wrong);
        try (PipelineProcess pipeline = new PipelineProcess(Scenario.jar(), run, environment)) {
            pipeline.start("-XX:TieredStopAtLevel=1");
            assertThat(pipeline.waitFor(Duration.ofSeconds(40)))
                    .as("with " + wrong + ":\n" + pipeline.tail())
                    .hasValue(2);
            String output = Files.readString(pipeline.log());
            assertThat(output).contains(words).doesNotContain("\tat ");
            assertThat(output.lines().filter(line -> line.contains(" ERROR ") || line.startsWith("pg2any: ")))
                    .as(output)
                    .hasSize(1);
            return output;
        }
    }
}
