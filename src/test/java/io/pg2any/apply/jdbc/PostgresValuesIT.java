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
import io.pg2any.server.TestPostgres;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Every type's text in, the same text out of PostgreSQL: one row at a time, in sets, and by COPY. What goes in is what
 * the server itself prints for these expressions under the formats that a replication session pins.
 */
class PostgresValuesIT {
    private static final List<String> VALUES = List.of(
            "true",
            "false",
            "'\\xdeadbeef00ff0a5c'::bytea",
            "''::bytea",
            "'a'::\"char\"",
            "'nämé'::name",
            "(-9223372036854775808)::int8",
            "(-32768)::int2",
            "2147483647",
            "E'tab\\t nl\\n cr\\r\\n back\\\\ q'' dq\" {},'::text",
            "'😀é'::text",
            "''::text",
            "'\\N'::text",
            "'NULL'::text",
            "'t'::text",
            "4294967295::oid",
            "'(1,2)'::tid",
            "'42'::xid",
            "'7'::cid",
            "'{\"a\": 1.10,  \"a\": 2}'::json",
            "'{\"n\": 123456789012345678901234567890.10}'::jsonb",
            "'<a b=\"c\">x</a>'::xml",
            "'(1.5,-2)'::point",
            "'[(0,0),(1,1)]'::lseg",
            "'((0,0),(1,1))'::path",
            "'(1,1),(0,0)'::box",
            "'((0,0),(1,1),(2,0))'::polygon",
            "'{1,2,3}'::line",
            "'<(0,0),5>'::circle",
            "'10.0.0.0/8'::cidr",
            "'10.1.2.3/8'::inet",
            "'::1'::inet",
            "'08:00:2b:01:02:03'::macaddr",
            "'08:00:2b:01:02:03:04:05'::macaddr8",
            "1.1::float4",
            "'NaN'::float4",
            "'-Infinity'::float8",
            "0.1::float8",
            "1e308::float8",
            "'-0'::float8",
            "5e-324::float8",
            "'-$1,234.50'::money",
            "'ab'::char(5)",
            "'ab  '::varchar(7)",
            "'2026-11-22'::date",
            "'infinity'::date",
            "'0044-03-15 BC'::date",
            "'5874897-12-31'::date",
            "'24:00:00'::time",
            "'10:11:12.000001'::time",
            "'10:11:12.5+05:30'::timetz",
            "'2026-03-29 02:30:00.000001'::timestamp",
            "'-infinity'::timestamp",
            "'1582-10-10 00:00:00'::timestamptz",
            "'2026-03-29 00:30:00.000001+00'::timestamptz",
            "'1 year 2 mons -3 days 04:05:06.789'::interval",
            "'10101'::bit(5)",
            "'101'::varbit(8)",
            "(repeat('9', 1000) || '.' || repeat('1', 300))::numeric",
            "1.10::numeric",
            "'NaN'::numeric",
            "12.50::numeric(12,4)",
            "'550e8400-e29b-41d4-a716-446655440000'::uuid",
            "'16/B374D848'::pg_lsn",
            "'18446744073709551615'::xid8",
            "'10:20:10,14,15'::pg_snapshot",
            "'a:1A fat:2B'::tsvector",
            "'fat & (rat | !cat)'::tsquery",
            "'$.a[*] ? (@ > 1)'::jsonpath",
            "'[1,10)'::int4range",
            "'empty'::numrange",
            "'[2026-01-01,)'::daterange",
            "'[\"2026-01-01 00:00:00+00\",infinity)'::tstzrange",
            "'{[1,3),[5,7)}'::int4multirange",
            "ARRAY[1,NULL,-3]",
            "ARRAY['a\"b','c\\d','', 'NULL', NULL]",
            "'[0:1]={1,2}'::int4[]",
            "ARRAY[[1,2],[3,4]]::int8[]",
            "ARRAY['2026-11-22'::date]",
            "ARRAY['\\x00ff'::bytea]",
            "'{}'::text[]",
            "'pg_class'::regclass",
            "'1 2 3'::int2vector");

    private static EmbeddedPostgres server;
    private long at = 0x1000;

    @BeforeAll
    static void start() throws Exception {
        server = TestPostgres.start(14);
    }

    @AfterAll
    static void stop() throws Exception {
        server.close();
    }

    @BeforeEach
    void empty() throws SQLException {
        try (Connection connection = server.connect();
                Statement statement = connection.createStatement()) {
            statement.execute("DROP SCHEMA public CASCADE; CREATE SCHEMA public");
        }
    }

    /**
     * @param rows written together: alone, as a set, by COPY
     */
    @ParameterizedTest
    @ValueSource(ints = {1, 20, 600})
    void everyBuiltInTypeComesBackAsItsOwnText(int rows) throws Exception {
        List<Column> columns = new ArrayList<>();
        columns.add(new Column("id", 23, -1, "", true));
        List<String> texts = new ArrayList<>();
        try (Connection connection = server.connect();
                Statement statement = connection.createStatement()) {
            statement.execute("SET timezone = 'UTC'; SET extra_float_digits = 3; SET bytea_output = 'hex';"
                    + " SET intervalstyle = 'postgres'; SET lc_monetary = 'C'");
            for (int i = 0; i < VALUES.size(); i++) {
                statement.execute(
                        "DROP TABLE IF EXISTS probe; CREATE TEMP TABLE probe AS SELECT " + VALUES.get(i) + " AS v");
                try (ResultSet row = statement.executeQuery("SELECT a.atttypid, a.atttypmod, format('%s', p.v)"
                        + " FROM pg_attribute a, probe p WHERE a.attrelid = 'probe'::regclass AND a.attnum = 1")) {
                    row.next();
                    columns.add(new Column("c" + i, row.getInt(1), row.getInt(2), "", false));
                    texts.add(row.getString(3));
                }
            }
        }
        Relation relation = new Relation(1, "public", "all_types", ReplicaIdentity.DEFAULT, columns);
        ApplyOptions options = ApplyOptions.defaults("values");
        try (JdbcTarget target = new JdbcTarget(new PostgresDialect(server.jdbcUrl("postgres"), options), options)) {
            target.open();
            List<Change> inserts = new ArrayList<>();
            List<Change> updates = new ArrayList<>();
            for (int id = 0; id < rows; id++) {
                inserts.add(new Insert(relation, row(id, id % 2 == 0 ? texts : null)));
                updates.add(new Update(relation, null, row(id, texts)));
            }
            apply(target, inserts);
            assertStored(relation, texts, " WHERE id % 2 = 0", (rows + 1) / 2);
            apply(target, updates);
            assertStored(relation, texts, "", rows);
            assertThat(target.status().divergences()).isEmpty();
        }
    }

    private void apply(JdbcTarget target, List<Change> changes) throws Exception {
        at = target.apply(ChangesBatch.after(at).transaction(changes)).applied().value();
    }

    private static Tuple row(int id, List<String> texts) {
        Object[] values = new Object[VALUES.size() + 1];
        values[0] = id;
        for (int i = 0; texts != null && i < texts.size(); i++) {
            values[i + 1] = texts.get(i);
        }
        return tuple(values);
    }

    private static void assertStored(Relation relation, List<String> texts, String where, int rows) throws Exception {
        try (Connection connection = server.connect();
                Statement statement = connection.createStatement()) {
            statement.execute("SET timezone = 'UTC'; SET extra_float_digits = 3; SET bytea_output = 'hex';"
                    + " SET intervalstyle = 'postgres'; SET lc_monetary = 'C'");
            for (int i = 0; i < texts.size(); i++) {
                String name = relation.columns().get(i + 1).name();
                try (ResultSet row = statement.executeQuery(
                        "SELECT format('%s', " + name + "), count(*) FROM all_types" + where + " GROUP BY 1")) {
                    assertThat(row.next()).isTrue();
                    assertThat(row.getString(1)).as(VALUES.get(i)).isEqualTo(texts.get(i));
                    assertThat(row.getInt(2)).as(VALUES.get(i)).isEqualTo(rows);
                    assertThat(row.next()).as(VALUES.get(i)).isFalse();
                }
            }
        }
    }
}
