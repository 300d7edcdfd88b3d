package io.pg2any.cli.quickstart;

import io.pg2any.change.Lsn;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/**
 * A concurrent reader of the target: whenever it looks, no transaction is half visible and the position has not gone
 * back.
 */
public final class TargetWatch implements AutoCloseable {
    private final Path target;
    private final Thread thread;
    private final CountDownLatch stop = new CountDownLatch(1);

    // Guarded by this.
    private final List<String> violations = new ArrayList<>();
    private long looks;
    private Lsn last = Lsn.ZERO;

    private TargetWatch(Path target) {
        this.target = target;
        this.thread = new Thread(this::watch, "target-watch");
        thread.setDaemon(true);
    }

    public static TargetWatch start(Path target) {
        TargetWatch watch = new TargetWatch(target);
        watch.thread.start();
        return watch;
    }

    /** How often it has found the tables there and looked into them. */
    public synchronized long looks() {
        return looks;
    }

    /** What was wrong, each with the position it was seen at; empty if nothing was. */
    public synchronized List<String> violations() {
        return List.copyOf(violations);
    }

    @Override
    public void close() throws InterruptedException {
        stop.countDown();
        thread.join();
    }

    private void watch() {
        try {
            while (!stop.await(50, TimeUnit.MILLISECONDS)) {
                if (Files.exists(target)) {
                    look();
                }
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } catch (SQLException | RuntimeException e) {
            violation("the target cannot be read: " + e);
        }
    }

    /** A connection for each look: one that stayed would spare the pipeline the recovery after its death. */
    private void look() throws SQLException {
        try (Connection sqlite = Comparison.open(target);
                Statement statement = sqlite.createStatement()) {
            sqlite.setAutoCommit(false);
            Lsn position = TargetPosition.read(sqlite).orElse(Lsn.ZERO);
            synchronized (this) {
                if (position.isBefore(last)) {
                    violation("the position went back from " + last + " to " + position);
                }
                last = position;
            }
            if (!complete(statement)) {
                return;
            }
            for (Map.Entry<String, String> invariant : WorkloadSchema.INVARIANTS.entrySet()) {
                try (ResultSet broken = statement.executeQuery(invariant.getValue())) {
                    if (broken.next()) {
                        violation(invariant.getKey() + ": found " + broken.getString(1) + " at " + position);
                    }
                }
            }
            synchronized (this) {
                looks++;
            }
        }
    }

    private static boolean complete(Statement statement) throws SQLException {
        String names = "'" + String.join("','", WorkloadSchema.INVARIANT_TABLES) + "'";
        try (ResultSet tables =
                statement.executeQuery("SELECT count(*) FROM sqlite_schema WHERE name IN (" + names + ")")) {
            return tables.next() && tables.getInt(1) == WorkloadSchema.INVARIANT_TABLES.size();
        }
    }

    private synchronized void violation(String text) {
        violations.add(text);
    }
}
