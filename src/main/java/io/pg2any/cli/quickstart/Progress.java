package io.pg2any.cli.quickstart;

import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

/** One line that is written over itself; where the output is no terminal, a line every few seconds. One thread. */
final class Progress {
    private static final long LINE_SECONDS = 5;

    private final PrintStream out;
    private final PipelineProcess pipeline;
    private final Workload workload;
    private final boolean terminal = isTerminal();
    private final long startedNanos = System.nanoTime();

    private String phase = "";
    private int kills;
    private int width;
    private long shownNanos;
    /** Rows counted by processes that are gone; what one applied after its last answer is not in it. */
    private double rowsBefore;

    private double rowsNow;
    private double rate;
    private double rateRows;
    private long rateNanos = startedNanos;

    Progress(PrintStream out, PipelineProcess pipeline, Workload workload) {
        this.out = out;
        this.pipeline = pipeline;
        this.workload = workload;
    }

    void killed() {
        kills++;
        rowsBefore += rowsNow;
        rowsNow = 0;
    }

    void draining() {
        phase = "workload stopped, catching up  ";
    }

    void show() {
        long now = System.nanoTime();
        if (!terminal && shownNanos != 0 && now - shownNanos < TimeUnit.SECONDS.toNanos(LINE_SECONDS)) {
            return;
        }
        shownNanos = now;
        Optional<Metrics> metrics = pipeline.metrics();
        metrics.ifPresent(
                values -> rowsNow = values.get("pg2any_applied_rows_total").orElse(rowsNow));
        double rows = rowsBefore + rowsNow;
        if (now - rateNanos > TimeUnit.SECONDS.toNanos(1)) {
            rate = Math.max(0, (rows - rateRows) / ((now - rateNanos) / 1e9));
            rateRows = rows;
            rateNanos = now;
        }
        print(String.format(
                Locale.ROOT,
                "%5.1f s  %s%,d transactions  %,.0f rows applied  %,.0f rows/s  lag %s  kills %d",
                (now - startedNanos) / 1e9,
                phase,
                workload.transactions(),
                rows,
                rate,
                metrics.map(Progress::lag).orElse("? (starting)"),
                kills));
    }

    private static String lag(Metrics metrics) {
        double bytes = metrics.get("pg2any_replication_lag_bytes").orElse(Double.NaN);
        double seconds = metrics.get("pg2any_replication_lag_seconds").orElse(Double.NaN);
        String size = bytes >= 10 << 20
                ? String.format(Locale.ROOT, "%.0f MB", bytes / (1 << 20))
                : String.format(Locale.ROOT, "%.0f kB", bytes / 1024);
        return size + String.format(Locale.ROOT, " %.1f s", seconds);
    }

    void showUntilInterrupted() {
        try {
            while (true) {
                TimeUnit.MILLISECONDS.sleep(200);
                show();
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt(); // caught up
        }
    }

    /** What is printed next begins on a line of its own. */
    void end() {
        shownNanos = 0;
        show();
        if (terminal) {
            out.println();
        }
    }

    private void print(String line) {
        if (terminal) {
            out.print("\r" + line + " ".repeat(Math.max(0, width - line.length())));
            out.flush();
            width = line.length();
        } else {
            out.println(line);
        }
    }

    /** A console object says nothing since JDK 22, and before it is missing when only the input is redirected. */
    private static boolean isTerminal() {
        Path output = Path.of("/proc/self/fd/1");
        try {
            if (Files.exists(output)) {
                String device = output.toRealPath().toString();
                return device.startsWith("/dev/pts/") || device.startsWith("/dev/tty");
            }
        } catch (IOException e) {
            return false; // a pipe has no path
        }
        return System.console() != null;
    }
}
