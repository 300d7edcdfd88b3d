package io.pg2any.apply.jdbc;

import static io.pg2any.apply.Tuples.tuple;
import static org.assertj.core.api.Assertions.assertThat;

import io.pg2any.apply.ApplyOptions;
import io.pg2any.apply.ChangesBatch;
import io.pg2any.change.Change;
import io.pg2any.change.Change.Insert;
import io.pg2any.change.Change.Update;
import io.pg2any.change.Column;
import io.pg2any.change.Relation;
import io.pg2any.change.ReplicaIdentity;
import io.pg2any.change.Tuple;
import io.pg2any.cli.EmbeddedPostgres;
import io.pg2any.server.MySqlServer;
import io.pg2any.server.TestPostgres;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Values of extensions' types, as a server prints them that has the extension, in and out of the targets: one row at a
 * time, and as a set. pgvector and PostGIS are not at hand: types of their names stand in, which print what they are given.
 */
class ExtensionTypesIT {
    private static final List<String> EXTENSIONS = List.of("citext", "hstore", "ltree", "cube", "isn", "seg");

    private static final List<String> STAND_INS = List.of("vector", "halfvec", "sparsevec", "geometry", "geography");

    private static final List<String> VALUES = List.of(
            "'Straße ÄÖ \\N ''q'' '::citext",
            "''::citext",
            "ARRAY['a', 'A b', NULL]::citext[]",
            "'x'::shouted",
            "E'\"a\"=>\"1\\\\\"2\", \"b\"=>NULL, \"c d\"=>\"x=>y,\\\\\\\\\", \"\"=>\"é😀\"'::hstore",
            "''::hstore",
            "ARRAY['a=>1'::hstore, NULL]",
            "'Top.Sci_ence.Astro1'::ltree",
            "'*.foo|bar@*.!baz.*{1,2}'::lquery",
            "'Eu & Afr@* | !x'::ltxtquery",
            "ARRAY['a.b','c']::ltree[]",
            "'(1,2.5),(3,-4e-07)'::cube",
            "'978-0-11-000533-1'::ean13",
            "'1.5 .. 2'::seg",
            "'[1,2.5,-3e-07]'::vector",
            "'[1,0.00010001659]'::halfvec",
            "'{1:1.5,3:2}/5'::sparsevec",
            "ARRAY['[1,2]'::vector]",
            "'0101000020E610000000000000000024400000000000003440'::geometry",
            "'0101000020E6100000295C8FC2F5285E40713D0AD7A3704540'::geography");

    private static EmbeddedPostgres server;
    private static MySqlServer mariaDb;
    private static Relation relation;
    private static List<String> texts;

    @TempDir
    Path folder;

    private long at = 0x1000;

    @BeforeAll
    static void start() throws Exception {
        server = TestPostgres.start(TestPostgres.VERSION);
        mariaDb = MySqlServer.mariaDb();
        try (Connection connection = server.connect()) {
            execute(connection, "CREATE DATABASE target");
            execute(connection, "CREATE DATABASE typed");
            makeTypes(connection);
            print(connection);
        }
    }

    @AfterAll
    static void stop() throws Exception {
        server.close();
        mariaDb.close();
    }

    private static void execute(Connection connection, String sql) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            statement.execute(sql);
        }
    }

    private static void makeTypes(Connection connection) throws SQLException {
        for (String extension : EXTENSIONS) {
            execute(connection, "CREATE EXTENSION " + extension);
        }
        execute(connection, "CREATE DOMAIN shouted AS citext");
        execute(connection, "SET client_min_messages = 'error'"); // of the shells, which are types in a moment
        for (String name : STAND_INS) {
            execute(connection, """
                    CREATE FUNCTION %1$s_in(cstring) RETURNS %1$s LANGUAGE internal IMMUTABLE STRICT AS 'textin';
                    CREATE FUNCTION %1$s_out(%1$s) RETURNS cstring LANGUAGE internal IMMUTABLE STRICT AS 'textout';
                    CREATE TYPE %1$s (INPUT = %1$s_in, OUTPUT = %1$s_out, LIKE = text)
                    """.formatted(name));
        }
    }

    /** Columns and texts as the stream has them: a domain under its own oid and its base type's name. */
    private static void print(Connection connection) throws SQLException {
        List<Column> columns = new ArrayList<>(List.of(new Column("id", 23, -1, "", true)));
        texts = new ArrayList<>();
        for (int i = 0; i < VALUES.size(); i++) {
            execute(
                    connection,
                    "DROP TABLE IF EXISTS probe; CREATE TEMP TABLE probe AS SELECT " + VALUES.get(i) + " AS v");
            try (Statement statement = connection.createStatement();
                    ResultSet row = statement.executeQuery("SELECT a.atttypid, a.atttypmod,"
                            + " coalesce(base.typname, t.typname), format('%s', p.v) FROM probe p, pg_attribute a"
                            + " JOIN pg_type t ON t.oid = a.atttypid LEFT JOIN pg_type base ON base.oid = t.typbasetype"
                            + " WHERE a.attrelid = 'probe'::regclass AND a.attnum = 1")) {
                row.next();
                columns.add(new Column("c" + i, row.getInt(1), row.getInt(2), row.getString(3), false));
                texts.add(row.getString(4));
            }
        }
        relation = new Relation(1, "public", "of_extensions", ReplicaIdentity.DEFAULT, columns);
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 600})
    void theyComeBackFromPostgresAsTheirOwnText(int rows) throws Exception {
        ApplyOptions options = ApplyOptions.defaults("extensions" + rows);
        String url = server.jdbcUrl("target");
        try (Connection connection = server.connect("target")) {
            execute(connection, "DROP SCHEMA public CASCADE; CREATE SCHEMA public");
        }
        assertRoundTrip(new PostgresDialect(url, options), options, url, rows);
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 600})
    void theyComeBackFromMariaDbAsTheirOwnText(int rows) throws Exception {
        ApplyOptions options = ApplyOptions.defaults("extensions" + rows);
        try (Connection connection = DriverManager.getConnection(mariaDb.jdbcUrl("test"))) {
            execute(connection, "DROP TABLE IF EXISTS of_extensions, pg2any_position, pg2any_tables");
        }
        assertRoundTrip(
                new MariaDbDialect(mariaDb.url("mariadb", "test"), options), options, mariaDb.jdbcUrl("test"), rows);
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 600})
    void theyComeBackFromSqliteAsTheirOwnText(int rows) throws Exception {
        ApplyOptions options = ApplyOptions.defaults("extensions");
        Path file = folder.resolve("extensions.db");
        assertRoundTrip(
                new SqliteDialect(file.toString(), options.values(), options.lockTimeout()),
                options,
                "jdbc:sqlite:" + file,
                rows);
    }

    /** A table of the same types at the target, made beforehand, holds values and not texts of them. */
    @Test
    void columnsOfTheSameTypesTakeTheirValues() throws Exception {
        ApplyOptions options = ApplyOptions.defaults("extensions");
        try (Connection connection = server.connect("typed")) {
            makeTypes(connection);
            String columns = relation.columns().stream()
                    .map(column ->
                            column.name() + " " + (column.name().equals("id") ? "int PRIMARY KEY" : typeOf(column)))
                    .collect(Collectors.joining(", "));
            execute(connection, "CREATE TABLE of_extensions (" + columns + ")");
        }
        String url = server.jdbcUrl("typed");
        assertRoundTrip(new PostgresDialect(url, options), options, url, 600);
        try (Connection connection = server.connect("typed");
                Statement statement = connection.createStatement();
                ResultSet row = statement.executeQuery("SELECT count(*) FROM of_extensions"
                        + " WHERE c3 = 'X' AND c4 -> 'c d' = 'x=>y,\\' AND 'Top' @> c7")) {
            row.next();
            assertThat(row.getInt(1)).isEqualTo(600);
        }
    }

    private static String typeOf(Column column) {
        String name = column.typeName();
        return name.startsWith("_") ? name.substring(1) + "[]" : name;
    }

    private void assertRoundTrip(JdbcDialect dialect, ApplyOptions options, String url, int rows) throws Exception {
        try (JdbcTarget target = new JdbcTarget(dialect, options)) {
            target.open();
            List<Change> inserts = new ArrayList<>();
            List<Change> updates = new ArrayList<>();
            for (int id = 0; id < rows; id++) {
                inserts.add(new Insert(relation, row(id, id % 2 == 0)));
                updates.add(new Update(relation, null, row(id, true)));
            }
            apply(target, inserts);
            assertStored(url, " WHERE id % 2 = 0", (rows + 1) / 2);
            apply(target, updates);
            assertStored(url, "", rows);
            assertThat(target.status().divergences()).isEmpty();
        }
    }

    private void apply(JdbcTarget target, List<Change> changes) throws Exception {
        at = target.apply(ChangesBatch.after(at).transaction(changes)).applied().value();
    }

    private static Tuple row(int id, boolean filled) {
        Object[] values = new Object[texts.size() + 1];
        values[0] = id;
        for (int i = 0; filled && i < texts.size(); i++) {
            values[i + 1] = texts.get(i);
        }
        return tuple(values);
    }

    private static void assertStored(String url, String where, int rows) throws SQLException {
        try (Connection connection = DriverManager.getConnection(url);
                Statement statement = connection.createStatement();
                ResultSet row = statement.executeQuery("SELECT * FROM of_extensions" + where)) {
            int found = 0;
            for (; row.next(); found++) {
                for (int i = 0; i < texts.size(); i++) {
                    assertThat(row.getString(i + 2)).as(VALUES.get(i)).isEqualTo(texts.get(i));
                }
            }
            assertThat(found).isEqualTo(rows);
        }
    }
}
