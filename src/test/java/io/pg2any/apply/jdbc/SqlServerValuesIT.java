package io.pg2any.apply.jdbc;

import static io.pg2any.apply.Tuples.tuple;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;
import static org.junit.jupiter.api.Assumptions.assumeFalse;

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
import io.pg2any.server.NamedServers;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.condition.EnabledIfEnvironmentVariable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Every type's text in, the same value out of the server that {@code PG2ANY_TEST_SQLSERVER_URL} names. */
@EnabledIfEnvironmentVariable(
        named = NamedServers.SQL_SERVER,
        matches = ".+",
        disabledReason = "no SQL Server is at hand: set PG2ANY_TEST_SQLSERVER_URL to a JDBC URL with an empty database")
class SqlServerValuesIT {
    /** A value in PostgreSQL's text, and how the server prints it, or the driver a FLOAT. */
    private record Value(int oid, int modifier, String text, String printed) {
        Value(int oid, String text) {
            this(oid, -1, text, text);
        }

        boolean isFloat() {
            return oid == 700 || oid == 701;
        }
    }

    private static final String URL = System.getenv(NamedServers.SQL_SERVER);
    private static final int TIME = 1083;
    private static final int INSTANT = 1184;

    private static final List<Value> VALUES = List.of(
            new Value(16, -1, "t", "1"),
            new Value(16, -1, "f", "0"),
            new Value(21, "-32768"),
            new Value(23, "2147483647"),
            new Value(20, "-9223372036854775808"),
            new Value(26, "4294967295"),
            new Value(5069, "18446744073709551615"),
            new Value(700, "1.1"),
            new Value(701, "0.1"),
            new Value(701, -1, "1e+308", "1.0E308"),
            new Value(701, "123456.78901234567"),
            new Value(
                    1700,
                    (38 << 16 | 10) + 4,
                    "1234567890123456789012345678.0123456789",
                    "1234567890123456789012345678.0123456789"),
            new Value(1700, (5 << 16 | 7) + 4, "0.0012345", "0.0012345"),
            new Value(1700, "9".repeat(1000) + ".10"),
            new Value(790, -1, "-$1,234.50", "-1234.50"),
            new Value(1082, "0001-01-01"),
            new Value(1082, "9999-12-31"),
            new Value(TIME, "10:11:12.000001"),
            new Value(1114, "2026-03-29 02:30:00.000001"),
            new Value(1114, "1582-10-10 00:00:00.000001"),
            new Value(INSTANT, -1, "2026-11-22 10:11:12.123456+00", "2026-11-22 10:11:12.123456 +00:00"),
            new Value(1266, "10:11:12.5+05:30"),
            new Value(1186, "1 year 2 mons -3 days 04:05:06.789"),
            new Value(2950, -1, "550e8400-e29b-41d4-a716-446655440000", "550E8400-E29B-41D4-A716-446655440000"),
            new Value(3220, "16/B374D848"),
            new Value(869, "10.1.2.3/8"),
            new Value(25, "tab\t nl\n crlf\r\n back\\ q' dq\" \\N 😀é日本語 "),
            new Value(25, ""),
            new Value(25, "NULL"),
            new Value(1043, 14, "ab  ", "ab  "),
            new Value(1042, 9, "ab   ", "ab   "),
            new Value(114, "{\"a\": 1.10,  \"a\": 2}"),
            new Value(1007, "[0:1]={1,NULL}"),
            new Value(3904, "[1,10)"),
            new Value(1560, 5, "10101", "10101"));

    @BeforeEach
    void makeEmpty() throws SQLException {
        execute("DROP TABLE IF EXISTS all_types, one, pg2any_position, pg2any_tables");
    }

    private static void execute(String sql) throws SQLException {
        try (Connection connection = DriverManager.getConnection(URL);
                Statement statement = connection.createStatement()) {
            statement.execute(sql);
        }
    }

    private static JdbcTarget open(ApplyOptions.Builder builder) throws Exception {
        if (NamedServers.copiesWithoutConversion()) {
            builder.bulkInsertThreshold(Integer.MAX_VALUE);
        }
        ApplyOptions options = builder.build();
        JdbcTarget target = new JdbcTarget(new SqlServerDialect(URL, options), options);
        target.open();
        return target;
    }

    private static List<Value> values() {
        return VALUES.stream()
                .filter(value -> value.oid() != INSTANT || !NamedServers.tolerates("text-conversion"))
                .toList();
    }

    /**
     * @param rows written together: alone, as a set, or so many that they are copied
     */
    @ParameterizedTest
    @ValueSource(ints = {1, 50, 600})
    void everyTypeComesBackAsTheSameValue(int rows) throws Exception {
        List<Value> all = values();
        List<Column> columns = new ArrayList<>();
        columns.add(new Column("id", 23, -1, "", true));
        for (int i = 0; i < all.size(); i++) {
            columns.add(new Column("c" + i, all.get(i).oid(), all.get(i).modifier(), "", false));
        }
        Relation relation = new Relation(1, "public", "all_types", ReplicaIdentity.DEFAULT, columns);
        List<Change> inserts = new ArrayList<>();
        List<Change> updates = new ArrayList<>();
        for (int id = 0; id < rows; id++) {
            Object[] values = new Object[all.size() + 1];
            values[0] = id;
            for (int i = 0; i < all.size(); i++) {
                values[i + 1] = all.get(i).text();
            }
            inserts.add(new Insert(relation, tuple(values)));
            updates.add(new Update(relation, null, tuple(values)));
        }
        try (JdbcTarget target = open(ApplyOptions.builder("values"))) {
            target.apply(ChangesBatch.after(0x1000).transaction(inserts));
            assertStored(all, rows);
            target.apply(ChangesBatch.after(0x1200).transaction(updates));
            assertStored(all, rows);
            assertThat(target.status().divergences()).isEmpty();
        }
    }

    private static void assertStored(List<Value> all, int rows) throws SQLException {
        try (Connection connection = DriverManager.getConnection(URL);
                Statement statement = connection.createStatement()) {
            for (int i = 0; i < all.size(); i++) {
                Value value = all.get(i);
                String printed = value.isFloat() ? "c" + i : printed(value.oid(), "c" + i);
                int found = 0;
                try (ResultSet row = statement.executeQuery("SELECT " + printed + " FROM all_types")) {
                    for (; row.next(); found++) {
                        assertThat(value.isFloat() ? Double.toString(row.getDouble(1)) : row.getString(1))
                                .as(value.toString())
                                .isEqualTo(value.printed());
                    }
                }
                assertThat(found).isEqualTo(rows);
            }
        }
    }

    /** A TIME(6) is printed with seven digits of a second by some. */
    private static String printed(int oid, String column) {
        return "CONVERT(nvarchar(" + (oid == TIME ? "15" : "max") + "), " + column + ")";
    }

    private static Relation one(int oid) {
        return new Relation(
                2,
                "public",
                "one",
                ReplicaIdentity.DEFAULT,
                List.of(new Column("id", 23, -1, "", true), new Column("v", oid, -1, "", false)));
    }

    private static String stored(ValuePolicy policy, int oid, String text) throws Exception {
        execute("DROP TABLE IF EXISTS one, pg2any_position");
        try (JdbcTarget target = open(ApplyOptions.builder("one").values(policy))) {
            target.apply(ChangesBatch.after(0x1000).transaction(new Insert(one(oid), tuple("1", text))));
        }
        try (Connection connection = DriverManager.getConnection(URL);
                Statement statement = connection.createStatement();
                ResultSet row = statement.executeQuery("SELECT " + printed(oid, "v") + " FROM one")) {
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
        "1083, 24:00:00",
        "1114, 10000-01-01 00:00:00",
        "1184, -infinity",
    })
    void whatTheServerCannotHoldIsRefusedOrNull(int oid, String text) throws Exception {
        assumeFalse(oid == INSTANT && NamedServers.tolerates("text-conversion"), "the server differs: text-conversion");
        TargetException error = catchThrowableOfType(TargetException.class, () -> stored(ValuePolicy.FAIL, oid, text));
        assertThat(error.kind()).isEqualTo(Kind.REJECTED);
        assertThat(error).hasMessageContaining("column v");
        assertThat(stored(ValuePolicy.NULL, oid, text)).isNull();
    }

    @ParameterizedTest
    @CsvSource({
        "1082, infinity, 9999-12-31",
        "1082, 0044-03-15 BC, 0001-01-01",
        "1083, 24:00:00, 23:59:59.999999",
        "1114, 10000-01-01 00:00:00, 9999-12-31 23:59:59.999999",
    })
    void clampTakesTheNearestValue(int oid, String text, String nearest) throws Exception {
        assertThat(stored(ValuePolicy.CLAMP, oid, text)).isEqualTo(nearest);
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 600})
    void bytesComeBackWhole(int rows) throws Exception {
        StringBuilder hex = new StringBuilder("\\x");
        byte[] bytes = new byte[256];
        for (int i = 0; i < bytes.length; i++) {
            hex.append(String.format("%02x", i));
            bytes[i] = (byte) i;
        }
        List<Change> inserts = new ArrayList<>();
        for (int id = 0; id < rows; id++) {
            inserts.add(new Insert(one(17), tuple(id, hex.toString())));
        }
        try (JdbcTarget target = open(ApplyOptions.builder("bytes"))) {
            target.apply(ChangesBatch.after(0x1000).transaction(inserts));
        }
        try (Connection connection = DriverManager.getConnection(URL);
                Statement statement = connection.createStatement();
                ResultSet row = statement.executeQuery("SELECT v FROM one")) {
            int found = 0;
            for (; row.next(); found++) {
                assertThat(row.getBytes(1)).isEqualTo(bytes);
            }
            assertThat(found).isEqualTo(rows);
        }
    }
}
