package io.pg2any.cli.quickstart;

import io.pg2any.change.Lsn;
import java.io.IOException;
import java.nio.file.Files;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.Optional;

/** How far a SQLite target is, read from outside. */
public final class TargetPosition {
    private TargetPosition() {}

    /** Empty before the pipeline has made its table. */
    public static Optional<Lsn> read(PipelineProcess pipeline) throws SQLException {
        if (!Files.exists(pipeline.target())) {
            return Optional.empty();
        }
        try (Connection sqlite = Comparison.open(pipeline.target())) {
            return read(sqlite);
        }
    }

    static Optional<Lsn> read(Connection sqlite) throws SQLException {
        try (Statement statement = sqlite.createStatement()) {
            try (ResultSet table =
                    statement.executeQuery("SELECT 1 FROM sqlite_schema WHERE name = 'pg2any_position'")) {
                if (!table.next()) {
                    return Optional.empty();
                }
            }
            try (ResultSet row = statement.executeQuery("SELECT lsn FROM pg2any_position")) {
                return row.next() ? Optional.of(Lsn.parse(row.getString(1))) : Optional.empty();
            }
        }
    }

    /**
     * Waits until the target has everything that was committed before the call. Writes a heartbeat after it: a position
     * moves with transactions only.
     *
     * @param patience how long the position may stand still
     * @throws IOException if the pipeline ended or stands still
     */
    public static void awaitCaughtUp(Connection source, PipelineProcess pipeline, Duration patience)
            throws SQLException, IOException, InterruptedException {
        Lsn goal;
        try (Statement statement = source.createStatement()) {
            try (ResultSet row = statement.executeQuery("SELECT pg_current_wal_insert_lsn()::text")) {
                row.next();
                goal = Lsn.parse(row.getString(1));
            }
            statement.execute("UPDATE heartbeat SET beat = beat + 1");
        }
        Lsn last = Lsn.ZERO;
        PipelineProcess.Waiting waiting = new PipelineProcess.Waiting(patience);
        while (true) {
            Lsn position = read(pipeline).orElse(Lsn.ZERO);
            // The heartbeat's own end is beyond the goal; nothing before it is.
            if (position.isAfter(goal)) {
                return;
            }
            if (position.isAfter(last)) {
                last = position;
                waiting = new PipelineProcess.Waiting(patience);
            }
            if (!pipeline.isAlive()) {
                throw new IOException(
                        "the pipeline ended at " + position + ", before " + goal + ":\n" + pipeline.tail());
            }
            if (!waiting.again()) {
                throw new IOException("the target has stood at " + position + " for " + patience + ", before " + goal
                        + ":\n" + pipeline.tail());
            }
        }
    }
}
