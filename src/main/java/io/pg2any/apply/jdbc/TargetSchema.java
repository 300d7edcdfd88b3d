package io.pg2any.apply.jdbc;

import io.pg2any.apply.ApplyOptions;
import io.pg2any.apply.ApplyOrder;
import io.pg2any.apply.EvolvePolicy;
import io.pg2any.apply.TableMapping;
import io.pg2any.apply.TablesPolicy;
import io.pg2any.apply.TargetException;
import io.pg2any.apply.TargetException.Kind;
import io.pg2any.apply.jdbc.TableOwners.Owner;
import io.pg2any.change.Column;
import io.pg2any.change.Relation;
import io.pg2any.change.ReplicaIdentity;
import io.pg2any.change.Tuple;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** What tables of the target relations need: found, created or evolved, and each filled from one source table only. */
final class TargetSchema {
    private static final Logger LOG = LoggerFactory.getLogger(JdbcTarget.class);

    private final Connection connection;
    private final JdbcDialect dialect;
    private final ApplySession session;
    private final ApplyOptions options;
    private final TableMapping mapping;
    private final boolean scripted;
    private final TableOwners tableOwners;
    /** Of the target tables that this session has used, by {@link TableOwners#place}. */
    private final Map<String, Owner> owners = new HashMap<>();
    /** Places of tables that this session has made; where definitions commit by themselves, the owner is written after. */
    private final Map<String, Owner> made = new HashMap<>();

    /**
     * @param scripted for a connection that only writes statements down and answers nothing
     */
    TargetSchema(Connection connection, JdbcDialect dialect, ApplySession session, boolean scripted) {
        this.connection = connection;
        this.dialect = dialect;
        this.session = session;
        this.options = session.options();
        this.mapping = options.mapping();
        this.scripted = scripted;
        this.tableOwners = new TableOwners(dialect);
    }

    /**
     * As if the first change had come, but nothing is created or changed.
     *
     * @return what is worth knowing of an existing table
     * @throws TargetException what would stop the first change
     */
    Optional<String> examine(Relation relation) throws SQLException, TargetException {
        TableName name = dialect.place(relation, mapping);
        requireDistinctColumns(relation);
        Optional<List<TargetColumn>> existing = dialect.columns(connection, name);
        Owner owner = owner(relation, name, existing.isPresent());
        owners.put(tableOwners.place(connection, name), owner);
        if (existing.isEmpty()) {
            requireMayCreate(relation, name);
            return Optional.empty();
        }
        dialect.checkRights(connection, name);
        requireFilled(relation, name, existing.get(), owner);
        requireKept(relation, name, existing.get());
        List<Column> missing = missing(relation, existing.get());
        if (!missing.isEmpty()) {
            requireMayAdd(relation, name, missing);
            return Optional.empty();
        }
        return order(table(relation, name, existing.get(), owner));
    }

    private Optional<String> order(TargetTable table) throws SQLException {
        List<OrderReason> reasons = dialect.orderReasons(connection, table);
        if (reasons.isEmpty()) {
            return Optional.empty();
        }
        boolean grouped = !table.keyless()
                && session.options().order() == ApplyOrder.GROUPED
                && dialect.rowSets(connection, table, session.options()).isPresent();
        String names = reasons.stream()
                .sorted(Comparator.comparing(OrderReason::kind))
                .map(OrderReason::toString)
                .collect(Collectors.joining(", "));
        return Optional.of("table " + table.name().displayName() + " (source "
                + table.relation().displayName() + "): beside its key it has " + names + ", which "
                + (grouped
                        ? "would see rows that are written in sets: they are written one after the other in the source's"
                                + " order, which is slower"
                        : "sees every row: they are written one after the other in the source's order in any case"));
    }

    /** Finds or makes the relation's table and says how its rows are found. */
    TargetTable prepare(Relation relation) throws SQLException, TargetException, SchemaChangeNeededException {
        TableName name = dialect.place(relation, mapping);
        requireDistinctColumns(relation);
        Optional<List<TargetColumn>> existing = dialect.columns(connection, name);
        Owner owner = owner(relation, name, existing.isPresent());
        TargetTable table =
                existing.isEmpty() ? create(relation, name, owner) : join(relation, name, existing.get(), owner);
        own(relation, name, owner);
        return table;
    }

    /** After a rollback, which may have taken created tables back. */
    void forget() {
        owners.clear();
    }

    private Owner owner(Relation relation, TableName name, boolean exists) throws SQLException, TargetException {
        String place = tableOwners.place(connection, name);
        for (String own : List.of(PositionTable.NAME, TableOwners.NAME)) {
            if (place.equals(tableOwners.place(connection, new TableName(null, own)))) {
                throw config(relation, name, "is one of pg2any's own; map the table elsewhere");
            }
        }
        Owner now = new Owner(options.pipeline(), relation.oid(), relation.displayName(), !exists);
        Owner known = owners.get(place);
        if (known == null && exists) {
            // A table that is not there, or was not before, belongs to nobody, whatever is written of one that was.
            known = made.get(place);
            if (known == null && !scripted && tableOwners.exists(connection)) {
                known = tableOwners.find(connection, place).orElse(null);
            }
        }
        if (known == null) {
            return now;
        }
        if (!known.same(now)) {
            throw config(
                    relation,
                    name,
                    "is filled from " + known.source() + " of pipeline " + known.pipeline()
                            + " already; map one of the two elsewhere"
                            + " (pg2any.tables.rename), or leave one out (pg2any.tables.exclude). If the other one is"
                            + " gone for good, delete its row from " + TableOwners.NAME);
        }
        return new Owner(now.pipeline(), now.oid(), now.source(), known.created());
    }

    private void own(Relation relation, TableName name, Owner owner) throws SQLException, TargetException {
        String place = tableOwners.place(connection, name);
        if (!owner.equals(owners.put(place, owner)) && !scripted) {
            try {
                if (!tableOwners.find(connection, place).equals(Optional.of(owner))) {
                    tableOwners.write(connection, place, owner);
                }
            } catch (SQLException e) {
                TargetException failure = session.failure(TableOwners.NAME, e, connection);
                // Only another pipeline that came first can make a new row a duplicate.
                throw failure.kind() == Kind.REJECTED
                        ? new TargetException(Kind.RETRYABLE, failure.getMessage(), e)
                        : failure;
            }
        }
    }

    private void requireDistinctColumns(Relation relation) throws TargetException {
        Map<String, String> names = new HashMap<>();
        for (Column column : relation.columns()) {
            String twin = names.putIfAbsent(dialect.fold(targetName(relation, column)), column.name());
            if (twin != null) {
                throw new TargetException(
                        Kind.CONFIG,
                        "source table " + relation.displayName() + ": columns " + twin + " and " + column.name()
                                + " are one name in " + dialect.name()
                                + "; rename one (pg2any.columns.rename), or leave one out (pg2any.columns.exclude)");
            }
        }
    }

    private TargetTable create(Relation relation, TableName name, Owner owner)
            throws SQLException, TargetException, SchemaChangeNeededException {
        requireMayCreate(relation, name);
        List<String> key = newKey(relation);
        Set<String> required = required(relation, key);
        List<String> definitions = new ArrayList<>();
        for (int i = 0; i < relation.columns().size(); i++) {
            boolean notNull = required.contains(relation.columns().get(i).name());
            definitions.add(definition(relation, i, key) + (notNull ? " NOT NULL" : ""));
        }
        List<String> statements = new ArrayList<>();
        if (name.container() != null && !dialect.hasContainer(connection, name.container())) {
            statements.add(dialect.createContainer(name.container()));
        }
        statements.add(dialect.createTable(name, definitions, targetNames(relation, key)));
        made.put(tableOwners.place(connection, name), owner);
        change(statements, relation, name);
        LOG.info("Created table {} for {}", name.displayName(), relation.displayName());
        ColumnType[] types = types(relation, key);
        List<String> declarations =
                Arrays.stream(types).map(ColumnType::declaration).toList();
        required.removeAll(key);
        return new TargetTable(
                relation,
                name,
                targetNames(relation),
                declarations,
                types,
                indexes(relation, key),
                indexes(relation, List.copyOf(required)));
    }

    private void requireMayCreate(Relation relation, TableName name) throws TargetException {
        if (options.tables() == TablesPolicy.EXPECT) {
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
        List<String> primary = options.keys().primaryKey(relation);
        return published.containsAll(primary) ? primary : key;
    }

    /**
     * The columns that are made NOT NULL: those of the key, and those of which the source's catalog says so. It may be
     * ahead of the rows that are still to come; {@link #allowNulls} mends that.
     */
    private Set<String> required(Relation relation, List<String> key) throws TargetException {
        Set<String> required = new HashSet<>(key);
        if (dialect.allowNull(new TableName(null, ""), new TargetColumn("", "", 0, true))
                .isPresent()) {
            Set<String> notNull = options.keys().notNull(relation);
            relation.columns().stream()
                    .map(Column::name)
                    .filter(notNull::contains)
                    .forEach(required::add);
        }
        return required;
    }

    private TargetTable join(Relation relation, TableName name, List<TargetColumn> existing, Owner owner)
            throws SQLException, TargetException, SchemaChangeNeededException {
        requireFilled(relation, name, existing, owner);
        requireKept(relation, name, existing);
        List<String> statements = new ArrayList<>();
        if (owner.created()) {
            for (TargetColumn column : unfilled(relation, existing)) {
                dialect.allowNull(name, column).ifPresent(statements::add);
            }
        }
        List<Column> missing = missing(relation, existing);
        addColumns(relation, name, missing, statements);
        return table(relation, name, existing, owner);
    }

    /** As it is, with the columns that it lacks as they are made. */
    private TargetTable table(Relation relation, TableName name, List<TargetColumn> existing, Owner owner) {
        Map<String, TargetColumn> byName = folded(existing);
        List<TargetColumn> found = new ArrayList<>();
        List<String> names = new ArrayList<>();
        for (Column column : relation.columns()) {
            TargetColumn target = byName.get(dialect.fold(targetName(relation, column)));
            found.add(target);
            names.add(target == null ? targetName(relation, column) : target.name());
        }
        List<String> key = matchKey(relation, existing, names);
        ColumnType[] types = types(relation, key);
        List<String> declarations = new ArrayList<>();
        List<String> required = new ArrayList<>();
        for (int i = 0; i < types.length; i++) {
            TargetColumn column = found.get(i);
            declarations.add(column == null ? types[i].declaration() : column.declaredType());
            if (owner.created() && column != null && column.required() && column.keyOrdinal() == 0) {
                required.add(relation.columns().get(i).name());
            }
        }
        return new TargetTable(
                relation, name, names, declarations, types, indexes(relation, key), indexes(relation, required));
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
                .filter(column -> !byName.containsKey(dialect.fold(targetName(relation, column))))
                .toList();
    }

    /** The columns that want a value and get none. */
    private List<TargetColumn> unfilled(Relation relation, List<TargetColumn> existing) {
        Map<String, TargetColumn> unfilled = folded(existing);
        for (Column column : relation.columns()) {
            unfilled.remove(dialect.fold(targetName(relation, column)));
        }
        return unfilled.values().stream().filter(TargetColumn::required).toList();
    }

    private void requireFilled(Relation relation, TableName name, List<TargetColumn> existing, Owner owner)
            throws TargetException {
        for (TargetColumn column : unfilled(relation, existing)) {
            boolean mayAlter = owner.created() && column.keyOrdinal() == 0;
            if (!mayAlter || dialect.allowNull(name, column).isEmpty()) {
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
            TargetColumn found = byName.get(dialect.fold(targetName(relation, column)));
            if (found != null && found.keyOrdinal() > 0) {
                key.add(column.name());
            }
        }
        for (int i = 0; i < relation.columns().size(); i++) {
            Column column = relation.columns().get(i);
            TargetColumn found = byName.get(dialect.fold(targetName(relation, column)));
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
        String names = missing.stream().map(Column::name).collect(Collectors.joining(", "));
        if (options.tables() == TablesPolicy.EXPECT) {
            throw config(relation, name, "lacks columns " + names + "; add them, or set pg2any.tables=create");
        }
        if (options.evolve() == EvolvePolicy.FAIL) {
            throw config(
                    relation,
                    name,
                    "lacks columns " + names + "; add them, leave them out (pg2any.columns.exclude), or set"
                            + " pg2any.tables.evolve=add");
        }
    }

    private void addColumns(Relation relation, TableName name, List<Column> missing, List<String> statements)
            throws SQLException, TargetException, SchemaChangeNeededException {
        if (!missing.isEmpty()) {
            requireMayAdd(relation, name, missing);
        }
        for (Column column : missing) {
            int index = relation.columns().indexOf(column);
            statements.add(dialect.addColumn(name, definition(relation, index, List.of())));
        }
        if (!statements.isEmpty()) {
            change(statements, relation, name);
        }
        if (!missing.isEmpty()) {
            LOG.info(
                    "Added columns {} to table {}; rows that are there already hold NULL in them until they change",
                    missing.stream().map(column -> targetName(relation, column)).toList(),
                    name.displayName());
        }
    }

    /**
     * Lets the columns of a table that pg2any has made hold the NULLs of this row: the source's catalog was ahead when
     * the table was made, or the column has lost its NOT NULL since.
     *
     * @return whether the table has changed
     */
    boolean allowNulls(TargetTable table, Tuple row) throws SQLException, TargetException, SchemaChangeNeededException {
        List<String> statements = new ArrayList<>();
        for (int column : table.required()) {
            if (row.isNull(column)) {
                TargetColumn found = new TargetColumn(
                        table.columnNames().get(column), table.declarations().get(column), 0, true);
                dialect.allowNull(table.name(), found).ifPresent(statements::add);
                LOG.info(
                        "Column {} of table {} may hold NULL from here on, as at the source",
                        found.name(),
                        table.name().displayName());
            }
        }
        if (!statements.isEmpty()) {
            change(statements, table.relation(), table.name());
        }
        return !statements.isEmpty();
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

    private String targetName(Relation relation, Column column) {
        return mapping.column(relation, column);
    }

    private List<String> targetNames(Relation relation) {
        return relation.columns().stream()
                .map(column -> targetName(relation, column))
                .toList();
    }

    /** In the order of these names. */
    private List<String> targetNames(Relation relation, List<String> sourceNames) {
        List<String> names = targetNames(relation);
        return Arrays.stream(indexes(relation, sourceNames))
                .mapToObj(names::get)
                .toList();
    }

    private String definition(Relation relation, int column, List<String> key) {
        return dialect.quote(targetName(relation, relation.columns().get(column))) + " "
                + dialect.columnType(relation, column, key).declaration();
    }

    private ColumnType[] types(Relation relation, List<String> key) {
        ColumnType[] types = new ColumnType[relation.columns().size()];
        for (int i = 0; i < types.length; i++) {
            types[i] = dialect.columnType(relation, i, key);
        }
        return types;
    }

    private static int[] indexes(Relation relation, List<String> names) {
        int[] indexes = new int[names.size()];
        for (int i = 0; i < relation.columns().size(); i++) {
            int at = names.indexOf(relation.columns().get(i).name());
            if (at >= 0) {
                indexes[at] = i;
            }
        }
        return indexes;
    }

    private void change(List<String> statements, Relation relation, TableName name)
            throws TargetException, SchemaChangeNeededException {
        String table = "table " + name.displayName() + " (source " + relation.displayName() + ")";
        if (!scripted && !dialect.transactionalDdl()) {
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
}
