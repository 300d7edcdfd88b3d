package io.pg2any.bench;

import io.pg2any.cli.EmbeddedPostgres;
import java.io.IOException;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.OptionalLong;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;

/**
 * Time from a commit at the source, counted when the client has the server's answer, to the row being visible to a
 * reader of the target. Both ends are in this process and use its one clock.
 */
final class Latency {
    private static final int WARM_UP_SECONDS = 5;
    private static final long POLL_NANOS = 250_000;

    private final int perSecond;
    private final int count;
    private final int warmUp;
    /** When the commit of row i + 1 was answered, and when the row was first seen. */
    private final long[] committed;

    private final long[] visible;

    /**
     * @param milliseconds sorted
     * @param generatorBehindMillis how late the load generator was at worst; the load was not steady if this is large
     */
    record Result(double[] milliseconds, double generatorBehindMillis, double cpuSeconds, double peakRssMib) {
        double percentile(double percent) {
            int rank = (int) Math.ceil(percent / 100 * milliseconds.length);
            return milliseconds[Math.max(0, rank - 1)];
        }

        @Override
        public String toString() {
            return String.format(
                    Locale.ROOT,
                    "p50 %.2f ms, p90 %.2f ms, p99 %.2f ms, max %.2f ms (%d transactions; load generator at most %.1f ms"
                            + " late; pipeline %.2f CPU s, peak RSS %.0f MiB)",
                    percentile(50),
                    percentile(90),
                    percentile(99),
                    percentile(100),
                    milliseconds.length,
                    generatorBehindMillis,
                    cpuSeconds,
                    peakRssMib);
        }
    }

    private Latency(int perSecond, int seconds) {
        this.perSecond = perSecond;
        this.warmUp = perSecond * WARM_UP_SECONDS;
        this.count = warmUp + perSecond * seconds;
        this.committed = new long[count];
        this.visible = new long[count];
    }

    /** One pipeline, one steady load; the first seconds warm it up and are not counted. */
    static Result measure(
            EmbeddedPostgres server, int perSecond, int seconds, BenchTarget target, List<String> jvmOptions)
            throws IOException, SQLException, InterruptedException {
        return new Latency(perSecond, seconds).measure(server, target, jvmOptions);
    }

    private Result measure(EmbeddedPostgres server, BenchTarget target, List<String> jvmOptions)
            throws IOException, SQLException, InterruptedException {
        String name = "bench_latency";
        Backlog.createDatabase(server, name);
        try (Connection source = server.connect(name)) {
            Backlog.execute(
                    source,
                    "CREATE TABLE ticks (id bigint PRIMARY KEY, sent timestamptz NOT NULL, amount int, note text)");
            Backlog.publish(source, List.of("ticks"));
            Backlog.execute(source, "SELECT pg_create_logical_replication_slot('" + name + "', 'pgoutput')");
            Result result;
            try (Pipeline pipeline = Pipeline.start(server, name, name, target, jvmOptions, Map.of())) {
                result = measure(source, name, pipeline);
            }
            Backlog.dropSlot(source, name);
            return result;
        }
    }

    private Result measure(Connection source, String slot, Pipeline pipeline)
            throws IOException, SQLException, InterruptedException {
        SlotActivity.await(source, slot, pipeline.process());
        ProcessCost cost = new ProcessCost(pipeline.process().pid());
        BenchTarget.View view = pipeline.awaitView(Deadline.seconds(60, "the target"));
        AtomicReference<Throwable> failure = new AtomicReference<>();
        Thread watcher = new Thread(() -> watch(view), "target-watcher");
        watcher.setUncaughtExceptionHandler((thread, error) -> failure.set(error));
        watcher.setDaemon(true);
        watcher.start();
        double behind = load(source);
        watcher.join(TimeUnit.SECONDS.toMillis(60));
        if (watcher.isAlive() || failure.get() != null) {
            throw new IllegalStateException(
                    "not every row became visible; the pipeline's log:\n" + pipeline.log(), failure.get());
        }
        cost.sample();
        double[] milliseconds = new double[count - warmUp];
        for (int i = warmUp; i < count; i++) {
            milliseconds[i - warmUp] = (visible[i] - committed[i]) / 1e6;
        }
        Arrays.sort(milliseconds);
        int exit = pipeline.stop();
        if (exit != 0) {
            throw new IllegalStateException("the pipeline ended with " + exit + ":\n" + pipeline.log());
        }
        return new Result(milliseconds, behind, cost.cpuSeconds(), cost.peakRssMib());
    }

    private double load(Connection source) throws SQLException {
        long interval = TimeUnit.SECONDS.toNanos(1) / perSecond;
        long behind = 0;
        try (PreparedStatement insert =
                source.prepareStatement("INSERT INTO ticks VALUES (?, clock_timestamp(), ?, ?)")) {
            long start = System.nanoTime();
            for (int i = 0; i < count; i++) {
                long due = start + i * interval;
                for (long left; (left = due - System.nanoTime()) > 0; ) {
                    LockSupport.parkNanos(left);
                }
                if (i >= warmUp) {
                    behind = Math.max(behind, System.nanoTime() - due);
                }
                insert.setLong(1, i + 1L);
                insert.setInt(2, i % 1000);
                insert.setString(3, "a short note");
                insert.executeUpdate();
                committed[i] = System.nanoTime();
            }
        }
        return behind / 1e6;
    }

    /** Ends when the last row has been seen. Rows become visible in order, so the highest key tells them all. */
    private void watch(BenchTarget.View view) {
        try (view) {
            for (int seen = 0; seen < count; ) {
                OptionalLong highest = view.highestId("ticks");
                long now = System.nanoTime();
                for (; highest.isPresent() && seen < highest.getAsLong(); seen++) {
                    visible[seen] = now;
                }
                LockSupport.parkNanos(POLL_NANOS);
            }
        } catch (SQLException e) {
            throw new IllegalStateException("cannot watch the target", e);
        }
    }
}
