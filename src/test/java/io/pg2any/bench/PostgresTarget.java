package io.pg2any.bench;

import io.pg2any.cli.EmbeddedPostgres;
import io.pg2any.server.TestPostgres;
import java.io.IOException;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.Map;
import java.util.Optional;

/** A second PostgreSQL server of the source's version, as it comes: WAL is flushed to disk. */
final class PostgresTarget implements BenchTarget {
    private static final String DATABASE = "bench";

    private final EmbeddedPostgres server;
    private final long postmaster;

    PostgresTarget(int majorVersion) throws IOException, SQLException {
        server = TestPostgres.start(
                majorVersion,
                Map.of("fsync", "on", "shared_buffers", "128MB", "wal_level", "replica", "autovacuum", "off"));
        try (Connection connection = server.connect()) {
            long backend = Long.parseLong(Backlog.text(connection, "SELECT pg_backend_pid()"));
            postmaster = ProcessHandle.of(backend)
                    .flatMap(ProcessHandle::parent)
                    .orElseThrow()
                    .pid();
        }
    }

    @Override
    public String description() throws SQLException {
        try (Connection connection = server.connect()) {
            return "PostgreSQL " + Backlog.text(connection, "SHOW server_version") + " (fsync "
                    + Backlog.text(connection, "SHOW fsync") + ", shared_buffers 128 MiB)";
        }
    }

    @Override
    public Map<String, String> empty(Path folder) throws SQLException {
        emptyDatabase();
        return Map.of(
                "CDC_DEST_TYPE",
                "PostgreSQL",
                "CDC_DEST_URI",
                "postgresql://postgres@127.0.0.1:" + server.port() + "/" + DATABASE);
    }

    void emptyDatabase() throws SQLException {
        try (Connection connection = server.connect()) {
            Backlog.execute(connection, "DROP DATABASE IF EXISTS " + DATABASE + " WITH (FORCE)");
            Backlog.execute(connection, "CREATE DATABASE " + DATABASE);
            Backlog.execute(connection, "CHECKPOINT"); // so that none runs inside a measurement
        }
    }

    Connection connect() throws SQLException {
        return server.connect(DATABASE);
    }

    @Override
    public Optional<View> view(Path folder) throws SQLException {
        return Optional.of(new DatabaseView(connect()));
    }

    @Override
    public double cpuSeconds() throws IOException {
        return ProcessCost.tree(postmaster);
    }

    @Override
    public void close() throws IOException {
        server.close();
    }
}
