package io.pg2any.bench;

import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/** Drains with PostgreSQL's own {@code pg_recvlogical}; an older one than the server does as well. */
final class RecvlogicalDrainer implements Drainer {
    private final Path program;
    private final String version;

    private RecvlogicalDrainer(Path program, String version) {
        this.program = program;
        this.version = version;
    }

    /** The program of the search path, if there is one. */
    static Optional<RecvlogicalDrainer> find() throws IOException {
        Optional<Path> program = Stream.of(
                        Optional.ofNullable(System.getenv("PATH")).orElse("").split(Pattern.quote(File.pathSeparator)))
                .map(folder -> Path.of(folder, "pg_recvlogical"))
                .filter(Files::isExecutable)
                .findFirst();
        if (program.isEmpty()) {
            return Optional.empty();
        }
        Process process = new ProcessBuilder(program.get().toString(), "--version").start();
        String version = new String(process.getInputStream().readAllBytes(), java.nio.charset.StandardCharsets.UTF_8);
        return Optional.of(new RecvlogicalDrainer(program.get(), version.strip()));
    }

    String version() {
        return version;
    }

    @Override
    public Drain drain(Backlog backlog, String slot) throws IOException, SQLException, InterruptedException {
        List<String> command = new ArrayList<>(List.of(program.toString(), "--start", "--no-loop"));
        command.addAll(List.of("--host=127.0.0.1", "--port=" + backlog.server().port(), "--username=postgres"));
        command.addAll(List.of("--dbname=" + backlog.database(), "--slot=" + slot, "--endpos=" + backlog.end()));
        command.addAll(List.of("--option=proto_version=1", "--option=publication_names=" + Backlog.PUBLICATION));
        command.add("--file=/dev/null");
        long started = System.nanoTime();
        Process process = new ProcessBuilder(command)
                .redirectError(ProcessBuilder.Redirect.INHERIT)
                .start();
        try {
            long walsenderPid = SlotActivity.await(backlog.connection(), slot, process);
            long streaming = System.nanoTime();
            MachineLoad machine = new MachineLoad();
            ProcessCost walsender = new ProcessCost(walsenderPid);
            ProcessCost client = new ProcessCost(process.pid());
            // Both processes go at the end, and their figures with them.
            while (!process.waitFor(20, TimeUnit.MILLISECONDS)) {
                walsender.sample();
                client.sample();
            }
            long ended = System.nanoTime();
            if (process.exitValue() != 0) {
                throw new IOException("pg_recvlogical ended with " + process.exitValue());
            }
            return new Drain(
                    backlog.allRows(),
                    (ended - streaming) / 1e9,
                    (ended - started) / 1e9,
                    client.cpuSeconds(),
                    walsender.cpuSeconds(),
                    0,
                    client.peakRssMib(),
                    machine.others(client.cpuSeconds() + walsender.cpuSeconds()));
        } finally {
            process.destroy();
        }
    }
}
