package io.pg2any.apply.jdbc;

import com.mysql.cj.conf.PropertyKey;
import com.mysql.cj.conf.RuntimeProperty;
import com.mysql.cj.jdbc.JdbcConnection;
import com.mysql.cj.jdbc.JdbcStatement;
import io.pg2any.apply.jdbc.LoadDataStream.Field;
import io.pg2any.change.Tuple;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.SQLWarning;
import java.sql.Statement;
import java.util.List;
import java.util.Set;
import java.util.StringJoiner;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Inserts of many rows by LOAD DATA LOCAL; everything else, and what it does not take, by another way.
 *
 * <p>LOCAL means IGNORE, strict mode or not: what does not fit is clipped, a duplicate is left out, both with a warning
 * only. So the rows count as written if the server has taken them all and has warned of nothing. Otherwise they are
 * taken back, and the other way writes them or shows the error.
 */
final class LoadDataRowSets implements RowSets {
    private static final Logger LOG = LoggerFactory.getLogger(LoadDataRowSets.class);

    private static final int ROWS = 20_000;

    /** The server, or the driver's handshake with it, allows no LOCAL. */
    private static final Set<Integer> NOT_ALLOWED = Set.of(1148, 3948, 3950, 4166);

    private final Connection connection;
    private final RowSets others;
    private final String table;
    private final Field[] fields;
    private final int threshold;
    private final String load;
    private boolean usable = true;

    /**
     * @param others takes updates, deletes, inserts of fewer rows than {@code threshold} and what cannot be loaded
     */
    LoadDataRowSets(
            Connection connection,
            JdbcDialect dialect,
            TargetTable table,
            Field[] fields,
            int threshold,
            RowSets others) {
        this.connection = connection;
        this.others = others;
        this.table = table.name().displayName();
        this.fields = fields;
        this.threshold = threshold;
        this.load = statement(dialect, table, fields);
    }

    private static String statement(JdbcDialect dialect, TargetTable table, Field[] fields) {
        StringJoiner targets = new StringJoiner(",", " (", ")");
        StringJoiner assignments = new StringJoiner(",", " SET ", "").setEmptyValue("");
        for (int column = 0; column < fields.length; column++) {
            String name = dialect.quote(table.columnNames().get(column));
            if (fields[column] == Field.BYTES) {
                targets.add("@c" + column);
                assignments.add(name + "=UNHEX(@c" + column + ")");
            } else {
                targets.add(name);
            }
        }
        return "LOAD DATA LOCAL INFILE 'pg2any' INTO TABLE " + dialect.qualified(table.name())
                + " CHARACTER SET utf8mb4 FIELDS TERMINATED BY '\\t' ENCLOSED BY '' ESCAPED BY '\\\\'"
                + " LINES STARTING BY '' TERMINATED BY '\\n'" + targets + assignments;
    }

    @Override
    public int rows() {
        return ROWS;
    }

    @Override
    public long insert(List<Tuple> rows) throws SQLException, UnrepresentableValueException {
        if (!usable || rows.size() < threshold) {
            return others.insert(rows);
        }
        try (Statement statement = connection.createStatement()) {
            statement.execute("SAVEPOINT pg2any_load");
            LoadDataStream stream = new LoadDataStream(rows, fields);
            if (load(statement, stream, rows.size())) {
                return rows.size();
            }
            statement.execute("ROLLBACK TO SAVEPOINT pg2any_load");
        }
        return others.insert(rows);
    }

    /** Whether all rows are there as they were given. */
    private boolean load(Statement statement, LoadDataStream stream, int rows) throws SQLException {
        String reason;
        try {
            long count = execute(statement, stream);
            if (!stream.whole()) {
                return false;
            }
            SQLWarning warning = statement.getWarnings();
            if (count == rows && warning == null) {
                return true;
            }
            // Not its text, which may hold a value.
            reason = warning == null ? count + " of " + rows + " rows" : "warning " + warning.getErrorCode();
        } catch (SQLException e) {
            if (!NOT_ALLOWED.contains(e.getErrorCode())) {
                throw e;
            }
            reason = e.getMessage();
        }
        LOG.info("Table {}: LOAD DATA is not used any more, multi-row inserts are: {}", table, reason);
        usable = false;
        return false;
    }

    /**
     * Any server may answer any statement by asking for any file. The driver gives none, but for the time of this
     * statement, in which it gives the stream whatever was asked for.
     */
    private long execute(Statement statement, LoadDataStream stream) throws SQLException {
        RuntimeProperty<Boolean> allow = connection
                .unwrap(JdbcConnection.class)
                .getPropertySet()
                .getBooleanProperty(PropertyKey.allowLoadLocalInfile);
        JdbcStatement local = statement.unwrap(JdbcStatement.class);
        local.setLocalInfileInputStream(stream);
        allow.setValue(true);
        try {
            return statement.executeLargeUpdate(load);
        } finally {
            allow.setValue(false);
            // The driver closes the statements of a connection it has lost, and a closed one takes no stream.
            if (!statement.isClosed()) {
                local.setLocalInfileInputStream(null);
            }
        }
    }

    @Override
    public long update(int[] set, List<Tuple> rows, List<Tuple> keys)
            throws SQLException, UnrepresentableValueException {
        return others.update(set, rows, keys);
    }

    @Override
    public long delete(List<Tuple> keys) throws SQLException, UnrepresentableValueException {
        return others.delete(keys);
    }

    @Override
    public void close() throws SQLException {
        others.close();
    }
}
