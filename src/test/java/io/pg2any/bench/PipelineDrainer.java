package io.pg2any.bench;

import java.io.IOException;
import java.sql.SQLException;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * Drains through the whole pipeline and verifies that the target then holds what the source holds. An empty backlog is
 * written once the pipeline waits for it, and that is part of the time.
 */
final class PipelineDrainer implements Drainer {
    private final BenchTarget target;
    private final List<String> jvmOptions;
    private final Map<String, String> settings;
    private final boolean showThreads;

    PipelineDrainer(BenchTarget target, List<String> jvmOptions, Map<String, String> settings, boolean showThreads) {
        this.target = target;
        this.jvmOptions = jvmOptions;
        this.settings = settings;
        this.showThreads = showThreads;
    }

    @Override
    public Drain drain(Backlog backlog, String slot) throws IOException, SQLException, InterruptedException {
        long started = System.nanoTime();
        try (Pipeline pipeline =
                Pipeline.start(backlog.server(), backlog.database(), slot, target, jvmOptions, settings)) {
            try {
                Drain drain = drain(backlog, slot, pipeline, started);
                int exit = pipeline.stop();
                if (exit != 0) {
                    throw new IllegalStateException("the pipeline ended with " + exit);
                }
                return drain;
            } catch (IllegalStateException e) {
                throw new IllegalStateException(e.getMessage() + "; its log:\n" + pipeline.log(), e);
            }
        }
    }

    private Drain drain(Backlog backlog, String slot, Pipeline pipeline, long started)
            throws IOException, SQLException, InterruptedException {
        Process process = pipeline.process();
        long walsenderPid = SlotActivity.await(backlog.connection(), slot, process);
        Meter meter = new Meter(process, walsenderPid);
        backlog.write();
        Deadline deadline = Deadline.seconds(1800, "the last row in the target");
        try (BenchTarget.View view = pipeline.awaitView(deadline)) {
            if (backlog.hasWarmUp()) {
                warmUp(backlog, walsenderPid, view, process, deadline);
                meter = new Meter(process, walsenderPid);
            }
            await(Backlog.END, view, process, deadline);
            Drain drain = meter.stop(backlog, started);
            view.verify(backlog);
            return drain;
        }
    }

    /**
     * Returns when the target has what the pipeline warms up with, and next to nothing of what is measured: the walsender
     * is stopped as soon as it has sent the former, and goes on now.
     */
    private static void warmUp(
            Backlog backlog, long walsenderPid, BenchTarget.View view, Process process, Deadline deadline)
            throws IOException, SQLException, InterruptedException {
        String sent =
                "SELECT sent_lsn >= '" + backlog.warm() + "' FROM pg_stat_replication WHERE pid = " + walsenderPid;
        while (!Backlog.text(backlog.connection(), sent).equals("t")) {
            deadline.pause(2);
        }
        signal("STOP", walsenderPid);
        await(Backlog.WARM, view, process, deadline);
        signal("CONT", walsenderPid);
    }

    private static void signal(String name, long pid) throws IOException, InterruptedException {
        int exit = new ProcessBuilder("kill", "-" + name, Long.toString(pid))
                .inheritIO()
                .start()
                .waitFor();
        if (exit != 0) {
            throw new IOException("kill -" + name + " " + pid + " ended with " + exit);
        }
    }

    private static void await(long mark, BenchTarget.View view, Process process, Deadline deadline)
            throws SQLException, InterruptedException {
        while (!view.has(mark)) {
            if (!process.isAlive()) {
                throw new IllegalStateException("the pipeline ended with " + process.exitValue());
            }
            deadline.pause(10);
        }
    }

    /** What has been used since it was made. */
    private final class Meter {
        private final Process process;
        private final long since = System.nanoTime();
        private final MachineLoad machine = new MachineLoad();
        private final ProcessCost walsender;
        private final ProcessCost client;
        private final Map<String, Double> threadsAtStart;
        private final double targetCpuAtStart = target.cpuSeconds();

        Meter(Process process, long walsenderPid) throws IOException {
            this.process = process;
            this.walsender = new ProcessCost(walsenderPid);
            this.client = new ProcessCost(process.pid());
            this.threadsAtStart = ProcessCost.threads(process.pid());
        }

        Drain stop(Backlog backlog, long started) throws IOException {
            long ended = System.nanoTime();
            walsender.sample();
            client.sample();
            double targetCpu = target.cpuSeconds() - targetCpuAtStart;
            double others = machine.others(client.cpuSeconds() + walsender.cpuSeconds() + targetCpu);
            if (showThreads) {
                showThreads(threadsAtStart, ProcessCost.threads(process.pid()));
            }
            return new Drain(
                    backlog.rows(),
                    (ended - since) / 1e9,
                    (ended - started) / 1e9,
                    client.cpuSeconds(),
                    walsender.cpuSeconds(),
                    targetCpu,
                    client.peakRssMib(),
                    others);
        }
    }

    private static void showThreads(Map<String, Double> before, Map<String, Double> after) {
        System.out.println();
        after.entrySet().stream()
                .map(entry -> Map.entry(entry.getKey(), entry.getValue() - before.getOrDefault(entry.getKey(), 0.0)))
                .filter(entry -> entry.getValue() >= 0.05)
                .sorted(Map.Entry.<String, Double>comparingByValue().reversed())
                .forEach(entry ->
                        System.out.printf(Locale.ROOT, "    %6.2f CPU s  %s%n", entry.getValue(), entry.getKey()));
    }
}
