package io.pg2any.apply.jdbc;

import io.pg2any.apply.ApplyOptions;
import io.pg2any.apply.ApplyOrder;
import io.pg2any.apply.DivergencePolicy;
import io.pg2any.apply.RejectedChange;
import io.pg2any.apply.TargetException;
import io.pg2any.apply.TargetException.Kind;
import io.pg2any.apply.TargetStatus;
import io.pg2any.apply.TargetStatus.RowKind;
import io.pg2any.change.Relation;
import java.sql.BatchUpdateException;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** What the writers of one connection share: settings, where they are in the source, what they report. */
final class ApplySession {
    private static final Logger LOG = LoggerFactory.getLogger(JdbcTarget.class);

    private final JdbcDialect dialect;
    private final ApplyOptions options;
    private final TargetStatus status;
    private final ChangePlace place = new ChangePlace();
    private final Set<String> warnedTables = new HashSet<>();
    private final Set<String> parkedTables = new HashSet<>();
    private final Map<String, RowCounts> counts = new HashMap<>();
    private final Set<String> orderedTables = new HashSet<>();
    private ApplyWay way = ApplyWay.GROUPED;

    ApplySession(JdbcDialect dialect, ApplyOptions options, TargetStatus status) {
        this.dialect = dialect;
        this.options = options;
        this.status = status;
    }

    ApplyOptions options() {
        return options;
    }

    /** Of the open transaction. */
    RowCounts counts(String sourceTable) {
        return counts.computeIfAbsent(sourceTable, table -> new RowCounts());
    }

    /**
     * After a commit.
     *
     * @return the rows of the transaction
     */
    long publishCounts() {
        long rows = 0;
        for (Map.Entry<String, RowCounts> entry : counts.entrySet()) {
            rows += entry.getValue().publish(entry.getKey(), status);
        }
        return rows;
    }

    /** After a rollback. */
    void forgetCounts() {
        counts.clear();
    }

    ChangePlace place() {
        return place;
    }

    ApplyWay way() {
        return way;
    }

    void way(ApplyWay now) {
        way = now;
    }

    /** Whether every row goes alone, so that an error names it. */
    boolean strict() {
        return way != ApplyWay.GROUPED;
    }

    /** Whether rows of this source table may be written by net effect instead of in their order. */
    boolean mayGroup(String sourceTable) {
        return !strict()
                && options.order() == ApplyOrder.GROUPED
                // An upsert must happen before the next change of the same row.
                && options.divergence() != DivergencePolicy.UPSERT
                && !orderedTables.contains(sourceTable);
    }

    /** The target has refused a table's rows as sets. */
    void keepOrder(String sourceTable, String reason) {
        if (orderedTables.add(sourceTable)) {
            LOG.warn("{}: from now on rows are written in their order: {}", sourceTable, reason);
        }
    }

    /** The first one of a table is worth a line; from there on the counter tells. */
    void diverged(String table, RowKind kind, Supplier<String> description) throws TargetException {
        if (options.divergence() == DivergencePolicy.FAIL) {
            throw new TargetException(
                    Kind.REJECTED,
                    description.get() + ": found no row to change; the target table differs from the source, copy it"
                            + " again or set pg2any.divergence");
        }
        if (warnedTables.add(table)) {
            LOG.warn(
                    "{}: {} took no effect on a row; the target table differs from the source."
                            + " Further ones of this table are only counted",
                    description.get(),
                    kind);
        }
    }

    /** As with {@link #diverged}, of every table one line. */
    void parked(RejectedChange change) {
        for (Relation relation : change.change().relations()) {
            String table = relation.displayName();
            counts(table).rejected(change.kind());
            if (parkedTables.add(table)) {
                LOG.warn(
                        "Set aside, to be seen with 'pg2any rejected list': {}. Further ones of {} are only counted;"
                                + " later changes of the same rows may find none",
                        change.error(),
                        table);
            }
        }
    }

    /**
     * @param connection on which it happened; null when there was none yet
     */
    Kind kindOf(SQLException e, Connection connection) {
        if (connection != null) {
            dialect.failed(e);
        }
        boolean gone = lost(e) || connection != null && isClosed(connection);
        return gone ? Kind.RETRYABLE : dialect.classify(e);
    }

    /** Connection errors by the standard's class, whatever the dialect. */
    private static boolean lost(SQLException e) {
        return e.getSQLState() != null && e.getSQLState().startsWith("08");
    }

    /** {@code what}, the database's own words and code, and what to do. */
    String message(String what, SQLException e) {
        // A batch's own message holds the statement with its values; the database's answer is behind it.
        SQLException answer =
                e instanceof BatchUpdateException && e.getNextException() != null ? e.getNextException() : e;
        String remedy = dialect.remedy(answer);
        return dialect.name() + " " + dialect.location() + ": " + what + ": " + dialect.words(answer) + code(answer)
                + (remedy.isEmpty() ? "" : "; " + remedy);
    }

    private static String code(SQLException e) {
        if (e.getSQLState() == null) {
            return "";
        }
        return " [" + e.getSQLState() + (e.getErrorCode() == 0 ? "" : ", " + e.getErrorCode()) + "]";
    }

    TargetException failure(String what, SQLException e, Connection connection) {
        return new TargetException(kindOf(e, connection), message(what, e), e);
    }

    static boolean isClosed(Connection connection) {
        try {
            return connection.isClosed();
        } catch (SQLException e) {
            LOG.debug("A connection that cannot say whether it is closed counts as closed", e);
            return true;
        }
    }
}
