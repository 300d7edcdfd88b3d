package io.pg2any.apply.jdbc;

import io.pg2any.apply.TableMapping;
import io.pg2any.apply.TargetException;
import io.pg2any.apply.TargetException.Kind;
import io.pg2any.apply.ValuePolicy;
import io.pg2any.change.Relation;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.sql.Types;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Properties;
import java.util.StringJoiner;

/**
 * One SQLite file in WAL mode.
 *
 * <p><b>Durability.</b> With {@code synchronous=NORMAL} a commit is atomic but a power failure may take the last ones
 * back. A commit under {@code FULL} flushes the write-ahead log, and with it every commit before.
 *
 * <p><b>Places.</b> {@code public.t}, and a schema mapped to {@code main} or {@code public}, is table {@code t}; any
 * other schema, or what it is mapped to, becomes a prefix: {@code s_t}.
 *
 * <p><b>Types.</b> bool is INTEGER 0 or 1; int2, int4, int8, oid, xid and cid are INTEGER; float4 and float8 are REAL
 * ({@code -0} reads back as {@code 0}, which both databases hold equal; NaN is what REAL cannot hold); bytea is BLOB;
 * everything else is TEXT exactly as PostgreSQL prints it, numeric and money included, since a column of NUMERIC
 * affinity turns {@code 1.10} into {@code 1.1} and drops digits after the fifteenth.
 */
public final class SqliteDialect implements JdbcDialect {
    private static final int BUSY = 5;
    private static final int LOCKED = 6;
    private static final int NO_MEMORY = 7;
    private static final int READ_ONLY = 8;
    private static final int INTERRUPT = 9;
    private static final int IO_ERROR = 10;
    private static final int FULL = 13;
    private static final int CANNOT_OPEN = 14;
    private static final int PROTOCOL = 15;
    private static final int SCHEMA = 17;
    private static final int TOO_BIG = 18;
    private static final int CONSTRAINT = 19;
    private static final int MISMATCH = 20;

    /** Beyond this many parameters a longer statement gains nothing and its plan grows. */
    private static final int INSERT_PARAMETERS = 4096;

    private static final int INSERT_ROWS = 64;

    private final Path file;
    private final ValuePolicy values;
    private final Duration lockTimeout;
    private boolean fullSync;

    /**
     * @param destination a path, {@code file:} URL, {@code sqlite:path}, {@code sqlite://path} or
     *     {@code jdbc:sqlite:path}
     */
    public SqliteDialect(String destination, ValuePolicy values, Duration lockTimeout) throws TargetException {
        this.file = SqliteLocation.parse(destination);
        this.values = values;
        this.lockTimeout = lockTimeout;
    }

    @Override
    public String name() {
        return "SQLite";
    }

    @Override
    public String location() {
        return file.toString();
    }

    @Override
    public boolean exists() throws TargetException {
        SqliteLocation.requireUsable(file);
        return Files.exists(file);
    }

    @Override
    public Connection look() throws SQLException, TargetException {
        exists();
        Properties properties = new Properties();
        properties.setProperty("busy_timeout", Long.toString(lockTimeout.toMillis()));
        Connection connection = DriverManager.getConnection(SqliteLocation.url(file), properties);
        try (Statement statement = connection.createStatement()) {
            statement.execute("PRAGMA query_only=ON");
            connection.setAutoCommit(false);
        } catch (SQLException e) {
            closeAfter(e, connection);
            throw e;
        }
        return connection;
    }

    @Override
    public List<String> notes(Connection connection) throws SQLException {
        List<String> notes = new ArrayList<>();
        notes.add("version " + connection.getMetaData().getDatabaseProductVersion());
        try (Statement statement = connection.createStatement();
                ResultSet mode = statement.executeQuery("PRAGMA journal_mode")) {
            if (mode.next() && !"wal".equalsIgnoreCase(mode.getString(1))) {
                notes.add("the file is in journal mode " + mode.getString(1) + ", and will be put into WAL mode");
            }
        }
        return notes;
    }

    @Override
    public Connection connect() throws SQLException, TargetException {
        boolean created = !exists();
        Properties properties = new Properties();
        // Reading the generated key back costs as much as the insert.
        properties.setProperty("jdbc.get_generated_keys", "false");
        properties.setProperty("busy_timeout", Long.toString(lockTimeout.toMillis()));
        Connection connection = DriverManager.getConnection(SqliteLocation.url(file), properties);
        try {
            setUp(connection);
            if (created) {
                forceFolder();
            }
            connection.setAutoCommit(false);
        } catch (SQLException | TargetException e) {
            closeAfter(e, connection);
            throw e;
        }
        return connection;
    }

    private void setUp(Connection connection) throws SQLException, TargetException {
        try (Statement statement = connection.createStatement()) {
            try (ResultSet mode = statement.executeQuery("PRAGMA journal_mode=WAL")) {
                if (!mode.next() || !"wal".equalsIgnoreCase(mode.getString(1))) {
                    throw new TargetException(
                            Kind.CONFIG,
                            "SQLite file " + file + ": write-ahead logging is not possible there (found "
                                    + mode.getString(1) + "); use a local file system");
                }
            }
            statement.execute("PRAGMA synchronous=NORMAL");
            fullSync = false;
            // The source has checked its constraints, and its cascades arrive as changes.
            statement.execute("PRAGMA foreign_keys=OFF");
            statement.execute("PRAGMA cache_size=-16384");
            statement.execute("PRAGMA wal_autocheckpoint=4000");
            statement.execute("PRAGMA journal_size_limit=67108864");
        }
    }

    /** A new file's name must survive a power failure as well as its content. */
    private void forceFolder() throws TargetException {
        try (FileChannel folder = FileChannel.open(file.getParent(), StandardOpenOption.READ)) {
            folder.force(true);
        } catch (IOException e) {
            throw new TargetException(Kind.RETRYABLE, "folder " + file.getParent() + " cannot be flushed: " + e, e);
        }
    }

    private static void closeAfter(Exception cause, Connection connection) {
        try {
            connection.close();
        } catch (SQLException e) {
            cause.addSuppressed(e);
        }
    }

    @Override
    public boolean begin(Connection connection, boolean durable) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            // The driver has opened a deferred transaction; it is empty, and the setting may not change inside one.
            statement.execute("COMMIT");
            try {
                if (durable != fullSync) {
                    statement.execute(durable ? "PRAGMA synchronous=FULL" : "PRAGMA synchronous=NORMAL");
                    fullSync = durable;
                }
                statement.execute("BEGIN IMMEDIATE");
            } catch (SQLException e) {
                statement.execute("BEGIN");
                throw e;
            }
        }
        return durable;
    }

    @Override
    public String quote(String identifier) {
        return '"' + identifier.replace("\"", "\"\"") + '"';
    }

    @Override
    public String literal(Object value) {
        boolean infinite = value instanceof Double number && Double.isInfinite(number);
        return infinite ? ((Double) value > 0 ? "9e999" : "-9e999") : JdbcDialect.super.literal(value);
    }

    @Override
    public TableName place(Relation relation, TableMapping mapping) {
        String schema = mapping.schema(relation).orElse(relation.schema());
        boolean isDefault = schema.equals("public") || schema.equals("main");
        if (schema.equals("main") && mapping.schema(relation).isEmpty()) {
            // A source schema that happens to bear the name of SQLite's own database is a schema like any other.
            isDefault = false;
        }
        return new TableName(null, isDefault ? mapping.table(relation) : schema + "_" + mapping.table(relation));
    }

    /** SQLite folds ASCII letters only. */
    @Override
    public String fold(String identifier) {
        StringBuilder folded = new StringBuilder(identifier.length());
        for (int i = 0; i < identifier.length(); i++) {
            char c = identifier.charAt(i);
            folded.append(c >= 'A' && c <= 'Z' ? (char) (c + ('a' - 'A')) : c);
        }
        return folded.toString();
    }

    @Override
    public ColumnType columnType(Relation relation, int column, List<String> key) {
        switch (PostgresType.nameOf(relation.columns().get(column))) {
            case "bool":
                return new ColumnType("INTEGER", Types.INTEGER, SqliteDialect::bindBool);
            case "int2", "int4", "int8", "oid", "xid", "cid":
                return new ColumnType("INTEGER", Types.BIGINT, TypedBindings::integer);
            case "float4":
                return new ColumnType("REAL", Types.DOUBLE, this::bindFloat4);
            case "float8":
                return new ColumnType("REAL", Types.DOUBLE, this::bindFloat8);
            case "bytea":
                return new ColumnType("BLOB", Types.BLOB, TypedBindings::bytea);
            default:
                return new ColumnType("TEXT", Types.VARCHAR, this::bindText);
        }
    }

    /**
     * A column's affinity converts what it can: TEXT that looks like a number in a numeric column, a double in a TEXT
     * column, an integer in a REAL column beyond 53 bits. A BLOB is never converted.
     */
    @Override
    public boolean keeps(TargetColumn existing, ColumnType type) {
        String affinity = affinity(existing.declaredType().toUpperCase(Locale.ROOT));
        return switch (type.declaration()) {
            case "TEXT" -> affinity.equals("TEXT") || affinity.equals("BLOB");
            case "INTEGER" -> !affinity.equals("REAL");
            case "REAL" -> !affinity.equals("TEXT");
            default -> true;
        };
    }

    /** The rules of "Determination Of Column Affinity" in SQLite's documentation, in their order. */
    private static String affinity(String declared) {
        if (declared.contains("INT")) {
            return "INTEGER";
        }
        if (declared.contains("CHAR") || declared.contains("CLOB") || declared.contains("TEXT")) {
            return "TEXT";
        }
        if (declared.contains("BLOB") || declared.isEmpty()) {
            return "BLOB";
        }
        if (declared.contains("REAL") || declared.contains("FLOA") || declared.contains("DOUB")) {
            return "REAL";
        }
        return "NUMERIC";
    }

    private static void bindBool(PreparedStatement statement, int parameter, byte[] bytes, int offset, int length)
            throws SQLException, UnrepresentableValueException {
        statement.setInt(parameter, TextForm.bool(bytes, offset, length) ? 1 : 0);
    }

    private void bindFloat4(PreparedStatement statement, int parameter, byte[] bytes, int offset, int length)
            throws SQLException, UnrepresentableValueException {
        bindDouble(statement, parameter, TextForm.float4(bytes, offset, length));
    }

    private void bindFloat8(PreparedStatement statement, int parameter, byte[] bytes, int offset, int length)
            throws SQLException, UnrepresentableValueException {
        bindDouble(statement, parameter, TextForm.float8(bytes, offset, length));
    }

    private void bindDouble(PreparedStatement statement, int parameter, double value)
            throws SQLException, UnrepresentableValueException {
        if (!Double.isNaN(value)) {
            statement.setDouble(parameter, value);
            return;
        }
        // Bound as a double, NaN would silently become NULL.
        switch (values) {
            case NULL -> statement.setNull(parameter, Types.DOUBLE);
            case TEXT -> statement.setString(parameter, "NaN");
            case FAIL, CLAMP -> throw new UnrepresentableValueException("SQLite cannot hold NaN");
        }
    }

    private void bindText(PreparedStatement statement, int parameter, byte[] bytes, int offset, int length)
            throws SQLException, UnrepresentableValueException {
        String text = TextForm.text(bytes, offset, length);
        if (text != null) {
            statement.setString(parameter, text);
            return;
        }
        switch (values) {
            case NULL -> statement.setNull(parameter, Types.VARCHAR);
            case TEXT -> statement.setString(parameter, TextForm.hex(bytes, offset, length));
            case FAIL, CLAMP -> throw new UnrepresentableValueException("the bytes are not UTF-8 text");
        }
    }

    @Override
    public Optional<List<TargetColumn>> columns(Connection connection, TableName table) throws SQLException {
        List<TargetColumn> columns = new ArrayList<>();
        try (PreparedStatement statement = connection.prepareStatement(
                "SELECT name, type, \"notnull\", dflt_value, pk FROM pragma_table_xinfo(?) WHERE hidden = 0")) {
            statement.setString(1, table.name());
            try (ResultSet rows = statement.executeQuery()) {
                while (rows.next()) {
                    // An INTEGER primary key fills itself.
                    boolean fillsItself = rows.getInt(5) > 0 && "INTEGER".equalsIgnoreCase(rows.getString(2));
                    boolean required = rows.getInt(3) != 0 && rows.getString(4) == null && !fillsItself;
                    columns.add(new TargetColumn(rows.getString(1), rows.getString(2), rows.getInt(5), required));
                }
            }
        }
        return columns.isEmpty() ? Optional.empty() : Optional.of(columns);
    }

    /** Foreign keys are off in this session. */
    @Override
    public List<OrderReason> orderReasons(Connection connection, TargetTable table) throws SQLException {
        List<OrderReason> reasons = new ArrayList<>();
        try (PreparedStatement statement = connection.prepareStatement("""
                SELECT 'UNIQUE_INDEX', name FROM pragma_index_list(?) WHERE "unique" AND origin <> 'pk'
                UNION ALL
                SELECT 'TRIGGER', name FROM sqlite_master WHERE type = 'trigger' AND lower(tbl_name) = lower(?)
                """)) {
            statement.setString(1, table.name().name());
            statement.setString(2, table.name().name());
            try (ResultSet rows = statement.executeQuery()) {
                while (rows.next()) {
                    reasons.add(new OrderReason(OrderReason.Kind.valueOf(rows.getString(1)), rows.getString(2)));
                }
            }
        }
        return reasons;
    }

    /** A column stays as it was declared. */
    @Override
    public Optional<String> allowNull(TableName table, TargetColumn column) {
        return Optional.empty();
    }

    @Override
    public String positionTable() {
        return "CREATE TABLE IF NOT EXISTS " + quote(PositionTable.NAME)
                + " (pipeline TEXT NOT NULL PRIMARY KEY, slot TEXT NOT NULL, system_identifier TEXT NOT NULL,"
                + " timeline INTEGER NOT NULL, lsn TEXT NOT NULL, ordinal INTEGER NOT NULL, epoch INTEGER NOT NULL,"
                + " updated_at TEXT NOT NULL, staged_at TEXT NOT NULL DEFAULT '')";
    }

    /** BEGIN IMMEDIATE holds the only write lock there is. */
    @Override
    public String lockPosition() {
        return PositionTable.SELECT;
    }

    @Override
    public Kind classify(SQLException error) {
        switch (error.getErrorCode() & 0xFF) {
            case BUSY, LOCKED, NO_MEMORY, INTERRUPT, IO_ERROR, FULL, CANNOT_OPEN, PROTOCOL, SCHEMA:
                return Kind.RETRYABLE;
            case TOO_BIG, CONSTRAINT, MISMATCH:
                return Kind.REJECTED;
            default:
                return Kind.FATAL;
        }
    }

    @Override
    public String remedy(SQLException error) {
        switch (error.getErrorCode() & 0xFF) {
            case BUSY, LOCKED:
                return "another process writes to the file: end its transaction";
            case FULL:
                return "free space on the disk of the file, or raise its max_page_count";
            case IO_ERROR, CANNOT_OPEN:
                return "see to the file, its folder and its disk";
            case READ_ONLY:
                return "make the file and its folder writable";
            case CONSTRAINT:
                return "the target holds other rows or stricter constraints than the source: remove them";
            default:
                return "";
        }
    }

    @Override
    public boolean transactionalDdl() {
        return true;
    }

    @Override
    public int insertRows(int columns) {
        return Math.max(1, Math.min(INSERT_ROWS, INSERT_PARAMETERS / Math.max(1, columns)));
    }

    @Override
    public int batchRows() {
        return 1;
    }

    /** The row's number has three names, and a column may bear any of them. */
    @Override
    public String oneOfEqualRows(TableName table, List<String> match) throws TargetException {
        StringJoiner condition = new StringJoiner(" AND ");
        List<String> rowNumbers = new ArrayList<>(List.of("rowid", "oid", "_rowid_"));
        for (String column : match) {
            condition.add(quote(column) + " IS ?");
            rowNumbers.remove(fold(column));
        }
        if (rowNumbers.isEmpty()) {
            throw new TargetException(
                    Kind.CONFIG,
                    "table " + table.displayName() + ": columns rowid, oid and _rowid_ hide the row's number, by which"
                            + " a table without a key is changed; give it a primary key");
        }
        String rowNumber = rowNumbers.get(0);
        return " WHERE " + rowNumber + "=(SELECT " + rowNumber + " FROM " + qualified(table) + " WHERE " + condition
                + " LIMIT 1)";
    }
}
