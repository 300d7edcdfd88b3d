package io.pg2any.apply.jdbc;

import io.pg2any.apply.TargetStatus;
import io.pg2any.apply.TargetStatus.RowKind;

/** What the open transaction did to one table. One thread. */
final class RowCounts {
    private static final RowKind[] KINDS = RowKind.values();

    private final long[] written = new long[KINDS.length];
    private final long[] diverged = new long[KINDS.length];
    private final long[] rejected = new long[KINDS.length];

    void written(RowKind kind, long rows) {
        written[kind.ordinal()] += rows;
    }

    void add(RowCounts more) {
        for (int i = 0; i < KINDS.length; i++) {
            written[i] += more.written[i];
            diverged[i] += more.diverged[i];
            rejected[i] += more.rejected[i];
        }
    }

    void diverged(RowKind kind) {
        diverged[kind.ordinal()]++;
    }

    void rejected(RowKind kind) {
        rejected[kind.ordinal()]++;
    }

    /**
     * Adds to the status and starts over.
     *
     * @return the rows written, without truncations
     */
    long publish(String table, TargetStatus status) {
        long rows = 0;
        for (RowKind kind : KINDS) {
            int i = kind.ordinal();
            if (written[i] > 0) {
                status.rows(table, kind).add(written[i]);
                rows += kind == RowKind.TRUNCATE ? 0 : written[i];
                written[i] = 0;
            }
            if (diverged[i] > 0) {
                status.divergences(table, kind).add(diverged[i]);
                diverged[i] = 0;
            }
            if (rejected[i] > 0) {
                status.rejections(table, kind).add(rejected[i]);
                rejected[i] = 0;
            }
        }
        return rows;
    }
}
