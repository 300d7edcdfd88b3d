package io.pg2any.apply.jdbc;

import io.pg2any.apply.ApplyOptions;
import io.pg2any.apply.Selection;
import io.pg2any.apply.TargetException;
import io.pg2any.apply.TargetStatus;
import io.pg2any.change.Change;
import io.pg2any.change.TransactionInfo;
import java.io.PrintWriter;
import java.sql.SQLException;
import java.util.HashSet;
import java.util.Set;

/**
 * Writes down what a target would run for changes, row by row, as SQL that people can read. Nothing is connected to:
 * tables are created as if none were there, and a table whose key only the source's catalog knows counts as one without.
 *
 * <p>For one thread.
 */
public final class SqlScript {
    private final PrintWriter out;
    private final ApplySession session;
    private final TargetTables tables;
    private final Selection selection;
    /** Written already: the empty catalog would have them again each time tables are forgotten. */
    private final Set<String> definitions = new HashSet<>();

    private long ordinal;

    public SqlScript(JdbcDialect dialect, ApplyOptions options, PrintWriter out) {
        this.out = out;
        this.session = new ApplySession(dialect, options, new TargetStatus());
        this.selection = new Selection(options.mapping());
        session.way(ApplyWay.STRICT);
        this.tables = new TargetTables(ScriptConnection.open(dialect, this::statement), dialect, session, true);
    }

    public void begin(TransactionInfo transaction) {
        session.place().enter(transaction);
        ordinal = 0;
        out.println("-- transaction " + Integer.toUnsignedLong(transaction.xid()) + ", commit LSN "
                + transaction.commitLsn() + ", " + transaction.commitTime());
        statement("BEGIN");
    }

    /**
     * @throws TargetException what would stop the target at this change; the script can go on with the next
     */
    public void change(Change change) throws TargetException {
        session.place().at(++ordinal);
        try {
            Change selected = selection.of(change);
            if (selected != null) {
                tables.apply(selected);
                tables.flush();
            }
        } catch (TargetException e) {
            forget(e);
            throw e;
        } catch (SQLException | SchemaChangeNeededException e) {
            throw new TargetException(TargetException.Kind.FATAL, "no script for this change: " + e.getMessage(), e);
        }
    }

    /** Together with this the target moves its position. */
    public void commit() {
        statement("COMMIT");
    }

    /** What was refused must not wait for the next change. */
    private void forget(TargetException cause) {
        try {
            tables.close();
        } catch (SQLException e) {
            cause.addSuppressed(e);
        }
    }

    private void statement(String sql) {
        boolean definition = sql.startsWith("CREATE ") || sql.startsWith("ALTER ");
        if (!definition || definitions.add(sql)) {
            out.println(sql + ";");
        }
    }
}
