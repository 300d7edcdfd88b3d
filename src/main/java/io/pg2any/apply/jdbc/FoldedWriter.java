package io.pg2any.apply.jdbc;

import io.pg2any.apply.DivergencePolicy;
import io.pg2any.apply.TargetException;
import io.pg2any.apply.TargetException.Kind;
import io.pg2any.apply.TargetStatus.RowKind;
import io.pg2any.change.Change;
import io.pg2any.change.ReplicaIdentity;
import io.pg2any.change.Tuple;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Folds the changes of a window to the net effect on each key and writes it in sets: deletes, then updates, then
 * inserts. Only for tables where nothing but the key relates rows to one another: no other unique index, foreign key or
 * trigger sees the order then.
 *
 * <p>Keys are told apart by their bytes. Should the target take two of them for the same (1.0 and 1.00), the order of
 * the sets is still right: at the source one was gone before the other came.
 *
 * <p>What does not fold (an insert of a row that is there, an update of one that is gone) makes the whole batch run
 * again in strict order, where it is treated and reported change by change. A change of a key is written in its place.
 */
final class FoldedWriter implements RowWriter {
    private enum Net {
        INSERT,
        UPDATE,
        DELETE,
        /** Deleted and inserted anew. */
        REPLACE
    }

    /** What becomes of one row. */
    private static final class NetRow {
        private Net net;
        private Tuple row;
        private final Tuple key;

        NetRow(Net net, Tuple row, Tuple key) {
            this.net = net;
            this.row = row;
            this.key = key;
        }
    }

    /** So few are quicker one by one. */
    private static final int FEW_ROWS = 3;

    private static final int PART_BYTES = 2 << 20;

    private final Connection connection;
    private final TableWriter ordered;
    private final RowSets sets;
    private final ApplySession session;
    private final ChangeWindow window;
    private final TargetTable table;
    private final boolean full;
    private final RowCounts counts;
    /**
     * As long as nothing but inserts waits, they wait here: what the source has inserted and not deleted has keys of its
     * own. {@link #rows} is empty then.
     */
    private List<Tuple> inserts = new ArrayList<>();

    private Map<RowKey, NetRow> rows = new LinkedHashMap<>();

    FoldedWriter(Connection connection, TableWriter ordered, RowSets sets, ApplySession session, ChangeWindow window) {
        this.connection = connection;
        this.ordered = ordered;
        this.sets = sets;
        this.session = session;
        this.window = window;
        this.table = ordered.table();
        this.full = table.relation().replicaIdentity() == ReplicaIdentity.FULL;
        this.counts = session.counts(table.relation().displayName());
    }

    @Override
    public TargetTable table() {
        return table;
    }

    @Override
    public void insert(Tuple row) throws TargetException {
        ordered.requireColumns(row);
        if (Tuples.hasUnchanged(row)) {
            throw refused("an insert lacks a value");
        }
        if (rows.isEmpty()) {
            inserts.add(row);
        } else {
            foldInsert(row);
        }
        window.add(Tuples.size(row));
    }

    private void foldInsert(Tuple row) throws GroupRefusedException {
        RowKey key = RowKey.of(row, table.key());
        NetRow known = rows.get(key);
        if (known == null) {
            rows.put(key, new NetRow(Net.INSERT, row, row));
        } else if (known.net == Net.DELETE) {
            known.net = Net.REPLACE;
            known.row = row;
        } else {
            throw refused("a row is inserted that is there");
        }
    }

    /** From now on, until {@link #flush}, changes may be of a row that waits. */
    private void fold() throws GroupRefusedException {
        for (Tuple row : inserts) {
            foldInsert(row);
        }
        inserts.clear();
    }

    @Override
    public void update(Change.Update change) throws SQLException, TargetException {
        ordered.requireIdentity("update");
        ordered.requireColumns(change.row());
        Tuple old = change.old();
        if (ordered.changesKey(change.row(), old)) {
            flush();
            ordered.update(change);
            ordered.flush();
            return;
        }
        fold();
        Tuple matched = old != null ? old : change.row();
        Tuple row = old != null && full ? Tuples.overlay(old, change.row()) : change.row();
        RowKey key = RowKey.of(matched, table.key());
        NetRow known = rows.get(key);
        if (known == null) {
            rows.put(key, new NetRow(Net.UPDATE, row, matched));
        } else if (known.net == Net.DELETE) {
            throw refused("a row is updated that is gone");
        } else {
            known.row = Tuples.overlay(known.row, row);
            counts.written(RowKind.UPDATE, 1);
        }
        window.add(Tuples.size(row));
    }

    @Override
    public void delete(Change.Delete change) throws TargetException {
        ordered.requireIdentity("delete");
        ordered.requireColumns(change.old());
        fold();
        RowKey key = RowKey.of(change.old(), table.key());
        NetRow known = rows.get(key);
        if (known == null) {
            rows.put(key, new NetRow(Net.DELETE, null, change.old()));
        } else {
            switch (known.net) {
                case INSERT -> {
                    rows.remove(key);
                    counts.written(RowKind.INSERT, 1);
                    counts.written(RowKind.DELETE, 1);
                }
                case UPDATE -> {
                    known.net = Net.DELETE;
                    known.row = null;
                    counts.written(RowKind.UPDATE, 1);
                }
                case REPLACE -> {
                    known.net = Net.DELETE;
                    known.row = null;
                    counts.written(RowKind.INSERT, 1);
                    counts.written(RowKind.DELETE, 1);
                }
                case DELETE -> throw refused("a row is deleted that is gone");
            }
        }
        window.add(Tuples.size(change.old()));
    }

    @Override
    public void truncate() throws SQLException, TargetException {
        ordered.truncate();
    }

    @Override
    public void flush() throws SQLException, TargetException {
        List<Tuple> onlyInserts = inserts;
        inserts = new ArrayList<>();
        insert(onlyInserts);
        if (rows.isEmpty()) {
            return;
        }
        Map<RowKey, NetRow> all = rows;
        rows = new LinkedHashMap<>();
        List<Tuple> deleted = new ArrayList<>();
        List<Tuple> inserted = new ArrayList<>();
        Map<BitSet, List<NetRow>> updated = new LinkedHashMap<>();
        for (NetRow row : all.values()) {
            if (row.net == Net.DELETE || row.net == Net.REPLACE) {
                deleted.add(row.key);
            }
            if (row.net == Net.INSERT || row.net == Net.REPLACE) {
                inserted.add(row.row);
            } else if (row.net == Net.UPDATE) {
                updated.computeIfAbsent(present(row.row), columns -> new ArrayList<>())
                        .add(row);
            }
        }
        delete(deleted);
        for (Map.Entry<BitSet, List<NetRow>> group : updated.entrySet()) {
            update(group.getKey().stream().toArray(), group.getValue());
        }
        insert(inserted);
    }

    /** The columns an update sets: what was sent, without the key, which stays as it is. */
    private BitSet present(Tuple row) {
        BitSet present = new BitSet(row.size());
        for (int column = 0; column < row.size(); column++) {
            if (!row.isUnchanged(column)) {
                present.set(column);
            }
        }
        for (int column : table.key()) {
            present.clear(column);
        }
        return present;
    }

    private void delete(List<Tuple> keys) throws SQLException, TargetException {
        if (keys.size() <= FEW_ROWS) {
            for (Tuple key : keys) {
                ordered.delete(new Change.Delete(table.relation(), key));
            }
            ordered.flush();
            return;
        }
        for (int from = 0, to; from < keys.size(); from = to) {
            to = partEnd(keys, from);
            List<Tuple> part = keys.subList(from, to);
            written(RowKind.DELETE, part.size(), () -> sets.delete(part));
        }
    }

    private void update(int[] set, List<NetRow> changed) throws SQLException, TargetException {
        if (changed.size() <= FEW_ROWS || set.length == 0) {
            for (NetRow row : changed) {
                Tuple old = row.key == row.row ? null : row.key;
                ordered.update(new Change.Update(table.relation(), old, row.row));
            }
            ordered.flush();
            return;
        }
        List<Tuple> all = changed.stream().map(row -> row.row).toList();
        List<Tuple> allKeys = changed.stream().map(row -> row.key).toList();
        for (int from = 0, to; from < all.size(); from = to) {
            to = partEnd(all, from);
            List<Tuple> values = all.subList(from, to);
            List<Tuple> keys = allKeys.subList(from, to);
            written(RowKind.UPDATE, values.size(), () -> sets.update(set, values, keys));
        }
    }

    private void insert(List<Tuple> inserted) throws SQLException, TargetException {
        if (inserted.size() <= FEW_ROWS) {
            for (Tuple row : inserted) {
                ordered.insert(row);
            }
            ordered.flush();
            return;
        }
        for (int from = 0, to; from < inserted.size(); from = to) {
            to = partEnd(inserted, from);
            List<Tuple> part = inserted.subList(from, to);
            written(RowKind.INSERT, part.size(), () -> sets.insert(part));
        }
    }

    /** As many rows as one call takes, and not much more bytes than a server takes in one statement by default. */
    private int partEnd(List<Tuple> tuples, int from) {
        int end = from;
        long bytes = 0;
        while (end < tuples.size() && end - from < sets.rows() && (end == from || bytes < PART_BYTES)) {
            bytes += Tuples.size(tuples.get(end++));
        }
        return end;
    }

    private interface SetStatement {
        long run() throws SQLException, UnrepresentableValueException;
    }

    private void written(RowKind kind, int expected, SetStatement statement) throws TargetException {
        long count;
        try {
            count = statement.run();
        } catch (UnrepresentableValueException e) {
            throw refused(e.getMessage());
        } catch (SQLException e) {
            if (session.kindOf(e, connection) != Kind.REJECTED) {
                throw session.failure(describe(kind), e, connection);
            }
            String message = session.message(describe(kind), e);
            session.keepOrder(table.relation().displayName(), message);
            throw refused(message);
        }
        long missing = expected - count;
        if (missing < 0
                || missing > 0 && (kind == RowKind.INSERT || session.options().divergence() == DivergencePolicy.FAIL)) {
            throw refused(describe(kind) + ": " + count + " of " + expected + " rows");
        }
        counts.written(kind, count);
        for (long i = 0; i < missing; i++) {
            counts.diverged(kind);
        }
        if (missing > 0) {
            session.diverged(
                    table.relation().displayName(),
                    kind,
                    () -> describe(kind) + ", " + missing + " of " + expected + " rows");
        }
    }

    private String describe(RowKind kind) {
        return kind + " in table " + table.name().displayName() + " (source "
                + table.relation().displayName() + "), at or before " + session.place();
    }

    /** In strict order it shows what is to be done with it. */
    private GroupRefusedException refused(String reason) {
        return new GroupRefusedException(
                "table " + table.name().displayName() + ": " + reason + ", at or before " + session.place(), null);
    }

    @Override
    public void close() throws SQLException {
        inserts.clear();
        rows.clear();
        sets.close();
        ordered.close();
    }
}
