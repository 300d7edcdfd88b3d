package io.pg2any.apply;

import java.time.Duration;
import java.util.Objects;

/**
 * How a target applies.
 *
 * @param pipeline names the row of the position table; one per slot
 * @param durableInterval at most this long a commit that is visible may stay unacknowledged for want of a flush, where
 *     the target's commits are relaxed
 * @param connectTimeout how long connecting may take
 * @param lockTimeout how long a statement waits for another session before the try counts as failed
 * @param maxRowsPerInsert rows of one multi-row INSERT at most; 0 leaves it to the dialect
 * @param order whether rows may be grouped by table and key where nothing can tell
 * @param windowRows so many changes are folded together at most before they are written
 * @param bulkInsertThreshold from so many rows on the target's bulk protocol takes an insert, where there is one
 */
public record ApplyOptions(
        String pipeline,
        TableMapping mapping,
        TablesPolicy tables,
        ValuePolicy values,
        DivergencePolicy divergence,
        KeySource keys,
        Duration durableInterval,
        Duration connectTimeout,
        Duration lockTimeout,
        int maxRowsPerInsert,
        ApplyOrder order,
        int windowRows,
        int bulkInsertThreshold) {
    public ApplyOptions {
        Objects.requireNonNull(mapping, "mapping");
        Objects.requireNonNull(tables, "tables");
        Objects.requireNonNull(values, "values");
        Objects.requireNonNull(divergence, "divergence");
        Objects.requireNonNull(keys, "keys");
        Objects.requireNonNull(order, "order");
        if (pipeline.isBlank()) {
            throw new IllegalArgumentException("pipeline: must not be blank");
        }
        requireNotNegative("durableInterval", durableInterval.toMillis());
        requireNotNegative("connectTimeout", connectTimeout.toMillis());
        requireNotNegative("lockTimeout", lockTimeout.toMillis());
        requireNotNegative("maxRowsPerInsert", maxRowsPerInsert);
        requireNotNegative("bulkInsertThreshold", bulkInsertThreshold);
        if (windowRows < 1) {
            throw new IllegalArgumentException("windowRows: must be positive");
        }
    }

    private static void requireNotNegative(String name, long value) {
        if (value < 0) {
            throw new IllegalArgumentException(name + ": must not be negative");
        }
    }

    public static ApplyOptions defaults(String pipeline) {
        return new ApplyOptions(
                pipeline,
                TableMapping.NONE,
                TablesPolicy.CREATE,
                ValuePolicy.FAIL,
                DivergencePolicy.WARN,
                KeySource.NONE,
                Duration.ofSeconds(1),
                Duration.ofSeconds(30),
                Duration.ofSeconds(5),
                0,
                ApplyOrder.GROUPED,
                20_000,
                500);
    }

    public ApplyOptions withMapping(TableMapping value) {
        return new ApplyOptions(
                pipeline,
                value,
                tables,
                values,
                divergence,
                keys,
                durableInterval,
                connectTimeout,
                lockTimeout,
                maxRowsPerInsert,
                order,
                windowRows,
                bulkInsertThreshold);
    }

    public ApplyOptions withTables(TablesPolicy value) {
        return new ApplyOptions(
                pipeline,
                mapping,
                value,
                values,
                divergence,
                keys,
                durableInterval,
                connectTimeout,
                lockTimeout,
                maxRowsPerInsert,
                order,
                windowRows,
                bulkInsertThreshold);
    }

    public ApplyOptions withValues(ValuePolicy value) {
        return new ApplyOptions(
                pipeline,
                mapping,
                tables,
                value,
                divergence,
                keys,
                durableInterval,
                connectTimeout,
                lockTimeout,
                maxRowsPerInsert,
                order,
                windowRows,
                bulkInsertThreshold);
    }

    public ApplyOptions withDivergence(DivergencePolicy value) {
        return new ApplyOptions(
                pipeline,
                mapping,
                tables,
                values,
                value,
                keys,
                durableInterval,
                connectTimeout,
                lockTimeout,
                maxRowsPerInsert,
                order,
                windowRows,
                bulkInsertThreshold);
    }

    public ApplyOptions withKeys(KeySource value) {
        return new ApplyOptions(
                pipeline,
                mapping,
                tables,
                values,
                divergence,
                value,
                durableInterval,
                connectTimeout,
                lockTimeout,
                maxRowsPerInsert,
                order,
                windowRows,
                bulkInsertThreshold);
    }

    public ApplyOptions withDurableInterval(Duration value) {
        return new ApplyOptions(
                pipeline,
                mapping,
                tables,
                values,
                divergence,
                keys,
                value,
                connectTimeout,
                lockTimeout,
                maxRowsPerInsert,
                order,
                windowRows,
                bulkInsertThreshold);
    }

    public ApplyOptions withLockTimeout(Duration value) {
        return new ApplyOptions(
                pipeline,
                mapping,
                tables,
                values,
                divergence,
                keys,
                durableInterval,
                connectTimeout,
                value,
                maxRowsPerInsert,
                order,
                windowRows,
                bulkInsertThreshold);
    }

    public ApplyOptions withOrder(ApplyOrder value) {
        return new ApplyOptions(
                pipeline,
                mapping,
                tables,
                values,
                divergence,
                keys,
                durableInterval,
                connectTimeout,
                lockTimeout,
                maxRowsPerInsert,
                value,
                windowRows,
                bulkInsertThreshold);
    }

    public ApplyOptions withWindowRows(int value) {
        return new ApplyOptions(
                pipeline,
                mapping,
                tables,
                values,
                divergence,
                keys,
                durableInterval,
                connectTimeout,
                lockTimeout,
                maxRowsPerInsert,
                order,
                value,
                bulkInsertThreshold);
    }

    public ApplyOptions withBulkInsertThreshold(int value) {
        return new ApplyOptions(
                pipeline,
                mapping,
                tables,
                values,
                divergence,
                keys,
                durableInterval,
                connectTimeout,
                lockTimeout,
                maxRowsPerInsert,
                order,
                windowRows,
                value);
    }
}
