package io.pg2any.bench;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.sql.SQLException;

/** Drains with {@link BareReader}. */
final class BareReaderDrainer implements Drainer {
    private final String options;

    BareReaderDrainer(String options) {
        this.options = options;
    }

    @Override
    public Drain drain(Backlog backlog, String slot) throws IOException, SQLException, InterruptedException {
        long started = System.nanoTime();
        Process process = new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-Xmx64m",
                        "-XX:+UseSerialGC",
                        "-cp",
                        System.getProperty("java.class.path"),
                        BareReader.class.getName(),
                        Integer.toString(backlog.server().port()),
                        backlog.database(),
                        slot,
                        backlog.end().toString(),
                        options)
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
        try (BufferedReader output =
                new BufferedReader(new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8))) {
            long walsenderPid = SlotActivity.await(backlog.connection(), slot, process);
            MachineLoad machine = new MachineLoad();
            ProcessCost walsender = new ProcessCost(walsenderPid);
            ProcessCost client = new ProcessCost(process.pid());
            String result = output.readLine();
            long ended = System.nanoTime();
            if (result == null) {
                throw new IOException("the bare reader ended with " + process.waitFor());
            }
            walsender.sample();
            client.sample();
            return new Drain(
                    backlog.allRows(),
                    Long.parseLong(result.split(" ")[0]) / 1e9,
                    (ended - started) / 1e9,
                    client.cpuSeconds(),
                    walsender.cpuSeconds(),
                    0,
                    client.peakRssMib(),
                    machine.others(client.cpuSeconds() + walsender.cpuSeconds()));
        } finally {
            process.getOutputStream().close();
            process.waitFor();
        }
    }
}
