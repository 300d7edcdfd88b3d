package io.pg2any.bench;

import java.io.IOException;
import java.sql.SQLException;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** Drains through the whole pipeline into some target. */
final class PipelineDrainer implements Drainer {
    /** What the pipeline writes to, as far as the measurement looks at it. */
    interface Target {
        Map<String, String> settings(String slot);

        /** Until the row of {@link Backlog#END_TABLE} can be seen. */
        void awaitEnd(Pipeline pipeline, Deadline deadline) throws IOException, SQLException, InterruptedException;

        /**
         * @throws IllegalStateException if it does not hold what the source holds
         */
        void verify(Backlog backlog, Pipeline pipeline) throws IOException, SQLException;
    }

    private final Target target;
    private final List<String> jvmOptions;
    private final boolean showThreads;

    PipelineDrainer(Target target, List<String> jvmOptions, boolean showThreads) {
        this.target = target;
        this.jvmOptions = jvmOptions;
        this.showThreads = showThreads;
    }

    @Override
    public Drain drain(Backlog backlog, String slot) throws IOException, SQLException, InterruptedException {
        long started = System.nanoTime();
        try (Pipeline pipeline = Pipeline.start(
                backlog.server(), backlog.database(), slot, jvmOptions, target.settings(slot))) {
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
        long streaming = System.nanoTime();
        MachineLoad machine = new MachineLoad();
        ProcessCost walsender = new ProcessCost(walsenderPid);
        ProcessCost client = new ProcessCost(process.pid());
        Map<String, Double> threadsAtStart = ProcessCost.threads(process.pid());

        Deadline deadline = Deadline.seconds(1800, "the last row in the target");
        target.awaitEnd(pipeline, deadline);
        long ended = System.nanoTime();
        walsender.sample();
        client.sample();
        double others = machine.others(client.cpuSeconds() + walsender.cpuSeconds());
        if (showThreads) {
            showThreads(threadsAtStart, ProcessCost.threads(process.pid()));
        }
        target.verify(backlog, pipeline);
        return new Drain(
                backlog.rows(),
                (ended - streaming) / 1e9,
                (ended - started) / 1e9,
                client.cpuSeconds(),
                walsender.cpuSeconds(),
                client.peakRssMib(),
                others);
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
