package io.pg2any.bench;

import io.pg2any.change.Lsn;
import java.io.IOException;
import java.nio.file.Files;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.OptionalLong;

/** Drains through the whole pipeline and verifies that the target then holds what the source holds. */
final class PipelineDrainer implements Drainer {
    private final List<String> jvmOptions;
    private final Map<String, String> settings;
    private final boolean showThreads;

    PipelineDrainer(List<String> jvmOptions, Map<String, String> settings, boolean showThreads) {
        this.jvmOptions = jvmOptions;
        this.settings = settings;
        this.showThreads = showThreads;
    }

    @Override
    public Drain drain(Backlog backlog, String slot) throws IOException, SQLException, InterruptedException {
        long started = System.nanoTime();
        try (Pipeline pipeline = Pipeline.start(backlog.server(), backlog.database(), slot, jvmOptions, settings)) {
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
        while (!Files.exists(pipeline.target())) {
            deadline.pause(10);
        }
        try (Connection target = pipeline.openTarget()) {
            String lastRow = "SELECT 1 FROM " + Backlog.END_TABLE;
            while (Pipeline.number(target, lastRow).isEmpty()) {
                if (!process.isAlive()) {
                    throw new IllegalStateException("the pipeline ended with " + process.exitValue());
                }
                deadline.pause(10);
            }
            long ended = System.nanoTime();
            walsender.sample();
            client.sample();
            double others = machine.others(client.cpuSeconds() + walsender.cpuSeconds());
            if (showThreads) {
                showThreads(threadsAtStart, ProcessCost.threads(process.pid()));
            }
            verify(backlog, target);
            return new Drain(
                    backlog.rows(),
                    (ended - streaming) / 1e9,
                    (ended - started) / 1e9,
                    client.cpuSeconds(),
                    walsender.cpuSeconds(),
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

    private static void verify(Backlog backlog, Connection target) throws SQLException {
        Lsn position = Pipeline.position(target);
        if (position.isBefore(backlog.end())) {
            throw new IllegalStateException("the position " + position + " is before the end " + backlog.end());
        }
        for (String table : backlog.scenario().tables()) {
            equal("rows of " + table, backlog.count(table), target, "SELECT count(*) FROM " + table);
            if (!table.equals("orders")) {
                long balance =
                        Long.parseLong(Backlog.text(backlog.connection(), "SELECT sum(balance * id) FROM " + table));
                equal("balances of " + table, balance, target, "SELECT sum(balance * id) FROM " + table);
            }
        }
    }

    private static void equal(String what, long expected, Connection target, String sql) {
        OptionalLong found = Pipeline.number(target, sql);
        if (found.isEmpty() || found.getAsLong() != expected) {
            throw new IllegalStateException(what + ": source " + expected + ", target " + found);
        }
    }
}
