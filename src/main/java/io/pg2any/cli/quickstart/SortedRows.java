package io.pg2any.cli.quickstart;

import io.pg2any.cli.quickstart.ComparedColumn.Storage;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.List;
import java.util.StringJoiner;

/** The rows of one side in {@link ValueOrder} of the key, each value in SQLite's storage class. */
final class SortedRows implements AutoCloseable {
    private static final int FETCH_ROWS = 200;

    private final Statement statement;
    private final ResultSet rows;
    private final List<ComparedColumn> columns;
    private final boolean source;

    private SortedRows(Statement statement, ResultSet rows, List<ComparedColumn> columns, boolean source) {
        this.statement = statement;
        this.rows = rows;
        this.columns = columns;
        this.source = source;
    }

    static SortedRows ofSource(Connection postgres, String from, List<ComparedColumn> columns) throws SQLException {
        StringJoiner select = new StringJoiner(", ", "SELECT ", " FROM " + from);
        StringJoiner order = new StringJoiner(", ", " ORDER BY ", "");
        for (int i = 0; i < columns.size(); i++) {
            select.add(columns.get(i).sourceExpression());
            if (columns.get(i).key()) {
                order.add((i + 1) + " NULLS FIRST");
            }
        }
        return open(postgres, select.toString() + order, columns, true);
    }

    static SortedRows ofTarget(Connection sqlite, String from, List<ComparedColumn> columns) throws SQLException {
        StringJoiner select = new StringJoiner(", ", "SELECT ", " FROM " + from);
        StringJoiner order = new StringJoiner(", ", " ORDER BY ", "");
        for (int i = 0; i < columns.size(); i++) {
            select.add(ComparedColumn.quoted(columns.get(i).name()));
            if (columns.get(i).key()) {
                order.add(Integer.toString(i + 1));
            }
        }
        return open(sqlite, select.toString() + order, columns, false);
    }

    private static SortedRows open(Connection connection, String sql, List<ComparedColumn> columns, boolean source)
            throws SQLException {
        Statement statement = connection.createStatement();
        try {
            statement.setFetchSize(FETCH_ROWS);
            return new SortedRows(statement, statement.executeQuery(sql), columns, source);
        } catch (SQLException e) {
            statement.close();
            throw e;
        }
    }

    /** The next row, null at the end. */
    Object[] next() throws SQLException {
        if (!rows.next()) {
            return null;
        }
        Object[] row = new Object[columns.size()];
        for (int i = 0; i < row.length; i++) {
            row[i] = value(i);
        }
        return row;
    }

    private Object value(int column) throws SQLException {
        Storage storage = columns.get(column).storage();
        Object value = source ? expected(column + 1, storage) : rows.getObject(column + 1);
        if (value instanceof Integer integer) {
            return integer.longValue();
        }
        if (value instanceof Double real) {
            // REAL may hold a float as the double that prints like it, and has no negative zero.
            return (storage == Storage.FLOAT4 ? (double) real.floatValue() : real) + 0.0;
        }
        return value;
    }

    private Object expected(int index, Storage storage) throws SQLException {
        Object value = switch (storage) {
            case INTEGER -> rows.getLong(index);
            case FLOAT4, FLOAT8 -> rows.getDouble(index);
            case BLOB -> rows.getBytes(index);
            case TEXT -> rows.getString(index);
        };
        return rows.wasNull() ? null : value;
    }

    @Override
    public void close() throws SQLException {
        statement.close();
    }
}
