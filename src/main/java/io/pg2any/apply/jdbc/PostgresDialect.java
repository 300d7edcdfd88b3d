package io.pg2any.apply.jdbc;

import io.pg2any.apply.ApplyOptions;
import io.pg2any.apply.TableMapping;
import io.pg2any.apply.TablesPolicy;
import io.pg2any.apply.TargetException;
import io.pg2any.apply.TargetException.Kind;
import io.pg2any.change.Column;
import io.pg2any.change.Relation;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.sql.Types;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Properties;
import java.util.Set;
import java.util.StringJoiner;
import org.postgresql.util.PSQLException;

/**
 * PostgreSQL 14 and newer.
 *
 * <p><b>Values</b> travel as the text they arrive in, and the target's own input functions read them: both sessions pin
 * the formats that text depends on. Built-in types keep their name and modifier; what another server need not know, or
 * means something else by (types of extensions and users, names of catalog objects), is text.
 *
 * <p><b>Durability.</b> Commits do not wait for the disk, unless one must be durable: that one flushes the write-ahead
 * log, and with it every commit before, under the server's own {@code synchronous_commit}.
 *
 * <p><b>Triggers and foreign keys</b> do not fire where the role may set {@code session_replication_role}: the source's
 * cascades arrive as changes.
 */
public final class PostgresDialect implements JdbcDialect {
    /** Parameters of one statement on the wire: a 16-bit count. */
    private static final int PARAMETERS = 65_535;

    private static final int INSERT_ROWS = 1024;
    private static final int BATCH_ROWS = 256;

    /** Their text names objects of one cluster's catalog, or cannot be read back in. */
    private static final Set<String> CATALOG_TYPES = Set.of(
            "regproc",
            "regprocedure",
            "regoper",
            "regoperator",
            "regclass",
            "regtype",
            "regrole",
            "regnamespace",
            "regconfig",
            "regdictionary",
            "regcollation",
            "aclitem",
            "pg_node_tree",
            "pg_ndistinct",
            "pg_dependencies",
            "pg_mcv_list",
            "pg_brin_bloom_summary",
            "pg_brin_minmax_multi_summary",
            "gtsvector");

    /** Libpq's names where the driver's differ; an empty one means nothing to the driver. */
    private static final Map<String, String> DRIVER_NAMES = Map.of(
            "connect_timeout", "connectTimeout",
            "application_name", "ApplicationName",
            "channel_binding", "channelBinding",
            "gssencmode", "gssEncMode",
            "client_encoding", "",
            "replication", "");

    private final DatabaseLocation location;
    private final ApplyOptions options;
    private final StatementLimit limit;
    private String ownSynchronousCommit;
    /** Null when changes are not marked. */
    private final ReplicationOrigin origin;

    /**
     * @param url {@code postgresql://user:password@host:port/database?…} or {@code jdbc:postgresql://…}
     */
    public PostgresDialect(String url, ApplyOptions options) throws TargetException {
        this.location = DatabaseLocation.parse(name(), url, List.of("postgresql", "postgres"));
        this.options = options;
        this.limit = new StatementLimit(options.statementTimeout());
        this.origin = options.markOrigin() ? new ReplicationOrigin(location.database(), options.pipeline()) : null;
        if (location.database().isEmpty()) {
            throw new TargetException(Kind.CONFIG, "PostgreSQL target URL: names no database");
        }
    }

    @Override
    public String name() {
        return "PostgreSQL";
    }

    @Override
    public String location() {
        return location.toString();
    }

    @Override
    public Connection connect() throws SQLException, TargetException {
        Map<String, String> defaults = new LinkedHashMap<>();
        defaults.put("ApplicationName", "pg2any " + options.pipeline());
        defaults.put("tcpKeepAlive", "true");
        String seconds = Long.toString(Math.max(1, options.connectTimeout().toSeconds()));
        defaults.put("connectTimeout", seconds);
        defaults.put("loginTimeout", seconds);
        Properties properties = location.properties(defaults);
        DRIVER_NAMES.forEach((libpq, driver) -> {
            Object value = properties.remove(libpq);
            if (value != null && !driver.isEmpty()) {
                properties.put(driver, value);
            }
        });
        // The server gives a value's text the type of the column it goes to.
        properties.setProperty("stringtype", "unspecified");
        Connection connection = DriverManager.getConnection(
                "jdbc:postgresql://" + location.hosts() + "/"
                        + URLEncoder.encode(location.database(), StandardCharsets.UTF_8),
                properties);
        try {
            setUp(connection);
            connection.setAutoCommit(false);
            if (!properties.containsKey("socketTimeout")) {
                connection.setNetworkTimeout(Runnable::run, limit.silenceMillis());
            }
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

    private void setUp(Connection connection) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            try (ResultSet row = statement.executeQuery("SHOW synchronous_commit")) {
                row.next();
                ownSynchronousCommit = row.getString(1);
            }
            statement.execute("SET datestyle = 'ISO, MDY'; SET intervalstyle = 'postgres'; SET timezone = 'UTC';"
                    + " SET extra_float_digits = 3; SET bytea_output = 'hex'; SET xmloption = 'content';"
                    + " SET lc_monetary = 'C'; SET statement_timeout = "
                    + limit.ofNewConnection().toMillis() + ";"
                    + " SET idle_in_transaction_session_timeout = 0; SET synchronous_commit = off;"
                    + " SET client_min_messages = 'warning';"
                    // A session whose client is gone must not hold the position's row for hours.
                    + " SET tcp_keepalives_idle = 30; SET tcp_keepalives_interval = 10; SET tcp_keepalives_count = 3;"
                    + " SET tcp_user_timeout = 60000; SET lock_timeout = "
                    + options.lockTimeout().toMillis());
        }
        if (maySetReplicationRole(connection)) {
            try (Statement statement = connection.createStatement()) {
                statement.execute("SET session_replication_role = replica");
            }
        }
    }

    private static boolean maySetReplicationRole(Connection connection) throws SQLException {
        boolean grantable = connection.getMetaData().getDatabaseMajorVersion() >= 15;
        try (Statement statement = connection.createStatement();
                ResultSet row = statement.executeQuery(
                        grantable
                                ? "SELECT has_parameter_privilege('session_replication_role', 'SET')"
                                : "SELECT current_setting('is_superuser') = 'on'")) {
            return row.next() && row.getBoolean(1);
        }
    }

    @Override
    public void check(Connection connection) throws SQLException, TargetException {
        if (origin != null) {
            origin.check(connection);
        }
        try (Statement statement = connection.createStatement();
                ResultSet row = statement.executeQuery("SELECT current_user, coalesce(current_schema(), 'public'),"
                        + " has_schema_privilege(current_schema(), 'CREATE'), to_regclass('"
                        + quote(PositionTable.NAME) + "') IS NULL OR to_regclass('" + quote(TableOwners.NAME)
                        + "') IS NULL")) {
            row.next();
            if (row.getBoolean(4) && !row.getBoolean(3)) {
                throw new TargetException(
                        Kind.CONFIG,
                        name() + " " + location() + ": role " + row.getString(1) + " may not create the tables "
                                + PositionTable.NAME + " and " + TableOwners.NAME + " in schema " + row.getString(2)
                                + "; GRANT CREATE ON SCHEMA " + row.getString(2) + " TO " + row.getString(1));
            }
        }
    }

    @Override
    public void checkRights(Connection connection, TableName table) throws SQLException, TargetException {
        StringJoiner missing = new StringJoiner(", ");
        String role;
        try (PreparedStatement statement =
                connection.prepareStatement("SELECT current_user, right_, has_table_privilege(to_regclass(?), right_)"
                        + " FROM unnest(ARRAY['SELECT', 'INSERT', 'UPDATE', 'DELETE']) right_")) {
            statement.setString(1, qualified(table));
            try (ResultSet rows = statement.executeQuery()) {
                role = "";
                while (rows.next()) {
                    role = rows.getString(1);
                    if (!rows.getBoolean(3)) {
                        missing.add(rows.getString(2));
                    }
                }
            }
        }
        if (missing.length() > 0) {
            throw new TargetException(
                    Kind.CONFIG,
                    name() + " " + location() + ": table " + table.displayName() + ": role " + role
                            + " lacks rights; GRANT " + missing + " ON " + qualified(table) + " TO " + role);
        }
    }

    @Override
    public List<String> notes(Connection connection) throws SQLException {
        List<String> notes = new ArrayList<>();
        try (Statement statement = connection.createStatement();
                ResultSet row = statement.executeQuery("SELECT current_setting('server_version'),"
                        + " current_setting('server_encoding'), has_schema_privilege(current_schema(), 'CREATE'),"
                        + " coalesce(current_schema(), 'public')")) {
            row.next();
            notes.add("version " + row.getString(1) + ", encoding " + row.getString(2));
            if (!row.getString(2).equals("UTF8")) {
                notes.add("characters that " + row.getString(2)
                        + " lacks are refused; a database in UTF8 holds them all");
            }
            if (!row.getBoolean(3) && options.tables() == TablesPolicy.CREATE) {
                notes.add("missing tables cannot be created in schema " + row.getString(4) + ": the role lacks CREATE");
            }
        }
        return notes;
    }

    @Override
    public boolean begin(Connection connection, boolean durable) throws SQLException, TargetException {
        if (origin != null) {
            origin.enter(connection);
        }
        if (durable) {
            String level = ownSynchronousCommit.equals("off") ? "on" : ownSynchronousCommit;
            try (Statement statement = connection.createStatement()) {
                statement.execute("SET LOCAL synchronous_commit = " + level);
            }
        }
        return durable;
    }

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

    @Override
    public String fold(String identifier) {
        return identifier;
    }

    @Override
    public ColumnType columnType(Relation relation, int column, List<String> key) {
        return new ColumnType(declaration(relation.columns().get(column)), Types.VARCHAR, this::bindText);
    }

    private static String declaration(Column column) {
        String name = PostgresType.nameOf(column);
        String element = name.replace("[]", "");
        boolean known = PostgresType.builtInNames().contains(element) && !CATALOG_TYPES.contains(element);
        return known ? PostgresTypeName.of(column) : "text";
    }

    private void bindText(PreparedStatement statement, int parameter, byte[] bytes, int offset, int length)
            throws SQLException, UnrepresentableValueException {
        String text = TextForm.text(bytes, offset, length);
        if (text != null) {
            statement.setString(parameter, text);
            return;
        }
        switch (options.values()) {
            case NULL -> statement.setNull(parameter, Types.VARCHAR);
            case TEXT -> statement.setString(parameter, TextForm.hex(bytes, offset, length));
            case FAIL, CLAMP -> throw new UnrepresentableValueException("the bytes are not UTF-8 text");
        }
    }

    @Override
    public boolean keeps(TargetColumn existing, ColumnType type) {
        return PostgresTypeName.keeps(existing.declaredType(), type.declaration());
    }

    @Override
    public Optional<List<TargetColumn>> columns(Connection connection, TableName table) throws SQLException {
        List<TargetColumn> columns = new ArrayList<>();
        try (PreparedStatement statement = connection.prepareStatement("""
                SELECT a.attname, format_type(a.atttypid, a.atttypmod),
                       coalesce(array_position(i.indkey::int2[], a.attnum), 0) +
                           CASE WHEN a.attnum = ANY (i.indkey) THEN 1 ELSE 0 END,
                       a.attnotnull AND NOT a.atthasdef AND a.attidentity = ''
                FROM pg_attribute a
                LEFT JOIN pg_index i ON i.indrelid = a.attrelid AND i.indisprimary
                WHERE a.attrelid = to_regclass(?) AND a.attnum > 0 AND NOT a.attisdropped
                ORDER BY a.attnum
                """)) {
            statement.setString(1, qualified(table));
            try (ResultSet rows = statement.executeQuery()) {
                while (rows.next()) {
                    columns.add(
                            new TargetColumn(rows.getString(1), rows.getString(2), rows.getInt(3), rows.getBoolean(4)));
                }
            }
        }
        return columns.isEmpty() ? Optional.empty() : Optional.of(columns);
    }

    @Override
    public Optional<RowSets> rowSets(Connection connection, TargetTable table, ApplyOptions applyOptions) {
        return Optional.of(new PostgresRowSets(connection, this, table, applyOptions.bulkInsertThreshold()));
    }

    /**
     * COPY passes rules by and is not allowed where row security is; neither is for views. What checks a constraint is a
     * trigger as well, and bears the constraint's name.
     */
    @Override
    public List<OrderReason> orderReasons(Connection connection, TargetTable table) throws SQLException {
        List<OrderReason> reasons = new ArrayList<>();
        try (PreparedStatement statement = connection.prepareStatement("""
                WITH place AS (SELECT * FROM pg_class WHERE oid = to_regclass(?))
                SELECT 'UNIQUE_INDEX', x.relname
                FROM place c JOIN pg_index i ON i.indrelid = c.oid JOIN pg_class x ON x.oid = i.indexrelid
                WHERE i.indisexclusion OR i.indisunique AND (
                    i.indexprs IS NOT NULL OR (
                        SELECT array_agg(a.attname::text ORDER BY a.attname::text COLLATE "C")
                        FROM pg_attribute a
                        WHERE a.attrelid = i.indrelid AND a.attnum = ANY (i.indkey::int2[])
                    ) IS DISTINCT FROM (
                        SELECT array_agg(k ORDER BY k COLLATE "C") FROM unnest(?::text[]) k))
                UNION SELECT
                    CASE WHEN k.oid IS NULL OR k.contype = 't' THEN 'TRIGGER'
                        WHEN k.contype = 'f' THEN 'FOREIGN_KEY' ELSE 'UNIQUE_INDEX' END,
                    coalesce(k.conname, t.tgname)
                FROM place c JOIN pg_trigger t ON t.tgrelid = c.oid
                LEFT JOIN pg_constraint k ON k.oid = t.tgconstraint
                WHERE t.tgenabled IN ('A',
                    CASE current_setting('session_replication_role') WHEN 'replica' THEN 'R' ELSE 'O' END)
                UNION SELECT 'RULE', r.rulename FROM place c JOIN pg_rewrite r ON r.ev_class = c.oid AND c.relkind <> 'v'
                UNION SELECT 'ROW_SECURITY', '' FROM place WHERE relrowsecurity
                UNION SELECT 'OTHER_THAN_TABLE', '' FROM place WHERE relkind NOT IN ('r', 'p')
                ORDER BY 1, 2
                """)) {
            statement.setString(1, qualified(table.name()));
            statement.setArray(
                    2, connection.createArrayOf("text", table.keyNames().toArray()));
            try (ResultSet rows = statement.executeQuery()) {
                while (rows.next()) {
                    reasons.add(new OrderReason(OrderReason.Kind.valueOf(rows.getString(1)), rows.getString(2)));
                }
            }
        }
        return reasons;
    }

    @Override
    public String defaultContainer(Connection connection) throws SQLException {
        try (Statement statement = connection.createStatement();
                ResultSet row = statement.executeQuery("SELECT current_schema()")) {
            return row.next() ? row.getString(1) : null;
        }
    }

    @Override
    public boolean hasContainer(Connection connection, String container) throws SQLException {
        try (PreparedStatement statement =
                connection.prepareStatement("SELECT 1 FROM pg_namespace WHERE nspname = ?")) {
            statement.setString(1, container);
            try (ResultSet rows = statement.executeQuery()) {
                return rows.next();
            }
        }
    }

    @Override
    public String createContainer(String container) {
        return "CREATE SCHEMA IF NOT EXISTS " + quote(container);
    }

    @Override
    public String positionTable() {
        return "CREATE TABLE IF NOT EXISTS " + quote(PositionTable.NAME)
                + " (pipeline text NOT NULL PRIMARY KEY, slot text NOT NULL, system_identifier text NOT NULL,"
                + " timeline integer NOT NULL, lsn text NOT NULL, ordinal bigint NOT NULL, epoch bigint NOT NULL,"
                + " updated_at text NOT NULL, staged_at text NOT NULL DEFAULT '')";
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
        String state = error.getSQLState() == null ? "" : error.getSQLState();
        if (state.length() < 5) {
            return Kind.FATAL;
        }
        switch (state.substring(0, 2)) {
            case "08", "40", "53", "55", "57", "58":
                return Kind.RETRYABLE;
            case "21", "22", "23", "44", "54", "P0":
                return Kind.REJECTED;
            case "25":
                // A standby, or a primary that has become one.
                return state.equals("25006") ? Kind.RETRYABLE : Kind.FATAL;
            case "0A", "28", "3D", "3F", "42":
                return Kind.CONFIG;
            default:
                return Kind.FATAL;
        }
    }

    /** The detail of a refused row holds its values, and so do quotes in messages about data. */
    @Override
    public String words(SQLException error) {
        if (!(error instanceof PSQLException answer)
                || answer.getServerErrorMessage() == null
                || classify(error) != Kind.REJECTED) {
            return error.getMessage();
        }
        String message = String.valueOf(answer.getServerErrorMessage().getMessage());
        return answer.getSQLState().startsWith("22") ? message.replaceAll("(?s)\".*\"", "(not shown)") : message;
    }

    @Override
    public String remedy(SQLException error) {
        String state = error.getSQLState() == null ? "" : error.getSQLState();
        switch (state) {
            case "55P03":
                return "another session holds a lock on the table or on the position: end its transaction";
            case "57014":
                return "see what the statement waits for, or why it is slow (pg_stat_activity)";
            case "55006":
                return "the session of an earlier process is still there: it ends when the server finds its client gone";
            case "42501":
                return "grant the role what it lacks";
            case "28P01", "28000":
                return "correct user, password or pg_hba.conf";
            case "3D000":
                return "create the database, or correct its name in the target's URL";
            case "53100":
                return "free space on the server's disk";
            default:
                return state.startsWith("23")
                        ? "the target holds other rows or stricter constraints than the source: remove them"
                        : "";
        }
    }

    @Override
    public boolean transactionalDdl() {
        return true;
    }

    @Override
    public int insertRows(int columns) {
        return Math.max(1, Math.min(INSERT_ROWS, PARAMETERS / Math.max(1, columns)));
    }

    @Override
    public int batchRows() {
        return BATCH_ROWS;
    }

    /** An identity column at the target takes the source's value, whatever it was declared to do. */
    @Override
    public String insert(TableName table, List<String> columns, int rows) {
        String insert = JdbcDialect.super.insert(table, columns, rows);
        int values = insert.lastIndexOf(") VALUES (") + 1;
        return insert.substring(0, values) + " OVERRIDING SYSTEM VALUE" + insert.substring(values);
    }

    @Override
    public String update(TableName table, List<String> set, List<String> match, boolean oneOfEqualRows)
            throws TargetException {
        if (!oneOfEqualRows) {
            return JdbcDialect.super.update(table, set, match, false);
        }
        StringJoiner assignments = new StringJoiner(", ");
        for (String column : set) {
            assignments.add(quote(column) + "=?");
        }
        return "UPDATE " + qualified(table) + " AS target SET " + assignments + " FROM " + oneRow(table, match)
                + SAME_ROW;
    }

    @Override
    public String delete(TableName table, List<String> match, boolean oneOfEqualRows) throws TargetException {
        return oneOfEqualRows
                ? "DELETE FROM " + qualified(table) + " AS target USING " + oneRow(table, match) + SAME_ROW
                : JdbcDialect.super.delete(table, match, false);
    }

    /** A partition's rows have places of their own. */
    private static final String SAME_ROW = " WHERE target.ctid = found.ctid AND target.tableoid = found.tableoid";

    private String oneRow(TableName table, List<String> match) {
        return "(SELECT ctid, tableoid FROM " + qualified(table) + oneOfEqualRows(table, match) + " LIMIT 1) AS found";
    }

    /**
     * By the text that a type prints: some types have no equality, and for some (1.0 and 1.00, areas of boxes) it is
     * not the same value.
     */
    @Override
    public String oneOfEqualRows(TableName table, List<String> match) {
        StringJoiner condition = new StringJoiner(" AND ", " WHERE ", "");
        for (String column : match) {
            condition.add("CASE num_nulls(" + quote(column) + ") WHEN 0 THEN format('%s', " + quote(column)
                    + ") END IS NOT DISTINCT FROM CAST(? AS text)");
        }
        return condition.toString();
    }
}
