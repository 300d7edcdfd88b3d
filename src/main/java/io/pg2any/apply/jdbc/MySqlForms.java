package io.pg2any.apply.jdbc;

import java.util.ArrayList;
import java.util.List;
import java.util.StringJoiner;

/**
 * Set statements of MySQL and MariaDB. Not {@code ON DUPLICATE KEY UPDATE} nor {@code REPLACE}: they change the row that
 * any unique index finds.
 */
final class MySqlForms implements ParameterRowSets.Forms {
    private final MySqlDialect dialect;
    private final TargetTable table;

    MySqlForms(MySqlDialect dialect, TargetTable table) {
        this.dialect = dialect;
        this.table = table;
    }

    @Override
    public String insert(int rows) {
        return dialect.insert(table.name(), table.columnNames(), rows);
    }

    @Override
    public String update(int[] set, int rows) {
        List<String> columns = new ArrayList<>();
        StringJoiner matching = new StringJoiner(" AND ");
        for (int column : table.key()) {
            columns.add("k" + column);
            matching.add("target." + name(column) + "=v.k" + column);
        }
        StringJoiner assignments = new StringJoiner(",");
        for (int column : set) {
            columns.add("c" + column);
            assignments.add("target." + name(column) + "=v.c" + column);
        }
        return "UPDATE " + dialect.qualified(table.name()) + " AS target JOIN " + dialect.derived(columns, rows)
                + " ON " + matching + " SET " + assignments;
    }

    /** Rows of keys, not alternatives of conditions: of those the planner makes thousands of ranges. */
    @Override
    public String delete(int rows) {
        StringJoiner names = new StringJoiner(",", "(", ")");
        StringJoiner key = new StringJoiner(",", "(", ")");
        for (int column : table.key()) {
            names.add(name(column));
            key.add("?");
        }
        StringJoiner keys = new StringJoiner(",", " IN (", ")");
        for (int i = 0; i < rows; i++) {
            keys.add(key.toString());
        }
        return "DELETE FROM " + dialect.qualified(table.name()) + " WHERE " + names + keys;
    }

    private String name(int column) {
        return dialect.quote(table.columnNames().get(column));
    }
}
