package io.pg2any.apply.jdbc;

import io.pg2any.apply.TargetException;
import io.pg2any.apply.TargetStatus.RowKind;
import io.pg2any.change.Change;
import io.pg2any.change.ReplicaIdentity;
import io.pg2any.change.Tuple;
import java.sql.SQLException;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * Takes every row that was changed out and puts what has become of it in, once the changes are all known: the only form
 * in which a unique index of the target lets two rows swap their values, as a deferred constraint of the source does.
 * Only where nothing but the key and unique indexes relates rows to one another, and only after strict order has failed.
 *
 * <p>What does not fit (a value that was not sent, a row that is not there) makes the whole batch fail, and the failure
 * of the strict order is the one that is told.
 */
final class ReplacingWriter implements RowWriter {
    /** What becomes of one row. */
    private static final class NetRow {
        /** By which the target finds it; null when it is not there before. */
        private final Tuple old;
        /** Null when it is gone. */
        private Tuple row;

        NetRow(Tuple old, Tuple row) {
            this.old = old;
            this.row = row;
        }
    }

    private final TableWriter ordered;
    private final TargetTable table;
    private final ChangeWindow window;
    private final RowCounts counts;
    private Map<RowKey, NetRow> rows = new LinkedHashMap<>();

    ReplacingWriter(TableWriter ordered, ApplySession session, ChangeWindow window) {
        this.ordered = ordered;
        this.table = ordered.table();
        this.window = window;
        this.counts = session.counts(table.relation().displayName());
    }

    @Override
    public TargetTable table() {
        return table;
    }

    @Override
    public void insert(Tuple row) throws TargetException {
        put(row);
        counts.written(RowKind.INSERT, 1);
        window.add(Tuples.size(row));
    }

    @Override
    public void update(Change.Update change) throws TargetException {
        ordered.requireIdentity("update");
        ordered.requireColumns(change.row());
        Tuple old = change.old();
        Tuple matched = old == null ? change.row() : old;
        boolean full = table.relation().replicaIdentity() == ReplicaIdentity.FULL;
        Tuple row = old != null && full ? Tuples.overlay(old, change.row()) : change.row();
        RowKey key = RowKey.of(matched, table.key());
        NetRow known = rows.get(key);
        if (known != null && known.row == null) {
            throw refused("a row is updated that is gone");
        }
        Tuple whole = known == null ? row : Tuples.overlay(known.row, row);
        take(key, matched);
        put(whole);
        counts.written(RowKind.UPDATE, 1);
        window.add(Tuples.size(row));
    }

    @Override
    public void delete(Change.Delete change) throws TargetException {
        ordered.requireIdentity("delete");
        ordered.requireColumns(change.old());
        RowKey key = RowKey.of(change.old(), table.key());
        NetRow known = rows.get(key);
        if (known != null && known.row == null) {
            throw refused("a row is deleted that is gone");
        }
        take(key, change.old());
        counts.written(RowKind.DELETE, 1);
        window.add(Tuples.size(change.old()));
    }

    private void take(RowKey key, Tuple matched) {
        NetRow known = rows.get(key);
        if (known == null) {
            rows.put(key, new NetRow(matched, null));
        } else if (known.old == null) {
            rows.remove(key);
        } else {
            known.row = null;
        }
    }

    private void put(Tuple row) throws TargetException {
        ordered.requireColumns(row);
        if (Tuples.hasUnchanged(row)) {
            throw refused("a value that did not change was not sent; REPLICA IDENTITY FULL makes the source send it");
        }
        RowKey key = RowKey.of(row, table.key());
        NetRow known = rows.get(key);
        if (known == null) {
            rows.put(key, new NetRow(null, row));
        } else if (known.row == null) {
            known.row = row;
        } else {
            throw refused("a row is inserted that is there");
        }
    }

    @Override
    public void truncate() throws SQLException, TargetException {
        ordered.truncate();
    }

    @Override
    public void flush() throws SQLException, TargetException {
        Map<RowKey, NetRow> all = rows;
        rows = new LinkedHashMap<>();
        for (NetRow net : all.values()) {
            if (net.old != null && !ordered.remove(net.old)) {
                throw refused("a row is not there");
            }
        }
        for (NetRow net : all.values()) {
            if (net.row != null) {
                ordered.put(net.row);
            }
        }
    }

    private GroupRefusedException refused(String reason) {
        return new GroupRefusedException("table " + table.name().displayName() + ": " + reason, null);
    }

    @Override
    public void close() throws SQLException {
        rows.clear();
        ordered.close();
    }
}
