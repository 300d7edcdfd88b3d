package io.pg2any.apply.jdbc;

import static io.pg2any.apply.Relations.keyed;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.pg2any.apply.ApplyOptions;
import io.pg2any.apply.TargetException;
import io.pg2any.change.Relation;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Savepoint;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/**
 * What SQL Server's catalog is asked, and what is made of its answers: the statements run in SQLite, over tables that have
 * the columns of the server's catalog views, and functions of the names and arguments of the server's.
 */
class SqlServerCatalogTest {
    private static final TableName T = new TableName("s", "t");
    private static final TableName OTHER = new TableName(null, "other");

    private final Map<String, String> server = new HashMap<>(Map.of(
            "ProductVersion", "16.0.4105.2",
            "Edition", "Developer Edition (64-bit)",
            "Collation", "SQL_Latin1_General_CP1_CI_AS",
            "Updateability", "READ_WRITE"));
    private final Set<String> denied = new HashSet<>();
    private SqlServerDialect dialect;
    private Connection connection;

    @BeforeEach
    void open() throws Exception {
        dialect = new SqlServerDialect("sqlserver://u:p@localhost/db", ApplyOptions.defaults("test"));
        connection = DriverManager.getConnection("jdbc:sqlite::memory:");
        function("SERVERPROPERTY", arguments -> server.get(arguments.get(0)));
        function("DATABASEPROPERTYEX", arguments -> server.get(arguments.get(1)));
        function("DB_NAME", arguments -> "db");
        function("USER_NAME", arguments -> "us\"er");
        function("SCHEMA_NAME", arguments -> "dbo");
        function("QUOTENAME", arguments -> "[" + arguments.get(0) + "]");
        function("OBJECT_ID", arguments -> switch (arguments.get(0)) {
            case "\"s\".\"t\"" -> "1";
            case "\"other\"" -> "2";
            default -> null;
        });
        function("OBJECT_SCHEMA_NAME", arguments -> arguments.get(0).equals("1") ? "s" : "dbo");
        function("OBJECT_NAME", arguments -> arguments.get(0).equals("1") ? "t" : "other");
        function("TYPE_NAME", arguments -> arguments.get(0));
        function("HAS_PERMS_BY_NAME", arguments -> denied.contains(String.join(" ", arguments)) ? "0" : "1");
        execute(
                "ATTACH ':memory:' AS sys",
                "CREATE TABLE sys.columns (object_id TEXT, column_id, name, system_type_id, max_length, precision, scale,"
                        + " is_nullable, is_identity, default_object_id)",
                "CREATE TABLE sys.indexes (object_id TEXT, index_id, name, is_unique, is_primary_key)",
                "CREATE TABLE sys.index_columns (object_id TEXT, index_id, column_id, key_ordinal)",
                "CREATE TABLE sys.foreign_keys (name, parent_object_id TEXT, referenced_object_id TEXT, is_disabled)",
                "CREATE TABLE sys.triggers (name, parent_id TEXT, is_disabled)");
    }

    @AfterEach
    void close() throws SQLException {
        connection.close();
    }

    private void function(String name, Function<List<String>, String> body) throws SQLException {
        org.sqlite.Function.create(connection, name, new org.sqlite.Function() {
            @Override
            protected void xFunc() throws SQLException {
                List<String> arguments = new ArrayList<>();
                for (int i = 0; i < args(); i++) {
                    arguments.add(value_text(i));
                }
                result(arguments.contains(null) ? null : body.apply(arguments));
            }
        });
    }

    private void execute(String... statements) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            for (String sql : statements) {
                statement.execute(sql);
            }
        }
    }

    /** {@code s.t (id int, k nvarchar(20), v decimal(12,2) DEFAULT …, w datetime2(6) NULL, PRIMARY KEY (k, id))}. */
    private void makeTable() throws SQLException {
        execute(
                "INSERT INTO sys.columns VALUES (1, 1, 'id', 'int', 4, 10, 0, 0, 0, 0),"
                        + " (1, 2, 'k', 'nvarchar', 40, 0, 0, 0, 0, 0), (1, 3, 'v', 'decimal', 9, 12, 2, 0, 0, 77),"
                        + " (1, 4, 'w', 'datetime2', 8, 26, 6, 1, 0, 0), (1, 5, 'n', 'bigint', 8, 19, 0, 0, 1, 0),"
                        + " (2, 1, 'id', 'int', 4, 10, 0, 0, 0, 0)",
                "INSERT INTO sys.indexes VALUES (1, 1, 'PK_t', 1, 1), (1, 2, 'by_v', 0, 0), (2, 1, 'PK_other', 1, 1)",
                "INSERT INTO sys.index_columns VALUES (1, 1, 2, 1), (1, 1, 1, 2), (1, 2, 3, 1), (2, 1, 1, 1)");
    }

    private TargetTable table() {
        Relation relation = keyed(1, "t", "id* int4", "k* text", "v numeric");
        ColumnType[] types = new ColumnType[3];
        for (int i = 0; i < types.length; i++) {
            types[i] = dialect.columnType(relation, i, List.of("id", "k"));
        }
        return new TargetTable(
                relation,
                T,
                List.of("id", "k", "v"),
                List.of("int", "nvarchar(20)", "decimal(12,2)"),
                types,
                new int[] {0, 1},
                new int[0]);
    }

    @Test
    void anExistingTableIsReadAsItWasDeclared() throws Exception {
        makeTable();
        assertThat(dialect.columns(connection, T).orElseThrow())
                .containsExactly(
                        new TargetColumn("id", "int", 2, true),
                        new TargetColumn("k", "nvarchar(20)", 1, true),
                        new TargetColumn("v", "decimal(12,2)", 0, false),
                        new TargetColumn("w", "datetime2(6)", 0, false),
                        new TargetColumn("n", "bigint", 0, false));
        assertThat(dialect.columns(connection, new TableName(null, "none"))).isEmpty();
    }

    @Test
    void aTableWithNothingButItsKeyHasNoReasonForAnOrder() throws Exception {
        makeTable();
        assertThat(dialect.orderReasons(connection, table())).isEmpty();
    }

    @Test
    void whatKeepsATablesRowsInOrderIsNamed() throws Exception {
        makeTable();
        execute(
                "INSERT INTO sys.indexes VALUES (1, 3, 'one_v', 1, 0), (2, 3, 'elsewhere', 1, 0)",
                "INSERT INTO sys.index_columns VALUES (1, 3, 3, 1), (2, 3, 1, 1)");
        assertThat(dialect.orderReasons(connection, table()))
                .extracting(OrderReason::toString)
                .containsExactly("unique index one_v");
        assertThat(dialect.onlyUniqueIndexesMatter(connection, table())).isTrue();
        execute(
                "INSERT INTO sys.foreign_keys VALUES ('to_t', 2, 1, 0), ('from_t', 1, 2, 0), ('off', 1, 2, 1)",
                "INSERT INTO sys.triggers VALUES ('audit', 1, 0), ('sleeping', 1, 1), ('of_other', 2, 0)");
        assertThat(dialect.orderReasons(connection, table()))
                .extracting(OrderReason::toString)
                .containsExactly("unique index one_v", "foreign key from_t", "foreign key to_t", "trigger audit");
        assertThat(dialect.onlyUniqueIndexesMatter(connection, table())).isFalse();
    }

    @Test
    void theServerIsNoted() throws Exception {
        assertThat(dialect.notes(connection))
                .singleElement()
                .asString()
                .contains("version 16.0.4105.2 (Developer Edition (64-bit))", "SQL_Latin1_General_CP1_CI_AS");
    }

    @Test
    void whatMayBeWrongWithTheServerIsNoted() throws Exception {
        server.put("ProductVersion", "14.0.1000.169");
        server.put("Updateability", "READ_ONLY");
        denied.add("[db] DATABASE CREATE TABLE");
        assertThat(dialect.notes(connection))
                .anyMatch(note -> note.contains("older than SQL Server 2019"))
                .anyMatch(note -> note.contains("read-only"))
                .anyMatch(note -> note.contains("missing tables cannot be created in schema dbo")
                        && note.endsWith("GRANT CREATE TABLE TO \"us\"\"er\""));
    }

    @Test
    void whatTheUserMayNotDoIsToldWithTheGrant() throws Exception {
        makeTable();
        dialect.check(connection);
        dialect.checkRights(connection, T);
        denied.addAll(Set.of(
                "[db] DATABASE CREATE TABLE", "[dbo] SCHEMA ALTER", "[s].[t] OBJECT UPDATE", "[s].[t] OBJECT DELETE"));
        assertThatThrownBy(() -> dialect.check(connection))
                .isInstanceOf(TargetException.class)
                .hasMessageContaining("pg2any_position")
                .hasMessageContaining(
                        "GRANT CREATE TABLE TO \"us\"\"er\"; GRANT ALTER ON SCHEMA::\"dbo\" TO \"us\"\"er\"");
        assertThatThrownBy(() -> dialect.checkRights(connection, T))
                .isInstanceOf(TargetException.class)
                .hasMessageContaining("table s.t")
                .hasMessageContaining("GRANT UPDATE, DELETE ON \"s\".\"t\" TO \"us\"\"er\"");
        dialect.checkRights(connection, OTHER);
    }

    /** The driver would pass over it, and the next statement would begin a transaction without the changes before. */
    @Test
    void nothingIsTakenBackToASavepointOfATransactionThatAnErrorHasEnded() throws Exception {
        Map<String, String> state = new HashMap<>();
        function("XACT_STATE", arguments -> state.get(""));
        execute("CREATE TABLE kept (id INTEGER)");
        connection.setAutoCommit(false);
        execute("INSERT INTO kept VALUES (1)");
        Savepoint before = connection.setSavepoint();
        execute("INSERT INTO kept VALUES (2)");
        for (String gone : List.of("0", "-1")) {
            state.put("", gone);
            assertThatThrownBy(() -> dialect.rollBack(connection, before))
                    .isInstanceOf(SQLException.class)
                    .hasMessageContaining("whole transaction");
        }
        state.put("", "1");
        dialect.rollBack(connection, before);
        try (Statement statement = connection.createStatement();
                ResultSet row = statement.executeQuery("SELECT count(*) FROM kept")) {
            assertThat(row.getInt(1)).isEqualTo(1);
        }
    }
}
