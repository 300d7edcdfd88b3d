package io.pg2any.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.pg2any.staging.StagedSample;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;

class InspectCommandTest {
    private static final Map<String, String> SETTINGS = Map.of(
            "pg2any.source.connection", "postgresql://u@localhost/db",
            "pg2any.target.type", "SQLite",
            "pg2any.target.uri", "none.db",
            "pg2any.target.schemaMapping", "public:crm");

    @TempDir
    private Path folder;

    private final StringWriter out = new StringWriter();
    private final StringWriter err = new StringWriter();

    private int inspect(String... arguments) {
        return new CommandLine(new InspectCommand())
                .setOut(new PrintWriter(out))
                .setErr(new PrintWriter(err))
                .execute(arguments);
    }

    @AfterEach
    void forgetSettings() {
        SETTINGS.keySet().forEach(System::clearProperty);
    }

    @Test
    void showsEveryChangeAsOneLineOfJson() throws Exception {
        assertThat(inspect(StagedSample.write(folder).toString())).isZero();

        assertThat(out.toString().lines())
                .hasSize(8)
                .contains("{\"insert\":\"public.t\",\"row\":{\"id\":\"it's\"}}")
                .last()
                .asString()
                .contains("\"transactions\":2");
    }

    @Test
    void showsTheStatementsOfTheTargetThatIsSet() throws Exception {
        SETTINGS.forEach(System::setProperty);

        assertThat(inspect("--sql", StagedSample.write(folder).toString())).isZero();

        assertThat(out.toString().lines().filter(line -> !line.startsWith("--")))
                .containsExactly(
                        "BEGIN;",
                        "CREATE TABLE \"crm_t\" (\"id\" TEXT NOT NULL, PRIMARY KEY (\"id\"));",
                        "INSERT INTO \"crm_t\" (\"id\") VALUES ('a');",
                        "COMMIT;",
                        "BEGIN;",
                        "INSERT INTO \"crm_t\" (\"id\") VALUES ('it''s');",
                        "COMMIT;");
    }

    @Test
    void aTornFileIsShownUpToItsDamage() throws Exception {
        Path file = StagedSample.write(folder);
        byte[] bytes = Files.readAllBytes(file);
        bytes[bytes.length - 1] ^= 1;
        Files.write(file, bytes);

        assertThat(inspect(file.toString())).isEqualTo(Main.FATAL);

        assertThat(out.toString()).contains("\"insert\":\"public.t\"").contains("\"torn\"");
    }

    @Test
    void aFileThatIsNoneIsNamed() throws Exception {
        Path file = Files.writeString(folder.resolve("x"), "not one of ours");

        assertThat(inspect(file.toString())).isEqualTo(Main.FATAL);

        assertThat(err.toString()).contains(file.toString());
    }
}
