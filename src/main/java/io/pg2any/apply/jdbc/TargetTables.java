package io.pg2any.apply.jdbc;

import io.pg2any.apply.TablesPolicy;
import io.pg2any.apply.TargetException;
import io.pg2any.apply.TargetException.Kind;
import io.pg2any.change.Change;
import io.pg2any.change.Column;
import io.pg2any.change.Relation;
import io.pg2any.change.ReplicaIdentity;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The tables of one connection: finds, creates or evolves the table of a relation version when its first change comes,
 * and keeps the writer. Forgotten as a whole after a rollback, which may have taken created tables back.
 */
final class TargetTables {
    private static final Logger LOG = LoggerFactory.getLogger(JdbcTarget.class);

    /** Beyond this many tables the prepared statements cost more memory than preparing them again costs time. */
    private static final int OPEN_WRITERS = 500;

    private final Connection connection;
    private final boolean ddlInTransaction;
    private final JdbcDialect dialect;
    private final ApplySession session;
    private final ChangeWindow window;
    private final Map<Integer, RowWriter> writers = new HashMap<>();
    private final Map<Integer, Relation> announced = new HashMap<>();
    /** Folded target table to the source table that fills it. */
    private final Map<String, String> owners = new HashMap<>();

    private Relation currentRelation;
    private RowWriter current;
    /** Among the tables whose rows keep their order, also between them, only one has rows that wait. */
    private RowWriter currentOrdered;

    TargetTables(Connection connection, JdbcDialect dialect, ApplySession session) {
        this(connection, dialect, session, dialect.transactionalDdl());
    }

    /**
     * @param ddlInTransaction whether tables are made where their first change is, and not before its transaction
     */
    TargetTables(Connection connection, JdbcDialect dialect, ApplySession session, boolean ddlInTransaction) {
        this.ddlInTransaction = ddlInTransaction;
        this.connection = connection;
        this.dialect = dialect;
        this.session = session;
        this.window = new ChangeWindow(session.options().windowRows());
    }

    /** Writes the change, or lets it wait for the next of its kind until {@link #flush}. */
    void apply(Change change) throws SQLException, TargetException, SchemaChangeNeededException {
        if (change instanceof Change.Insert insert) {
            writer(insert.relation()).insert(insert.row());
        } else if (change instanceof Change.Update update) {
            writer(update.relation()).update(update);
        } else if (change instanceof Change.Delete delete) {
            writer(delete.relation()).delete(delete);
        } else if (change instanceof Change.Truncate truncate) {
            truncate(truncate);
        }
        // A logical message is for subscribers of events; a table has no place for it.
        if (window.isFull()) {
            flush();
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
            return current;
        }
        RowWriter writer = writers.get(relation.oid());
        if (writer == null || announced.get(relation.oid()) != relation) {
            writer = adopt(relation, writer);
        }
        if (writer instanceof TableWriter && writer != currentOrdered) {
            if (currentOrdered != null) {
                currentOrdered.flush();
            }
            currentOrdered = writer;
        }
        currentRelation = relation;
        current = writer;
        return writer;
    }

    /**
     * As if the first change had come, but nothing is created or changed.
     *
     * @throws TargetException what would stop the first change
     */
    void examine(Relation relation) throws SQLException, TargetException {
        TableName name = dialect.place(relation, session.options().mapping());
        own(relation, name);
        requireDistinctColumns(relation);
        Optional<List<TargetColumn>> existing = dialect.columns(connection, name);
        if (existing.isEmpty()) {
            requireMayCreate(relation, name);
            return;
        }
        requireFilled(relation, name, existing.get());
        requireKept(relation, name, existing.get());
        List<Column> missing = missing(relation, existing.get());
        if (!missing.isEmpty()) {
            requireMayAdd(relation, name, missing);
        }
    }

    private RowWriter adopt(Relation relation, RowWriter known)
            throws SQLException, TargetException, SchemaChangeNeededException {
        // Every new session of the source announces its tables again, mostly as they were.
        if (known == null || !known.table().relation().equals(relation)) {
            // Another relation, or version of it, may go to the same table.
            flush();
            TargetTable table = prepare(relation);
            if (known != null) {
                known.close();
                writers.remove(relation.oid());
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
        if (table.keyless() || !session.mayGroup(table.relation().displayName())) {
            return ordered;
        }
        Optional<RowSets> sets = dialect.rowSets(connection, table, session.options());
        if (sets.isEmpty() || dialect.orderMatters(connection, table)) {
            return ordered;
        }
        return new FoldedWriter(connection, ordered, sets.get(), session, window);
    }

    /** Finds or makes the relation's table and says how its rows are found. */
    private TargetTable prepare(Relation relation) throws SQLException, TargetException, SchemaChangeNeededException {
        TableName name = dialect.place(relation, session.options().mapping());
        own(relation, name);
        requireDistinctColumns(relation);
        Optional<List<TargetColumn>> existing = dialect.columns(connection, name);
        if (existing.isEmpty()) {
            return create(relation, name);
        }
        return join(relation, name, existing.get());
    }

    private void own(Relation relation, TableName name) throws TargetException {
        String place = dialect.foldTable(dialect.qualified(name));
        if (name.container() == null && place.equals(dialect.foldTable(dialect.quote(PositionTable.NAME)))) {
            throw config(relation, name, "is where the position is kept; map the schema elsewhere");
        }
        String owner = owners.putIfAbsent(place, relation.displayName());
        if (owner != null && !owner.equals(relation.displayName())) {
            throw config(
                    relation,
                    name,
                    "is filled from " + owner + " already; map one of the two schemas elsewhere, or leave one table out"
                            + " of the publication");
        }
    }

    private void requireDistinctColumns(Relation relation) throws TargetException {
        Map<String, String> names = new HashMap<>();
        for (Column column : relation.columns()) {
            String twin = names.putIfAbsent(dialect.fold(column.name()), column.name());
            if (twin != null) {
                throw new TargetException(
                        Kind.CONFIG,
                        "source table " + relation.displayName() + ": columns " + twin + " and " + column.name()
                                + " are one name in " + dialect.name() + "; rename one, or publish a column list");
            }
        }
    }

    private TargetTable create(Relation relation, TableName name)
            throws SQLException, TargetException, SchemaChangeNeededException {
        requireMayCreate(relation, name);
        List<String> key = newKey(relation);
        List<String> definitions = new ArrayList<>();
        List<String> names = new ArrayList<>();
        for (int i = 0; i < relation.columns().size(); i++) {
            String column = relation.columns().get(i).name();
            String definition = definition(relation, i, key);
            definitions.add(key.contains(column) ? definition + " NOT NULL" : definition);
            names.add(column);
        }
        List<String> statements = new ArrayList<>();
        if (name.container() != null && !dialect.hasContainer(connection, name.container())) {
            statements.add(dialect.createContainer(name.container()));
        }
        statements.add(dialect.createTable(name, definitions, key));
        change(statements, relation, name);
        LOG.info("Created table {} for {}", name.displayName(), relation.displayName());
        ColumnType[] types = types(relation, key);
        List<String> declarations =
                Arrays.stream(types).map(ColumnType::declaration).toList();
        return new TargetTable(relation, name, names, declarations, types, indexes(relation, key));
    }

    private void requireMayCreate(Relation relation, TableName name) throws TargetException {
        if (session.options().tables() == TablesPolicy.EXPECT) {
            throw config(relation, name, "does not exist; create it, or set pg2any.tables=create");
        }
    }

    /** The identity's columns; under FULL, where every column is one, what the source's catalog says. */
    private List<String> newKey(Relation relation) throws TargetException {
        List<String> key = new ArrayList<>();
        if (relation.replicaIdentity() != ReplicaIdentity.FULL) {
            for (Column column : relation.columns()) {
                if (column.identity()) {
                    key.add(column.name());
                }
            }
            return key;
        }
        List<String> published = new ArrayList<>();
        relation.columns().forEach(column -> published.add(column.name()));
        List<String> primary = session.options().keys().primaryKey(relation);
        return published.containsAll(primary) ? primary : key;
    }

    private TargetTable join(Relation relation, TableName name, List<TargetColumn> existing)
            throws SQLException, TargetException, SchemaChangeNeededException {
        requireFilled(relation, name, existing);
        requireKept(relation, name, existing);
        Map<String, TargetColumn> byName = folded(existing);
        List<String> names = new ArrayList<>();
        for (Column column : relation.columns()) {
            TargetColumn found = byName.get(dialect.fold(column.name()));
            names.add(found == null ? column.name() : found.name());
        }
        addColumns(relation, name, missing(relation, existing));
        List<String> key = matchKey(relation, existing, names);
        ColumnType[] types = types(relation, key);
        List<String> declarations = new ArrayList<>();
        for (int i = 0; i < types.length; i++) {
            TargetColumn found =
                    byName.get(dialect.fold(relation.columns().get(i).name()));
            declarations.add(found == null ? types[i].declaration() : found.declaredType());
        }
        return new TargetTable(relation, name, names, declarations, types, indexes(relation, key));
    }

    private Map<String, TargetColumn> folded(List<TargetColumn> existing) {
        Map<String, TargetColumn> byName = new LinkedHashMap<>();
        for (TargetColumn column : existing) {
            byName.put(dialect.fold(column.name()), column);
        }
        return byName;
    }

    private List<Column> missing(Relation relation, List<TargetColumn> existing) {
        Map<String, TargetColumn> byName = folded(existing);
        return relation.columns().stream()
                .filter(column -> !byName.containsKey(dialect.fold(column.name())))
                .toList();
    }

    private void requireFilled(Relation relation, TableName name, List<TargetColumn> existing) throws TargetException {
        Map<String, TargetColumn> unfilled = folded(existing);
        for (Column column : relation.columns()) {
            unfilled.remove(dialect.fold(column.name()));
        }
        for (TargetColumn column : unfilled.values()) {
            if (column.required()) {
                throw config(
                        relation,
                        name,
                        "wants a value for column " + column.name()
                                + ", which the source does not have; drop it, give it a default, or allow NULL");
            }
        }
    }

    private void requireKept(Relation relation, TableName name, List<TargetColumn> existing) throws TargetException {
        Map<String, TargetColumn> byName = folded(existing);
        List<String> key = new ArrayList<>();
        for (Column column : relation.columns()) {
            TargetColumn found = byName.get(dialect.fold(column.name()));
            if (found != null && found.keyOrdinal() > 0) {
                key.add(column.name());
            }
        }
        for (int i = 0; i < relation.columns().size(); i++) {
            TargetColumn found =
                    byName.get(dialect.fold(relation.columns().get(i).name()));
            if (found == null) {
                continue;
            }
            ColumnType type = dialect.columnType(relation, i, key);
            if (!dialect.keeps(found, type)) {
                throw config(
                        relation,
                        name,
                        "has column " + found.name() + " as " + found.declaredType()
                                + ", which would alter values that the source sends now; it takes a column of type "
                                + type.declaration());
            }
        }
    }

    private void requireMayAdd(Relation relation, TableName name, List<Column> missing) throws TargetException {
        if (session.options().tables() == TablesPolicy.EXPECT) {
            String names = missing.stream().map(Column::name).collect(Collectors.joining(", "));
            throw config(relation, name, "lacks columns " + names + "; add them, or set pg2any.tables=create");
        }
    }

    private void addColumns(Relation relation, TableName name, List<Column> missing)
            throws SQLException, TargetException, SchemaChangeNeededException {
        if (missing.isEmpty()) {
            return;
        }
        requireMayAdd(relation, name, missing);
        List<String> missingNames = new ArrayList<>();
        List<String> statements = new ArrayList<>();
        for (Column column : missing) {
            missingNames.add(column.name());
            int index = relation.columns().indexOf(column);
            statements.add(dialect.addColumn(name, definition(relation, index, List.of())));
        }
        change(statements, relation, name);
        LOG.info(
                "Added columns {} to table {}; rows that are there already hold NULL in them until they change",
                missingNames,
                name.displayName());
    }

    /**
     * The columns that find a row. Under FULL every old value is known, so the target's own primary key finds it fast,
     * whatever the source's may be.
     *
     * @return names as the source spells them
     */
    private List<String> matchKey(Relation relation, List<TargetColumn> existing, List<String> targetNames) {
        List<String> key = new ArrayList<>();
        if (relation.replicaIdentity() != ReplicaIdentity.FULL) {
            for (Column column : relation.columns()) {
                if (column.identity()) {
                    key.add(column.name());
                }
            }
            return key;
        }
        for (TargetColumn column : existing) {
            if (column.keyOrdinal() > 0) {
                int index = targetNames.indexOf(column.name());
                if (index < 0) {
                    return List.of();
                }
                key.add(relation.columns().get(index).name());
            }
        }
        return key;
    }

    private String definition(Relation relation, int column, List<String> key) {
        return dialect.quote(relation.columns().get(column).name()) + " "
                + dialect.columnType(relation, column, key).declaration();
    }

    private ColumnType[] types(Relation relation, List<String> key) {
        ColumnType[] types = new ColumnType[relation.columns().size()];
        for (int i = 0; i < types.length; i++) {
            types[i] = dialect.columnType(relation, i, key);
        }
        return types;
    }

    private static int[] indexes(Relation relation, List<String> key) {
        int[] indexes = new int[key.size()];
        for (int i = 0; i < relation.columns().size(); i++) {
            int at = key.indexOf(relation.columns().get(i).name());
            if (at >= 0) {
                indexes[at] = i;
            }
        }
        return indexes;
    }

    private void change(List<String> statements, Relation relation, TableName name)
            throws TargetException, SchemaChangeNeededException {
        String table = "table " + name.displayName() + " (source " + relation.displayName() + ")";
        if (!ddlInTransaction) {
            throw new SchemaChangeNeededException(table, statements);
        }
        try (Statement statement = connection.createStatement()) {
            for (String sql : statements) {
                statement.execute(sql);
            }
        } catch (SQLException e) {
            throw session.failure(table, e, connection);
        }
    }

    private TargetException config(Relation relation, TableName name, String problem) {
        return new TargetException(
                Kind.CONFIG,
                dialect.name() + " " + dialect.location() + ": table " + name.displayName() + " (source "
                        + relation.displayName() + ") " + problem);
    }

    /** Writes what waits. */
    void flush() throws SQLException, TargetException {
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
        current = null;
        announced.clear();
        owners.clear();
        window.clear();
        closeWriters();
    }
}
