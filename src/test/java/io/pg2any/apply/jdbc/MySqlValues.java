package io.pg2any.apply.jdbc;

import static io.pg2any.apply.Tuples.tuple;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.pg2any.apply.ApplyOptions;
import io.pg2any.apply.ChangesBatch;
import io.pg2any.apply.TargetException;
import io.pg2any.apply.TargetException.Kind;
import io.pg2any.apply.ValuePolicy;
import io.pg2any.change.Change;
import io.pg2any.change.Change.Insert;
import io.pg2any.change.Change.Update;
import io.pg2any.change.Column;
import io.pg2any.change.Relation;
import io.pg2any.change.ReplicaIdentity;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Every type's text in, the same value out of servers of MySQL's family, by what the server itself prints. */
abstract class MySqlValues {
    /** A value in PostgreSQL's text, and how the server prints it as text. */
    private record Value(int oid, int modifier, String text, String printed) {
        Value(int oid, String text) {
            this(oid, -1, text, text);
        }
    }

    private static final List<Value> VALUES = List.of(
            new Value(16, -1, "t", "1"),
            new Value(16, -1, "f", "0"),
            new Value(21, "-32768"),
            new Value(23, "2147483647"),
            new Value(20, "-9223372036854775808"),
            new Value(26, "4294967295"),
            new Value(5069, "18446744073709551615"),
            new Value(700, -1, "1.1", "1.1"),
            new Value(701, -1, "0.1", "0.1"),
            new Value(701, -1, "1e+308", "1e308"),
            new Value(701, -1, "5e-324", "5e-324"),
            new Value(701, -1, "123456.78901234567", "123456.78901234567"),
            new Value(
                    1700,
                    (38 << 16 | 10) + 4,
                    "1234567890123456789012345678.0123456789",
                    "1234567890123456789012345678.0123456789"),
            new Value(
                    1700,
                    (65 << 16 | 30) + 4,
                    "-99999999999999999999999999999999999.999999999999999999999999999999",
                    "-99999999999999999999999999999999999.999999999999999999999999999999"),
            new Value(1700, "9".repeat(1000) + ".10"),
            new Value(790, -1, "-$1,234.50", "-1234.50"),
            new Value(1082, "0001-01-01"),
            new Value(1082, "9999-12-31"),
            new Value(1083, -1, "24:00:00", "24:00:00.000000"),
            new Value(1083, -1, "10:11:12.000001", "10:11:12.000001"),
            new Value(1114, -1, "2026-03-29 02:30:00.000001", "2026-03-29 02:30:00.000001"),
            new Value(1114, -1, "1582-10-10 00:00:00", "1582-10-10 00:00:00.000000"),
            new Value(1184, -1, "2026-11-22 10:11:12.123456+00", "2026-11-22 10:11:12.123456"),
            new Value(1266, "10:11:12.5+05:30"),
            new Value(1186, "1 year 2 mons -3 days 04:05:06.789"),
            new Value(2950, "550e8400-e29b-41d4-a716-446655440000"),
            new Value(3220, "16/B374D848"),
            new Value(869, "10.1.2.3/8"),
            new Value(25, "tab\t nl\n crlf\r\n back\\ q' dq\" \\N 😀é "),
            new Value(25, ""),
            new Value(25, "NULL"),
            new Value(1043, 14, "ab  ", "ab  "),
            new Value(1042, 9, "ab   ", "ab   "),
            new Value(114, "{\"a\": 1.10,  \"a\": 2}"),
            new Value(3802, "{\"n\": 123456789012345678901234567890.10}"),
            new Value(1007, "[0:1]={1,NULL}"),
            new Value(3904, "[1,10)"),
            new Value(1560, 5, "10101", "10101"));

    abstract String jdbcUrl();

    abstract JdbcDialect dialect(ApplyOptions options) throws TargetException;

    @BeforeEach
    void makeEmpty() throws Exception {
        try (Connection connection = DriverManager.getConnection(jdbcUrl());
                Statement statement = connection.createStatement()) {
            statement.execute("DROP DATABASE test");
            statement.execute("CREATE DATABASE test");
        }
    }

    private void execute(String sql) throws Exception {
        try (Connection connection = DriverManager.getConnection(jdbcUrl());
                Statement statement = connection.createStatement()) {
            statement.execute(sql);
        }
    }

    private JdbcTarget open(ApplyOptions options) throws Exception {
        JdbcTarget target = new JdbcTarget(dialect(options), options);
        target.open();
        return target;
    }

    /**
     * @param rows written together: alone, as a set, or so many that they are loaded
     */
    @ParameterizedTest
    @ValueSource(ints = {1, 50, 600})
    void everyTypeComesBackAsTheSameValue(int rows) throws Exception {
        execute("DROP TABLE IF EXISTS all_types");
        List<Column> columns = new ArrayList<>();
        columns.add(new Column("id", 23, -1, "", true));
        for (int i = 0; i < VALUES.size(); i++) {
            columns.add(new Column("c" + i, VALUES.get(i).oid(), VALUES.get(i).modifier(), "", false));
        }
        Relation relation = new Relation(1, "public", "all_types", ReplicaIdentity.DEFAULT, columns);
        try (JdbcTarget target = open(ApplyOptions.defaults("values" + rows))) {
            List<Change> inserts = new ArrayList<>();
            List<Change> updates = new ArrayList<>();
            for (int id = 0; id < rows; id++) {
                Object[] values = new Object[VALUES.size() + 1];
                values[0] = id;
                inserts.add(new Insert(relation, tuple(values.clone())));
                for (int i = 0; i < VALUES.size(); i++) {
                    values[i + 1] = VALUES.get(i).text();
                }
                updates.add(new Update(relation, null, tuple(values)));
            }
            target.apply(ChangesBatch.after(0x1000).transaction(inserts).transaction(updates));
            assertStored(rows);
            target.apply(ChangesBatch.after(0x1200).transaction(updates));
            assertStored(rows);
            assertThat(target.status().divergences()).isEmpty();
        }
    }

    private void assertStored(int rows) throws Exception {
        try (Connection connection = DriverManager.getConnection(jdbcUrl());
                Statement statement = connection.createStatement()) {
            for (int i = 0; i < VALUES.size(); i++) {
                try (ResultSet row =
                        statement.executeQuery("SELECT CONCAT(c" + i + "), count(*) FROM all_types GROUP BY c" + i)) {
                    assertThat(row.next()).isTrue();
                    assertThat(row.getString(1))
                            .as(VALUES.get(i).toString())
                            .isEqualTo(VALUES.get(i).printed());
                    assertThat(row.getInt(2)).isEqualTo(rows);
                }
            }
        }
    }

    private static Relation one(int oid, int modifier) {
        return new Relation(
                2,
                "public",
                "one",
                ReplicaIdentity.DEFAULT,
                List.of(new Column("id", 23, -1, "", true), new Column("v", oid, modifier, "", false)));
    }

    private String stored(ValuePolicy policy, int oid, String text) throws Exception {
        execute("DROP TABLE IF EXISTS one");
        try (JdbcTarget target = open(
                ApplyOptions.builder("one" + System.nanoTime()).values(policy).build())) {
            target.apply(ChangesBatch.after(0x1000).transaction(new Insert(one(oid, -1), tuple("1", text))));
        }
        try (Connection connection = DriverManager.getConnection(jdbcUrl());
                Statement statement = connection.createStatement();
                ResultSet row = statement.executeQuery("SELECT CONCAT(v) FROM one")) {
            row.next();
            return row.getString(1);
        }
    }

    @ParameterizedTest
    @CsvSource({
        "701, NaN",
        "701, Infinity",
        "1082, infinity",
        "1082, 0044-03-15 BC",
        "1114, 10000-01-01 00:00:00",
        "1184, -infinity",
    })
    void whatTheServerCannotHoldIsRefusedOrNull(int oid, String text) throws Exception {
        TargetException error = catchThrowableOfType(TargetException.class, () -> stored(ValuePolicy.FAIL, oid, text));
        assertThat(error.kind()).isEqualTo(Kind.REJECTED);
        assertThat(error).hasMessageContaining("column v");
        assertThat(stored(ValuePolicy.NULL, oid, text)).isNull();
    }

    @ParameterizedTest
    @CsvSource({
        "701, -Infinity, -1.7976931348623157e308",
        "1082, infinity, 9999-12-31",
        "1082, 0044-03-15 BC, 0001-01-01",
        "1184, -infinity, 0001-01-01 00:00:00.000000",
        "1114, 10000-01-01 00:00:00, 9999-12-31 23:59:59.999999",
    })
    void clampTakesTheNearestValue(int oid, String text, String nearest) throws Exception {
        assertThat(stored(ValuePolicy.CLAMP, oid, text)).isEqualTo(nearest);
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 600})
    void bytesComeBackWhole(int rows) throws Exception {
        StringBuilder hex = new StringBuilder("\\x");
        for (int i = 0; i < 256; i++) {
            hex.append(String.format("%02x", i));
        }
        try (JdbcTarget target = open(ApplyOptions.defaults("bytes"))) {
            target.apply(ChangesBatch.after(0x1000)
                    .transaction(IntStream.range(0, rows)
                            .mapToObj(id -> new Insert(one(17, -1), tuple(id, hex.toString())))
                            .toArray(Change[]::new)));
        }
        try (Connection connection = DriverManager.getConnection(jdbcUrl());
                Statement statement = connection.createStatement();
                ResultSet row = statement.executeQuery("SELECT LOWER(HEX(v)), count(*) FROM one GROUP BY v")) {
            row.next();
            assertThat("\\x" + row.getString(1)).isEqualTo(hex.toString());
            assertThat(row.getInt(2)).isEqualTo(rows);
        }
    }

    @Test
    void aKeyTooLongForTheServerIsRefusedWithARemedy() throws Exception {
        execute("DROP TABLE IF EXISTS words");
        Relation words =
                new Relation(3, "public", "words", ReplicaIdentity.DEFAULT, List.of(new Column("k", 25, -1, "", true)));
        try (JdbcTarget target = open(ApplyOptions.defaults("words"))) {
            target.apply(ChangesBatch.after(0x1000).transaction(new Insert(words, tuple("é".repeat(768)))));
            TargetException error = catchThrowableOfType(
                    TargetException.class,
                    () -> target.apply(
                            ChangesBatch.after(0x1100).transaction(new Insert(words, tuple("é".repeat(769))))));
            assertThat(error.kind()).isEqualTo(Kind.REJECTED);
            assertThat(error).hasMessageContaining("768");
        }
    }

    @Test
    void anExistingColumnThatWouldRoundIsRefused() throws Exception {
        execute("DROP TABLE IF EXISTS one");
        execute("CREATE TABLE one (id INT PRIMARY KEY, v DATETIME)");
        try (JdbcTarget target = open(ApplyOptions.defaults("rounding"))) {
            TargetException error = catchThrowableOfType(
                    TargetException.class,
                    () -> target.apply(ChangesBatch.after(0x1000)
                            .transaction(new Insert(one(1114, -1), tuple("1", "2026-11-22 10:11:12.6")))));
            assertThat(error.kind()).isEqualTo(Kind.CONFIG);
            assertThat(error).hasMessageContaining("DATETIME(6)");
        }
    }
}
