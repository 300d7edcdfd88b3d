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
import java.util.Optional;

/**
 * The row that says how far a pipeline is, moved in the same transaction as the data.
 *
 * <p>{@code lsn} is text as PostgreSQL prints it, {@code 0/0} before the first batch; it is only compared for being
 * equal. {@code ordinal} counts changes inside a transaction that is only partly applied, 0 at its boundaries.
 * {@code epoch} rises with every process that takes the pipeline over.
 */
final class PositionTable {
    static final String NAME = "pg2any_position";

    static final String SELECT =
            "SELECT slot, system_identifier, timeline, lsn, epoch FROM " + NAME + " WHERE pipeline = ?";

    private static final String INSERT = "INSERT INTO " + NAME
            + " (pipeline, slot, system_identifier, timeline, lsn, ordinal, epoch, updated_at)"
            + " VALUES (?, '', '', 0, '0/0', 0, 1, ?)";

    private static final String TAKE_OVER =
            "UPDATE " + NAME + " SET epoch = epoch + 1, updated_at = ? WHERE pipeline = ?";

    private static final String MOVE = "UPDATE " + NAME
            + " SET slot = ?, system_identifier = ?, timeline = ?, lsn = ?, ordinal = 0, updated_at = ?"
            + " WHERE pipeline = ? AND epoch = ? AND lsn = ?";

    /** The locked row. */
    record Row(SourceIdentity source, Lsn lsn, long epoch) {
        /** Empty while nothing was ever applied. */
        Optional<Position> position() {
            return lsn.equals(Lsn.ZERO) ? Optional.empty() : Optional.of(new Position(source, lsn));
        }
    }

    private final JdbcDialect dialect;
    private final String pipeline;

    PositionTable(JdbcDialect dialect, String pipeline) {
        this.dialect = dialect;
        this.pipeline = pipeline;
    }

    void create(Connection connection) throws SQLException {
        // IF NOT EXISTS alone would ask for the right to create, needed or not.
        if (dialect.columns(connection, new TableName(null, NAME)).isPresent()) {
            return;
        }
        try (Statement statement = connection.createStatement()) {
            statement.execute(dialect.positionTable());
        }
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
                SourceIdentity source = new SourceIdentity(row.getString(2), row.getInt(3), row.getString(1));
                return Optional.of(new Row(source, Lsn.parse(row.getString(4)), row.getLong(5)));
            }
        }
    }

    /**
     * @return false when the row is not as it was read: another process has taken over
     */
    boolean move(Connection connection, Row from, Position to, Instant now) throws SQLException {
        try (PreparedStatement update = connection.prepareStatement(MOVE)) {
            update.setString(1, to.source().slot());
            update.setString(2, to.source().systemIdentifier());
            update.setInt(3, to.source().timeline());
            update.setString(4, to.lsn().toString());
            update.setString(5, now.toString());
            update.setString(6, pipeline);
            update.setLong(7, from.epoch());
            update.setString(8, from.lsn().toString());
            return update.executeUpdate() == 1;
        }
    }
}
