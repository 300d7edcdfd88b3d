package io.pg2any.apply.jdbc;

import io.pg2any.apply.ApplyOptions;
import io.pg2any.apply.ChangesBatch;
import io.pg2any.apply.Relations;
import io.pg2any.apply.Tuples;
import io.pg2any.change.Change;
import io.pg2any.change.Lsn;
import io.pg2any.change.Relation;
import io.pg2any.change.Tuple;
import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.IntFunction;

/**
 * Rows per second into a SQLite file, tuples prepared beforehand. Not a test: run {@code main}, optionally with the
 * number of rows, the rows per batch and the folder of the file.
 */
public final class ApplyMeter {
    private static final Relation RELATION = Relations.keyed(
            1,
            "meter",
            "id* int8",
            "a int4",
            "b int4",
            "c text",
            "d text",
            "at timestamptz",
            "n numeric",
            "f float8",
            "yes bool",
            "u uuid");

    /** On a machine that others use too, CPU time is the steadier figure. */
    private static final ThreadMXBean CPU = ManagementFactory.getThreadMXBean();

    private ApplyMeter() {}

    public static void main(String[] arguments) throws Exception {
        int rows = arguments.length > 0 ? Integer.parseInt(arguments[0]) : 500_000;
        int batch = arguments.length > 1 ? Integer.parseInt(arguments[1]) : 10_000;
        Path folder = arguments.length > 2 ? Path.of(arguments[2]) : Files.createTempDirectory("apply-meter");
        for (int round = 0; round < 3; round++) {
            Path file = folder.resolve("meter-" + round + ".db");
            Files.deleteIfExists(file);
            measure(file, rows, batch);
        }
    }

    private static void measure(Path file, int rows, int batch) throws Exception {
        ApplyOptions options = ApplyOptions.defaults("meter");
        try (JdbcTarget target =
                new JdbcTarget(new SqliteDialect(file.toString(), options.values(), options.lockTimeout()), options)) {
            target.open();
            Lsn at = new Lsn(0x1000);
            at = run(target, at, "insert", rows, batch, i -> new Change.Insert(RELATION, row(i, "first")));
            at = run(target, at, "update", rows, batch, i -> new Change.Update(RELATION, null, row(i, "second")));
            at = run(target, at, "delete", rows, batch, i -> new Change.Delete(RELATION, row(i, "second")));
            run(target, at, "small transactions", rows / 10, 10, i -> new Change.Insert(RELATION, row(i, "third")));
        }
    }

    private static Lsn run(JdbcTarget target, Lsn at, String name, int rows, int batch, IntFunction<Change> change)
            throws Exception {
        long nanos = 0;
        long cpuNanos = 0;
        Lsn after = at;
        for (int from = 0; from < rows; from += batch) {
            List<Change> changes = new ArrayList<>(batch);
            for (int i = from; i < Math.min(rows, from + batch); i++) {
                changes.add(change.apply(i));
            }
            ChangesBatch transactions = ChangesBatch.after(after.value()).transaction(changes);
            long start = System.nanoTime();
            long cpuStart = CPU.getCurrentThreadCpuTime();
            after = target.apply(transactions).applied();
            cpuNanos += CPU.getCurrentThreadCpuTime() - cpuStart;
            nanos += System.nanoTime() - start;
        }
        System.out.printf(
                "%-20s %,10.0f rows/s, %,10.0f rows per CPU second, %d per commit%n",
                name, rows * 1e9 / nanos, rows * 1e9 / cpuNanos, batch);
        return after;
    }

    private static Tuple row(int i, String text) {
        return Tuples.tuple(
                i,
                i % 1000,
                i * 7L % 100_000,
                text + " customer " + i,
                "some longer text that a person wrote " + i,
                "2026-11-22 10:11:12." + (100_000 + i % 900_000) + "+00",
                i + ".25",
                i / 8.0,
                i % 2 == 0 ? "t" : "f",
                String.format("550e8400-e29b-41d4-a716-%012d", i));
    }
}
