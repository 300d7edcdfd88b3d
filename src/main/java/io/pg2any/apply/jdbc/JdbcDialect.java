package io.pg2any.apply.jdbc;

import io.pg2any.apply.ApplyOptions;
import io.pg2any.apply.TableMapping;
import io.pg2any.apply.TargetException;
import io.pg2any.change.Relation;
import java.math.BigDecimal;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Savepoint;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.StringJoiner;

/**
 * What differs between databases; one file per dialect. The methods without a body must be answered, the others hold
 * standard SQL. Implementations are used by one thread.
 *
 * <h2>Adding a dialect</h2>
 *
 * <table>
 * <caption>What to write, and why</caption>
 * <tr><td>{@link #connect}</td><td>session settings that keep values exact (strict mode, UTC, UTF-8), lock waits
 *     short; {@code autoCommit} off; a {@link StatementLimit}; errors without the URL's password</td></tr>
 * <tr><td>{@link #begin}</td><td>only where a transaction must be opened in a special way, or where commits are
 *     relaxed and one must be made durable</td></tr>
 * <tr><td>{@link #quote}, {@link #place}, {@link #fold}</td><td>identifiers: always quoted; the place of a source
 *     table; which names the target takes for the same</td></tr>
 * <tr><td>{@link #columnType}</td><td>the declared type that preserves the value, as a key too, and its binding with
 *     the policy for what it cannot hold</td></tr>
 * <tr><td>{@link #keeps}</td><td>which existing columns would alter a value in silence: they are refused</td></tr>
 * <tr><td>{@link #columns}</td><td>an existing table's columns; must not break the transaction when it is missing</td>
 *     </tr>
 * <tr><td>{@link #orderReasons}</td><td>what would see rows that are written as sets: a unique index beside the key, a
 *     foreign key that is enforced in this session, a trigger that fires in it</td></tr>
 * <tr><td>{@link #positionTable}, {@link #lockPosition}</td><td>the locked read must wait for a commit that another
 *     session has not finished: it answers an unknown outcome</td></tr>
 * <tr><td>{@link #classify}</td><td>retryable, rejected or fatal</td></tr>
 * <tr><td>{@link #insert} …</td><td>statement forms; {@link #insertRows} and {@link #batchRows} say how many rows go
 *     to the server at once</td></tr>
 * </table>
 *
 * Then let the contract suite run over it.
 */
public interface JdbcDialect {
    /** For messages. */
    String name();

    /** Where it connects to, without secrets. */
    String location();

    /**
     * False when there is no database yet and {@link #connect} would make it.
     *
     * @throws TargetException if it could not be made there
     */
    default boolean exists() throws TargetException {
        return true;
    }

    /** A new connection with auto-commit off and the session set up. */
    Connection connect() throws SQLException, TargetException;

    /** As {@link #connect}, for looking only: the database stays as it is. */
    default Connection look() throws SQLException, TargetException {
        return connect();
    }

    /** What an operator should know of the server; changes nothing. */
    default List<String> notes(Connection connection) throws SQLException {
        return List.of();
    }

    /**
     * Whether the user may do to an existing table what will be done.
     *
     * @throws TargetException what is missing
     */
    default void checkRights(Connection connection, TableName table) throws SQLException, TargetException {}

    /**
     * Begins a transaction that will write.
     *
     * @param durable the commit must survive a power failure, with all commits before it
     * @return whether it will
     */
    default boolean begin(Connection connection, boolean durable) throws SQLException, TargetException {
        return true;
    }

    /**
     * Looks for what {@link #begin} needs, and changes nothing.
     *
     * @throws TargetException what is missing
     */
    default void check(Connection connection) throws SQLException, TargetException {}

    /** An identifier as SQL, whatever characters it holds. */
    String quote(String identifier);

    /** The place of a source table in this target. */
    TableName place(Relation relation, TableMapping mapping);

    /** Equal for two identifiers exactly when the target takes them for the same. */
    String fold(String identifier);

    /** {@link #fold} for names of tables, where the target compares them in another way than those of columns. */
    default String foldTable(String identifier) {
        return fold(identifier);
    }

    /**
     * @param column index of the column
     * @param key the columns that make up the primary key, for targets that limit what a key may be
     */
    ColumnType columnType(Relation relation, int column, List<String> key);

    /** Whether an existing column keeps every value of this type as it is, so that it reads back the same. */
    boolean keeps(TargetColumn existing, ColumnType type);

    /** Statements that write many rows of this table at once; empty where the dialect or the table's key has none. */
    default Optional<RowSets> rowSets(Connection connection, TargetTable table, ApplyOptions options) {
        return Optional.empty();
    }

    /** What makes that the table's rows must be written in the source's order; each by name. */
    List<OrderReason> orderReasons(Connection connection, TargetTable table) throws SQLException;

    default boolean orderMatters(Connection connection, TargetTable table) throws SQLException {
        return !orderReasons(connection, table).isEmpty();
    }

    /**
     * Whether unique indexes beside the key are all that {@link #orderMatters} for: rows may then be taken out and put in
     * again in any order.
     */
    default boolean onlyUniqueIndexesMatter(Connection connection, TargetTable table) throws SQLException {
        List<OrderReason> reasons = orderReasons(connection, table);
        return !reasons.isEmpty()
                && reasons.stream().allMatch(reason -> reason.kind() == OrderReason.Kind.UNIQUE_INDEX);
    }

    /** The table's columns in order; empty when there is no such table. */
    Optional<List<TargetColumn>> columns(Connection connection, TableName table) throws SQLException;

    /** The schema or database of names without one; null where they always have none. */
    default String defaultContainer(Connection connection) throws SQLException, TargetException {
        return null;
    }

    /** Whether there is such a schema or database to put tables into. */
    default boolean hasContainer(Connection connection, String container) throws SQLException {
        return true;
    }

    default String createContainer(String container) {
        throw new UnsupportedOperationException(name() + " has no schemas");
    }

    /** Creates the position table {@link PositionTable#NAME} unless it is there. */
    String positionTable();

    /** Reads the pipeline's row (one parameter) and holds it until the end of the transaction. */
    String lockPosition();

    TargetException.Kind classify(SQLException error);

    /** Told of an error of an open connection before it is decided what becomes of it. */
    default void failed(SQLException error) {}

    /** What the database says, without the values of rows that some messages hold. */
    default String words(SQLException error) {
        return error.getMessage();
    }

    /** How an operator gets out of an error of this kind; empty when there is nothing to add. */
    default String remedy(SQLException error) {
        return "";
    }

    /** A place to come back to when the target refuses what follows. */
    default Savepoint savepoint(Connection connection) throws SQLException {
        return connection.setSavepoint();
    }

    /**
     * Takes back what came after a savepoint.
     *
     * @throws SQLException also when what came before it is gone, too: nothing more may be written then
     */
    default void rollBack(Connection connection, Savepoint savepoint) throws SQLException {
        connection.rollback(savepoint);
    }

    /** A savepoint that is not needed any more; only where there is a statement for it. */
    default void release(Connection connection, Savepoint savepoint) throws SQLException {
        connection.releaseSavepoint(savepoint);
    }

    /** Whether CREATE TABLE and ALTER TABLE are part of a transaction; if not they run before it. */
    boolean transactionalDdl();

    /** How many rows one INSERT of that many columns may hold, at least 1. */
    int insertRows(int columns);

    /** How many updates or deletes are sent as one JDBC batch; 1 where a round trip costs nothing. */
    int batchRows();

    /**
     * A bound value as SQL text, for people to read.
     *
     * @param value what a binding put into a statement; null for NULL
     */
    default String literal(Object value) {
        if (value == null) {
            return "NULL";
        }
        if (value instanceof byte[] bytes) {
            return "X'" + HexFormat.of().formatHex(bytes) + "'";
        }
        if (value instanceof BigDecimal decimal) {
            return decimal.toPlainString();
        }
        boolean number = value instanceof Number n && Double.isFinite(n.doubleValue());
        return number || value instanceof Boolean
                ? value.toString()
                : "'" + value.toString().replace("'", "''") + "'";
    }

    default String qualified(TableName table) {
        return table.container() == null ? quote(table.name()) : quote(table.container()) + "." + quote(table.name());
    }

    /**
     * @param definitions one per column, already quoted
     * @param key the primary key's columns in order; empty for none
     */
    default String createTable(TableName table, List<String> definitions, List<String> key) {
        StringJoiner body = new StringJoiner(", ", " (", ")");
        definitions.forEach(body::add);
        if (!key.isEmpty()) {
            StringJoiner columns = new StringJoiner(", ", "PRIMARY KEY (", ")");
            key.forEach(column -> columns.add(quote(column)));
            body.add(columns.toString());
        }
        return "CREATE TABLE " + qualified(table) + body;
    }

    default String addColumn(TableName table, String definition) {
        return "ALTER TABLE " + qualified(table) + " ADD COLUMN " + definition;
    }

    /** Lets a NOT NULL column hold NULL; empty where no statement does, and columns are not made NOT NULL then. */
    default Optional<String> allowNull(TableName table, TargetColumn column) {
        return Optional.of(
                "ALTER TABLE " + qualified(table) + " ALTER COLUMN " + quote(column.name()) + " DROP NOT NULL");
    }

    default String insert(TableName table, List<String> columns, int rows) {
        StringJoiner names = new StringJoiner(", ", " (", ")");
        StringJoiner row = new StringJoiner(",", "(", ")");
        for (String column : columns) {
            names.add(quote(column));
            row.add("?");
        }
        StringJoiner values = new StringJoiner(",", " VALUES ", "");
        for (int i = 0; i < rows; i++) {
            values.add(row.toString());
        }
        return "INSERT INTO " + qualified(table) + names + values;
    }

    /**
     * Parameters: the new values, then the matched ones.
     *
     * @param oneOfEqualRows without a key: {@code match} may find several rows that are all the same, of which exactly
     *     one is meant, and NULL matches NULL
     */
    default String update(TableName table, List<String> set, List<String> match, boolean oneOfEqualRows)
            throws TargetException {
        StringJoiner assignments = new StringJoiner(", ");
        for (String column : set) {
            assignments.add(quote(column) + "=?");
        }
        return "UPDATE " + qualified(table) + " SET " + assignments + where(table, match, oneOfEqualRows);
    }

    /** As {@link #update}. */
    default String delete(TableName table, List<String> match, boolean oneOfEqualRows) throws TargetException {
        return "DELETE FROM " + qualified(table) + where(table, match, oneOfEqualRows);
    }

    /** The condition of an update or delete, {@code WHERE} included. */
    default String where(TableName table, List<String> match, boolean oneOfEqualRows) throws TargetException {
        if (oneOfEqualRows) {
            return oneOfEqualRows(table, match);
        }
        StringJoiner condition = new StringJoiner(" AND ", " WHERE ", "");
        for (String column : match) {
            condition.add(quote(column) + "=?");
        }
        return condition.toString();
    }

    /** A NULL-safe condition over all these columns that holds for at most one row, {@code WHERE} included. */
    String oneOfEqualRows(TableName table, List<String> match) throws TargetException;

    /** Empties a table inside the transaction: many databases' TRUNCATE commits. */
    default String truncate(TableName table) {
        return "DELETE FROM " + qualified(table);
    }
}
