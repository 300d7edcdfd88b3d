package io.pg2any.bench;

import io.pg2any.cli.EmbeddedPostgres;
import io.pg2any.cli.FreePort;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

/** The product's jar as an operator runs it: a process of its own, an empty folder, an empty target. */
final class Pipeline implements AutoCloseable {
    private final Path folder;
    private final BenchTarget target;
    private final Path log;
    private final Process process;

    private Pipeline(Path folder, BenchTarget target, Path log, Process process) {
        this.folder = folder;
        this.target = target;
        this.log = log;
        this.process = process;
    }

    /**
     * @param jvmOptions such as {@code -Xmx128m}
     * @param settings variables beyond those of source and target
     */
    static Pipeline start(
            EmbeddedPostgres server,
            String database,
            String slot,
            BenchTarget target,
            List<String> jvmOptions,
            Map<String, String> settings)
            throws IOException, SQLException {
        Path jar = Path.of(System.getProperty("pg2any.bench.jar", "target/pg2any.jar"))
                .toAbsolutePath();
        Path folder = Files.createTempDirectory("pg2any-bench-");
        Path log = folder.resolve("pipeline.log");
        List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.addAll(jvmOptions);
        command.addAll(List.of("-jar", jar.toString(), "run"));
        ProcessBuilder builder = new ProcessBuilder(command)
                .directory(folder.toFile())
                .redirectErrorStream(true)
                .redirectOutput(log.toFile());
        builder.environment()
                .putAll(Map.of(
                        "CDC_SOURCE_CONNECTION_STRING", server.sourceUri(database),
                        "CDC_REPLICATION_SLOT", slot,
                        "CDC_PUBLICATION", Backlog.PUBLICATION,
                        "CDC_TRANSACTION_FILE_BASE_PATH",
                                folder.resolve("staging").toString(),
                        "METRICS_PORT", Integer.toString(FreePort.find())));
        builder.environment().putAll(target.empty(folder));
        builder.environment().putAll(settings);
        return new Pipeline(folder, target, log, builder.start());
    }

    Process process() {
        return process;
    }

    /** Once the pipeline has made the target. */
    BenchTarget.View awaitView(Deadline deadline) throws SQLException, InterruptedException {
        while (true) {
            Optional<BenchTarget.View> view = target.view(folder);
            if (view.isPresent()) {
                return view.get();
            }
            deadline.pause(10);
        }
    }

    String log() throws IOException {
        return Files.readString(log);
    }

    /** SIGTERM, as an operator would, and the exit code. */
    int stop() throws InterruptedException {
        process.destroy();
        if (!process.waitFor(30, TimeUnit.SECONDS)) {
            throw new IllegalStateException("the pipeline did not stop within 30 s of SIGTERM");
        }
        return process.exitValue();
    }

    /** Ends the process whatever it does and removes its folder. */
    @Override
    public void close() throws IOException {
        process.destroyForcibly();
        process.onExit().join();
        try (var paths = Files.walk(folder)) {
            for (Path path : (Iterable<Path>) paths.sorted(java.util.Comparator.reverseOrder())::iterator) {
                Files.deleteIfExists(path);
            }
        }
    }
}
