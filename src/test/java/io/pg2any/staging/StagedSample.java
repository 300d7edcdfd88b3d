package io.pg2any.staging;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;

/** A staged file for tests of those who read one. */
public final class StagedSample {
    private StagedSample() {}

    /** Table t with key id: two transactions, one row each, the second {@code it's}. */
    public static Path write(Path folder) throws Exception {
        StagingConfig config = new StagingConfig(folder, AcknowledgeMode.STAGED, 1 << 20, 1 << 20, 1 << 30, true);
        PgOutputBytes session = new PgOutputBytes(1, 50);
        try (StagingLog log = StagingLog.open(config, new LocalStagingFiles())) {
            log.append(session.begin(100, 1)
                    .relation(7, "t", "id")
                    .insert(7, "a")
                    .commit(100)
                    .begin(200, 2)
                    .insert(7, "it's")
                    .commit(200)
                    .chunk());
        }
        try (Stream<Path> files = Files.list(config.pending())) {
            return files.findFirst().orElseThrow();
        }
    }
}
