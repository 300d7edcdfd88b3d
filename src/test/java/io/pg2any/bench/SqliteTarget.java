package io.pg2any.bench;

import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.util.Map;
import java.util.Optional;

/** A file in the pipeline's folder. */
final class SqliteTarget implements BenchTarget {
    private static final String FILE = "target.sqlite";

    @Override
    public String description() {
        return "SQLite";
    }

    @Override
    public Map<String, String> empty(Path folder) {
        return Map.of(
                "CDC_DEST_TYPE", "SQLite", "CDC_DEST_URI", folder.resolve(FILE).toString());
    }

    @Override
    public Optional<View> view(Path folder) throws SQLException {
        Path file = folder.resolve(FILE);
        if (!Files.exists(file)) {
            return Optional.empty();
        }
        Connection connection = DriverManager.getConnection("jdbc:sqlite:" + file);
        Backlog.execute(connection, "PRAGMA query_only = 1");
        return Optional.of(new DatabaseView(connection));
    }

    @Override
    public double cpuSeconds() {
        return 0;
    }

    @Override
    public void close() {}
}
