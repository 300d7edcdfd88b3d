package io.pg2any.bench;

import io.pg2any.server.MySqlServer;
import java.io.IOException;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** MariaDB as it comes: every commit is flushed to disk, pages are written twice. */
final class MariaDbTarget implements BenchTarget {
    private static final String DATABASE = "bench";

    private final MySqlServer server;

    MariaDbTarget() throws IOException {
        server = MySqlServer.mariaDb(List.of(
                "--innodb-flush-log-at-trx-commit=1", "--innodb-doublewrite=ON", "--innodb-flush-method=O_DIRECT"));
    }

    @Override
    public String description() throws SQLException {
        try (Connection connection = DriverManager.getConnection(server.jdbcUrl(""))) {
            return "MariaDB " + Backlog.text(connection, "SELECT version()")
                    + " (innodb_flush_log_at_trx_commit 1, buffer pool 128 MiB, no TLS)";
        }
    }

    @Override
    public Map<String, String> empty(Path folder) throws SQLException {
        try (Connection connection = DriverManager.getConnection(server.jdbcUrl(""))) {
            Backlog.execute(connection, "DROP DATABASE IF EXISTS " + DATABASE);
            Backlog.execute(connection, "CREATE DATABASE " + DATABASE + " CHARACTER SET utf8mb4");
        }
        // On one machine nobody encrypts; by itself the driver does where the server offers it.
        return Map.of(
                "CDC_DEST_TYPE", "MariaDB", "CDC_DEST_URI", server.url("mariadb", DATABASE) + "?sslMode=DISABLED");
    }

    @Override
    public Optional<View> view(Path folder) throws SQLException {
        return Optional.of(new DatabaseView(DriverManager.getConnection(server.jdbcUrl(DATABASE))));
    }

    @Override
    public double cpuSeconds() throws IOException {
        return ProcessCost.tree(server.pid());
    }

    @Override
    public void close() throws IOException {
        server.close();
    }
}
