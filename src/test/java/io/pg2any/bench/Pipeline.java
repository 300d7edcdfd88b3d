package io.pg2any.bench;

import io.pg2any.change.Lsn;
import io.pg2any.cli.EmbeddedPostgres;
import io.pg2any.cli.FreePort;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.concurrent.TimeUnit;

/** The product's jar as an operator runs it: a process of its own, an empty folder, a SQLite file as the target. */
final class Pipeline implements AutoCloseable {
    private final Path folder;
    private final Path target;
    private final Path log;
    private final Process process;

    private Pipeline(Path folder, Path target, Path log, Process process) {
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
            List<String> jvmOptions,
            Map<String, String> settings)
            throws IOException {
        Path jar = Path.of(System.getProperty("pg2any.bench.jar", "target/pg2any.jar"))
                .toAbsolutePath();
        Path folder = Files.createTempDirectory("pg2any-bench-");
        Path target = folder.resolve("target.sqlite");
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
                        "CDC_DEST_TYPE", "SQLite",
                        "CDC_DEST_URI", target.toString(),
                        "CDC_TRANSACTION_FILE_BASE_PATH",
                                folder.resolve("staging").toString(),
                        "METRICS_PORT", Integer.toString(FreePort.find())));
        builder.environment().putAll(settings);
        return new Pipeline(folder, target, log, builder.start());
    }

    Process process() {
        return process;
    }

    Path target() {
        return target;
    }

    String log() throws IOException {
        return Files.readString(log);
    }

    /** Opens the target for looking only; there is none before the pipeline has made it. */
    Connection openTarget() throws SQLException {
        Connection connection = DriverManager.getConnection("jdbc:sqlite:" + target);
        try (Statement statement = connection.createStatement()) {
            statement.execute("PRAGMA query_only = 1");
        }
        return connection;
    }

    /** A number of the target, or nothing while its table is not there or the file is locked for a moment. */
    static OptionalLong number(Connection target, String sql) {
        try (Statement statement = target.createStatement();
                ResultSet row = statement.executeQuery(sql)) {
            if (!row.next()) {
                return OptionalLong.empty();
            }
            long value = row.getLong(1);
            return row.wasNull() ? OptionalLong.empty() : OptionalLong.of(value);
        } catch (SQLException e) {
            return OptionalLong.empty();
        }
    }

    /** The position that the target holds. */
    static Lsn position(Connection target) throws SQLException {
        try (Statement statement = target.createStatement();
                ResultSet row = statement.executeQuery("SELECT lsn FROM pg2any_position")) {
            if (!row.next()) {
                throw new SQLException("no row in pg2any_position");
            }
            return Lsn.parse(row.getString(1));
        }
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
