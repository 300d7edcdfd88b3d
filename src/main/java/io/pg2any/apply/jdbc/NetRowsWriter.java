package io.pg2any.apply.jdbc;

import io.pg2any.apply.DivergencePolicy;
import io.pg2any.apply.TargetException;
import io.pg2any.apply.TargetException.Kind;
import io.pg2any.apply.TargetStatus.RowKind;
import io.pg2any.change.Change;
import io.pg2any.change.Tuple;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.BitSet;
import java.util.List;
import java.util.Map;

/** Writes net rows in sets: deletes, then updates, then inserts. By one thread at a time, that of {@link WriteBehind} too. */
final class NetRowsWriter {
    /** So few are quicker one by one. */
    private static final int FEW_ROWS = 3;

    private static final int PART_BYTES = 2 << 20;

    private final Connection connection;
    private final TableWriter ordered;
    private final RowSets sets;
    private final ApplySession session;
    private final TargetTable table;
    private final RowCounts counts;
    /** Of the last change of the window, for messages. */
    private String place = "";

    NetRowsWriter(Connection connection, TableWriter ordered, RowSets sets, ApplySession session) {
        this.connection = connection;
        this.ordered = ordered;
        this.sets = sets;
        this.session = session;
        this.table = ordered.table();
        this.counts = session.counts(table.relation().displayName());
    }

    /**
     * @param through the place of the last change in them
     */
    void write(NetRows rows, String through) throws SQLException, TargetException {
        place = through;
        counts.add(rows.folded());
        delete(rows.deleted());
        for (Map.Entry<BitSet, List<NetRows.Updated>> group : rows.updated().entrySet()) {
            update(group.getKey().stream().toArray(), group.getValue());
        }
        insert(rows.inserted());
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

    private void update(int[] set, List<NetRows.Updated> changed) throws SQLException, TargetException {
        if (changed.size() <= FEW_ROWS || set.length == 0) {
            for (NetRows.Updated update : changed) {
                Tuple old = update.key() == update.row() ? null : update.key();
                ordered.update(new Change.Update(table.relation(), old, update.row()));
            }
            ordered.flush();
            return;
        }
        List<Tuple> all = changed.stream().map(NetRows.Updated::row).toList();
        List<Tuple> allKeys = changed.stream().map(NetRows.Updated::key).toList();
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
                + table.relation().displayName() + "), at or before " + place;
    }

    /** In strict order it shows what is to be done with it. */
    private GroupRefusedException refused(String reason) {
        return new GroupRefusedException(
                "table " + table.name().displayName() + ": " + reason + ", at or before " + place, null);
    }

    void close() throws SQLException {
        sets.close();
    }
}
