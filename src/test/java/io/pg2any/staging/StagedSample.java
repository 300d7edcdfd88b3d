package io.pg2any.staging;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;

/** A staged file for tests of those who read one. */
public final class StagedSample {
    private StagedSample() {}

    private static StagingConfig segmented(Path folder, Compression compression) {
        return new StagingConfig(folder, AcknowledgeMode.STAGED, 1 << 20, 1, 1 << 30, true, 100_000, compression);
    }

    private static Path onlyFile(Path folder) throws Exception {
        try (Stream<Path> files = Files.list(folder)) {
            return files.filter(file -> file.toString().endsWith(".staged"))
                    .findFirst()
                    .orElseThrow();
        }
    }

    /**
     * Table t: a transaction of {@code rows} large rows, streamed, with subtransactions 11 and 12 rolled back, of 3 and 1
     * changes; in segments.
     */
    public static Path writeStreamed(Path folder, Compression compression, int rows) throws Exception {
        StagingConfig config = segmented(folder, compression);
        try (StagingLog log = StagingLog.open(config, new LocalStagingFiles())) {
            stream(log, new PgOutputBytes(1, 50), rows, session -> session.streamCommit(10, 200));
        }
        return onlyFile(config.pending());
    }

    /** The same, prepared as {@code it's}; committed as well if asked for. The file that refers to it, or it itself. */
    public static Path writePrepared(Path folder, Compression compression, int rows, boolean committed)
            throws Exception {
        StagingConfig config = segmented(folder, compression);
        try (StagingLog log = StagingLog.open(config, new LocalStagingFiles())) {
            PgOutputBytes session = new PgOutputBytes(1, 50);
            stream(log, session, rows, prepare -> prepare.streamPrepare(100, 10, "it's"));
            if (committed) {
                log.append(session.commitPrepared(200, 10, "it's").chunk());
            }
        }
        return onlyFile(committed ? config.pending() : config.prepared());
    }

    private static void stream(StagingLog log, PgOutputBytes session, int rows, UnaryOperator<PgOutputBytes> end)
            throws Exception {
        session.streamStart(10).relation(7, "t", "id");
        for (int i = 0; i < rows; i++) {
            log.append(session.in(10).insert(7, "row " + i + " ".repeat(60_000)).chunk());
        }
        session.in(11).insert(7, "undone").insert(7, "undone").insert(7, "undone");
        session.in(12).insert(7, "undone");
        session.streamStop().streamAbort(10, 12).streamAbort(10, 11);
        log.append(end.apply(session).chunk());
        log.append(session.chunk());
    }

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
