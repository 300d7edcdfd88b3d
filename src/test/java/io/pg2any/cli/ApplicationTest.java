package io.pg2any.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ApplicationTest {
    @TempDir
    private Path folder;

    @Test
    void withoutAFolderTheBuiltInRoutesServe() throws Exception {
        assertThat(Application.routeFiles(folder.resolve("absent"), "apply-jdbc"))
                .containsExactly(
                        "classpath:io/pg2any/builtin/routes/errors.camel.yaml",
                        "classpath:io/pg2any/builtin/routes/capture.camel.yaml",
                        "classpath:io/pg2any/builtin/routes/apply-jdbc.camel.yaml");
    }

    @Test
    void aFileOfTheFolderReplacesTheBuiltInOneAndOthersAreAdded() throws Exception {
        Files.createFile(folder.resolve("capture.camel.yaml"));
        Files.createFile(folder.resolve("mine.camel.yaml"));
        Files.createFile(folder.resolve("apply-kafka.camel.yaml"));
        Files.createFile(folder.resolve("notes.txt"));

        assertThat(Application.routeFiles(folder, "apply-jdbc"))
                .containsExactly(
                        "classpath:io/pg2any/builtin/routes/errors.camel.yaml",
                        "file:" + folder.resolve("capture.camel.yaml"),
                        "classpath:io/pg2any/builtin/routes/apply-jdbc.camel.yaml",
                        "file:" + folder.resolve("mine.camel.yaml"));
    }
}
