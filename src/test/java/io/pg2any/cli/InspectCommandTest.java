package io.pg2any.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.pg2any.staging.Compression;
import io.pg2any.staging.StagedSample;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
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

    @ParameterizedTest
    @EnumSource
    void aStreamedTransactionIsShownWithItsSegmentsAndWithoutWhatWasRolledBack(Compression compression)
            throws Exception {
        Path file = StagedSample.writeStreamed(folder, compression, 5);

        assertThat(inspect(file.toString())).isZero();

        List<String> lines = out.toString().lines().toList();
        assertThat(lines.get(0)).contains("\"compression\":\"" + compression + "\"");
        assertThat(lines.get(1)).contains("\"transaction\":10", "\"streamed\":true");
        assertThat(lines).filteredOn(line -> line.startsWith("{\"insert\"")).hasSize(5);
        assertThat(out.toString()).doesNotContain("undone");
        assertThat(lines.get(7))
                .contains("{\"end\":10,\"changes\":5")
                .contains(
                        "\"rolledBack\":[{\"subtransaction\":11,\"changes\":3},{\"subtransaction\":12,\"changes\":1}]");
        try (Stream<Path> segments = Files.list(file.getParent())) {
            for (Path segment : segments.filter(path -> !path.equals(file)).toList()) {
                assertThat(lines.get(7))
                        .contains("{\"file\":\"" + segment.getFileName() + "\",\"bytes\":" + Files.size(segment) + "}");
            }
        }
        assertThat(lines.get(7)).contains(".000000.segment");
    }

    @Test
    void theSqlOfAStreamedTransactionIsWhatWouldBeApplied() throws Exception {
        SETTINGS.forEach(System::setProperty);

        assertThat(inspect(
                        "--sql",
                        StagedSample.writeStreamed(folder, Compression.LZ4, 5).toString()))
                .isZero();

        assertThat(out.toString().lines().filter(line -> line.startsWith("INSERT")))
                .hasSize(5);
        assertThat(out.toString()).doesNotContain("undone");
    }

    @ParameterizedTest
    @EnumSource
    void aPreparedTransactionIsShownWithItsIdentifierAndItsBody(Compression compression) throws Exception {
        Path file = StagedSample.writePrepared(folder, compression, 2, true);

        assertThat(inspect("--transactions", file.toString())).isZero();

        assertThat(out.toString())
                .contains("\"prepared\":\"it's\"", "\"body\":\"prepared\\/000000000000006C.staged\"", "\"commitLsn\"")
                .contains("{\"end\":10,\"changes\":2,", "\"subtransaction\":11,\"changes\":3");
    }

    @Test
    void theFileOfAPreparedTransactionIsNotTakenForACommittedOne() throws Exception {
        Path file = StagedSample.writePrepared(folder, Compression.ZSTD, 2, false);

        assertThat(inspect("--transactions", file.toString())).isZero();

        assertThat(out.toString())
                .contains("\"prepared\":\"it's\"", "\"prepareLsn\"")
                .doesNotContain("commitLsn");
    }

    @ParameterizedTest
    @EnumSource
    void aDamagedSegmentIsNamedAndWhatCameBeforeItIsShown(Compression compression) throws Exception {
        Path file = StagedSample.writeStreamed(folder, compression, 5);
        Path segment = file.resolveSibling(file.getFileName().toString().replace(".staged", ".000000.segment"));
        byte[] bytes = Files.readAllBytes(segment);
        bytes[bytes.length - 60] ^= 1;
        Files.write(segment, bytes);

        assertThat(inspect(file.toString())).isEqualTo(Main.FATAL);

        assertThat(out.toString())
                .contains("\"transaction\":10")
                .contains("\"torn\"")
                .contains(segment.getFileName().toString());
    }

    @Test
    void aMissingSegmentIsNamed() throws Exception {
        Path file = StagedSample.writeStreamed(folder, Compression.NONE, 5);
        String segment = file.getFileName().toString().replace(".staged", ".000000.segment");
        Files.delete(file.resolveSibling(segment));

        assertThat(inspect(file.toString())).isEqualTo(Main.FATAL);

        assertThat(out.toString()).contains("\"torn\"").contains(segment);
    }

    @Test
    void aFileThatIsNoneIsNamed() throws Exception {
        Path file = Files.writeString(folder.resolve("x"), "not one of ours");

        assertThat(inspect(file.toString())).isEqualTo(Main.FATAL);

        assertThat(err.toString()).contains(file.toString());
    }
}
