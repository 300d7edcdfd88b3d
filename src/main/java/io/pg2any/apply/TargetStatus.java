package io.pg2any.apply;

import java.time.Instant;
import java.util.Collections;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.LongAdder;

/** What health checks and meters read of a target. Thread-safe; counts only what was committed. */
public final class TargetStatus {
    public enum RowKind {
        INSERT,
        UPDATE,
        DELETE,
        TRUNCATE
    }

    /**
     * @param table the source's {@code schema.table}
     */
    public record TableRows(String table, RowKind kind) {}

    private final Map<TableRows, LongAdder> rows = new ConcurrentHashMap<>();
    private final Map<TableRows, LongAdder> divergences = new ConcurrentHashMap<>();
    private final Map<TableRows, LongAdder> rejections = new ConcurrentHashMap<>();
    private volatile boolean connected;
    private volatile TargetException lastError;
    private volatile Instant lastCommit;

    /** Rows applied; a TRUNCATE counts once per table. The map is live and grows as tables appear. */
    public Map<TableRows, LongAdder> rows() {
        return Collections.unmodifiableMap(rows);
    }

    /** Updates and deletes that found no row. Live, as {@link #rows}. */
    public Map<TableRows, LongAdder> divergences() {
        return Collections.unmodifiableMap(divergences);
    }

    /** Changes that were set aside because the target refused them. Live, as {@link #rows}. */
    public Map<TableRows, LongAdder> rejections() {
        return Collections.unmodifiableMap(rejections);
    }

    public boolean connected() {
        return connected;
    }

    /** The error of the last try; empty after a success. */
    public Optional<TargetException> lastError() {
        return Optional.ofNullable(lastError);
    }

    /** When this process last committed here; empty before the first time. */
    public Optional<Instant> lastCommit() {
        return Optional.ofNullable(lastCommit);
    }

    public LongAdder rows(String table, RowKind kind) {
        return rows.computeIfAbsent(new TableRows(table, kind), key -> new LongAdder());
    }

    public LongAdder divergences(String table, RowKind kind) {
        return divergences.computeIfAbsent(new TableRows(table, kind), key -> new LongAdder());
    }

    public LongAdder rejections(String table, RowKind kind) {
        return rejections.computeIfAbsent(new TableRows(table, kind), key -> new LongAdder());
    }

    public void connected(boolean now) {
        connected = now;
    }

    public void failed(TargetException error) {
        lastError = error;
    }

    public void committed(Instant time) {
        lastCommit = time;
        lastError = null;
    }
}
