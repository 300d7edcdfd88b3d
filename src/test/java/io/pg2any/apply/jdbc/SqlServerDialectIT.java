package io.pg2any.apply.jdbc;

import static io.pg2any.apply.Relations.keyed;
import static io.pg2any.apply.Tuples.tuple;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeFalse;

import io.pg2any.apply.ApplyOptions;
import io.pg2any.apply.TargetException;
import io.pg2any.apply.TargetException.Kind;
import io.pg2any.change.Change.Insert;
import io.pg2any.server.NamedServers;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIfEnvironmentVariable;

/** The contract on the server that {@code PG2ANY_TEST_SQLSERVER_URL} names: all its tables are dropped. */
@EnabledIfEnvironmentVariable(
        named = NamedServers.SQL_SERVER,
        matches = ".+",
        disabledReason = "no SQL Server is at hand: set PG2ANY_TEST_SQLSERVER_URL to a JDBC URL with an empty database")
class SqlServerDialectIT extends TablesContract {
    private static final String URL = System.getenv(NamedServers.SQL_SERVER);

    @Override
    void emptyTarget() throws SQLException {
        try (Connection connection = reader();
                Statement statement = connection.createStatement()) {
            for (String drop : List.of(
                    "SELECT 'ALTER TABLE ' + QUOTENAME(SCHEMA_NAME(schema_id)) + '.' + QUOTENAME(OBJECT_NAME("
                            + "parent_object_id)) + ' DROP CONSTRAINT ' + QUOTENAME(name) FROM sys.foreign_keys",
                    "SELECT 'DROP TABLE ' + QUOTENAME(SCHEMA_NAME(schema_id)) + '.' + QUOTENAME(name)"
                            + " FROM sys.tables")) {
                List<String> statements = new ArrayList<>();
                try (ResultSet rows = statement.executeQuery(drop)) {
                    while (rows.next()) {
                        statements.add(rows.getString(1));
                    }
                }
                for (String sql : statements) {
                    statement.execute(sql);
                }
            }
        }
    }

    @Override
    JdbcDialect dialect(ApplyOptions options) throws TargetException {
        SqlServerDialect dialect = new SqlServerDialect(URL, options);
        return NamedServers.copiesWithoutConversion() ? byStatements(dialect) : dialect;
    }

    private static JdbcDialect byStatements(JdbcDialect dialect) {
        ApplyOptions never =
                ApplyOptions.builder("x").bulkInsertThreshold(Integer.MAX_VALUE).build();
        return (JdbcDialect) Proxy.newProxyInstance(
                JdbcDialect.class.getClassLoader(), new Class<?>[] {JdbcDialect.class}, (self, method, arguments) -> {
                    if (method.getName().equals("rowSets")) {
                        arguments[2] = never;
                    }
                    try {
                        return method.invoke(dialect, arguments);
                    } catch (InvocationTargetException e) {
                        throw e.getCause();
                    }
                });
    }

    /** Text is Unicode there. */
    @Override
    void execute(String sql) throws SQLException {
        super.execute(sql.replace(" VARCHAR(", " NVARCHAR("));
    }

    @Override
    boolean trailingBlanksCount() {
        return false;
    }

    @Override
    int longestTextKey() {
        return 450;
    }

    @Override
    String length(String column) {
        return "LEN(" + column + ")";
    }

    /** A table has 1,024 columns at most. */
    @Test
    @Override
    void aTableOf1600ColumnsIsApplied() {
        leaveOutWhereTolerated("wide-tables");
        String[] columns = new String[1600];
        columns[0] = "c0* int8";
        for (int i = 1; i < columns.length; i++) {
            columns[i] = "c" + i + " int4";
        }
        TargetException error = refusal(new Insert(
                keyed(12, "widest", columns),
                tuple(IntStream.range(0, 1600).boxed().toArray())));
        assertThat(error.kind()).isEqualTo(Kind.CONFIG);
        assertThat(error).hasMessageContaining("column list");
    }

    @Override
    Connection reader() throws SQLException {
        return DriverManager.getConnection(URL);
    }

    @Test
    void aSessionThatEndsWhileManyRowsAreWrittenIsMadeAgain() throws Exception {
        leaveOutWhereTolerated("session-views");
        assertASessionThatEndsWhileManyRowsAreWrittenIsMadeAgain(
                "SELECT 'KILL ' + CAST(session_id AS varchar) FROM sys.dm_exec_requests WHERE blocking_session_id > 0");
    }

    @Test
    void aStatementThatGoesOnIsGivenUpAndGetsThroughInTheEnd() throws Exception {
        leaveOutWhereTolerated("waitfor");
        assertASlowStatementGetsThroughInTheEnd(
                "CREATE TRIGGER sleepy ON slow AFTER INSERT AS WAITFOR DELAY '00:00:01.200'");
    }

    @Test
    @Override
    void aRowThatAnotherSessionLocksIsWaitedForOnlySoLong() throws Exception {
        leaveOutWhereTolerated("lock-timeout-code");
        super.aRowThatAnotherSessionLocksIsWaitedForOnlySoLong();
    }

    @Test
    @Override
    void aCompositeKeyOfManyKindsFindsItsRow() throws Exception {
        leaveOutWhereTolerated("text-conversion");
        super.aCompositeKeyOfManyKindsFindsItsRow();
    }

    @Test
    @Override
    void aCatalogThatWasAheadOfTheRowsDoesNotStandInTheirWay() throws Exception {
        leaveOutWhereTolerated("alter-collation");
        super.aCatalogThatWasAheadOfTheRowsDoesNotStandInTheirWay();
    }

    @Test
    @Override
    void aColumnThatIsGoneNeedsNoValueAnyMore() throws Exception {
        leaveOutWhereTolerated("alter-collation");
        super.aColumnThatIsGoneNeedsNoValueAnyMore();
    }

    @Test
    @Override
    void aNotNullThatTheSourceHasDroppedIsDroppedAfterARestartToo() throws Exception {
        leaveOutWhereTolerated("alter-collation");
        super.aNotNullThatTheSourceHasDroppedIsDroppedAfterARestartToo();
    }

    @Test
    @Override
    void whatKeepsATablesRowsInOrderIsNotedByName() throws Exception {
        leaveOutWhereTolerated("index-names");
        super.whatKeepsATablesRowsInOrderIsNotedByName();
    }

    private static void leaveOutWhereTolerated(String difference) {
        assumeFalse(NamedServers.tolerates(difference), () -> "the server differs: " + difference);
    }

    @Override
    String createTrigger(String name, String table) {
        return "CREATE TRIGGER " + name + " ON " + table + " AFTER INSERT AS SET NOCOUNT ON";
    }
}
