package io.pg2any.apply.jdbc;

import io.pg2any.apply.ApplyOptions;
import io.pg2any.apply.TableMapping;
import io.pg2any.apply.TablesPolicy;
import io.pg2any.apply.TargetException;
import io.pg2any.apply.TargetException.Kind;
import io.pg2any.change.Relation;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Savepoint;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Properties;
import java.util.Set;
import java.util.StringJoiner;

/**
 * SQL Server 2019 and newer, through Microsoft's driver.
 *
 * <p><b>Session.</b> {@code XACT_ABORT}: an error ends the transaction, as in the other targets; whoever sees an error
 * rolls back before the next statement, which would begin a new transaction. Only behind a savepoint it is off: most
 * errors undo just their statement then.
 *
 * <p><b>Foreign keys</b> cannot be switched off for a session: tables that have them keep the source's order.
 *
 * <p>{@link SqlServerTypes} has the types.
 */
public final class SqlServerDialect implements JdbcDialect {
    /** The server takes 2,100, of which the driver needs some. */
    private static final int PARAMETERS = 2000;

    /** Rows of one VALUES list. */
    private static final int VALUES_ROWS = 1000;

    private static final String ABORT = "SET XACT_ABORT ";

    private final DatabaseLocation location;
    private final ApplyOptions options;
    private final StatementLimit limit;
    private final SqlServerTypes types;
    private boolean namesFold = true;
    private boolean errorsEndTransactions;

    /**
     * @param url {@code jdbc:sqlserver://host:port;databaseName=…}, an ADO string ({@code server=tcp:host,port;
     *     database=…}), or {@code sqlserver://user:password@host:port/database}
     */
    public SqlServerDialect(String url, ApplyOptions options) throws TargetException {
        this.location = SqlServerLocation.parse(url);
        this.options = options;
        this.limit = new StatementLimit(options.statementTimeout());
        this.types = new SqlServerTypes(options.values());
    }

    @Override
    public String name() {
        return "SQL Server";
    }

    @Override
    public String location() {
        return location.toString();
    }

    /** The driver's properties, secrets included. */
    Properties driverProperties() {
        Map<String, String> defaults = new LinkedHashMap<>();
        defaults.put(
                "loginTimeout",
                Long.toString(Math.max(1, options.connectTimeout().toSeconds())));
        defaults.put("applicationName", "pg2any " + options.pipeline());
        if (!location.database().isEmpty()) {
            defaults.put("databaseName", location.database());
        }
        Properties properties = location.properties(defaults);
        properties.setProperty("sendStringParametersAsUnicode", "true");
        // A bulk copy sends the text of times as text too.
        properties.setProperty("sendTemporalDataTypesAsStringForBulkCopy", "true");
        return properties;
    }

    @Override
    public Connection connect() throws SQLException, TargetException {
        Properties properties = driverProperties();
        // The driver's login timeout does not end its wait for a server's first word.
        limit.ofNewConnection();
        String readTimeout = properties.getProperty("socketTimeout", Integer.toString(limit.silenceMillis()));
        properties.setProperty(
                "socketTimeout", Long.toString(options.connectTimeout().toMillis()));
        Connection connection = DriverManager.getConnection("jdbc:sqlserver://" + location.hosts(), properties);
        try (Statement statement = connection.createStatement()) {
            statement.execute(ABORT + "ON; SET QUOTED_IDENTIFIER ON; SET ANSI_NULLS ON; SET ANSI_WARNINGS ON;"
                    + " SET ANSI_PADDING ON; SET ARITHABORT ON; SET LOCK_TIMEOUT "
                    + options.lockTimeout().toMillis());
            try (ResultSet row = statement.executeQuery(
                    "SELECT CASE WHEN CAST(DATABASEPROPERTYEX(DB_NAME(), 'Collation') AS nvarchar(128)) LIKE '%[_]CS[_]%'"
                            + " OR CAST(DATABASEPROPERTYEX(DB_NAME(), 'Collation') AS nvarchar(128)) LIKE '%[_]BIN%'"
                            + " THEN 0 ELSE 1 END")) {
                row.next();
                namesFold = row.getInt(1) != 0;
            }
            errorsEndTransactions = true;
            connection.setAutoCommit(false);
            connection.setNetworkTimeout(Runnable::run, Integer.parseInt(readTimeout));
        } catch (SQLException e) {
            try {
                connection.close();
            } catch (SQLException closing) {
                e.addSuppressed(closing);
            }
            throw e;
        }
        return connection;
    }

    /** A right that the server does not know of (NULL) is not taken for missing. */
    private static boolean lacks(ResultSet row, int column) throws SQLException {
        return row.getInt(column) == 0 && !row.wasNull();
    }

    @Override
    public void check(Connection connection) throws SQLException, TargetException {
        for (String own : List.of(PositionTable.NAME, TableOwners.NAME)) {
            if (columns(connection, new TableName(null, own)).isPresent()) {
                continue;
            }
            try (Statement statement = connection.createStatement();
                    ResultSet row = statement.executeQuery(MAY_CREATE)) {
                row.next();
                if (lacks(row, 3) || lacks(row, 4)) {
                    throw new TargetException(
                            Kind.CONFIG,
                            name() + " " + location() + ": user " + row.getString(1) + " may not create table " + own
                                    + "; " + createGrants(row));
                }
            }
        }
    }

    /** @param row of {@link #MAY_CREATE} */
    private String createGrants(ResultSet row) throws SQLException {
        StringJoiner grants = new StringJoiner("; ");
        String user = quote(row.getString(1));
        if (lacks(row, 3)) {
            grants.add("GRANT CREATE TABLE TO " + user);
        }
        if (lacks(row, 4)) {
            grants.add("GRANT ALTER ON SCHEMA::" + quote(row.getString(2)) + " TO " + user);
        }
        return grants.toString();
    }

    private static final String MAY_CREATE = """
            SELECT USER_NAME(), SCHEMA_NAME(),
                   HAS_PERMS_BY_NAME(QUOTENAME(DB_NAME()), 'DATABASE', 'CREATE TABLE'),
                   HAS_PERMS_BY_NAME(QUOTENAME(SCHEMA_NAME()), 'SCHEMA', 'ALTER')
            """;

    @Override
    public void checkRights(Connection connection, TableName table) throws SQLException, TargetException {
        StringJoiner missing = new StringJoiner(", ");
        String user = "";
        try (PreparedStatement statement = connection.prepareStatement(RIGHTS)) {
            statement.setString(1, qualified(table));
            statement.setString(2, qualified(table));
            try (ResultSet rows = statement.executeQuery()) {
                while (rows.next()) {
                    user = rows.getString(1);
                    if (lacks(rows, 3)) {
                        missing.add(rows.getString(2));
                    }
                }
            }
        }
        if (missing.length() > 0) {
            throw new TargetException(
                    Kind.CONFIG,
                    name() + " " + location() + ": table " + table.displayName() + ": user " + user
                            + " lacks rights; GRANT " + missing + " ON " + qualified(table) + " TO " + quote(user));
        }
    }

    private static final String RIGHTS = """
            SELECT USER_NAME(), wanted.name,
                   HAS_PERMS_BY_NAME(CONCAT(QUOTENAME(OBJECT_SCHEMA_NAME(OBJECT_ID(?))), '.',
                       QUOTENAME(OBJECT_NAME(OBJECT_ID(?)))), 'OBJECT', wanted.name)
            FROM (SELECT 'SELECT' AS name UNION ALL SELECT 'INSERT' UNION ALL SELECT 'UPDATE'
                UNION ALL SELECT 'DELETE') wanted
            """;

    @Override
    public List<String> notes(Connection connection) throws SQLException {
        List<String> notes = new ArrayList<>();
        try (Statement statement = connection.createStatement()) {
            try (ResultSet row = statement.executeQuery(SERVER)) {
                row.next();
                String version = row.getString(1);
                notes.add("version " + version + " (" + row.getString(2) + "), collation " + row.getString(3)
                        + " (created text columns have their own)");
                if (Integer.parseInt(version.split("\\.", 2)[0]) < VERSION_2019) {
                    notes.add("the server is older than SQL Server 2019, the first one that pg2any is made for");
                }
                if ("READ_ONLY".equals(row.getString(4))) {
                    notes.add("the database is read-only now: changes wait until it is not");
                }
            }
            try (ResultSet row = statement.executeQuery(MAY_CREATE)) {
                row.next();
                if (options.tables() == TablesPolicy.CREATE && (lacks(row, 3) || lacks(row, 4))) {
                    notes.add("missing tables cannot be created in schema " + row.getString(2) + "; "
                            + createGrants(row));
                }
            }
        }
        return notes;
    }

    private static final int VERSION_2019 = 15;

    private static final String SERVER = """
            SELECT CAST(SERVERPROPERTY('ProductVersion') AS nvarchar(128)),
                   CAST(SERVERPROPERTY('Edition') AS nvarchar(128)),
                   CAST(DATABASEPROPERTYEX(DB_NAME(), 'Collation') AS nvarchar(128)),
                   CAST(DATABASEPROPERTYEX(DB_NAME(), 'Updateability') AS nvarchar(128))
            """;

    @Override
    public String quote(String identifier) {
        return '"' + identifier.replace("\"", "\"\"") + '"';
    }

    @Override
    public TableName place(Relation relation, TableMapping mapping) {
        String schema = mapping.schema(relation).orElse(null);
        if (schema == null && relation.schema().equals("public")) {
            return new TableName(null, mapping.table(relation));
        }
        return new TableName(schema == null ? relation.schema() : schema, mapping.table(relation));
    }

    /** By the collation of the database. */
    @Override
    public String fold(String identifier) {
        return namesFold ? identifier.toLowerCase(Locale.ROOT) : identifier;
    }

    @Override
    public ColumnType columnType(Relation relation, int column, List<String> key) {
        return types.of(relation, column, key);
    }

    @Override
    public boolean keeps(TargetColumn existing, ColumnType type) {
        return SqlServerTypes.keeps(existing.declaredType(), type.declaration());
    }

    @Override
    public Optional<List<TargetColumn>> columns(Connection connection, TableName table) throws SQLException {
        List<TargetColumn> columns = new ArrayList<>();
        try (PreparedStatement statement = connection.prepareStatement(COLUMNS)) {
            statement.setString(1, qualified(table));
            try (ResultSet rows = statement.executeQuery()) {
                while (rows.next()) {
                    String type = declaration(rows.getString(2), rows.getInt(3), rows.getInt(4), rows.getInt(5));
                    columns.add(new TargetColumn(rows.getString(1), type, rows.getInt(6), rows.getBoolean(7)));
                }
            }
        }
        return columns.isEmpty() ? Optional.empty() : Optional.of(columns);
    }

    private static final String COLUMNS = """
            SELECT c.name, TYPE_NAME(c.system_type_id), c.max_length, c.precision, c.scale,
                   COALESCE(k.key_ordinal, 0),
                   CAST(CASE WHEN c.is_nullable = 0 AND c.default_object_id = 0 AND c.is_identity = 0
                        THEN 1 ELSE 0 END AS bit)
            FROM sys.columns c
            LEFT JOIN sys.indexes i ON i.object_id = c.object_id AND i.is_primary_key = 1
            LEFT JOIN sys.index_columns k
                ON k.object_id = i.object_id AND k.index_id = i.index_id AND k.column_id = c.column_id
            WHERE c.object_id = OBJECT_ID(?)
            ORDER BY c.column_id
            """;

    /** As it would be written in CREATE TABLE; the catalog counts bytes. */
    private static String declaration(String type, int bytes, int precision, int scale) {
        return switch (type) {
            case "nvarchar", "nchar" -> type + "(" + (bytes < 0 ? "max" : bytes / 2) + ")";
            case "varchar", "char", "varbinary", "binary" -> type + "(" + (bytes < 0 ? "max" : bytes) + ")";
            case "decimal", "numeric" -> type + "(" + precision + "," + scale + ")";
            case "datetime2", "datetimeoffset", "time" -> type + "(" + scale + ")";
            default -> type;
        };
    }

    @Override
    public boolean hasContainer(Connection connection, String container) throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement("SELECT SCHEMA_ID(?)")) {
            statement.setString(1, container);
            try (ResultSet row = statement.executeQuery()) {
                return row.next() && row.getObject(1) != null;
            }
        }
    }

    @Override
    public String createContainer(String container) {
        return "CREATE SCHEMA " + quote(container);
    }

    @Override
    public String addColumn(TableName table, String definition) {
        return "ALTER TABLE " + qualified(table) + " ADD " + definition;
    }

    /** The statement repeats the column's whole declaration; a text column that pg2any made has its collation. */
    @Override
    public Optional<String> allowNull(TableName table, TargetColumn column) {
        return Optional.of("ALTER TABLE " + qualified(table) + " ALTER COLUMN " + quote(column.name()) + " "
                + SqlServerTypes.withCollation(column.declaredType()) + " NULL");
    }

    @Override
    public String defaultContainer(Connection connection) throws SQLException {
        try (Statement statement = connection.createStatement();
                ResultSet row = statement.executeQuery("SELECT SCHEMA_NAME()")) {
            return row.next() ? row.getString(1) : null;
        }
    }

    @Override
    public String positionTable() {
        return "CREATE TABLE " + quote(PositionTable.NAME)
                + " (pipeline nvarchar(80) COLLATE Latin1_General_100_BIN2 NOT NULL PRIMARY KEY,"
                + " slot nvarchar(63) NOT NULL, system_identifier varchar(20) NOT NULL, timeline bigint NOT NULL,"
                + " lsn varchar(17) NOT NULL, ordinal bigint NOT NULL, epoch bigint NOT NULL,"
                + " updated_at varchar(30) NOT NULL, staged_at varchar(30) NOT NULL DEFAULT '')";
    }

    /** Waits for a commit that another session has not finished, and holds the row, or its place. */
    @Override
    public String lockPosition() {
        return PositionTable.SELECT.replace(" WHERE ", " WITH (UPDLOCK, ROWLOCK, HOLDLOCK) WHERE ");
    }

    @Override
    public void failed(SQLException error) {
        limit.failed(error);
    }

    @Override
    public Kind classify(SQLException error) {
        return SqlServerErrors.classify(error);
    }

    @Override
    public String words(SQLException error) {
        return SqlServerErrors.words(error);
    }

    @Override
    public String remedy(SQLException error) {
        return SqlServerErrors.remedy(error);
    }

    @Override
    public boolean begin(Connection connection, boolean durable) throws SQLException {
        errorsEndTransactions(connection, true);
        return true;
    }

    @Override
    public Savepoint savepoint(Connection connection) throws SQLException {
        errorsEndTransactions(connection, false);
        return connection.setSavepoint();
    }

    private void errorsEndTransactions(Connection connection, boolean wanted) throws SQLException {
        if (errorsEndTransactions != wanted) {
            try (Statement statement = connection.createStatement()) {
                statement.execute(ABORT + (wanted ? "ON" : "OFF"));
            }
            errorsEndTransactions = wanted;
        }
    }

    /**
     * The driver passes over a transaction that is not there any more, and the next statement would begin another, without
     * the changes before: some errors end the transaction, or doom it, whatever the session says.
     */
    @Override
    public void rollBack(Connection connection, Savepoint savepoint) throws SQLException {
        try (Statement statement = connection.createStatement();
                ResultSet row = statement.executeQuery("SELECT XACT_STATE()")) {
            row.next();
            if (row.getInt(1) != TRANSACTION_GOES_ON) {
                throw new SQLException("the error has ended the whole transaction");
            }
        }
        connection.rollback(savepoint);
    }

    private static final int TRANSACTION_GOES_ON = 1;

    /** They end with the transaction. */
    @Override
    public void release(Connection connection, Savepoint savepoint) {}

    @Override
    public boolean transactionalDdl() {
        return true;
    }

    @Override
    public int insertRows(int columns) {
        return Math.max(1, Math.min(VALUES_ROWS, PARAMETERS / Math.max(1, columns)));
    }

    @Override
    public int batchRows() {
        return 64;
    }

    @Override
    public String update(TableName table, List<String> set, List<String> match, boolean oneOfEqualRows)
            throws TargetException {
        String update = JdbcDialect.super.update(table, set, match, oneOfEqualRows);
        return oneOfEqualRows ? update.replaceFirst("^UPDATE ", "UPDATE TOP (1) ") : update;
    }

    @Override
    public String delete(TableName table, List<String> match, boolean oneOfEqualRows) throws TargetException {
        String delete = JdbcDialect.super.delete(table, match, oneOfEqualRows);
        return oneOfEqualRows ? delete.replaceFirst("^DELETE ", "DELETE TOP (1) ") : delete;
    }

    /** INTERSECT takes two NULLs for the same. */
    @Override
    public String oneOfEqualRows(TableName table, List<String> match) {
        StringJoiner columns = new StringJoiner(",");
        StringJoiner values = new StringJoiner(",");
        for (String column : match) {
            columns.add(quote(column));
            values.add("?");
        }
        return " WHERE EXISTS (SELECT " + columns + " INTERSECT SELECT " + values + ")";
    }

    @Override
    public Optional<RowSets> rowSets(Connection connection, TargetTable table, ApplyOptions applyOptions) {
        for (int column : table.key()) {
            String declaration = table.types()[column].declaration();
            if (!declaration.contains("INT") && !declaration.startsWith("NVARCHAR")) {
                return Optional.empty();
            }
        }
        int most = applyOptions.maxRowsPerInsert();
        int rows = insertRows(table.columnNames().size() + table.key().length);
        ParameterRowSets statements = new ParameterRowSets(
                connection, table, new SqlServerForms(this, table), most == 0 ? rows : Math.min(most, rows));
        return Optional.of(new SqlServerRowSets(
                connection, table, qualified(table.name()), statements, applyOptions.bulkInsertThreshold()));
    }

    @Override
    public List<OrderReason> orderReasons(Connection connection, TargetTable table) throws SQLException {
        List<OrderReason> reasons = new ArrayList<>();
        Map<String, Set<String>> unique = new LinkedHashMap<>();
        try (PreparedStatement statement = connection.prepareStatement(UNIQUE_INDEXES)) {
            statement.setString(1, qualified(table.name()));
            try (ResultSet rows = statement.executeQuery()) {
                while (rows.next()) {
                    unique.computeIfAbsent(rows.getString(1), index -> new HashSet<>())
                            .add(rows.getString(2));
                }
            }
        }
        unique.forEach((name, columns) -> {
            if (!columns.equals(Set.copyOf(table.keyNames()))) {
                reasons.add(new OrderReason(OrderReason.Kind.UNIQUE_INDEX, name));
            }
        });
        try (PreparedStatement statement = connection.prepareStatement(RELATED)) {
            for (int i = 1; i <= 3; i++) {
                statement.setString(i, qualified(table.name()));
            }
            try (ResultSet rows = statement.executeQuery()) {
                while (rows.next()) {
                    reasons.add(new OrderReason(OrderReason.Kind.valueOf(rows.getString(1)), rows.getString(2)));
                }
            }
        }
        return reasons;
    }

    private static final String UNIQUE_INDEXES = """
            SELECT i.name, c.name
            FROM sys.indexes i
            JOIN sys.index_columns k ON k.object_id = i.object_id AND k.index_id = i.index_id AND k.key_ordinal > 0
            JOIN sys.columns c ON c.object_id = k.object_id AND c.column_id = k.column_id
            WHERE i.is_unique = 1 AND i.object_id = OBJECT_ID(?)
            ORDER BY i.index_id
            """;

    private static final String RELATED = """
            SELECT 'FOREIGN_KEY', name FROM sys.foreign_keys
            WHERE is_disabled = 0 AND (parent_object_id = OBJECT_ID(?) OR referenced_object_id = OBJECT_ID(?))
            UNION ALL SELECT 'TRIGGER', name FROM sys.triggers WHERE is_disabled = 0 AND parent_id = OBJECT_ID(?)
            ORDER BY 1, 2
            """;
}
