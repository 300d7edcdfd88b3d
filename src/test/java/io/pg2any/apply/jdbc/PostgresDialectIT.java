package io.pg2any.apply.jdbc;

import static io.pg2any.apply.Relations.keyed;
import static org.assertj.core.api.Assertions.assertThat;

import io.pg2any.apply.ApplyOptions;
import io.pg2any.apply.TargetException;
import io.pg2any.change.Relation;
import io.pg2any.cli.EmbeddedPostgres;
import io.pg2any.server.TestPostgres;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.AfterParameterizedClassInvocation;
import org.junit.jupiter.params.BeforeParameterizedClassInvocation;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.ValueSource;

@ParameterizedClass(name = "PostgreSQL {0}")
@ValueSource(ints = {14, 15, 16, 17, 18})
class PostgresDialectIT extends TablesContract {
    private static EmbeddedPostgres server;

    @Parameter
    int version;

    @BeforeParameterizedClassInvocation
    static void start(int version) throws Exception {
        server = TestPostgres.start(version);
    }

    @AfterParameterizedClassInvocation
    static void stop() throws Exception {
        server.close();
    }

    @Test
    void whatTheRoleMayNotDoIsToldWithTheGrant() throws Exception {
        execute("DROP TABLE pg2any_position, pg2any_tables; CREATE TABLE t (id int8 PRIMARY KEY, a text, b text)");
        execute("CREATE ROLE modest LOGIN; GRANT USAGE ON SCHEMA public TO modest; GRANT SELECT ON t TO modest");
        String url = server.jdbcUrl("postgres").replaceFirst("user=[^&]*", "user=modest");
        ApplyOptions options = ApplyOptions.defaults("test");
        try (JdbcTarget target = new JdbcTarget(new PostgresDialect(url, options), options)) {
            assertThat(target.check(List.of(keyed(1, "t", "id* int8", "a text", "b text"))))
                    .extracting(Throwable::getMessage)
                    .satisfiesExactly(
                            tables -> assertThat(tables)
                                    .contains("pg2any_position", "GRANT CREATE ON SCHEMA public TO modest"),
                            rights -> assertThat(rights).contains("GRANT INSERT, UPDATE, DELETE ON \"t\" TO modest"));
        } finally {
            execute("DROP OWNED BY modest; DROP ROLE modest");
        }
    }

    @Override
    String createTrigger(String name, String table) {
        return "CREATE FUNCTION " + name + "() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';"
                + " CREATE TRIGGER " + name + " BEFORE INSERT ON " + table + " FOR EACH ROW EXECUTE FUNCTION " + name
                + "(); ALTER TABLE " + table + " ENABLE ALWAYS TRIGGER " + name;
    }

    @Test
    void aStatementThatGoesOnIsGivenUpAndGetsThroughInTheEnd() throws Exception {
        assertASlowStatementGetsThroughInTheEnd("CREATE FUNCTION sleepy() RETURNS trigger LANGUAGE plpgsql AS"
                + " 'BEGIN PERFORM pg_sleep(1.2); RETURN NEW; END'; CREATE TRIGGER sleepy BEFORE INSERT ON slow FOR EACH"
                + " ROW EXECUTE FUNCTION sleepy(); ALTER TABLE slow ENABLE ALWAYS TRIGGER sleepy");
    }

    @Test
    void aSessionThatEndsWhileManyRowsAreWrittenIsMadeAgain() throws Exception {
        assertASessionThatEndsWhileManyRowsAreWrittenIsMadeAgain(
                "SELECT 'SELECT pg_terminate_backend(' || pid || ')' FROM pg_stat_activity WHERE wait_event_type = 'Lock'");
    }

    @Test
    void theServerIsNoted() throws Exception {
        assertThat(target().check(List.of())).isEmpty();
        assertThat(target().notes()).anyMatch(note -> note.contains("version " + version) && note.contains("UTF8"));
    }

    @Test
    void constraintsAreNotedByNameWhereTheRoleCannotSwitchThemOff() throws Exception {
        execute("CREATE TABLE parent (id int4 PRIMARY KEY);"
                + " CREATE TABLE child (id int4 PRIMARY KEY, p int4 CONSTRAINT of_parent REFERENCES parent,"
                + " u int4 CONSTRAINT late UNIQUE DEFERRABLE);"
                + " CREATE RULE nothing AS ON DELETE TO child WHERE false DO INSTEAD NOTHING");
        Relation child = keyed(8, "child", "id* int4", "p int4", "u int4");
        assertThat(target().check(List.of(child))).isEmpty();
        assertThat(target().notes())
                .filteredOn(note -> note.contains("(source public.child)"))
                .singleElement()
                .asString()
                .contains("it has unique index late, rule nothing, which");
        execute(
                "CREATE ROLE modest LOGIN; GRANT ALL ON SCHEMA public TO modest; GRANT ALL ON ALL TABLES IN SCHEMA public TO modest");
        ApplyOptions options = ApplyOptions.defaults("test");
        String url = server.jdbcUrl("postgres").replaceFirst("user=[^&]*", "user=modest");
        try (JdbcTarget target = new JdbcTarget(new PostgresDialect(url, options), options)) {
            assertThat(target.check(List.of(child, keyed(9, "parent", "id* int4"))))
                    .isEmpty();
            assertThat(target.notes())
                    .anyMatch(note -> note.contains("(source public.child)")
                            && note.contains("it has unique index late, foreign key of_parent, rule nothing, which"))
                    .anyMatch(note ->
                            note.contains("(source public.parent)") && note.contains("it has foreign key of_parent, "));
        } finally {
            execute("DROP OWNED BY modest; DROP ROLE modest");
        }
    }

    // --- session ---

    /** What the role and the database have for their sessions does not count. */
    private static final Map<String, String> SESSION = Map.ofEntries(
            Map.entry("client_encoding", "UTF8"),
            Map.entry("timezone", "UTC"),
            Map.entry("datestyle", "ISO, MDY"),
            Map.entry("intervalstyle", "postgres"),
            Map.entry("extra_float_digits", "3"),
            Map.entry("bytea_output", "hex"),
            Map.entry("xmloption", "content"),
            Map.entry("lc_monetary", "C"),
            Map.entry("lock_timeout", "7s"),
            Map.entry("statement_timeout", "9min"),
            Map.entry("idle_in_transaction_session_timeout", "0"),
            Map.entry("synchronous_commit", "off"),
            Map.entry("session_replication_role", "replica"));

    @Test
    void theSessionReadsAndWaitsAsItMustWhateverTheRoleHasSet() throws Exception {
        execute("CREATE ROLE odd SUPERUSER LOGIN; ALTER ROLE odd SET timezone = 'Asia/Tokyo';"
                + " ALTER ROLE odd SET datestyle = 'German, DMY'; ALTER ROLE odd SET intervalstyle = 'sql_standard';"
                + " ALTER ROLE odd SET extra_float_digits = -5; ALTER ROLE odd SET bytea_output = 'escape';"
                + " ALTER ROLE odd SET xmloption = 'document'; ALTER ROLE odd SET lock_timeout = 1;"
                + " ALTER ROLE odd SET statement_timeout = 60000;"
                + " ALTER ROLE odd SET idle_in_transaction_session_timeout = 1;"
                + " ALTER ROLE odd SET client_encoding = 'LATIN1'");
        ApplyOptions options = ApplyOptions.builder("test")
                .lockTimeout(Duration.ofSeconds(7))
                .statementTimeout(Duration.ofMinutes(9))
                .build();
        String url = server.jdbcUrl("postgres").replaceFirst("user=[^&]*", "user=odd");
        try (Connection session = new PostgresDialect(url, options).connect();
                Statement statement = session.createStatement()) {
            assertThat(session.getAutoCommit()).isFalse();
            for (Map.Entry<String, String> expected : SESSION.entrySet()) {
                assertThat(shown(statement, expected.getKey()))
                        .as(expected.getKey())
                        .isEqualTo(expected.getValue());
            }
        } finally {
            execute("DROP ROLE odd");
        }
    }

    @Test
    void aCommitThatMustBeDurableIsUnderTheServersOwnLevel() throws Exception {
        PostgresDialect dialect = new PostgresDialect(server.jdbcUrl("postgres"), ApplyOptions.defaults("test"));
        try (Connection session = dialect.connect();
                Statement statement = session.createStatement()) {
            assertThat(dialect.begin(session, true)).isTrue();
            assertThat(shown(statement, "synchronous_commit")).isEqualTo("on");
            session.commit();
            assertThat(dialect.begin(session, false)).isFalse();
            assertThat(shown(statement, "synchronous_commit")).isEqualTo("off");
        }
    }

    private static String shown(Statement statement, String setting) throws SQLException {
        try (ResultSet row = statement.executeQuery("SHOW " + setting)) {
            row.next();
            return row.getString(1);
        }
    }

    @Override
    void emptyTarget() throws SQLException {
        execute("DROP SCHEMA IF EXISTS public, x, sales, \"it's \"\"odd\"\"\" CASCADE; CREATE SCHEMA public");
    }

    @Override
    JdbcDialect dialect(ApplyOptions options) throws TargetException {
        return new PostgresDialect(server.jdbcUrl("postgres"), options);
    }

    @Override
    Connection reader() throws SQLException {
        return DriverManager.getConnection(server.jdbcUrl("postgres"));
    }
}
