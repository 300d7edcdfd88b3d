package io.pg2any.cli.quickstart;

import io.pg2any.cli.EmbeddedPostgres;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.Comparator;
import java.util.Map;
import java.util.OptionalInt;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/** One run of {@code quickstart}: all that it starts, and how it ends. Closing is thread-safe and leaves nothing. */
final class Quickstart implements AutoCloseable {
    private static final String SLOT = "quickstart";
    private static final Duration START_LIMIT = Duration.ofSeconds(60);
    private static final Duration PATIENCE = Duration.ofSeconds(60);
    private static final int TRANSACTIONS_PER_SECOND = 300;
    private static final int BIG_ROWS = 100_000;
    private static final int SECONDS_PER_KILL = 12;

    private final Path jar;
    private final Path binaries;
    private final boolean keep;
    private final PrintStream out = System.out;
    private final CountDownLatch closing = new CountDownLatch(1);

    // Guarded by this, so that what is being started when a signal comes is also stopped.
    private boolean closed;
    private Path folder;
    private EmbeddedPostgres server;
    private PipelineProcess pipeline;

    Quickstart(Path jar, Path binaries, boolean keep) {
        this.jar = jar;
        this.binaries = binaries;
        this.keep = keep;
    }

    /**
     * @return whether both sides are equal
     */
    boolean run(int seconds, boolean kill, long seed) throws IOException, SQLException, InterruptedException {
        out.println("Starting PostgreSQL and the pipeline ...");
        open();
        try (Connection source = server.connect();
                TargetWatch watch = TargetWatch.start(pipeline.target())) {
            WorkloadSchema.create(source);
            startPipeline();
            pipeline.awaitSlot(source, SLOT, START_LIMIT);
            WorkloadSchema.fill(source);
            out.println("  source    " + server.sourceUri("postgres"));
            out.println("  target    " + pipeline.target());
            out.println("  workload  " + seconds + " s, many types, one transaction of " + BIG_ROWS
                    + " rows now and then" + (kill ? ", kill -9 on the way" : ""));
            Duration bigEvery = Duration.ofMillis(seconds * 500L);
            Workload.Options options = new Workload.Options(seed, 2, TRANSACTIONS_PER_SECOND, BIG_ROWS, bigEvery, true);
            try (Workload workload = Workload.start(server::connect, options)) {
                Progress progress = new Progress(out, pipeline, workload);
                work(seconds, kill ? Math.max(1, seconds / SECONDS_PER_KILL) : 0, workload, progress);
                workload.pause();
                progress.draining();
                awaitCaughtUp(source, progress);
            }
            stopPipeline();
            return verdict(source, watch);
        }
    }

    private void work(int seconds, int kills, Workload workload, Progress progress)
            throws IOException, SQLException, InterruptedException {
        long start = System.nanoTime();
        long end = start + TimeUnit.SECONDS.toNanos(seconds);
        int killed = 0;
        while (System.nanoTime() < end) {
            if (closing.await(200, TimeUnit.MILLISECONDS)) {
                throw new IOException("stopped");
            }
            workload.throwFailure();
            if (killed < kills && System.nanoTime() - start > (killed + 1) * (end - start) / (kills + 1)) {
                pipeline.kill();
                killed++;
                progress.killed();
                startPipeline();
            } else if (!pipeline.isAlive()) {
                throw new IOException("the pipeline ended by itself:\n" + pipeline.tail());
            }
            progress.show();
        }
    }

    /** Beside the waiting, goes on showing how far it is. */
    private void awaitCaughtUp(Connection source, Progress progress)
            throws IOException, SQLException, InterruptedException {
        Thread shown = new Thread(progress::showUntilInterrupted, "quickstart-progress");
        shown.setDaemon(true);
        shown.start();
        try {
            TargetPosition.awaitCaughtUp(source, pipeline, PATIENCE);
        } finally {
            shown.interrupt();
            shown.join();
            progress.end();
        }
    }

    private void stopPipeline() throws IOException, InterruptedException {
        OptionalInt code = pipeline.stop();
        if (code.isEmpty() || code.getAsInt() != 0) {
            throw new IOException("the pipeline did not stop gracefully ("
                    + (code.isEmpty() ? "had to be killed" : "exit code " + code.getAsInt()) + "):\n"
                    + pipeline.tail());
        }
    }

    private boolean verdict(Connection source, TargetWatch watch) throws SQLException {
        out.println("Comparing every row of both sides ...");
        out.println();
        Comparison comparison = Comparison.of(source, WorkloadSchema.PUBLICATION, pipeline.target());
        out.print(comparison);
        out.println();
        watch.violations().stream().limit(10).forEach(violation -> out.println("NOT CONSISTENT: " + violation));
        boolean equal = comparison.equal() && watch.violations().isEmpty();
        out.println(
                equal
                        ? "EQUAL: all " + comparison.rows() + " rows of "
                                + comparison.tables().size()
                                + " tables are the same on both sides; a reader of the target looked " + watch.looks()
                                + " times and never saw half a transaction."
                        : "NOT EQUAL.");
        return equal;
    }

    private void open() throws IOException {
        synchronized (this) {
            ensureOpen();
            folder = Files.createTempDirectory("pg2any-quickstart-");
            server = EmbeddedPostgres.start(binaries, Map.of());
            pipeline = new PipelineProcess(
                    jar,
                    folder,
                    Map.of(
                            "CDC_SOURCE_CONNECTION_STRING",
                            server.sourceUri("postgres"),
                            "CDC_REPLICATION_SLOT",
                            SLOT,
                            "CDC_PUBLICATION",
                            WorkloadSchema.PUBLICATION));
        }
    }

    private void startPipeline() throws IOException {
        synchronized (this) {
            ensureOpen();
            pipeline.start("-Xmx128m");
        }
    }

    private void ensureOpen() throws IOException {
        if (closed) {
            throw new IOException("stopped");
        }
    }

    /** Whether what goes wrong now goes wrong because it is being stopped. */
    boolean isClosed() {
        return closing.getCount() == 0;
    }

    @Override
    public void close() throws IOException, InterruptedException {
        closing.countDown();
        synchronized (this) {
            if (closed) {
                return;
            }
            closed = true;
            try {
                if (pipeline != null) {
                    pipeline.close();
                }
            } finally {
                if (server != null) {
                    server.close();
                }
                removeFolder();
            }
        }
    }

    private void removeFolder() throws IOException {
        if (folder == null) {
            return;
        }
        if (keep) {
            out.println("Kept: " + folder);
            return;
        }
        try (Stream<Path> paths = Files.walk(folder)) {
            for (Path path : (Iterable<Path>) paths.sorted(Comparator.reverseOrder())::iterator) {
                Files.deleteIfExists(path);
            }
        }
    }
}
