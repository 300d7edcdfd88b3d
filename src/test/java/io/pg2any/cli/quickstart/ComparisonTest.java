package io.pg2any.cli.quickstart;

import static org.assertj.core.api.Assertions.assertThat;

import io.pg2any.cli.EmbeddedPostgres;
import io.pg2any.server.TestPostgres;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.sql.Statement;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A judge that finds nothing wrong must be known to find what is. */
class ComparisonTest {
    private static EmbeddedPostgres server;

    @TempDir
    Path folder;

    private Connection source;
    private Path target;

    @BeforeAll
    static void start() throws Exception {
        server = TestPostgres.start(18);
    }

    @AfterAll
    static void stop() throws Exception {
        server.close();
    }

    @BeforeEach
    void open() throws SQLException {
        source = server.connect();
        target = folder.resolve("target.db");
        source("CREATE SCHEMA IF NOT EXISTS s; CREATE PUBLICATION p FOR ALL TABLES");
        target("CREATE TABLE pg2any_position (lsn)");
    }

    @AfterEach
    void drop() throws SQLException {
        source.setAutoCommit(true);
        source("DROP PUBLICATION p; DROP SCHEMA public, s CASCADE; CREATE SCHEMA public");
        source.close();
    }

    @Test
    void equalRowsOfEveryStorageClassAreEqual() throws SQLException {
        source("""
                CREATE DOMAIN d AS int;
                CREATE TABLE s.t (id text PRIMARY KEY, i int, d d, b bool, r real, f float8, n numeric, x bytea,
                    c char(4), ts timestamptz, iv interval, g int GENERATED ALWAYS AS (i + 1) STORED);
                INSERT INTO s.t VALUES
                    ('\uffff', 1, 2, true, 0.1, -0.0, 1.10, '\\x00ff', 'a', '2024-01-01 12:00:00+02', '1 day'),
                    ('\ud83d\ude00', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
                    ('', 0, 0, false, 'Infinity', 5e-324, 'NaN', '', '', 'infinity', '-1 mon')
                """);
        target("CREATE TABLE s_t (id TEXT PRIMARY KEY, i INTEGER, d INTEGER, b INTEGER, r REAL, f REAL, n TEXT, x BLOB,"
                + " c TEXT, ts TEXT, iv TEXT)");
        target("""
                INSERT INTO s_t VALUES
                    ('\uffff', 1, 2, 1, 0.1, 0.0, '1.10', x'00ff', 'a   ', '2024-01-01 10:00:00+00', '1 day'),
                    ('\ud83d\ude00', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
                    ('', 0, 0, 0, 9e999, 5e-324, 'NaN', x'', '    ', 'infinity', '-1 mons')
                """);

        assertThat(compare()).isEqualTo(result("s.t", 3, 0, 0, 0));
    }

    @Test
    void missingExtraAndDifferentRowsAreToldApart() throws SQLException {
        source("CREATE TABLE t (id int PRIMARY KEY, v text); INSERT INTO t VALUES (1, 'a'), (2, 'b'), (4, 'd')");
        target("CREATE TABLE t (id INTEGER PRIMARY KEY, v TEXT)");
        target("INSERT INTO t VALUES (2, 'other'), (3, 'c'), (4, 'd'), (5, 'e')");

        TableComparison table = compareWithExamples();

        assertThat(withoutExamples(table)).isEqualTo(result("public.t", 1, 1, 2, 1));
        assertThat(table.examples())
                .containsExactly(
                        "missing (id=1)",
                        "different (id=2): v is 'other', source has 'b'",
                        "extra (id=3)",
                        "extra (id=5)");
    }

    @Test
    void nullIsNotTheEmptyText() throws SQLException {
        source("CREATE TABLE t (id int PRIMARY KEY, v text); INSERT INTO t VALUES (1, NULL), (2, '')");
        target("CREATE TABLE t (id INTEGER PRIMARY KEY, v TEXT)");
        target("INSERT INTO t VALUES (1, ''), (2, NULL)");

        assertThat(compare()).isEqualTo(result("public.t", 0, 0, 0, 2));
    }

    @Test
    void duplicatesOfATableWithoutKeyAreCounted() throws SQLException {
        source(
                "CREATE TABLE t (a int, b text); INSERT INTO t VALUES (1, NULL), (1, NULL), (1, NULL), (2, 'x'), (NULL, '')");
        target("CREATE TABLE t (a INTEGER, b TEXT)");
        target("INSERT INTO t VALUES (1, NULL), (1, NULL), (2, 'x'), (2, 'x'), (NULL, '')");

        assertThat(compare()).isEqualTo(result("public.t", 4, 1, 1, 0));
    }

    @Test
    void aValueInTheWrongStorageClassDiffers() throws SQLException {
        source("CREATE TABLE t (id int PRIMARY KEY, n numeric, b bytea); INSERT INTO t VALUES (1, 1, 'a')");
        target("CREATE TABLE t (id INTEGER PRIMARY KEY, n, b)");
        target("INSERT INTO t VALUES (1, 1, x'61')");

        assertThat(compare()).isEqualTo(result("public.t", 0, 0, 0, 1));
    }

    @Test
    void aTableThatTheTargetHasNotIsMissingUnlessItIsEmpty() throws SQLException {
        source("CREATE TABLE t (id int PRIMARY KEY)");
        assertThat(compare()).isEqualTo(result("public.t", 0, 0, 0, 0));

        source.setAutoCommit(true);
        source("INSERT INTO t VALUES (1)");
        assertThat(compare()).isEqualTo(result("public.t", 0, 1, 0, 0));
    }

    @Test
    void aColumnThatTheTargetHasNotIsNoMatch() throws SQLException {
        source("CREATE TABLE t (id int PRIMARY KEY, v text); INSERT INTO t VALUES (1, 'v')");
        target("CREATE TABLE t (id INTEGER PRIMARY KEY)");
        target("INSERT INTO t VALUES (1)");

        assertThat(compareWithExamples().examples()).containsExactly("no column [v] in table t in the target");
        assertThat(compareWithExamples().equal()).isFalse();
    }

    private TableComparison compare() throws SQLException {
        return withoutExamples(compareWithExamples());
    }

    private TableComparison compareWithExamples() throws SQLException {
        Comparison comparison = Comparison.of(source, "p", target);
        assertThat(comparison.tables()).hasSize(1);
        return comparison.tables().get(0);
    }

    private static TableComparison withoutExamples(TableComparison table) {
        return result(table.table(), table.rows(), table.missing(), table.extra(), table.different());
    }

    private static TableComparison result(String table, long rows, long missing, long extra, long different) {
        return new TableComparison(table, rows, missing, extra, different, java.util.List.of());
    }

    private void source(String sql) throws SQLException {
        try (Statement statement = source.createStatement()) {
            statement.execute(sql);
        }
    }

    private void target(String sql) throws SQLException {
        try (Connection sqlite = DriverManager.getConnection("jdbc:sqlite:" + target);
                Statement statement = sqlite.createStatement()) {
            statement.execute(sql);
        }
    }
}
