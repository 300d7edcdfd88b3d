package io.pg2any.capture;

import io.pg2any.cli.EmbeddedPostgres;
import io.pg2any.pgoutput.MessageChunk;
import io.pg2any.server.TestPostgres;
import java.lang.management.ManagementFactory;
import java.sql.Connection;
import java.time.Duration;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Properties;
import org.postgresql.Driver;
import org.postgresql.copy.CopyDual;
import org.postgresql.core.BaseConnection;

/**
 * How fast one slot drains to nowhere: through {@link Capture}, and through a plain loop over pgjdbc's CopyDual as
 * everybody writes it. Both read the same backlog of one transaction. Not part of the gate; run it by hand:
 * {@code java -cp … io.pg2any.capture.DrainMeter [rows] [rounds] [postgres major]}.
 */
public final class DrainMeter {
    private static final Duration TICK = Duration.ofMillis(100);

    private DrainMeter() {}

    public static void main(String[] arguments) throws Exception {
        int rows = arguments.length > 0 ? Integer.parseInt(arguments[0]) : 1_000_000;
        int rounds = arguments.length > 1 ? Integer.parseInt(arguments[1]) : 2;
        int major = arguments.length > 2 ? Integer.parseInt(arguments[2]) : 18;
        try (EmbeddedPostgres server =
                TestPostgres.start(major, Map.of("logical_decoding_work_mem", "'1GB'", "autovacuum", "off"))) {
            Source.createShop(server);
            Source.execute(
                    server,
                    "shop",
                    "CREATE TABLE wide (id bigint PRIMARY KEY, a int, b int, c text, d text, e timestamptz, f numeric,"
                            + " g float8, h bool, i uuid); ALTER PUBLICATION items ADD TABLE wide");
            for (int round = 0; round < rounds; round++) {
                for (String slot : new String[] {"naive", "capture"}) {
                    Source.execute(
                            server, "shop", "SELECT pg_create_logical_replication_slot('" + slot + "', 'pgoutput')");
                }
                Source.execute(
                        server,
                        "shop",
                        "TRUNCATE wide; INSERT INTO wide SELECT g, g, g % 100, md5(g::text), md5(g::text), now(),"
                                + " g / 7.0, random(), g % 2 = 0, gen_random_uuid() FROM generate_series(1, " + rows
                                + ") g; CHECKPOINT");
                if (round % 2 == 0) {
                    naive(server, rows);
                    capture(server, rows);
                } else {
                    capture(server, rows);
                    naive(server, rows);
                }
                for (String slot : new String[] {"naive", "capture"}) {
                    Source.dropSlot(server, slot);
                }
            }
        }
    }

    private static void capture(EmbeddedPostgres server, int rows) throws Exception {
        CaptureConfig config = CaptureConfig.builder(
                        ConnectionString.parse(server.sourceUri("shop")), "capture", java.util.List.of("items"))
                .build();
        try (Capture capture = new Capture(config, Optional::empty, new SlotFeedback())) {
            Meter meter = new Meter();
            capture.start();
            int chunks = 0;
            while (capture.status().totals().inserts() < rows) {
                MessageChunk chunk = capture.take(TICK);
                if (chunk != null && chunk.messages() > 0) {
                    meter.first();
                    chunks++;
                }
            }
            meter.print("capture", rows, chunks + " chunks");
        }
    }

    private static void naive(EmbeddedPostgres server, int rows) throws Exception {
        Properties properties = new Properties();
        properties.setProperty("user", "postgres");
        properties.setProperty("replication", "database");
        properties.setProperty("preferQueryMode", "simple");
        properties.setProperty("assumeMinServerVersion", "10");
        try (Connection connection =
                new Driver().connect("jdbc:postgresql://127.0.0.1:" + server.port() + "/shop", properties)) {
            Meter meter = new Meter();
            CopyDual copy = (CopyDual) ((BaseConnection) connection)
                    .getQueryExecutor()
                    .startCopy(
                            "START_REPLICATION SLOT naive LOGICAL 0/0 (proto_version '1', publication_names 'items')",
                            true);
            int read = 0;
            while (read < rows) {
                byte[] frame = copy.readFromCopy(true);
                if (frame[0] == 'w') {
                    meter.first();
                    read += frame[25] == 'I' ? 1 : 0;
                }
            }
            meter.print("naive", rows, "");
        }
    }

    /** From the first message on: what the server needs to find it is the same for both. */
    private static final class Meter {
        private long firstAt;
        private double cpuAtFirst;

        void first() {
            if (firstAt == 0) {
                firstAt = System.nanoTime();
                cpuAtFirst = cpuSeconds();
            }
        }

        void print(String name, int rows, String more) {
            double seconds = (System.nanoTime() - firstAt) / 1e9;
            System.out.printf(
                    Locale.ROOT,
                    "%-8s %8.0f rows/s  %6.2f s  %6.2f CPU s  %s%n",
                    name,
                    rows / seconds,
                    seconds,
                    cpuSeconds() - cpuAtFirst,
                    more);
        }

        private static double cpuSeconds() {
            return ((com.sun.management.OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean())
                            .getProcessCpuTime()
                    / 1e9;
        }
    }
}
