package io.pg2any.apply.jdbc;

import io.pg2any.apply.TargetException;
import io.pg2any.change.Change;
import io.pg2any.change.Relation;
import io.pg2any.change.Tuple;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The tables of one connection: prepares the table of a relation version when its first change comes, and keeps the
 * writer. Forgotten as a whole after a rollback, which may have taken created tables back.
 */
final class TargetTables {
    private static final Logger LOG = LoggerFactory.getLogger(JdbcTarget.class);

    /** Beyond this many tables the prepared statements cost more memory than preparing them again costs time. */
    private static final int OPEN_WRITERS = 500;

    private final Connection connection;
    private final JdbcDialect dialect;
    private final ApplySession session;
    private final ChangeWindow window;
    private final WriteBehind behind;
    private final Map<Integer, RowWriter> writers = new HashMap<>();
    private final Map<Integer, Relation> announced = new HashMap<>();
    private final TargetSchema schema;

    private Relation currentRelation;
    private RowWriter current;
    /** Among the tables whose rows keep their order, also between them, only one has rows that wait. */
    private RowWriter currentOrdered;

    TargetTables(Connection connection, JdbcDialect dialect, ApplySession session) {
        this(connection, dialect, session, false);
    }

    /**
     * @param scripted for a connection that only writes statements down
     */
    TargetTables(Connection connection, JdbcDialect dialect, ApplySession session, boolean scripted) {
        this.connection = connection;
        this.dialect = dialect;
        this.session = session;
        this.schema = new TargetSchema(connection, dialect, session, scripted);
        this.window = new ChangeWindow(session.options().windowRows());
        this.behind = new WriteBehind(session.options().pipeline());
    }

    /** Writes the change, or lets it wait for the next of its kind until {@link #flush}. */
    void apply(Change change) throws SQLException, TargetException, SchemaChangeNeededException {
        if (change instanceof Change.Insert insert) {
            writer(insert.relation(), insert.row()).insert(insert.row());
        } else if (change instanceof Change.Update update) {
            writer(update.relation(), update.row()).update(update);
        } else if (change instanceof Change.Delete delete) {
            writer(delete.relation()).delete(delete);
        } else if (change instanceof Change.Truncate truncate) {
            truncate(truncate);
        }
        // A logical message is for subscribers of events; a table has no place for it.
        if (window.isFull()) {
            writeBehind();
        }
    }

    /** Makes the tables of the change, and what writes to them, if they are not there yet. */
    void prepare(Change change) throws SQLException, TargetException, SchemaChangeNeededException {
        for (Relation relation : change.relations()) {
            writer(relation);
        }
    }

    /** One statement of the source: every table is there before the first is emptied. */
    private void truncate(Change.Truncate truncate) throws SQLException, TargetException, SchemaChangeNeededException {
        List<RowWriter> truncated = new ArrayList<>();
        for (Relation relation : truncate.relations()) {
            truncated.add(writer(relation));
        }
        flush();
        for (RowWriter writer : truncated) {
            writer.truncate();
        }
    }

    /** The relation's writer; what waits in another table whose order matters is written first. */
    private RowWriter writer(Relation relation) throws SQLException, TargetException, SchemaChangeNeededException {
        if (relation == currentRelation) {
            if (current == currentOrdered) {
                behind.await();
            }
            return current;
        }
        RowWriter writer = writers.get(relation.oid());
        if (writer == null || announced.get(relation.oid()) != relation) {
            writer = adopt(relation, writer);
        }
        if (writer instanceof TableWriter) {
            behind.await();
            if (currentOrdered != null && writer != currentOrdered) {
                currentOrdered.flush();
            }
            currentOrdered = writer;
        }
        currentRelation = relation;
        current = writer;
        return writer;
    }

    /** {@link TargetSchema#examine}. */
    Optional<String> examine(Relation relation) throws SQLException, TargetException {
        return schema.examine(relation);
    }

    /** The writer for a change that gives the row these values. */
    private RowWriter writer(Relation relation, Tuple row)
            throws SQLException, TargetException, SchemaChangeNeededException {
        RowWriter writer = writer(relation);
        if (writer.table().lacksRequired(row)) {
            flush();
            schema.allowNulls(writer.table(), row);
            forget(relation, writer);
            return writer(relation);
        }
        return writer;
    }

    private void forget(Relation relation, RowWriter writer) throws SQLException {
        writer.close();
        writers.remove(relation.oid());
        currentRelation = null;
        currentOrdered = currentOrdered == writer ? null : currentOrdered;
    }

    private RowWriter adopt(Relation relation, RowWriter known)
            throws SQLException, TargetException, SchemaChangeNeededException {
        // Every new session of the source announces its tables again, mostly as they were.
        if (known == null || !known.table().relation().equals(relation)) {
            // Another relation, or version of it, may go to the same table.
            flush();
            TargetTable table = schema.prepare(relation);
            if (known != null) {
                RelationChanges.lines(known.table().relation(), relation, table.name())
                        .forEach(line -> LOG.warn("{}", line));
                forget(known.table().relation(), known);
            }
            if (writers.size() >= OPEN_WRITERS) {
                closeWriters();
            }
            writers.put(relation.oid(), newWriter(table));
        }
        announced.put(relation.oid(), relation);
        return writers.get(relation.oid());
    }

    private RowWriter newWriter(TargetTable table) throws SQLException, TargetException {
        TableWriter ordered = new TableWriter(connection, dialect, table, session);
        if (session.way() == ApplyWay.REPLACING
                && !table.keyless()
                && dialect.onlyUniqueIndexesMatter(connection, table)) {
            return new ReplacingWriter(ordered, session, window);
        }
        if (table.keyless() || !session.mayGroup(table.relation().displayName())) {
            return ordered;
        }
        Optional<RowSets> sets = dialect.rowSets(connection, table, session.options());
        if (sets.isEmpty() || dialect.orderMatters(connection, table)) {
            return ordered;
        }
        return new FoldedWriter(connection, ordered, sets.get(), session, window, behind);
    }

    /** Lets what is folded be written while the next window fills; rows that keep their order are written first. */
    private void writeBehind() throws SQLException, TargetException {
        behind.await();
        List<WriteBehind.Work> folded = new ArrayList<>();
        for (RowWriter writer : writers.values()) {
            if (writer instanceof FoldedWriter folding) {
                folding.handOver().ifPresent(folded::add);
            } else {
                writer.flush();
            }
        }
        window.clear();
        behind.start(() -> {
            for (WriteBehind.Work work : folded) {
                work.run();
            }
        });
    }

    /** Writes what waits. */
    void flush() throws SQLException, TargetException {
        behind.await();
        if (currentOrdered != null) {
            currentOrdered.flush();
        }
        for (RowWriter writer : writers.values()) {
            if (writer != currentOrdered) {
                writer.flush();
            }
        }
        window.clear();
    }

    private void closeWriters() throws SQLException {
        for (RowWriter writer : writers.values()) {
            writer.close();
        }
        writers.clear();
        currentOrdered = null;
        currentRelation = null;
    }

    /** Drops all that is known of tables, and what waits. */
    void close() throws SQLException {
        behind.forget();
        current = null;
        announced.clear();
        schema.forget();
        window.clear();
        closeWriters();
    }
}
