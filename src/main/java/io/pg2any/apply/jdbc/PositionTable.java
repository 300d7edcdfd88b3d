package io.pg2any.apply.jdbc;

import io.pg2any.change.Lsn;
import io.pg2any.change.Position;
import io.pg2any.change.SourceIdentity;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Instant;
import java.util.List;
import java.util.Optional;

/**
 * The row that says how far a pipeline is, moved in the same transaction as the data.
 *
 * <p>{@code lsn} is text as PostgreSQL prints it, {@code 0/0} before the first batch; it is only compared for being
 * equal. {@code ordinal} is 0 between transactions. Otherwise {@code lsn} is the commit LSN of a transaction that is
 * applied through that change, as counted in the copy of it that was staged at {@code staged_at}: another copy that the
 * source sends may count otherwise, when the publication or an option was altered. {@code epoch} rises with every
 * process that takes the pipeline over.
 */
final class PositionTable {
    static final String NAME = "pg2any_position";

    private static final String STAGED_AT = "staged_at";

    static final String SELECT = "SELECT slot, system_identifier, timeline, lsn, ordinal, " + STAGED_AT
            + ", epoch FROM " + NAME + " WHERE pipeline = ?";

    /** Of a table that an earlier version made, too. */
    private static final String SELECT_POSITION =
            "SELECT slot, system_identifier, timeline, lsn FROM " + NAME + " WHERE pipeline = ?";

    private static final String INSERT = "INSERT INTO " + NAME
            + " (pipeline, slot, system_identifier, timeline, lsn, ordinal, epoch, updated_at)"
            + " VALUES (?, '', '', 0, '0/0', 0, 1, ?)";

    private static final String TAKE_OVER =
            "UPDATE " + NAME + " SET epoch = epoch + 1, updated_at = ? WHERE pipeline = ?";

    private static final String MOVE = "UPDATE " + NAME
            + " SET slot = ?, system_identifier = ?, timeline = ?, lsn = ?, ordinal = ?, " + STAGED_AT + " = ?,"
            + " updated_at = ? WHERE pipeline = ? AND epoch = ? AND lsn = ? AND ordinal = ?";

    /** The locked row. */
    record Row(SourceIdentity source, Lsn lsn, long ordinal, String stagedAt, long epoch) {
        /** Empty while nothing was ever applied. A transaction that is partly applied is after it. */
        Optional<Position> position() {
            return PositionTable.position(source, lsn);
        }

        /** Whether the transaction that commits at {@link #lsn} is partly applied. */
        boolean isInside() {
            return ordinal > 0;
        }

        Row between(Position position) {
            return new Row(position.source(), position.lsn(), 0, "", epoch);
        }

        Row inside(SourceIdentity of, Lsn commit, long change, Instant staged) {
            return new Row(of, commit, change, staged.toString(), epoch);
        }
    }

    private static Optional<Position> position(SourceIdentity source, Lsn lsn) {
        return lsn.equals(Lsn.ZERO) ? Optional.empty() : Optional.of(new Position(source, lsn));
    }

    private final JdbcDialect dialect;
    private final String pipeline;

    PositionTable(JdbcDialect dialect, String pipeline) {
        this.dialect = dialect;
        this.pipeline = pipeline;
    }

    /** Makes the table, or gives one of an earlier version what it lacks. */
    void create(Connection connection) throws SQLException {
        TableName table = new TableName(null, NAME);
        // IF NOT EXISTS alone would ask for the right to create, needed or not.
        Optional<List<TargetColumn>> columns = dialect.columns(connection, table);
        if (columns.isEmpty()) {
            execute(connection, dialect.positionTable());
        } else if (columns.get().stream().noneMatch(column -> column.name().equals(STAGED_AT))) {
            execute(
                    connection,
                    dialect.addColumn(table, dialect.quote(STAGED_AT) + " VARCHAR(30) DEFAULT '' NOT NULL"));
        }
    }

    private static void execute(Connection connection, String sql) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            statement.execute(sql);
        }
    }

    /** Without holding or changing anything. */
    Optional<Position> read(Connection connection) throws SQLException {
        try (PreparedStatement select = connection.prepareStatement(SELECT_POSITION)) {
            select.setString(1, pipeline);
            try (ResultSet row = select.executeQuery()) {
                return row.next() ? position(source(row), Lsn.parse(row.getString(4))) : Optional.empty();
            }
        }
    }

    private static SourceIdentity source(ResultSet row) throws SQLException {
        return new SourceIdentity(row.getString(2), row.getInt(3), row.getString(1));
    }

    /** Raises the epoch, making the row if need be, and gives the row as it now is. */
    Row takeOver(Connection connection, Instant now) throws SQLException {
        if (lock(connection).isEmpty()) {
            try (PreparedStatement insert = connection.prepareStatement(INSERT)) {
                insert.setString(1, pipeline);
                insert.setString(2, now.toString());
                insert.executeUpdate();
            }
        } else {
            try (PreparedStatement update = connection.prepareStatement(TAKE_OVER)) {
                update.setString(1, now.toString());
                update.setString(2, pipeline);
                update.executeUpdate();
            }
        }
        return lock(connection).orElseThrow(() -> new SQLException("the row just written to " + NAME + " is gone"));
    }

    /** Reads the row and holds it; waits for another session that has not finished with it. */
    Optional<Row> lock(Connection connection) throws SQLException {
        try (PreparedStatement select = connection.prepareStatement(dialect.lockPosition())) {
            select.setString(1, pipeline);
            try (ResultSet row = select.executeQuery()) {
                if (!row.next()) {
                    return Optional.empty();
                }
                return Optional.of(new Row(
                        source(row), Lsn.parse(row.getString(4)), row.getLong(5), row.getString(6), row.getLong(7)));
            }
        }
    }

    /**
     * @return false when the row is not as it was read: another process has taken over
     */
    boolean move(Connection connection, Row from, Row to, Instant now) throws SQLException {
        try (PreparedStatement update = connection.prepareStatement(MOVE)) {
            update.setString(1, to.source().slot());
            update.setString(2, to.source().systemIdentifier());
            update.setInt(3, to.source().timeline());
            update.setString(4, to.lsn().toString());
            update.setLong(5, to.ordinal());
            update.setString(6, to.stagedAt());
            update.setString(7, now.toString());
            update.setString(8, pipeline);
            update.setLong(9, from.epoch());
            update.setString(10, from.lsn().toString());
            update.setLong(11, from.ordinal());
            return update.executeUpdate() == 1;
        }
    }
}
