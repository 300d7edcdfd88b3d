package io.pg2any.apply.jdbc;

import com.microsoft.sqlserver.jdbc.SQLServerBulkCopy;
import com.microsoft.sqlserver.jdbc.SQLServerBulkCopyOptions;
import com.microsoft.sqlserver.jdbc.SQLServerConnection;
import com.microsoft.sqlserver.jdbc.SQLServerException;
import io.pg2any.change.Tuple;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.List;

/** Row sets by statements with parameters, and many inserts by bulk copy in the same transaction. */
final class SqlServerRowSets implements RowSets {
    private static final int ROWS = 10_000;

    private final Connection connection;
    private final TargetTable table;
    private final String place;
    private final ParameterRowSets statements;
    private final int bulkFrom;

    /**
     * @param place the table as SQL
     * @param bulkFrom from so many rows on an insert is a bulk copy
     */
    SqlServerRowSets(
            Connection connection, TargetTable table, String place, ParameterRowSets statements, int bulkFrom) {
        this.connection = connection;
        this.table = table;
        this.place = place;
        this.statements = statements;
        this.bulkFrom = bulkFrom;
    }

    @Override
    public int rows() {
        return ROWS;
    }

    @Override
    public long insert(List<Tuple> rows) throws SQLException, UnrepresentableValueException {
        if (rows.size() < bulkFrom || !mayBeCopied(table)) {
            return statements.insert(rows);
        }
        try (SQLServerBulkCopy copy = new SQLServerBulkCopy(connection.unwrap(SQLServerConnection.class))) {
            copy.setBulkCopyOptions(options());
            copy.setDestinationTableName(place);
            for (int column = 1; column <= table.columnNames().size(); column++) {
                // By name: the target may have its columns in another order, and more of them.
                copy.addColumnMapping(column, table.columnNames().get(column - 1));
            }
            copy.writeToServer(new SqlServerBulkRows(table, rows));
        }
        return rows.size();
    }

    /** The driver puts names into brackets, and the place into a string, as they are. */
    static boolean mayBeCopied(TargetTable table) {
        String container = table.name().container() == null ? "" : table.name().container();
        return table.columnNames().stream().noneMatch(name -> name.contains("]") || name.contains("["))
                && !(container + table.name().name()).matches("(?s).*['\\[\\]].*");
    }

    /**
     * As an INSERT would: NULL stays NULL where the column has a default, constraints and triggers are not passed by, and
     * the rows are part of the connection's transaction. The table is not locked: readers go on. No time limit: the lock
     * timeout bounds what a copy waits for.
     */
    static SQLServerBulkCopyOptions options() throws SQLServerException {
        SQLServerBulkCopyOptions options = new SQLServerBulkCopyOptions();
        options.setKeepIdentity(true);
        options.setKeepNulls(true);
        options.setCheckConstraints(true);
        options.setFireTriggers(true);
        options.setTableLock(false);
        options.setUseInternalTransaction(false);
        options.setBatchSize(0);
        options.setBulkCopyTimeout(0);
        return options;
    }

    @Override
    public long update(int[] set, List<Tuple> rows, List<Tuple> keys)
            throws SQLException, UnrepresentableValueException {
        return statements.update(set, rows, keys);
    }

    @Override
    public long delete(List<Tuple> keys) throws SQLException, UnrepresentableValueException {
        return statements.delete(keys);
    }

    @Override
    public void close() throws SQLException {
        statements.close();
    }
}
