package io.pg2any.apply.jdbc;

import java.util.ArrayList;
import java.util.List;
import java.util.StringJoiner;

/** Set statements of SQL Server. Not MERGE, which takes no locks against others by itself. */
final class SqlServerForms implements ParameterRowSets.Forms {
    private final SqlServerDialect dialect;
    private final TargetTable table;

    SqlServerForms(SqlServerDialect dialect, TargetTable table) {
        this.dialect = dialect;
        this.table = table;
    }

    @Override
    public String insert(int rows) {
        return dialect.insert(table.name(), table.columnNames(), rows);
    }

    @Override
    public String update(int[] set, int rows) {
        StringJoiner assignments = new StringJoiner(",");
        for (int column : set) {
            assignments.add(name(column) + "=v.c" + column);
        }
        return "UPDATE target SET " + assignments + from(set, rows);
    }

    @Override
    public String delete(int rows) {
        return "DELETE target" + from(new int[0], rows);
    }

    private String from(int[] set, int rows) {
        List<String> columns = new ArrayList<>();
        StringJoiner matching = new StringJoiner(" AND ");
        for (int column : table.key()) {
            columns.add("k" + column);
            matching.add("target." + name(column) + "=v.k" + column);
        }
        for (int column : set) {
            columns.add("c" + column);
        }
        StringJoiner row = new StringJoiner(",", "(", ")");
        columns.forEach(column -> row.add("?"));
        StringJoiner values = new StringJoiner(",", "(VALUES ", ")");
        for (int i = 0; i < rows; i++) {
            values.add(row.toString());
        }
        return " FROM " + dialect.qualified(table.name()) + " AS target JOIN " + values + " AS v("
                + String.join(",", columns) + ") ON " + matching;
    }

    private String name(int column) {
        return dialect.quote(table.columnNames().get(column));
    }
}
