package io.pg2any.apply.jdbc;

import com.microsoft.sqlserver.jdbc.ISQLServerBulkData;
import io.pg2any.change.Tuple;
import java.math.BigDecimal;
import java.sql.SQLException;
import java.sql.Types;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;

/**
 * Rows as the bulk copy of SQL Server's driver reads them. Columns count from 1.
 *
 * <p>Every column is announced in the type of its values, not in that of the target's column: the server converts by the
 * rules of an INSERT. Times and identifiers are text there too, which neither side shifts.
 */
final class SqlServerBulkRows implements ISQLServerBulkData {
    private static final long serialVersionUID = 1L;

    /** Longer text is announced as nvarchar(max). */
    private static final int LONGEST_NVARCHAR = 4000;

    /** Of the text of any time or identifier. */
    private static final int SHORT_TEXT = 40;

    private final transient TargetTable table;
    private final transient List<Tuple> rows;
    private final transient BoundValue bound = new BoundValue();
    private int row = -1;

    SqlServerBulkRows(TargetTable table, List<Tuple> rows) {
        this.table = table;
        this.rows = rows;
    }

    @Override
    public Set<Integer> getColumnOrdinals() {
        Set<Integer> ordinals = new TreeSet<>();
        for (int i = 1; i <= table.types().length; i++) {
            ordinals.add(i);
        }
        return ordinals;
    }

    @Override
    public String getColumnName(int column) {
        return table.columnNames().get(column - 1);
    }

    @Override
    public int getColumnType(int column) {
        return isDecimal(column) ? Types.DECIMAL : type(column).jdbcType();
    }

    private boolean isDecimal(int column) {
        return type(column).declaration().startsWith("DECIMAL");
    }

    @Override
    public int getPrecision(int column) {
        String declaration = type(column).declaration();
        switch (getColumnType(column)) {
            case Types.DECIMAL:
                return number(declaration, 0);
            case Types.NVARCHAR:
                if (!declaration.startsWith("NVARCHAR(")) {
                    return SHORT_TEXT;
                }
                return declaration.startsWith("NVARCHAR(MAX)") ? LONGEST_NVARCHAR + 1 : number(declaration, 0);
            default:
                return 0;
        }
    }

    @Override
    public int getScale(int column) {
        return getColumnType(column) == Types.DECIMAL ? number(type(column).declaration(), 1) : 0;
    }

    private ColumnType type(int column) {
        return table.types()[column - 1];
    }

    /** The first or second number in a declaration's parentheses. */
    private static int number(String declaration, int index) {
        String inside = declaration.substring(declaration.indexOf('(') + 1, declaration.indexOf(')'));
        return Integer.parseInt(inside.split(",")[index].strip());
    }

    @Override
    public boolean next() {
        return ++row < rows.size();
    }

    /** A value that the target cannot hold ends the copy, with the reason as cause. */
    @Override
    public Object[] getRowData() throws SQLException {
        Object[] values = new Object[table.types().length];
        for (int i = 0; i < values.length; i++) {
            try {
                Object value = bound.of(table.types()[i], rows.get(row), i);
                values[i] = value != null && isDecimal(i + 1) ? new BigDecimal((String) value) : value;
            } catch (UnrepresentableValueException e) {
                throw new SQLException("column " + table.columnNames().get(i) + ": " + e.getMessage(), "22000", e);
            }
        }
        return values;
    }
}
