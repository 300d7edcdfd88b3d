package io.pg2any.cli.quickstart;

import io.pg2any.cli.FreePort;
import java.io.IOException;
import java.io.InputStream;
import java.net.HttpURLConnection;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;

/**
 * The real jar, {@code java -jar pg2any.jar run}, in a process of its own: started, killed and started again on the same
 * folder, target and slot. Thread-safe.
 */
public final class PipelineProcess implements AutoCloseable {
    /** How long a process may take to obey SIGTERM before it is killed. */
    private static final Duration PATIENCE = Duration.ofSeconds(40);

    private final Path jar;
    private final Path folder;
    private final Map<String, String> environment;
    private final int httpPort;

    // Guarded by this.
    private Process process;
    private boolean closed;

    /**
     * @param folder working directory; holds {@code staging/}, {@code target.db} and {@code pipeline.log}
     * @param environment wins over what is set here, which is all but the source and its slot
     */
    public PipelineProcess(Path jar, Path folder, Map<String, String> environment) throws IOException {
        this.jar = jar.toAbsolutePath();
        this.folder = Files.createDirectories(folder);
        this.httpPort = FreePort.find();
        this.environment = new TreeMap<>(Map.of(
                "CDC_DEST_TYPE",
                "SQLite",
                "CDC_DEST_URI",
                target().toString(),
                "CDC_TRANSACTION_FILE_BASE_PATH",
                folder.toString(),
                "METRICS_PORT",
                Integer.toString(httpPort)));
        this.environment.putAll(environment);
    }

    public Path target() {
        return folder.resolve("target.db");
    }

    public Path log() {
        return folder.resolve("pipeline.log");
    }

    /**
     * @param jvmOptions put before {@code -jar}
     * @throws IllegalStateException if it runs already, or is closed
     */
    public synchronized Process start(String... jvmOptions) throws IOException {
        if (closed || (process != null && process.isAlive())) {
            throw new IllegalStateException(closed ? "closed" : "the pipeline runs already");
        }
        List<String> command = new ArrayList<>();
        command.add(java());
        // A killed process leaves its unpacked native libraries behind: where they go with the rest.
        command.add("-Djava.io.tmpdir=" + folder);
        command.addAll(List.of(jvmOptions));
        command.addAll(List.of("-jar", jar.toString(), "run"));
        ProcessBuilder builder = new ProcessBuilder(command)
                .directory(folder.toFile())
                .redirectErrorStream(true)
                .redirectOutput(ProcessBuilder.Redirect.appendTo(log().toFile()));
        builder.environment().keySet().removeIf(PipelineProcess::isOwnVariable);
        builder.environment().putAll(environment);
        process = builder.start();
        return process;
    }

    /** The JDK that runs this. */
    public static String java() {
        return Path.of(System.getProperty("java.home"), "bin", "java").toString();
    }

    private static boolean isOwnVariable(String name) {
        return name.startsWith("CDC_") || name.startsWith("PG2ANY_") || name.equals("METRICS_PORT");
    }

    public synchronized boolean isAlive() {
        return process != null && process.isAlive();
    }

    public synchronized long pid() {
        return process.pid();
    }

    /** SIGKILL; returns when the process is gone. */
    public void kill() throws InterruptedException {
        Process killed = current();
        if (killed != null) {
            killed.destroyForcibly().waitFor();
        }
    }

    /**
     * SIGTERM.
     *
     * @return the exit code; empty when the process had to be killed
     */
    public OptionalInt stop() throws InterruptedException {
        Process stopped = current();
        if (stopped == null) {
            return OptionalInt.empty();
        }
        stopped.destroy();
        return waitFor(PATIENCE);
    }

    /**
     * @return the exit code; empty when the process still ran after that time and was killed
     */
    public OptionalInt waitFor(Duration limit) throws InterruptedException {
        Process waited = current();
        if (waited.waitFor(limit.toMillis(), TimeUnit.MILLISECONDS)) {
            return OptionalInt.of(waited.exitValue());
        }
        waited.destroyForcibly().waitFor();
        return OptionalInt.empty();
    }

    private synchronized Process current() {
        return process;
    }

    /** Empty when there is no answer: just started, stopping, gone. */
    public Optional<Metrics> metrics() {
        return get("/metrics").map(Metrics::parse);
    }

    public boolean isReady() {
        return get("/health/ready").isPresent();
    }

    /** What {@code /health} says, well or not; empty when there is no answer. */
    public String health() {
        return get("/health", true).orElse("");
    }

    /** The body of a 200; empty for any other answer, and for none. */
    private Optional<String> get(String path) {
        return get(path, false);
    }

    private Optional<String> get(String path, boolean whateverTheCode) {
        try {
            HttpURLConnection connection = (HttpURLConnection)
                    URI.create("http://127.0.0.1:" + httpPort + path).toURL().openConnection();
            connection.setConnectTimeout(500);
            connection.setReadTimeout(2000);
            try {
                boolean well = connection.getResponseCode() == HttpURLConnection.HTTP_OK;
                if (!well && !whateverTheCode) {
                    return Optional.empty();
                }
                try (InputStream body = well ? connection.getInputStream() : connection.getErrorStream()) {
                    return Optional.of(new String(body.readAllBytes(), StandardCharsets.UTF_8));
                }
            } finally {
                connection.disconnect();
            }
        } catch (IOException e) {
            return Optional.empty();
        }
    }

    /**
     * Waits until the slot is in use, so that whatever is committed from now on is captured.
     *
     * @throws IOException if the process ends first, or does not come so far in time
     */
    public void awaitSlot(Connection source, String slot, Duration limit)
            throws IOException, SQLException, InterruptedException {
        try (Statement statement = source.createStatement()) {
            Waiting waiting = new Waiting(limit);
            while (true) {
                try (ResultSet row = statement.executeQuery(
                        "SELECT active FROM pg_replication_slots WHERE slot_name = '" + slot + "'")) {
                    if (row.next() && row.getBoolean(1)) {
                        return;
                    }
                }
                if (!isAlive()) {
                    throw new IOException("the pipeline ended before it used slot " + slot + ":\n" + tail());
                }
                if (!waiting.again()) {
                    throw new IOException("slot " + slot + " is not in use after " + limit + ":\n" + tail());
                }
            }
        }
    }

    /** The end of the log, for a message. */
    public String tail() throws IOException {
        if (!Files.exists(log())) {
            return "(no log)";
        }
        List<String> lines = Files.readAllLines(log(), StandardCharsets.UTF_8);
        return String.join("\n", lines.subList(Math.max(0, lines.size() - 25), lines.size()));
    }

    /** Stops it for good: gracefully, and if that takes too long by force. */
    @Override
    public void close() throws InterruptedException {
        synchronized (this) {
            closed = true;
        }
        Process last = current();
        if (last != null && last.isAlive()) {
            last.destroy();
            if (!last.waitFor(PATIENCE.toMillis(), TimeUnit.MILLISECONDS)) {
                last.destroyForcibly().waitFor();
            }
        }
    }

    /** Bounded polling, for what another process does and does not announce. */
    static final class Waiting {
        private final long endNanos;

        Waiting(Duration limit) {
            endNanos = System.nanoTime() + limit.toNanos();
        }

        boolean again() throws InterruptedException {
            Thread.sleep(20);
            return System.nanoTime() < endNanos;
        }
    }
}
