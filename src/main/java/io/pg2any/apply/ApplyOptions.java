package io.pg2any.apply;

import java.time.Duration;
import java.util.Objects;

/**
 * How a target applies.
 *
 * @param pipeline names who fills the tables; one per slot
 * @param position names the row of the position table: the pipeline's, unless dead letters are applied, which count apart
 * @param durableInterval at most this long a commit that is visible may stay unacknowledged for want of a flush, where
 *     the target's commits are relaxed
 * @param connectTimeout how long connecting may take
 * @param lockTimeout how long a statement waits for another session before the try counts as failed
 * @param statementTimeout how long a statement may go on before it counts as hung; each one that did may take twice as long
 * @param maxRowsPerInsert rows of one multi-row INSERT at most; 0 leaves it to the dialect
 * @param maxRowsPerCommit a transaction with more rows is committed in parts; 0 never
 * @param order whether rows may be grouped by table and key where nothing can tell
 * @param windowRows so many changes are folded together at most before they are written
 * @param rejected what becomes of changes that the target refuses for good
 * @param bulkInsertThreshold from so many rows on the target's bulk protocol takes an insert, where there is one
 * @param markOrigin whether the target is told that changes came by replication, where it has a mark for that
 */
public record ApplyOptions(
        String pipeline,
        String position,
        TableMapping mapping,
        TablesPolicy tables,
        EvolvePolicy evolve,
        ValuePolicy values,
        DivergencePolicy divergence,
        KeySource keys,
        RejectedChanges rejected,
        Duration durableInterval,
        Duration connectTimeout,
        Duration lockTimeout,
        Duration statementTimeout,
        int maxRowsPerInsert,
        int maxRowsPerCommit,
        ApplyOrder order,
        int windowRows,
        int bulkInsertThreshold,
        boolean markOrigin) {
    public ApplyOptions {
        Objects.requireNonNull(position, "position");
        Objects.requireNonNull(mapping, "mapping");
        Objects.requireNonNull(tables, "tables");
        Objects.requireNonNull(evolve, "evolve");
        Objects.requireNonNull(values, "values");
        Objects.requireNonNull(divergence, "divergence");
        Objects.requireNonNull(keys, "keys");
        Objects.requireNonNull(rejected, "rejected");
        Objects.requireNonNull(order, "order");
        if (pipeline.isBlank()) {
            throw new IllegalArgumentException("pipeline: must not be blank");
        }
        requireNotNegative("durableInterval", durableInterval.toMillis());
        requireNotNegative("connectTimeout", connectTimeout.toMillis());
        requireNotNegative("lockTimeout", lockTimeout.toMillis());
        if (statementTimeout.toMillis() < 1) {
            throw new IllegalArgumentException("statementTimeout: must be positive");
        }
        requireNotNegative("maxRowsPerInsert", maxRowsPerInsert);
        requireNotNegative("maxRowsPerCommit", maxRowsPerCommit);
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
        return builder(pipeline).build();
    }

    /** Of what is not said the default is taken. */
    public static Builder builder(String pipeline) {
        return new Builder(pipeline);
    }

    public static final class Builder {
        private final String pipeline;
        private String position;
        private TableMapping mapping = TableMapping.NONE;
        private TablesPolicy tables = TablesPolicy.CREATE;
        private EvolvePolicy evolve = EvolvePolicy.ADD;
        private ValuePolicy values = ValuePolicy.FAIL;
        private DivergencePolicy divergence = DivergencePolicy.WARN;
        private KeySource keys = KeySource.NONE;
        private RejectedChanges rejected = RejectedChanges.STOP;
        private Duration durableInterval = Duration.ofSeconds(1);
        private Duration connectTimeout = Duration.ofSeconds(30);
        private Duration lockTimeout = Duration.ofSeconds(5);
        private Duration statementTimeout = Duration.ofMinutes(10);
        private int maxRowsPerInsert;
        private int maxRowsPerCommit;
        private ApplyOrder order = ApplyOrder.GROUPED;
        private int windowRows = 20_000;
        private int bulkInsertThreshold = 500;
        private boolean markOrigin;

        private Builder(String pipeline) {
            this.pipeline = pipeline;
            this.position = pipeline;
        }

        public Builder position(String value) {
            position = value;
            return this;
        }

        public Builder mapping(TableMapping value) {
            mapping = value;
            return this;
        }

        public Builder tables(TablesPolicy value) {
            tables = value;
            return this;
        }

        public Builder evolve(EvolvePolicy value) {
            evolve = value;
            return this;
        }

        public Builder values(ValuePolicy value) {
            values = value;
            return this;
        }

        public Builder divergence(DivergencePolicy value) {
            divergence = value;
            return this;
        }

        public Builder keys(KeySource value) {
            keys = value;
            return this;
        }

        public Builder rejected(RejectedChanges value) {
            rejected = value;
            return this;
        }

        public Builder durableInterval(Duration value) {
            durableInterval = value;
            return this;
        }

        public Builder connectTimeout(Duration value) {
            connectTimeout = value;
            return this;
        }

        public Builder lockTimeout(Duration value) {
            lockTimeout = value;
            return this;
        }

        public Builder statementTimeout(Duration value) {
            statementTimeout = value;
            return this;
        }

        public Builder maxRowsPerInsert(int value) {
            maxRowsPerInsert = value;
            return this;
        }

        public Builder maxRowsPerCommit(int value) {
            maxRowsPerCommit = value;
            return this;
        }

        public Builder order(ApplyOrder value) {
            order = value;
            return this;
        }

        public Builder windowRows(int value) {
            windowRows = value;
            return this;
        }

        public Builder bulkInsertThreshold(int value) {
            bulkInsertThreshold = value;
            return this;
        }

        public Builder markOrigin(boolean value) {
            markOrigin = value;
            return this;
        }

        public ApplyOptions build() {
            return new ApplyOptions(
                    pipeline,
                    position,
                    mapping,
                    tables,
                    evolve,
                    values,
                    divergence,
                    keys,
                    rejected,
                    durableInterval,
                    connectTimeout,
                    lockTimeout,
                    statementTimeout,
                    maxRowsPerInsert,
                    maxRowsPerCommit,
                    order,
                    windowRows,
                    bulkInsertThreshold,
                    markOrigin);
        }
    }
}
