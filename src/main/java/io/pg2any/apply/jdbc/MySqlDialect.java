package io.pg2any.apply.jdbc;

import com.mysql.cj.jdbc.exceptions.PacketTooBigException;
import io.pg2any.apply.ApplyOptions;
import io.pg2any.apply.TableMapping;
import io.pg2any.apply.TargetException;
import io.pg2any.apply.TargetException.Kind;
import io.pg2any.change.Relation;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.StringJoiner;
import java.util.TreeSet;

/**
 * MySQL 8 and newer, through Connector/J.
 *
 * <p><b>Session.</b> Strict mode, so that the server refuses what it would otherwise clip; {@code NO_AUTO_VALUE_ON_ZERO},
 * so that 0 stays 0; UTC; foreign keys off: the source has checked them, and its cascades arrive as changes.
 *
 * <p><b>Places.</b> {@code public.t} is {@code t} in the URL's database; any other schema is a database.
 *
 * <p><b>Schema changes</b> commit by themselves and run before the batch that needs them.
 *
 * <p>{@link MySqlTypes} has the types.
 */
public class MySqlDialect implements JdbcDialect {
    /** Of one statement, by rows and by parameters; the driver puts the values into its text. */
    private static final int INSERT_ROWS = 1024;

    private static final int INSERT_PARAMETERS = 32_768;

    private static final int NO_SUCH_DATABASE = 1049;
    private static final int NO_SUCH_TABLE = 1146;

    private final DatabaseLocation location;
    private final ApplyOptions options;
    private final StatementLimit limit;
    private final MySqlTypes types;
    private boolean tableNamesFold;
    private boolean localInfile;

    /**
     * @param url {@code mysql://user:password@host:port/database?…} or {@code jdbc:mysql://…}
     */
    public MySqlDialect(String url, ApplyOptions options) throws TargetException {
        this(DatabaseLocation.parse("MySQL", url, List.of("mysql", "mariadb")), options, "utf8mb4_0900_bin");
    }

    /**
     * @param collation of every text column: binary, and trailing blanks count
     */
    MySqlDialect(DatabaseLocation location, ApplyOptions options, String collation) throws TargetException {
        this.location = location;
        this.options = options;
        this.limit = new StatementLimit(options.statementTimeout());
        this.types = new MySqlTypes(options.values(), collation);
        if (location.database().isEmpty()) {
            throw new TargetException(Kind.CONFIG, name() + " target URL: names no database");
        }
    }

    @Override
    public String name() {
        return "MySQL";
    }

    @Override
    public String location() {
        return location.toString();
    }

    /** Whether a server that gives this version speaks this dialect. */
    boolean fits(String version) {
        return !version.contains("MariaDB");
    }

    @Override
    public Connection connect() throws SQLException, TargetException {
        Map<String, String> defaults = new LinkedHashMap<>();
        defaults.put("connectTimeout", Long.toString(options.connectTimeout().toMillis()));
        defaults.put("tcpKeepAlive", "true");
        // Asked for by name where the server offers no TLS to fetch a password by.
        defaults.put("allowPublicKeyRetrieval", "true");
        java.util.Properties properties = location.properties(defaults);
        // The driver bounds the making of the socket only; the server's greeting may never come.
        Duration statementTime = limit.ofNewConnection();
        String readTimeout = properties.getProperty("socketTimeout", Integer.toString(limit.silenceMillis()));
        properties.setProperty(
                "socketTimeout", Long.toString(options.connectTimeout().toMillis()));
        properties.setProperty("characterEncoding", "UTF-8");
        properties.setProperty("connectionTimeZone", "UTC");
        properties.setProperty("useAffectedRows", "false");
        properties.setProperty("useServerPrepStmts", "false");
        properties.setProperty("rewriteBatchedStatements", "true");
        // No file is given to the server, but the handshake must offer LOAD DATA LOCAL for a stream of rows.
        properties.setProperty("allowLoadLocalInfile", "false");
        properties.setProperty("allowLoadLocalInfileInPath", "");
        properties.setProperty("tinyInt1isBit", "false");
        Connection connection = DriverManager.getConnection(
                "jdbc:mysql://" + location.hosts() + "/"
                        + URLEncoder.encode(location.database(), StandardCharsets.UTF_8),
                properties);
        try {
            setUp(connection, statementTime);
            connection.setAutoCommit(false);
            connection.setNetworkTimeout(Runnable::run, Integer.parseInt(readTimeout));
        } catch (SQLException | TargetException e) {
            try {
                connection.close();
            } catch (SQLException closing) {
                e.addSuppressed(closing);
            }
            throw e;
        }
        return connection;
    }

    /** Ends a statement after that long; MySQL has nothing that ends one that writes. */
    String statementTime(Duration longest) {
        return "";
    }

    private void setUp(Connection connection, Duration statementTime) throws SQLException, TargetException {
        try (Statement statement = connection.createStatement()) {
            try (ResultSet row = statement.executeQuery("SELECT VERSION(), @@lower_case_table_names, @@local_infile")) {
                row.next();
                if (!fits(row.getString(1))) {
                    throw new TargetException(
                            Kind.CONFIG,
                            name() + " " + location() + ": the server is " + row.getString(1)
                                    + "; set the target's type to the kind that it is, MySQL or MariaDB");
                }
                tableNamesFold = row.getInt(2) != 0;
                localInfile = row.getBoolean(3);
            }
            long seconds = Math.max(1, options.lockTimeout().toSeconds());
            statement.execute("SET SESSION sql_mode = 'STRICT_ALL_TABLES,NO_ENGINE_SUBSTITUTION,NO_AUTO_VALUE_ON_ZERO,"
                    + "NO_ZERO_DATE,NO_ZERO_IN_DATE,ERROR_FOR_DIVISION_BY_ZERO', time_zone = '+00:00',"
                    + " foreign_key_checks = 0, innodb_lock_wait_timeout = " + seconds + ", lock_wait_timeout = "
                    + seconds + statementTime(statementTime));
        }
    }

    @Override
    public String quote(String identifier) {
        return '`' + identifier.replace("`", "``") + '`';
    }

    /** A backslash begins an escape. */
    @Override
    public String literal(Object value) {
        return JdbcDialect.super.literal(value instanceof String text ? text.replace("\\", "\\\\") : value);
    }

    @Override
    public TableName place(Relation relation, TableMapping mapping) {
        String schema = mapping.schema(relation).orElse(null);
        if (schema == null && relation.schema().equals("public")
                || location.database().equals(schema)) {
            return new TableName(null, mapping.table(relation));
        }
        return new TableName(schema == null ? relation.schema() : schema, mapping.table(relation));
    }

    /** Names of columns are the same whatever their case. */
    @Override
    public String fold(String identifier) {
        return identifier.toLowerCase(Locale.ROOT);
    }

    @Override
    public String foldTable(String identifier) {
        return tableNamesFold ? fold(identifier) : identifier;
    }

    @Override
    public ColumnType columnType(Relation relation, int column, List<String> key) {
        return types.of(relation, column, key);
    }

    @Override
    public boolean keeps(TargetColumn existing, ColumnType type) {
        return MySqlTypes.keeps(existing.declaredType(), type.declaration());
    }

    @Override
    public Optional<List<TargetColumn>> columns(Connection connection, TableName table) throws SQLException {
        Map<String, Integer> key = new HashMap<>();
        List<TargetColumn> columns = new ArrayList<>();
        try (Statement statement = connection.createStatement()) {
            try (ResultSet index = statement.executeQuery("SHOW INDEX FROM " + qualified(table))) {
                while (index.next()) {
                    if (index.getString("Key_name").equals("PRIMARY")) {
                        key.put(index.getString("Column_name"), index.getInt("Seq_in_index"));
                    }
                }
            }
            try (ResultSet rows = statement.executeQuery("SHOW FULL COLUMNS FROM " + qualified(table))) {
                while (rows.next()) {
                    String name = rows.getString("Field");
                    boolean required = rows.getString("Null").equals("NO")
                            && rows.getString("Default") == null
                            && !rows.getString("Extra").contains("auto_increment");
                    columns.add(new TargetColumn(name, rows.getString("Type"), key.getOrDefault(name, 0), required));
                }
            }
        } catch (SQLException e) {
            if (e.getErrorCode() == NO_SUCH_TABLE || e.getErrorCode() == NO_SUCH_DATABASE) {
                return Optional.empty();
            }
            throw e;
        }
        return columns.isEmpty() ? Optional.empty() : Optional.of(columns);
    }

    /** Keys of other types would be compared with what the driver writes by rules of their own. */
    @Override
    public Optional<RowSets> rowSets(Connection connection, TargetTable table, ApplyOptions applyOptions) {
        for (int column : table.key()) {
            String declaration = table.types()[column].declaration();
            String existing = table.declarations().get(column).toLowerCase(Locale.ROOT);
            boolean integer = declaration.contains("INT") && existing.contains("int");
            boolean text = declaration.startsWith("VARCHAR") && existing.startsWith("varchar");
            if (!integer && !text) {
                return Optional.empty();
            }
        }
        int most = applyOptions.maxRowsPerInsert();
        int rows = insertRows(table.columnNames().size());
        RowSets sets = new ParameterRowSets(
                connection, table, new MySqlForms(this, table), most == 0 ? rows : Math.min(most, rows));
        Optional<LoadDataStream.Field[]> fields = localInfile ? LoadDataStream.fields(table) : Optional.empty();
        int threshold = applyOptions.bulkInsertThreshold();
        return Optional.of(
                fields.isPresent()
                        ? new LoadDataRowSets(connection, this, table, fields.get(), threshold, sets)
                        : sets);
    }

    /** Foreign keys are off in this session. */
    @Override
    public List<OrderReason> orderReasons(Connection connection, TargetTable table) throws SQLException {
        List<OrderReason> reasons = new ArrayList<>();
        Map<String, Set<String>> unique = new LinkedHashMap<>();
        try (Statement statement = connection.createStatement();
                ResultSet index = statement.executeQuery("SHOW INDEX FROM " + qualified(table.name()))) {
            while (index.next()) {
                if (index.getInt("Non_unique") == 0) {
                    String column = index.getString("Column_name");
                    unique.computeIfAbsent(index.getString("Key_name"), name -> new HashSet<>())
                            .add(column == null ? "" : column);
                }
            }
        }
        unique.forEach((name, columns) -> {
            if (!columns.equals(Set.copyOf(table.keyNames()))) {
                reasons.add(new OrderReason(OrderReason.Kind.UNIQUE_INDEX, name));
            }
        });
        try (PreparedStatement statement = connection.prepareStatement(
                "SELECT trigger_name FROM information_schema.triggers WHERE event_object_schema = coalesce(?, DATABASE())"
                        + " AND event_object_table = ? ORDER BY 1")) {
            statement.setString(1, table.name().container());
            statement.setString(2, table.name().name());
            try (ResultSet rows = statement.executeQuery()) {
                while (rows.next()) {
                    reasons.add(new OrderReason(OrderReason.Kind.TRIGGER, rows.getString(1)));
                }
            }
        }
        return reasons;
    }

    /** A table of rows with these columns, each row's values as parameters. */
    String derived(List<String> columns, int rows) {
        StringJoiner row = new StringJoiner(",", "ROW(", ")");
        columns.forEach(column -> row.add("?"));
        StringJoiner values = new StringJoiner(",", "(VALUES ", ") AS v(" + String.join(",", columns) + ")");
        for (int i = 0; i < rows; i++) {
            values.add(row.toString());
        }
        return values.toString();
    }

    @Override
    public boolean hasContainer(Connection connection, String container) throws SQLException {
        try (PreparedStatement statement =
                connection.prepareStatement("SELECT 1 FROM information_schema.schemata WHERE schema_name = ?")) {
            statement.setString(1, container);
            try (ResultSet rows = statement.executeQuery()) {
                return rows.next();
            }
        }
    }

    @Override
    public String createContainer(String container) {
        return "CREATE DATABASE IF NOT EXISTS " + quote(container);
    }

    @Override
    public String createTable(TableName table, List<String> definitions, List<String> key) {
        return JdbcDialect.super.createTable(table, definitions, key) + " ENGINE=InnoDB ROW_FORMAT=DYNAMIC"
                + " DEFAULT CHARACTER SET utf8mb4";
    }

    /** The statement repeats the column's whole declaration; a text column that pg2any made has its collation. */
    @Override
    public Optional<String> allowNull(TableName table, TargetColumn column) {
        return Optional.of("ALTER TABLE " + qualified(table) + " MODIFY COLUMN " + quote(column.name()) + " "
                + types.withCollation(column.declaredType()) + " NULL");
    }

    @Override
    public String positionTable() {
        return "CREATE TABLE IF NOT EXISTS " + quote(PositionTable.NAME)
                + " (pipeline VARCHAR(80) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL PRIMARY KEY,"
                + " slot VARCHAR(63) NOT NULL, system_identifier VARCHAR(20) NOT NULL, timeline BIGINT NOT NULL,"
                + " lsn VARCHAR(17) NOT NULL, ordinal BIGINT NOT NULL, epoch BIGINT NOT NULL,"
                + " updated_at VARCHAR(30) NOT NULL, staged_at VARCHAR(30) NOT NULL DEFAULT '') ENGINE=InnoDB DEFAULT CHARACTER SET utf8mb4";
    }

    @Override
    public String lockPosition() {
        return PositionTable.SELECT + " FOR UPDATE";
    }

    @Override
    public void failed(SQLException error) {
        limit.failed(error);
    }

    @Override
    public Kind classify(SQLException error) {
        if (error instanceof PacketTooBigException) {
            return Kind.REJECTED;
        }
        return MySqlErrors.classify(error);
    }

    /** Rights that come through a role do not show here: what is missing is worth a note only. */
    @Override
    public List<String> notes(Connection connection) throws SQLException {
        List<String> notes = new ArrayList<>();
        try (Statement statement = connection.createStatement()) {
            try (ResultSet row = statement.executeQuery("SELECT VERSION(), @@character_set_database, @@local_infile")) {
                row.next();
                notes.add("version " + row.getString(1) + ", character set " + row.getString(2)
                        + " (created columns have utf8mb4), local_infile " + (row.getInt(3) == 0 ? "OFF" : "ON")
                        + " (not used)");
            }
            Set<String> missing = new TreeSet<>(Set.of("ALTER", "CREATE", "DELETE", "INSERT", "SELECT", "UPDATE"));
            try (ResultSet rights = statement.executeQuery("""
                    SELECT privilege_type FROM (
                        SELECT grantee, privilege_type FROM information_schema.user_privileges
                        UNION ALL SELECT grantee, privilege_type FROM information_schema.schema_privileges
                        WHERE DATABASE() LIKE table_schema) granted
                    WHERE grantee = CONCAT('''', SUBSTRING_INDEX(CURRENT_USER(), '@', 1), '''@''',
                        SUBSTRING_INDEX(CURRENT_USER(), '@', -1), '''')
                    """)) {
                while (rights.next()) {
                    missing.remove(rights.getString(1));
                }
            }
            if (!missing.isEmpty()) {
                notes.add("unless a role grants them, the user lacks the rights " + String.join(", ", missing));
            }
        }
        return notes;
    }

    @Override
    public String words(SQLException error) {
        return MySqlErrors.words(error);
    }

    @Override
    public String remedy(SQLException error) {
        if (error instanceof PacketTooBigException) {
            return MySqlErrors.PACKET_REMEDY;
        }
        return MySqlErrors.remedy(error);
    }

    @Override
    public boolean transactionalDdl() {
        return false;
    }

    @Override
    public int insertRows(int columns) {
        return Math.max(1, Math.min(INSERT_ROWS, INSERT_PARAMETERS / Math.max(1, columns)));
    }

    /** The driver sends a batch of updates as one text of many statements. */
    @Override
    public int batchRows() {
        return 64;
    }

    @Override
    public String oneOfEqualRows(TableName table, List<String> match) {
        StringJoiner condition = new StringJoiner(" AND ", " WHERE ", " LIMIT 1");
        for (String column : match) {
            condition.add(quote(column) + "<=>?");
        }
        return condition.toString();
    }
}
