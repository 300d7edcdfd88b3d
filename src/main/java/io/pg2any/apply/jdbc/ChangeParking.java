package io.pg2any.apply.jdbc;

import io.pg2any.apply.RejectedChange;
import io.pg2any.apply.TargetException;
import io.pg2any.apply.TargetException.Kind;
import io.pg2any.change.Change;
import io.pg2any.change.SourceIdentity;
import java.io.IOException;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Savepoint;
import java.time.Clock;

/**
 * Applies a change behind a savepoint of its own, so that the transaction can go on without it when the target refuses
 * it. In strict order only, where the change that is refused is the one that was given.
 */
final class ChangeParking {
    private final Connection connection;
    private final JdbcDialect dialect;
    private final TargetTables tables;
    private final ApplySession session;
    private final Clock clock;

    ChangeParking(Connection connection, JdbcDialect dialect, TargetTables tables, ApplySession session, Clock clock) {
        this.connection = connection;
        this.dialect = dialect;
        this.tables = tables;
        this.session = session;
        this.clock = clock;
    }

    /**
     * @param change with what the target is to have of it
     * @param received the same as the source sent it: that is kept
     */
    void apply(Change change, Change received, SourceIdentity source)
            throws IOException, SQLException, TargetException, SchemaChangeNeededException {
        // Before the savepoint: a table that is made for the change stays when the change does not.
        tables.prepare(change);
        tables.flush();
        Savepoint before = dialect.savepoint(connection);
        try {
            tables.apply(change);
            tables.flush();
        } catch (TargetException e) {
            if (e.kind() != Kind.REJECTED) {
                throw e;
            }
            rollBack(before, e);
            // What was learnt of the table since then may have been taken back, too.
            tables.close();
            park(received, source, e);
        }
        dialect.release(connection, before);
    }

    private void park(Change change, SourceIdentity source, TargetException refusal)
            throws IOException, TargetException {
        ChangePlace place = session.place();
        RejectedChange rejected = new RejectedChange(
                source, place.transaction(), place.ordinal(), change, refusal.getMessage(), clock.instant());
        session.options().rejected().park(rejected);
        session.parked(rejected);
    }

    private void rollBack(Savepoint before, TargetException refusal) throws TargetException {
        try {
            dialect.rollBack(connection, before);
        } catch (SQLException e) {
            TargetException failure = session.kindOf(e, connection) == Kind.RETRYABLE
                    ? session.failure("rollback to a savepoint", e, connection)
                    : new TargetException(
                            Kind.REJECTED,
                            refusal.getMessage() + "; it cannot be set aside, because the target gave up the whole"
                                    + " transaction over it",
                            refusal);
            failure.addSuppressed(e);
            throw failure;
        }
    }
}
