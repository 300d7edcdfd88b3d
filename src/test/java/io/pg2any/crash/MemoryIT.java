package io.pg2any.crash;

import static org.assertj.core.api.Assertions.assertThat;

import io.pg2any.cli.EmbeddedPostgres;
import io.pg2any.cli.quickstart.Comparison;
import io.pg2any.cli.quickstart.TargetPosition;
import io.pg2any.cli.quickstart.WorkloadSchema;
import io.pg2any.server.TestPostgres;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.time.Duration;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Memory is bounded whatever the size of a transaction. {@code -Dpg2any.memory.rows=2000000 -Dpg2any.memory.heap=128m}
 * is the long form.
 */
class MemoryIT {
    private static final Logger LOG = LoggerFactory.getLogger(MemoryIT.class);
    private static final int ROWS = Integer.getInteger("pg2any.memory.rows", 300_000);
    private static final String HEAP = System.getProperty("pg2any.memory.heap", "64m");
    private static final long RESIDENT_LIMIT_KB = 350 * 1024;

    @TempDir
    Path folder;

    @Test
    void aTransactionLargerThanTheHeapIsCarriedInBoundedMemory() throws Exception {
        try (EmbeddedPostgres server = TestPostgres.start(TestPostgres.VERSION);
                Scenario scenario = Scenario.create(server, "large", folder, Map.of())) {
            scenario.pipeline.start("-Xmx" + HEAP);
            try (Connection source = scenario.connect()) {
                scenario.pipeline.awaitSlot(source, scenario.name, Scenario.START_LIMIT);
                WorkloadSchema.fill(source);
                scenario.source("WITH batch AS (INSERT INTO bulk_batches VALUES (1, " + ROWS + "))"
                        + " INSERT INTO bulk SELECT 1, n, repeat(md5(n::text), 8) FROM generate_series(1, " + ROWS
                        + ") n");
                TargetPosition.awaitCaughtUp(source, scenario.pipeline, Duration.ofSeconds(120));

                long residentKb = peakResidentKb(scenario.pipeline.pid());
                LOG.info("{} rows in one transaction with a heap of {}: peak RSS {} kB", ROWS, HEAP, residentKb);
                assertThat(residentKb).isLessThan(RESIDENT_LIMIT_KB);
                Comparison comparison = Comparison.of(source, WorkloadSchema.PUBLICATION, scenario.pipeline.target());
                assertThat(comparison.equal()).as(comparison.toString()).isTrue();
                assertThat(comparison.rows()).isGreaterThan(ROWS);
            }
            scenario.assertConsistentSoFar();
            scenario.assertStopsGracefully();
        }
    }

    private static long peakResidentKb(long pid) throws java.io.IOException {
        return Files.readAllLines(Path.of("/proc/" + pid + "/status")).stream()
                .filter(line -> line.startsWith("VmHWM:"))
                .mapToLong(line -> Long.parseLong(line.replaceAll("\\D", "")))
                .findFirst()
                .orElseThrow();
    }
}
