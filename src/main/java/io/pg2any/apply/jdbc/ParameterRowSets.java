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

/**
 * Row sets as one statement with a parameter per value, row by row. Statements are kept for sizes that are powers of
 * two: few texts, and every number of rows is a sum of them.
 */
final class ParameterRowSets implements RowSets {
    private static final int CACHED = 64;

    /** Statement forms; the rows' parameters come in the order key, then set. */
    interface Forms {
        String insert(int rows);

        String update(int[] set, int rows);

        String delete(int rows);
    }

    private record Form(char kind, List<Integer> set, int rows) {}

    private interface Binding {
        void bind(PreparedStatement statement, int row) throws SQLException, UnrepresentableValueException;
    }

    private final Connection connection;
    private final TargetTable table;
    private final Forms forms;
    private final int maxRows;
    private final Map<Form, PreparedStatement> statements = new HashMap<>();
    private final int[] allColumns;
    private int parameter;

    ParameterRowSets(Connection connection, TargetTable table, Forms forms, int maxRows) {
        this.connection = connection;
        this.table = table;
        this.forms = forms;
        this.maxRows = Integer.highestOneBit(maxRows);
        this.allColumns = new int[table.columnNames().size()];
        Arrays.setAll(allColumns, i -> i);
    }

    @Override
    public int rows() {
        return maxRows;
    }

    @Override
    public long insert(List<Tuple> rows) throws SQLException, UnrepresentableValueException {
        return run('i', allColumns, rows.size(), (statement, row) -> bind(statement, allColumns, rows.get(row)));
    }

    @Override
    public long update(int[] set, List<Tuple> rows, List<Tuple> keys)
            throws SQLException, UnrepresentableValueException {
        return run('u', set, rows.size(), (statement, row) -> {
            bind(statement, table.key(), keys.get(row));
            bind(statement, set, rows.get(row));
        });
    }

    @Override
    public long delete(List<Tuple> keys) throws SQLException, UnrepresentableValueException {
        return run('d', table.key(), keys.size(), (statement, row) -> bind(statement, table.key(), keys.get(row)));
    }

    private long run(char kind, int[] set, int rows, Binding binding)
            throws SQLException, UnrepresentableValueException {
        long count = 0;
        int from = 0;
        while (from < rows) {
            int size = Math.min(maxRows, Integer.highestOneBit(rows - from));
            PreparedStatement statement = statement(kind, set, size);
            parameter = 1;
            for (int row = from; row < from + size; row++) {
                binding.bind(statement, row);
            }
            count += statement.executeUpdate();
            // Neither the driver nor the database should keep the values until the next time.
            statement.clearParameters();
            from += size;
        }
        return count;
    }

    private void bind(PreparedStatement statement, int[] columns, Tuple tuple)
            throws SQLException, UnrepresentableValueException {
        for (int column : columns) {
            ColumnType type = table.types()[column];
            byte kind = tuple.kind(column);
            if (kind == Tuple.TEXT) {
                type.binding().bind(statement, parameter, tuple.bytes(), tuple.offset(column), tuple.length(column));
            } else if (kind == Tuple.NULL) {
                statement.setNull(parameter, type.jdbcType());
            } else {
                throw new UnrepresentableValueException("a value was not sent, or in binary format");
            }
            parameter++;
        }
    }

    private PreparedStatement statement(char kind, int[] set, int rows) throws SQLException {
        Form form = new Form(kind, kind == 'u' ? boxed(set) : List.of(), rows);
        PreparedStatement statement = statements.get(form);
        if (statement == null) {
            if (statements.size() == CACHED) {
                close();
            }
            String sql = kind == 'i' ? forms.insert(rows) : kind == 'u' ? forms.update(set, rows) : forms.delete(rows);
            statement = connection.prepareStatement(sql);
            statements.put(form, statement);
        }
        return statement;
    }

    private static List<Integer> boxed(int[] columns) {
        List<Integer> list = new ArrayList<>(columns.length);
        for (int column : columns) {
            list.add(column);
        }
        return list;
    }

    @Override
    public void close() throws SQLException {
        for (PreparedStatement statement : statements.values()) {
            statement.close();
        }
        statements.clear();
    }
}
