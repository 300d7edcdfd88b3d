package io.pg2any.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Instant;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class NativeLibrariesTest {
    private final String before = System.getProperty("org.sqlite.tmpdir");

    @TempDir
    private Path temporary;

    @AfterEach
    void restore() {
        if (before == null) {
            System.clearProperty("org.sqlite.tmpdir");
        } else {
            System.setProperty("org.sqlite.tmpdir", before);
        }
    }

    private Path folder(String name, Instant modified) throws Exception {
        Path folder = Files.createDirectory(temporary.resolve(name));
        Files.writeString(folder.resolve("libsqlitejdbc.so"), "x");
        Files.setLastModifiedTime(folder, FileTime.from(modified));
        return folder;
    }

    @Test
    void onlyWhatAProcessThatIsGoneLeftLongAgoIsRemoved() throws Exception {
        Process ended = new ProcessBuilder("true").start();
        ended.waitFor();
        Instant longAgo = Instant.now().minusSeconds(3600);
        Path leftOver = folder("pg2any-native-" + ended.pid(), longAgo);
        Path alive = folder("pg2any-native-" + ProcessHandle.current().pid(), longAgo);
        Path other = folder("pg2any-native-x", longAgo);
        Path fresh = folder("pg2any-native-" + (1L << 30), Instant.now());

        NativeLibraries.prepare(temporary, 7);

        assertThat(leftOver).doesNotExist();
        assertThat(alive).exists();
        assertThat(other).exists();
        assertThat(fresh).exists();
        assertThat(System.getProperty("org.sqlite.tmpdir"))
                .isEqualTo(temporary.resolve("pg2any-native-7").toString());
    }
}
