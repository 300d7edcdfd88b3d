package io.pg2any.bench;

import io.pg2any.cli.EmbeddedPostgres;
import io.pg2any.server.TestPostgres;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** Entry point of {@code bench/run}. */
@Command(
        name = "bench/run",
        mixinStandardHelpOptions = true,
        sortOptions = false,
        description = {
            "Drains the same backlog to nowhere and through the whole pipeline into a target, in alternation;",
            "into PostgreSQL also by PostgreSQL's own subscription.",
            "Compare only figures of one round; let the machine be idle otherwise."
        })
final class Benchmark implements Callable<Integer> {
    private static final int DISTURBED_ROUNDS = 20;

    @Option(
            names = "--scenarios",
            split = ",",
            defaultValue = "a,b,c,d,latency",
            description = {
                "Any of, default all:",
                "a: 1,000,000 rows in one transaction",
                "b: 1,000,000 rows in transactions of 1,000",
                "c: 200,000 transactions of one row",
                "d: 100,000 transactions of 3 updates and 1 insert",
                "latency: from source commit to target visibility",
                "and, only when named:",
                "large: 10,000,000 rows in one transaction, and the same in transactions of 1,000, by the pipeline"
                        + " alone, while they are written and from a backlog"
            })
    private List<String> scenarios;

    @Option(
            names = "--target",
            defaultValue = "sqlite",
            description = "What the pipeline drains into: ${COMPLETION-CANDIDATES}; default ${DEFAULT-VALUE}.")
    private TargetKind target;

    @Option(names = "--rounds", defaultValue = "3", description = "Rounds per scenario; default ${DEFAULT-VALUE}.")
    private int rounds;

    @Option(
            names = "--warm-up",
            description = {
                "Lets the pipeline drain as many rows again before those that count, as one that has been running has:"
                        + " until they are in the target, the server sends no more."
            })
    private boolean warmUp;

    @Option(
            names = "--quiet",
            defaultValue = "100",
            description = {
                "Repeats a round, up to 20 times, when other processes had more than so many percent of the CPU;"
                        + " default: never."
            })
    private int quietPercent;

    @Option(names = "--rows", description = "Row changes per scenario instead of the numbers above.")
    private Long rows;

    @Option(
            names = "--postgres",
            defaultValue = "18",
            description = "Major version of the server, 14 to 18; default ${DEFAULT-VALUE}.")
    private int postgres;

    @Option(
            names = "--xmx",
            defaultValue = "128m",
            description = "Heap bound of the pipeline; default ${DEFAULT-VALUE}.")
    private String xmx;

    @Option(
            names = "--gc",
            defaultValue = "Serial",
            description = "Garbage collector of the pipeline, such as G1 or Parallel; default ${DEFAULT-VALUE}.")
    private String gc;

    @Option(
            names = "--rate",
            defaultValue = "500",
            description = "Transactions per second for the latency; default ${DEFAULT-VALUE}.")
    private int rate;

    @Option(
            names = "--seconds",
            defaultValue = "20",
            description = "How long the latency is measured, after 5 s of warm-up; default ${DEFAULT-VALUE}.")
    private int seconds;

    @Option(
            names = "--bare-options",
            defaultValue = "proto_version '1', publication_names '" + Backlog.PUBLICATION + "'",
            description = "START_REPLICATION options of the bare reader; default: ${DEFAULT-VALUE}.")
    private String bareOptions;

    @Option(names = "--jvm-option", description = "One more JVM option of the pipeline, such as a flight recording.")
    private List<String> moreJvmOptions = List.of();

    @Option(
            names = "--compression",
            split = ",",
            description = {
                "Any of gzip, zstd, lz4: drains through a pipeline that stages so, too, in every round, and shows its"
                        + " throughput beside that of the uncompressed one."
            })
    private List<String> compressions = List.of();

    @Option(names = "--bare-only", description = "Leaves the pipeline out and only measures the server.")
    private boolean bareOnly;

    @Option(names = "--threads", description = "Shows which threads of the pipeline used the CPU.")
    private boolean threads;

    /** In lower case, as they are written on the command line. */
    private enum TargetKind {
        sqlite,
        mariadb,
        postgresql,
        kafka,
        kafka_at_least_once
    }

    private Benchmark() {}

    public static void main(String[] arguments) {
        System.exit(new CommandLine(new Benchmark()).execute(arguments));
    }

    @Override
    public Integer call() throws IOException, SQLException, InterruptedException {
        // logical_decoding_work_mem as PostgreSQL ships it: scenario a spills. No autovacuum in the middle of a round.
        try (EmbeddedPostgres server =
                        TestPostgres.start(postgres, Map.of("logical_decoding_work_mem", "64MB", "autovacuum", "off"));
                BenchTarget into = startTarget()) {
            Runtime.getRuntime().addShutdownHook(new Thread(() -> cleanUp(server, into), "clean-up"));
            Optional<RecvlogicalDrainer> recvlogical = RecvlogicalDrainer.find();
            describe(server, into, recvlogical);
            List<String> table = new ArrayList<>();
            for (String scenario : scenarios) {
                if (scenario.equals("latency")) {
                    String result = Latency.measure(server, rate, seconds, into, jvmOptions())
                            .toString();
                    System.out.println("latency at " + rate + " tx/s: " + result);
                } else if (scenario.equals("large")) {
                    long wanted = rows == null ? LargeTransaction.ROWS : rows;
                    PipelineDrainer pipeline = new PipelineDrainer(into, jvmOptions(), Map.of(), threads);
                    System.out.println("while they are written:");
                    System.out.println(LargeTransaction.live(server, wanted, pipeline));
                    System.out.println("from a backlog:");
                    System.out.println(LargeTransaction.fromBacklog(server, wanted, pipeline));
                } else {
                    table.add(compare(server, Scenario.valueOf(scenario.toUpperCase(Locale.ROOT)), into, recvlogical));
                }
            }
            if (!table.isEmpty() && !bareOnly) {
                System.out.println();
                System.out.println(Comparison.HEADER);
                table.forEach(System.out::println);
            }
        }
        return 0;
    }

    /** After Ctrl-C neither the server nor a client stays behind; after a whole run there is nothing left to do. */
    private static void cleanUp(EmbeddedPostgres server, BenchTarget target) {
        ProcessHandle.current().descendants().forEach(ProcessHandle::destroyForcibly);
        try {
            server.close();
            target.close();
        } catch (IOException e) {
            System.err.println("a server's folder stays behind: " + e.getMessage());
        }
    }

    private BenchTarget startTarget() throws IOException, SQLException {
        return switch (target) {
            case sqlite -> new SqliteTarget();
            case mariadb -> new MariaDbTarget();
            case postgresql -> new PostgresTarget(postgres);
            case kafka -> new KafkaBroker("exactly-once");
            case kafka_at_least_once -> new KafkaBroker("at-least-once");
        };
    }

    private String compare(
            EmbeddedPostgres server, Scenario scenario, BenchTarget into, Optional<RecvlogicalDrainer> recvlogical)
            throws IOException, SQLException, InterruptedException {
        long wanted = rows == null ? scenario.defaultRows() : rows;
        String name = scenario.name().toLowerCase(Locale.ROOT);
        System.out.printf(Locale.ROOT, "%n%s: %,d %s%n", name, wanted, scenario.title());
        Comparison comparison = new Comparison(scenario);
        try (Backlog backlog = Backlog.filled(server, scenario, wanted, warmUp)) {
            BareReaderDrainer bareReader = new BareReaderDrainer(bareOptions);
            PipelineDrainer wholePipeline = new PipelineDrainer(into, jvmOptions(), Map.of(), threads);
            Optional<SubscriptionDrainer> subscription = into instanceof PostgresTarget postgresTarget
                    ? Optional.of(new SubscriptionDrainer(postgresTarget))
                    : Optional.empty();
            for (int warmUp = 0; warmUp < into.warmUps() && !bareOnly; warmUp++) {
                drain(wholePipeline, backlog, "warmup");
            }
            Map<String, List<Double>> compressed = new LinkedHashMap<>();
            int disturbed = 0;
            for (int round = 1; round <= rounds; round++) {
                System.out.printf(Locale.ROOT, "  round %d (load %s): ", round, load());
                if (bareOnly) {
                    Drain bare = drain(bareReader, backlog, "bare");
                    System.out.printf(Locale.ROOT, "bare %,.0f rows/s%n", bare.rowsPerSecond());
                    continue;
                }
                // Every other round runs backwards, so that no side always has the warmer caches.
                boolean forwards = (round + disturbed) % 2 == 1;
                Drain early = forwards ? drain(bareReader, backlog, "bare") : drain(wholePipeline, backlog, "pipeline");
                Optional<Drain> byRecvlogical = drain(recvlogical, backlog, "recvlogical");
                Optional<Drain> bySubscription = drain(subscription, backlog, "subscription");
                Drain late = forwards ? drain(wholePipeline, backlog, "pipeline") : drain(bareReader, backlog, "bare");
                Comparison.Round result = forwards
                        ? new Comparison.Round(early, byRecvlogical, bySubscription, late)
                        : new Comparison.Round(late, byRecvlogical, bySubscription, early);
                System.out.println(result);
                for (String compression : compressions) {
                    Drain drain = drain(
                            new PipelineDrainer(into, jvmOptions(), Map.of("PG2ANY_COMPRESSION", compression), threads),
                            backlog,
                            compression);
                    double ratio = drain.rowsPerSecond() / result.pipeline().rowsPerSecond();
                    compressed
                            .computeIfAbsent(compression, none -> new ArrayList<>())
                            .add(ratio);
                    System.out.printf(
                            Locale.ROOT,
                            "    %s: %,.0f rows/s, %.3f of uncompressed, CPU s: %.2f against %.2f%n",
                            compression,
                            drain.rowsPerSecond(),
                            ratio,
                            drain.cpuSeconds(),
                            result.pipeline().cpuSeconds());
                }
                if (result.others() * 100 > quietPercent && ++disturbed <= DISTURBED_ROUNDS) {
                    round--;
                } else {
                    comparison.add(result);
                }
            }
            compressed.forEach((compression, ratios) -> System.out.printf(
                    Locale.ROOT,
                    "  %s: median %.3f of the uncompressed throughput in %d rounds%n",
                    compression,
                    ratios.stream().sorted().skip(ratios.size() / 2).findFirst().orElseThrow(),
                    ratios.size()));
        }
        return bareOnly ? "" : comparison.line();
    }

    private static Optional<Drain> drain(Optional<? extends Drainer> drainer, Backlog backlog, String kind)
            throws IOException, SQLException, InterruptedException {
        return drainer.isPresent() ? Optional.of(drain(drainer.get(), backlog, kind)) : Optional.empty();
    }

    private static Drain drain(Drainer drainer, Backlog backlog, String kind)
            throws IOException, SQLException, InterruptedException {
        String slot = backlog.copySlot(kind);
        Drain drain = drainer.drain(backlog, slot);
        backlog.dropSlot(slot);
        return drain;
    }

    private List<String> jvmOptions() {
        List<String> options = new ArrayList<>(List.of("-Xmx" + xmx, "-XX:+Use" + gc + "GC"));
        options.addAll(moreJvmOptions);
        return options;
    }

    private void describe(EmbeddedPostgres server, BenchTarget into, Optional<RecvlogicalDrainer> recvlogical)
            throws IOException, SQLException {
        try (Connection connection = server.connect()) {
            System.out.printf(
                    "PostgreSQL %s (fsync off, logical_decoding_work_mem 64MB) into %s, %s%n",
                    Backlog.text(connection, "SHOW server_version"),
                    into.description(),
                    recvlogical.map(RecvlogicalDrainer::version).orElse("no pg_recvlogical"));
        }
        System.out.printf(
                "Java %s, pipeline %s, %d cores of %s, Linux %s, load %s%n",
                System.getProperty("java.runtime.version"),
                String.join(" ", jvmOptions()),
                Runtime.getRuntime().availableProcessors(),
                processor(),
                System.getProperty("os.version"),
                load());
    }

    private static String processor() throws IOException {
        return Files.readAllLines(Path.of("/proc/cpuinfo")).stream()
                .filter(line -> line.startsWith("model name"))
                .map(line -> line.substring(line.indexOf(':') + 2))
                .findFirst()
                .orElse(System.getProperty("os.arch"));
    }

    /** Of the last minute: above 1 or so somebody else is using the machine. */
    private static String load() throws IOException {
        return Files.readString(Path.of("/proc/loadavg")).split(" ")[0];
    }
}
