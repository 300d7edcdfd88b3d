package io.pg2any.apply.jdbc;

import io.pg2any.apply.Applied;
import io.pg2any.apply.ApplyOptions;
import io.pg2any.apply.TablesPolicy;
import io.pg2any.apply.Target;
import io.pg2any.apply.TargetException;
import io.pg2any.apply.TargetException.Kind;
import io.pg2any.apply.TargetStatus;
import io.pg2any.change.Change;
import io.pg2any.change.Lsn;
import io.pg2any.change.Position;
import io.pg2any.change.Relation;
import io.pg2any.change.SourceIdentity;
import io.pg2any.change.TransactionBatch;
import io.pg2any.change.TransactionCursor;
import java.io.IOException;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Clock;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.LongSupplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Applies batches through one JDBC connection.
 *
 * <p>Every transaction starts by reading the position row under a lock, so nothing depends on what this process
 * remembers: a commit whose answer was lost, a second process, and a batch that comes again all show there. An error
 * rolls back everything; where the rollback itself fails, the connection is dropped and the next call makes another.
 */
public final class JdbcTarget implements Target {
    private static final Logger LOG = LoggerFactory.getLogger(JdbcTarget.class);

    private final JdbcDialect dialect;
    private final ApplyOptions options;
    private final Clock clock;
    private final LongSupplier nanoTime;
    private final TargetStatus status = new TargetStatus();
    private final PositionTable positions;
    private final ApplySession session;

    private Connection connection;
    private TargetTables tables;
    private ChangeParking parking;
    /** Of the row that this process took over; 0 before {@link #open}. */
    private long epoch;

    private Lsn durable = Lsn.ZERO;
    private long durableAtNanos;

    public JdbcTarget(JdbcDialect dialect, ApplyOptions options) {
        this(dialect, options, Clock.systemUTC(), System::nanoTime);
    }

    JdbcTarget(JdbcDialect dialect, ApplyOptions options, Clock clock, LongSupplier nanoTime) {
        this.dialect = dialect;
        this.options = options;
        this.clock = clock;
        this.nanoTime = nanoTime;
        this.positions = new PositionTable(dialect, options.pipeline());
        this.session = new ApplySession(dialect, options, status);
    }

    @Override
    public Optional<Position> open() throws TargetException {
        try {
            connect();
            dialect.begin(connection, true);
            positions.create(connection);
            PositionTable.Row row = positions.takeOver(connection, clock.instant());
            connection.commit();
            epoch = row.epoch();
            durable = row.lsn();
            durableAtNanos = nanoTime.getAsLong();
            return row.position();
        } catch (SQLException e) {
            throw failed(session.failure("position of pipeline " + options.pipeline(), e, connection));
        } catch (TargetException e) {
            throw failed(e);
        } catch (RuntimeException e) {
            abandon(e);
            throw e;
        }
    }

    @Override
    public Optional<Position> position() throws TargetException {
        try {
            if (!dialect.exists()) {
                return Optional.empty();
            }
            connect();
            if (dialect.columns(connection, new TableName(null, PositionTable.NAME))
                    .isEmpty()) {
                return Optional.empty();
            }
            Optional<Position> position = positions.lock(connection).flatMap(PositionTable.Row::position);
            rollBack();
            return position;
        } catch (SQLException e) {
            throw failed(session.failure("position of pipeline " + options.pipeline(), e, connection));
        }
    }

    @Override
    public List<TargetException> check(List<Relation> relations) {
        List<TargetException> problems = new ArrayList<>();
        try {
            if (!dialect.exists()) {
                if (options.tables() == TablesPolicy.EXPECT) {
                    problems.add(new TargetException(
                            Kind.CONFIG,
                            dialect.name() + " " + dialect.location()
                                    + ": does not exist; create it with its tables, or set pg2any.tables=create"));
                }
                return problems;
            }
            connect();
            for (Relation relation : relations) {
                try {
                    tables.examine(relation);
                } catch (TargetException e) {
                    problems.add(e);
                }
            }
        } catch (SQLException e) {
            problems.add(session.failure("check", e, connection));
        } catch (TargetException e) {
            problems.add(e);
        }
        return problems;
    }

    @Override
    public Applied apply(TransactionBatch batch) throws TargetException, IOException {
        if (epoch == 0) {
            throw new IllegalStateException("open() must have succeeded before apply()");
        }
        try {
            return applyInFittingSchema(batch);
        } catch (TargetException e) {
            if (e.kind() != Kind.REJECTED) {
                throw failed(e);
            }
            LOG.debug("Something was refused, applying the batch again row by row", e);
            abandon(e);
            return applyStrictly(batch);
        } catch (SQLException e) {
            throw failed(session.failure("apply", e, connection));
        } catch (IOException | RuntimeException e) {
            abandon(e);
            throw e;
        }
    }

    /**
     * Every row alone and in order: an error names it, one that only the grouping made does not come, and a change that
     * is refused may be set aside.
     */
    private Applied applyStrictly(TransactionBatch batch) throws TargetException, IOException {
        session.strict(true);
        try {
            Applied applied = applyInFittingSchema(batch);
            tables.close();
            return applied;
        } catch (TargetException e) {
            throw failed(e);
        } catch (SQLException e) {
            throw failed(session.failure("apply", e, connection));
        } catch (IOException | RuntimeException e) {
            abandon(e);
            throw e;
        } finally {
            session.strict(false);
        }
    }

    private Applied applyInFittingSchema(TransactionBatch batch) throws TargetException, IOException, SQLException {
        while (true) {
            try {
                return applyOnce(batch);
            } catch (SchemaChangeNeededException e) {
                rollBack();
                try (Statement statement = connection.createStatement()) {
                    for (String sql : e.statements()) {
                        statement.execute(sql);
                    }
                    connection.commit();
                } catch (SQLException refused) {
                    throw session.failure(e.table(), refused, connection);
                }
            }
        }
    }

    private Applied applyOnce(TransactionBatch batch)
            throws TargetException, IOException, SQLException, SchemaChangeNeededException {
        connect();
        try (TransactionCursor cursor = batch.open()) {
            boolean any = cursor.nextTransaction();
            boolean flushed = dialect.begin(connection, !any || flushIsDue());
            PositionTable.Row row = ownRow();
            requireContinuation(batch, row);
            int transactions = 0;
            for (; any; any = cursor.nextTransaction()) {
                // Only what a part of a redelivered batch left out: a commit before the position is in the target.
                if (!cursor.transaction().commitLsn().isBefore(row.lsn())) {
                    session.place().enter(cursor.transaction());
                    options.rejected().retract(cursor.transaction(), 0);
                    applyChanges(cursor, batch.source());
                    transactions++;
                }
            }
            tables.flush();
            Lsn through = Lsn.max(cursor.through(), row.lsn());
            if (through.equals(row.lsn()) && !durable.isBefore(row.lsn())) {
                connection.rollback();
                return new Applied(row.lsn(), durable, 0, 0);
            }
            return commit(row, new Position(batch.source(), through), flushed, transactions);
        }
    }

    private void applyChanges(TransactionCursor cursor, SourceIdentity source)
            throws IOException, SQLException, TargetException, SchemaChangeNeededException {
        Change change;
        while ((change = cursor.nextChange()) != null) {
            session.place().next();
            if (session.strict() && options.rejected().parks(change)) {
                parking.apply(change, source);
            } else {
                tables.apply(change);
            }
        }
    }

    private Applied commit(PositionTable.Row from, Position to, boolean flushed, int transactions)
            throws SQLException, TargetException {
        if (!positions.move(connection, from, to, clock.instant())) {
            throw fenced();
        }
        try {
            connection.commit();
        } catch (SQLException e) {
            TargetException failure = session.failure("commit, whose outcome the next try finds out", e, connection);
            // Whether it happened is unknown; only a new session may look.
            drop(failure);
            throw failure;
        }
        if (flushed) {
            durable = to.lsn();
            durableAtNanos = nanoTime.getAsLong();
        }
        long rows = session.publishCounts();
        status.committed(clock.instant());
        return new Applied(to.lsn(), durable, transactions, rows);
    }

    private boolean flushIsDue() {
        return nanoTime.getAsLong() - durableAtNanos
                >= options.durableInterval().toNanos();
    }

    private PositionTable.Row ownRow() throws SQLException, TargetException {
        PositionTable.Row row = positions.lock(connection).orElseThrow(this::fenced);
        if (row.epoch() != epoch) {
            throw fenced();
        }
        return row;
    }

    private TargetException fenced() {
        return new TargetException(
                Kind.FATAL,
                dialect.name() + " " + dialect.location() + ": another process has taken over pipeline "
                        + options.pipeline() + "; let only one run, or give each its own pipeline name");
    }

    private void requireContinuation(TransactionBatch batch, PositionTable.Row row) throws TargetException {
        if (row.position().isEmpty()) {
            return;
        }
        String known = row.source().systemIdentifier();
        String given = batch.source().systemIdentifier();
        if (!known.equals(given)) {
            throw new TargetException(
                    Kind.FATAL,
                    dialect.name() + " " + dialect.location() + ": pipeline " + options.pipeline()
                            + " holds the changes of cluster " + known + ", not of " + given
                            + "; point it to the old source, or start a new pipeline and target");
        }
        if (batch.after().isAfter(row.lsn())) {
            throw new TargetException(
                    Kind.FATAL,
                    dialect.name() + " " + dialect.location() + ": gap: pipeline " + options.pipeline() + " stands at "
                            + row.lsn() + " but the next changes begin after " + batch.after()
                            + "; the target was set back or changes were lost, copy the tables again");
        }
    }

    private void connect() throws SQLException, TargetException {
        if (connection != null && !ApplySession.isClosed(connection)) {
            return;
        }
        connection = null;
        tables = null;
        status.connected(false);
        connection = dialect.connect();
        tables = new TargetTables(connection, dialect, session);
        parking = new ChangeParking(connection, dialect, tables, session, clock);
        status.connected(true);
    }

    /** Rolls back and reports. After anything but a refused change the session is not trusted any more. */
    private TargetException failed(TargetException error) {
        abandon(error);
        if (error.kind() != Kind.REJECTED) {
            drop(error);
        }
        status.failed(error);
        return error;
    }

    private void abandon(Exception cause) {
        try {
            rollBack();
        } catch (SQLException e) {
            cause.addSuppressed(e);
            drop(cause);
        }
    }

    private void rollBack() throws SQLException {
        session.forgetCounts();
        if (connection != null) {
            tables.close();
            connection.rollback();
        }
    }

    private void drop(Exception cause) {
        Connection dropped = connection;
        connection = null;
        tables = null;
        session.forgetCounts();
        status.connected(false);
        if (dropped != null) {
            try {
                dropped.close();
            } catch (SQLException e) {
                cause.addSuppressed(e);
            }
        }
    }

    @Override
    public TargetStatus status() {
        return status;
    }

    @Override
    public void close() {
        if (connection == null) {
            return;
        }
        Exception problems = new Exception("closing the target");
        abandon(problems);
        drop(problems);
        if (problems.getSuppressed().length > 0) {
            LOG.warn("{} {}: not closed cleanly", dialect.name(), dialect.location(), problems);
        }
    }
}
