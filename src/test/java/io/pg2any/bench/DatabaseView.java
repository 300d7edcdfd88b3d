package io.pg2any.bench;

import io.pg2any.change.Lsn;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.OptionalLong;

/** Looks at a database that has the source's tables by their own names. */
final class DatabaseView implements BenchTarget.View {
    private final Connection connection;

    DatabaseView(Connection connection) {
        this.connection = connection;
    }

    @Override
    public OptionalLong highestId(String table) {
        return number("SELECT max(id) FROM " + table);
    }

    @Override
    public void verify(Backlog backlog) throws SQLException {
        Lsn position = position();
        if (position.isBefore(backlog.end())) {
            throw new IllegalStateException("the position " + position + " is before the end " + backlog.end());
        }
        verifyTables(backlog);
    }

    void verifyTables(Backlog backlog) throws SQLException {
        for (String table : backlog.scenario().tables()) {
            equal("rows of " + table, backlog.count(table), "SELECT count(*) FROM " + table);
            if (!table.equals("orders")) {
                long balance =
                        Long.parseLong(Backlog.text(backlog.connection(), "SELECT sum(balance * id) FROM " + table));
                equal("balances of " + table, balance, "SELECT sum(balance * id) FROM " + table);
            }
        }
    }

    private void equal(String what, long expected, String sql) {
        OptionalLong found = number(sql);
        if (found.isEmpty() || found.getAsLong() != expected) {
            throw new IllegalStateException(what + ": source " + expected + ", target " + found);
        }
    }

    /** A number, or nothing while its table is not there or the file is locked for a moment. */
    private OptionalLong number(String sql) {
        try (Statement statement = connection.createStatement();
                ResultSet row = statement.executeQuery(sql)) {
            if (!row.next()) {
                return OptionalLong.empty();
            }
            long value = row.getLong(1);
            return row.wasNull() ? OptionalLong.empty() : OptionalLong.of(value);
        } catch (SQLException e) {
            return OptionalLong.empty();
        }
    }

    private Lsn position() throws SQLException {
        try (Statement statement = connection.createStatement();
                ResultSet row = statement.executeQuery("SELECT lsn FROM pg2any_position")) {
            if (!row.next()) {
                throw new SQLException("no row in pg2any_position");
            }
            return Lsn.parse(row.getString(1));
        }
    }

    @Override
    public void close() throws SQLException {
        connection.close();
    }
}
