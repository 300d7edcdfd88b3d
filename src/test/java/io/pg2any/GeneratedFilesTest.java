package io.pg2any;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;

/** The build writes the components' metadata anew; what is committed must be the same, or a user sees old options. */
class GeneratedFilesTest {
    @Test
    void theCommittedMetadataIsThatOfTheSources() throws Exception {
        assumeThat(System.getenv("CI")).as("only a clean clone can tell").isNotNull();
        assumeThat(Files.exists(Path.of(".git"))).isTrue();
        Process git = new ProcessBuilder("git", "status", "--porcelain", "--", "src/generated")
                .redirectErrorStream(true)
                .start();
        String changed = new String(git.getInputStream().readAllBytes(), StandardCharsets.UTF_8);

        assertThat(git.waitFor()).as(changed).isZero();
        assertThat(changed).as("commit what the build generated").isEmpty();
    }
}
