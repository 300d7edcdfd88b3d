package io.pg2any.apply.jdbc;

import io.pg2any.change.Tuple;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.StringJoiner;
import org.postgresql.PGConnection;
import org.postgresql.copy.CopyIn;

/**
 * Row sets by COPY in text format, and by {@code unnest} of one array of texts per column. Both take the text that the
 * source has sent; the server's input functions read it.
 */
final class PostgresRowSets implements RowSets {
    private static final int ROWS = 20_000;
    private static final int COPY_CHUNK = 64 << 10;
    private static final int CACHED = 64;

    private final Connection connection;
    private final PostgresDialect dialect;
    private final TargetTable table;
    private final int copyFrom;
    private final int[] allColumns;
    private final Map<String, PreparedStatement> statements = new HashMap<>();

    /**
     * @param copyFrom from so many rows on an insert is a COPY
     */
    PostgresRowSets(Connection connection, PostgresDialect dialect, TargetTable table, int copyFrom) {
        this.connection = connection;
        this.dialect = dialect;
        this.table = table;
        this.copyFrom = copyFrom;
        this.allColumns = new int[table.columnNames().size()];
        Arrays.setAll(allColumns, i -> i);
    }

    @Override
    public int rows() {
        return ROWS;
    }

    @Override
    public long insert(List<Tuple> rows) throws SQLException, UnrepresentableValueException {
        return rows.size() >= copyFrom ? copy(rows) : insertUnnested(rows);
    }

    private long insertUnnested(List<Tuple> rows) throws SQLException, UnrepresentableValueException {
        StringJoiner names = new StringJoiner(", ");
        StringJoiner casts = new StringJoiner(", ");
        for (int column : allColumns) {
            names.add(name(column));
            casts.add(cast("v.c" + column, column));
        }
        String sql = "INSERT INTO " + dialect.qualified(table.name()) + " (" + names
                + ") OVERRIDING SYSTEM VALUE SELECT " + casts + " FROM " + unnest("c", allColumns, "", new int[0]);
        return execute(sql, arrays(allColumns, rows));
    }

    @Override
    public long update(int[] set, List<Tuple> rows, List<Tuple> keys)
            throws SQLException, UnrepresentableValueException {
        StringJoiner assignments = new StringJoiner(", ");
        for (int column : set) {
            assignments.add(name(column) + "=" + cast("v.c" + column, column));
        }
        String sql = "UPDATE " + dialect.qualified(table.name()) + " AS target SET " + assignments + " FROM "
                + unnest("k", table.key(), "c", set) + matching();
        List<String> arrays = new ArrayList<>(arrays(table.key(), keys));
        arrays.addAll(arrays(set, rows));
        return execute(sql, arrays);
    }

    @Override
    public long delete(List<Tuple> keys) throws SQLException, UnrepresentableValueException {
        String sql = "DELETE FROM " + dialect.qualified(table.name()) + " AS target USING "
                + unnest("k", table.key(), "", new int[0]) + matching();
        return execute(sql, arrays(table.key(), keys));
    }

    private String matching() {
        StringJoiner condition = new StringJoiner(" AND ", " WHERE ", "");
        for (int column : table.key()) {
            condition.add("target." + name(column) + "=" + cast("v.k" + column, column));
        }
        return condition.toString();
    }

    private static String unnest(String prefix, int[] columns, String morePrefix, int[] more) {
        StringJoiner parameters = new StringJoiner(",", "unnest(", ")");
        StringJoiner names = new StringJoiner(",", " AS v(", ")");
        for (int column : columns) {
            parameters.add("CAST(? AS text[])");
            names.add(prefix + column);
        }
        for (int column : more) {
            parameters.add("CAST(? AS text[])");
            names.add(morePrefix + column);
        }
        return parameters.toString() + names;
    }

    private String name(int column) {
        return dialect.quote(table.columnNames().get(column));
    }

    /** To the type without its limits: a cast to varchar(3) cuts, the assignment to such a column refuses. */
    private String cast(String expression, int column) {
        return "CAST(" + expression + " AS "
                + PostgresTypeName.unlimited(table.declarations().get(column)) + ")";
    }

    private long execute(String sql, List<String> arrays) throws SQLException {
        PreparedStatement statement = statements.get(sql);
        if (statement == null) {
            if (statements.size() == CACHED) {
                close();
            }
            statement = connection.prepareStatement(sql);
            statements.put(sql, statement);
        }
        for (int i = 0; i < arrays.size(); i++) {
            statement.setString(i + 1, arrays.get(i));
        }
        int count = statement.executeUpdate();
        statement.clearParameters();
        return count;
    }

    private List<String> arrays(int[] columns, List<Tuple> rows) throws UnrepresentableValueException {
        List<String> arrays = new ArrayList<>(columns.length);
        for (int column : columns) {
            StringBuilder array = new StringBuilder(rows.size() * 12).append('{');
            for (Tuple row : rows) {
                if (array.length() > 1) {
                    array.append(',');
                }
                append(array, row, column);
            }
            arrays.add(array.append('}').toString());
        }
        return arrays;
    }

    private static void append(StringBuilder array, Tuple row, int column) throws UnrepresentableValueException {
        byte kind = row.kind(column);
        if (kind == Tuple.NULL) {
            array.append("NULL");
            return;
        }
        if (kind != Tuple.TEXT) {
            throw new UnrepresentableValueException("a value was not sent, or in binary format");
        }
        String text = TextForm.text(row.bytes(), row.offset(column), row.length(column));
        if (text == null) {
            throw new UnrepresentableValueException("the bytes are not UTF-8 text");
        }
        array.append('"');
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if (c == '"' || c == '\\') {
                array.append('\\');
            }
            array.append(c);
        }
        array.append('"');
    }

    private long copy(List<Tuple> rows) throws SQLException, UnrepresentableValueException {
        StringJoiner names = new StringJoiner(", ");
        for (int column : allColumns) {
            names.add(name(column));
        }
        CopyIn copy = connection
                .unwrap(PGConnection.class)
                .getCopyAPI()
                .copyIn("COPY " + dialect.qualified(table.name()) + " (" + names + ") FROM STDIN");
        try {
            DelimitedLines lines = new DelimitedLines(COPY_CHUNK + (COPY_CHUNK >> 1));
            for (Tuple row : rows) {
                line(lines, row);
                if (lines.size() >= COPY_CHUNK) {
                    copy.writeToCopy(lines.bytes(), 0, lines.size());
                    lines.truncate(0);
                }
            }
            copy.writeToCopy(lines.bytes(), 0, lines.size());
            return copy.endCopy();
        } finally {
            if (copy.isActive()) {
                copy.cancelCopy();
            }
        }
    }

    private static void line(DelimitedLines lines, Tuple row) throws UnrepresentableValueException {
        for (int column = 0; column < row.size(); column++) {
            if (column > 0) {
                lines.endField();
            }
            byte kind = row.kind(column);
            if (kind == Tuple.NULL) {
                lines.putNull();
            } else if (kind == Tuple.TEXT) {
                lines.putText(row.bytes(), row.offset(column), row.length(column));
            } else {
                throw new UnrepresentableValueException("a value was not sent, or in binary format");
            }
        }
        lines.endLine();
    }

    @Override
    public void close() throws SQLException {
        for (PreparedStatement statement : statements.values()) {
            statement.close();
        }
        statements.clear();
    }
}
