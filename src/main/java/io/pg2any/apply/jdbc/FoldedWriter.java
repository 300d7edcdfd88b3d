package io.pg2any.apply.jdbc;

import io.pg2any.apply.TargetException;
import io.pg2any.change.Change;
import io.pg2any.change.ReplicaIdentity;
import io.pg2any.change.Tuple;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.Optional;

/**
 * Folds the changes of a window to the net effect on each key, which is written in sets. Only for tables where nothing
 * but the key relates rows to one another: no other unique index, foreign key or trigger sees the order then.
 *
 * <p>What does not fold (an insert of a row that is there, an update of one that is gone) makes the whole batch run
 * again in strict order, where it is treated and reported change by change. A change of a key is written in its place.
 */
final class FoldedWriter implements RowWriter {
    private final TableWriter ordered;
    private final NetRowsWriter writer;
    private final WriteBehind behind;
    private final ApplySession session;
    private final ChangeWindow window;
    private final TargetTable table;
    private final boolean full;
    private NetRows rows;

    FoldedWriter(
            Connection connection,
            TableWriter ordered,
            RowSets sets,
            ApplySession session,
            ChangeWindow window,
            WriteBehind behind) {
        this.ordered = ordered;
        this.writer = new NetRowsWriter(connection, ordered, sets, session);
        this.behind = behind;
        this.session = session;
        this.window = window;
        this.table = ordered.table();
        this.full = table.relation().replicaIdentity() == ReplicaIdentity.FULL;
        this.rows = new NetRows(table.key());
    }

    @Override
    public TargetTable table() {
        return table;
    }

    @Override
    public void insert(Tuple row) throws TargetException {
        ordered.requireColumns(row);
        if (Tuples.hasUnchanged(row)) {
            throw refused("an insert lacks a value", null);
        }
        try {
            rows.insert(row);
        } catch (NetRows.UnexpectedChangeException e) {
            throw refused(e.getMessage(), e);
        }
        window.add(Tuples.size(row));
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
        Tuple matched = old != null ? old : change.row();
        Tuple row = old != null && full ? Tuples.overlay(old, change.row()) : change.row();
        try {
            rows.update(row, matched);
        } catch (NetRows.UnexpectedChangeException e) {
            throw refused(e.getMessage(), e);
        }
        window.add(Tuples.size(row));
    }

    @Override
    public void delete(Change.Delete change) throws TargetException {
        ordered.requireIdentity("delete");
        ordered.requireColumns(change.old());
        try {
            rows.delete(change.old());
        } catch (NetRows.UnexpectedChangeException e) {
            throw refused(e.getMessage(), e);
        }
        window.add(Tuples.size(change.old()));
    }

    @Override
    public void truncate() throws SQLException, TargetException {
        ordered.truncate();
    }

    @Override
    public void flush() throws SQLException, TargetException {
        behind.await();
        Optional<WriteBehind.Work> waiting = handOver();
        if (waiting.isPresent()) {
            waiting.get().run();
        }
    }

    /** What waits, to be written when it is run; what comes from now on waits for the next time. Empty if nothing does. */
    Optional<WriteBehind.Work> handOver() {
        if (rows.isEmpty()) {
            return Optional.empty();
        }
        NetRows given = rows;
        rows = new NetRows(table.key());
        String through = session.place().toString();
        return Optional.of(() -> writer.write(given, through));
    }

    private GroupRefusedException refused(String reason, Exception cause) {
        return new GroupRefusedException(
                "table " + table.name().displayName() + ": " + reason + ", at or before " + session.place(), cause);
    }

    @Override
    public void close() throws SQLException {
        rows = new NetRows(table.key());
        writer.close();
        ordered.close();
    }
}
