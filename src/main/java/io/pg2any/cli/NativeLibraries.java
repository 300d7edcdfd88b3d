package io.pg2any.cli;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Where drivers unpack their native libraries: sqlite-jdbc does so at every start and deletes them at a normal end only,
 * so that each SIGKILL would leave some behind for good. Each process has a folder of its own, named by its id; folders
 * of processes that are gone are removed at the next start.
 */
final class NativeLibraries {
    private static final Logger LOG = LoggerFactory.getLogger(NativeLibraries.class);
    private static final String SQLITE_FOLDER = "org.sqlite.tmpdir";
    private static final String PREFIX = "pg2any-native-";
    /** Of a process that this one cannot see, in another container: its library is loaded by then. */
    private static final int SURELY_LOADED_SECONDS = 300;

    private NativeLibraries() {}

    /** To be called before the first driver is loaded. Trouble here only means that the library is unpacked elsewhere. */
    static void prepare() {
        if (System.getProperty(SQLITE_FOLDER) == null) {
            prepare(
                    Path.of(System.getProperty("java.io.tmpdir")),
                    ProcessHandle.current().pid());
        }
    }

    static void prepare(Path temporary, long pid) {
        try {
            removeLeftOver(temporary);
            Path own = Files.createDirectories(temporary.resolve(PREFIX + pid));
            own.toFile().deleteOnExit(); // after the library in it, which was registered later
            System.setProperty(SQLITE_FOLDER, own.toString());
        } catch (IOException e) {
            LOG.debug("Native libraries go to the temporary folder itself", e);
        }
    }

    private static void removeLeftOver(Path temporary) throws IOException {
        Instant recently = Instant.now().minusSeconds(SURELY_LOADED_SECONDS);
        try (DirectoryStream<Path> folders = Files.newDirectoryStream(temporary, PREFIX + "*")) {
            for (Path folder : folders) {
                if (isGone(folder)
                        && Files.getLastModifiedTime(folder).toInstant().isBefore(recently)) {
                    remove(folder);
                }
            }
        }
    }

    private static boolean isGone(Path folder) {
        try {
            long pid = Long.parseLong(folder.getFileName().toString().substring(PREFIX.length()));
            return ProcessHandle.of(pid).isEmpty();
        } catch (NumberFormatException e) {
            LOG.debug("{} is no folder of ours", folder, e);
            return false;
        }
    }

    private static void remove(Path folder) {
        try (DirectoryStream<Path> files = Files.newDirectoryStream(folder)) {
            for (Path file : files) {
                Files.deleteIfExists(file);
            }
            Files.deleteIfExists(folder);
        } catch (IOException e) {
            LOG.debug("{} is of another user, or another start removes it", folder, e);
        }
    }
}
