package io.pg2any.apply.jdbc;

import io.pg2any.apply.Applied;
import io.pg2any.apply.ApplyOptions;
import io.pg2any.apply.Selection;
import io.pg2any.apply.TablesPolicy;
import io.pg2any.apply.Target;
import io.pg2any.apply.TargetException;
import io.pg2any.apply.TargetException.Kind;
import io.pg2any.apply.TargetSetBackException;
import io.pg2any.apply.TargetStatus;
import io.pg2any.change.Change;
import io.pg2any.change.Lsn;
import io.pg2any.change.Position;
import io.pg2any.change.Relation;
import io.pg2any.change.TransactionBatch;
import io.pg2any.change.TransactionCursor;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.SQLNonTransientConnectionException;
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
    private final Selection selection;

    private Connection connection;
    private TargetTables tables;
    private ChangeParking parking;
    /** Whether the connection was made for looking only. */
    private boolean looking;

    private final List<String> notes = new ArrayList<>();
    /** Of the row that this process took over; 0 before {@link #open}. */
    private long epoch;
    /** Whether, for all this process knows, the target has a part of a transaction. */
    private boolean inside;
    /** Whether the open transaction's commit will be. */
    private boolean flushed;
    /** Of the call of {@link #apply} under way. */
    private long rows;

    private Lsn durable = Lsn.ZERO;
    /** As far as the target has been seen by this process. */
    private Lsn reached = Lsn.ZERO;

    private long durableAtNanos;

    public JdbcTarget(JdbcDialect dialect, ApplyOptions options) {
        this(dialect, options, Clock.systemUTC(), System::nanoTime);
    }

    JdbcTarget(JdbcDialect dialect, ApplyOptions options, Clock clock, LongSupplier nanoTime) {
        this.dialect = dialect;
        this.options = options;
        this.clock = clock;
        this.nanoTime = nanoTime;
        this.positions = new PositionTable(dialect, options.position());
        this.session = new ApplySession(dialect, options, status);
        this.selection = new Selection(options.mapping());
    }

    @Override
    public Optional<Position> open() throws TargetException {
        try {
            connect();
            dialect.begin(connection, true);
            positions.create(connection);
            new TableOwners(dialect).create(connection);
            PositionTable.Row row = positions.takeOver(connection, clock.instant());
            connection.commit();
            epoch = row.epoch();
            inside = row.isInside();
            durable = row.lsn();
            reached = row.lsn();
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
            look();
            if (dialect.columns(connection, new TableName(null, PositionTable.NAME))
                    .isEmpty()) {
                return Optional.empty();
            }
            Optional<Position> position = positions.read(connection);
            rollBack();
            return position;
        } catch (SQLException e) {
            throw failed(session.failure("position of pipeline " + options.pipeline(), e, connection));
        }
    }

    @Override
    public List<TargetException> check(List<Relation> relations) {
        List<TargetException> problems = new ArrayList<>();
        notes.clear();
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
            look();
            try {
                dialect.check(connection);
            } catch (TargetException e) {
                problems.add(e);
            }
            dialect.notes(connection)
                    .forEach(note -> notes.add(dialect.name() + " " + dialect.location() + ": " + note));
            for (Relation relation : relations) {
                try {
                    Relation selected = selection.of(relation);
                    if (selected != null) {
                        tables.examine(selected).ifPresent(notes::add);
                    }
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
    public List<String> notes() {
        return List.copyOf(notes);
    }

    @Override
    public Applied apply(TransactionBatch batch) throws TargetException, IOException {
        if (epoch == 0) {
            throw new IllegalStateException("open() must have succeeded before apply()");
        }
        rows = 0;
        try {
            return applySomeWay(batch);
        } catch (TargetException e) {
            throw failed(e);
        } catch (IOException e) {
            abandon(e);
            throw e;
        } catch (RuntimeException e) {
            if (connection != null && ApplySession.isClosed(connection)) {
                // A driver that loses its connection within a call may fall over its own closed parts.
                throw failed(
                        session.failure("apply", new SQLNonTransientConnectionException(e.toString(), e), connection));
            }
            abandon(e);
            throw e;
        }
    }

    /**
     * @throws TargetException when nothing is left to try; REJECTED is then what strict order has ended with, or parking
     */
    private Applied applySomeWay(TransactionBatch batch) throws TargetException, IOException {
        try {
            return applyIn(batch, ApplyWay.GROUPED);
        } catch (TargetException e) {
            requireRejected(e);
            LOG.debug("Something was refused, applying the batch again row by row", e);
        }
        TargetException refusal;
        try {
            return applyIn(batch, ApplyWay.STRICT);
        } catch (TargetException e) {
            requireRejected(e);
            refusal = e;
        }
        if (refusal.getCause() instanceof SQLException) {
            try {
                return applyIn(batch, ApplyWay.REPLACING);
            } catch (TargetException e) {
                refusal.addSuppressed(e);
                requireRejected(e);
            }
        }
        if (!options.rejected().parksAny()) {
            throw refusal;
        }
        LOG.debug("A change was refused, applying the batch again behind savepoints", refusal);
        return applyIn(batch, ApplyWay.PARKING);
    }

    /** Rolls back for the next way, if there may be one. */
    private void requireRejected(TargetException error) throws TargetException {
        if (error.kind() != Kind.REJECTED) {
            throw error;
        }
        abandon(error);
    }

    private Applied applyIn(TransactionBatch batch, ApplyWay way) throws TargetException, IOException {
        session.way(way);
        try {
            Applied applied = applyInFittingSchema(batch);
            if (way != ApplyWay.GROUPED) {
                // What was made for this way is not for the next batch.
                tables.close();
            }
            return applied;
        } catch (SQLException e) {
            throw session.failure("apply", e, connection);
        } finally {
            session.way(ApplyWay.GROUPED);
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
            PositionTable.Row row = begin(!any || flushIsDue());
            requireContinuation(batch, row);
            reached = Lsn.max(reached, row.lsn());
            boolean resume = row.isInside();
            int transactions = 0;
            for (; any; any = cursor.nextTransaction()) {
                // Only what a part of a redelivered batch left out: a commit before the position is in the target.
                if (!cursor.transaction().commitLsn().isBefore(row.lsn())) {
                    session.place().enter(cursor.transaction());
                    options.rejected().retract(cursor.transaction(), resume ? row.ordinal() : 0);
                    if (resume) {
                        requireSameCopy(cursor, row);
                        cursor.skipThrough(row.ordinal());
                        resume = false;
                    }
                    row = applyChanges(batch, cursor, row);
                    transactions++;
                }
            }
            tables.flush();
            Lsn through = Lsn.max(cursor.through(), row.lsn());
            if (through.equals(row.lsn()) && !durable.isBefore(row.lsn())) {
                connection.rollback();
                return new Applied(row.lsn(), durable, 0, 0);
            }
            if (resume && through.isAfter(row.lsn())) {
                throw anotherCopy(row);
            }
            // What ends before the rest of a half applied transaction leaves that where it is.
            commit(row, resume ? row : row.between(new Position(batch.source(), through)));
            inside = resume;
            return new Applied(through, durable, transactions, rows);
        }
    }

    /**
     * What follows the first part of a transaction is durable at once: once it is complete, the copy that a power failure
     * would call for is gone.
     */
    private PositionTable.Row begin(boolean durableCommit) throws SQLException, TargetException {
        flushed = dialect.begin(connection, durableCommit || inside);
        return ownRow();
    }

    /**
     * Applies what the target lacks of the current transaction, in parts when it is beyond the limit.
     *
     * @return the row as it now is
     */
    private PositionTable.Row applyChanges(TransactionBatch batch, TransactionCursor cursor, PositionTable.Row from)
            throws IOException, SQLException, TargetException, SchemaChangeNeededException {
        PositionTable.Row row = from;
        int limit = options.maxRowsPerCommit();
        long part = 0;
        long last = 0;
        Change change;
        while ((change = cursor.nextChange()) != null) {
            requireNotInterrupted();
            if (limit > 0 && part > 0 && part % limit == 0 && batch.preserve()) {
                row = commitPart(batch, cursor, row, last);
                part = 0;
            }
            last = cursor.ordinal();
            session.place().at(last);
            Change selected = selection.of(change);
            if (selected != null) {
                if (session.way() == ApplyWay.PARKING && options.rejected().parks(change)) {
                    parking.apply(selected, change, batch.source());
                } else {
                    tables.apply(selected);
                }
                part++;
            }
        }
        if (from.isInside()
                && from.lsn().equals(cursor.transaction().commitLsn())
                && cursor.ordinal() < from.ordinal()) {
            throw anotherCopy(from);
        }
        return row;
    }

    /** Everything before the transaction and its changes through this one; the next begins another target transaction. */
    private PositionTable.Row commitPart(
            TransactionBatch batch, TransactionCursor cursor, PositionTable.Row row, long last)
            throws IOException, SQLException, TargetException {
        tables.flush();
        inside = true;
        commit(row, row.inside(batch.source(), cursor.transaction().commitLsn(), last, cursor.stagedAt()));
        return begin(true);
    }

    /** A stop has waited long enough; drivers do not notice. */
    private void requireNotInterrupted() throws InterruptedIOException {
        if (Thread.currentThread().isInterrupted()) {
            throw new InterruptedIOException(
                    "interrupted behind " + session.place() + "; the next start goes on behind the last commit");
        }
    }

    private void commit(PositionTable.Row from, PositionTable.Row to) throws SQLException, TargetException {
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
        reached = Lsn.max(reached, to.lsn());
        if (flushed) {
            durable = to.lsn();
            durableAtNanos = nanoTime.getAsLong();
        }
        rows += session.publishCounts();
        status.committed(clock.instant());
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

    private void requireSameCopy(TransactionCursor cursor, PositionTable.Row row) throws TargetException {
        boolean same = row.stagedAt().isEmpty()
                || row.stagedAt().equals(cursor.stagedAt().toString());
        if (!same || !row.lsn().equals(cursor.transaction().commitLsn())) {
            throw anotherCopy(row);
        }
    }

    private TargetException anotherCopy(PositionTable.Row row) {
        return new TargetException(
                Kind.FATAL,
                dialect.name() + " " + dialect.location() + ": of the transaction committed at " + row.lsn()
                        + ", pipeline " + options.pipeline() + " has applied " + row.ordinal()
                        + " changes, as counted in what was staged at " + row.stagedAt()
                        + ", and that is not in the staging folder any more. Restore the folder, or copy the tables"
                        + " again. If neither the publication nor the pipeline's settings were altered since, the"
                        + " source's new copy counts the same: set staged_at='' in this pipeline's row of "
                        + PositionTable.NAME);
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
        boolean gap = batch.after().isAfter(row.lsn());
        if (gap && !row.lsn().isBefore(durable) && !batch.after().isAfter(reached)) {
            throw new TargetSetBackException(dialect.name() + " " + dialect.location() + ": pipeline "
                    + options.pipeline() + " stands at " + row.lsn() + " again, after it had been at " + batch.after()
                    + ": the server crashed before the last commits were on its disk; a new start goes on from there");
        }
        if (gap) {
            throw new TargetException(
                    Kind.FATAL,
                    dialect.name() + " " + dialect.location() + ": gap: pipeline " + options.pipeline() + " stands at "
                            + row.lsn() + " but the next changes begin after " + batch.after()
                            + "; the target was set back or changes were lost, copy the tables again");
        }
    }

    private void connect() throws SQLException, TargetException {
        if (looking) {
            drop(new SQLException("looked long enough"));
        }
        if (connection == null || ApplySession.isClosed(connection)) {
            forgetConnection();
            use(dialect.connect());
        }
    }

    /** For what only reads: a connection that applies serves too, but the other way round it does not. */
    private void look() throws SQLException, TargetException {
        if (connection == null || ApplySession.isClosed(connection)) {
            forgetConnection();
            use(dialect.look());
            looking = true;
        }
    }

    private void forgetConnection() {
        connection = null;
        tables = null;
        looking = false;
        status.connected(false);
    }

    private void use(Connection made) {
        connection = made;
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
        if (connection != null) {
            tables.close();
            connection.rollback();
        }
        session.forgetCounts();
    }

    private void drop(Exception cause) {
        Connection dropped = connection;
        forgetConnection();
        session.forgetCounts();
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
