package io.pg2any.apply.jdbc;

import static io.pg2any.apply.Relations.full;
import static io.pg2any.apply.Relations.keyed;
import static io.pg2any.apply.Tuples.tuple;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.pg2any.apply.ApplyOptions;
import io.pg2any.apply.ChangesBatch;
import io.pg2any.apply.TargetException;
import io.pg2any.apply.TargetException.Kind;
import io.pg2any.apply.ValuePolicy;
import io.pg2any.change.Change.Delete;
import io.pg2any.change.Change.Insert;
import io.pg2any.change.Change.Update;
import io.pg2any.change.Column;
import io.pg2any.change.Relation;
import io.pg2any.change.ReplicaIdentity;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Every type's text form in, the same value out of the file. */
class SqliteValuesTest {
    @TempDir
    Path folder;

    private Object stored(ValuePolicy policy, String type, Object value, Reading reading) throws Exception {
        Relation relation = keyed(1, "v", "id* int8", "v " + type);
        ApplyOptions options = ApplyOptions.builder("p").values(policy).build();
        Path file = folder.resolve("values.db");
        try (JdbcTarget target =
                new JdbcTarget(new SqliteDialect(file.toString(), policy, options.lockTimeout()), options)) {
            target.open();
            target.apply(ChangesBatch.after(0x1000).transaction(new Insert(relation, tuple("1", value))));
        }
        try (Connection connection = DriverManager.getConnection("jdbc:sqlite:" + file);
                Statement statement = connection.createStatement();
                ResultSet row = statement.executeQuery("SELECT v, typeof(v) FROM v")) {
            assertThat(row.next()).isTrue();
            return reading.of(row);
        }
    }

    interface Reading {
        Object of(ResultSet row) throws SQLException;
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "numeric | 1.10",
                "numeric | 12345678901234567890.123456789012345678901234567890",
                "numeric | -0.000",
                "numeric | NaN",
                "numeric | Infinity",
                "money | $1,234.50",
                "text | 1",
                "text | 0012",
                "text | 1e5",
                "text | t",
                "text | \\N",
                "text | ``",
                "varchar | NULL",
                "bpchar | `ab   `",
                "json | {\"a\": 1.10,  \"a\": 2}",
                "jsonb | {\"n\": 123456789012345678901234567890}",
                "uuid | 550e8400-e29b-41d4-a716-446655440000",
                "date | 2026-11-22",
                "date | infinity",
                "timestamptz | 2026-03-29 00:30:00.000001+00",
                "timestamptz | 0044-03-15 00:00:00+00 BC",
                "interval | 1 year 2 mons -3 days 04:05:06.789",
                "int4[] | {1,NULL,-3}",
                "mood | happy",
                "xid8 | 18446744073709551615",
            })
    void whatIsNotANumberForSqliteStaysThePrintedText(String type, String text) throws Exception {
        assertThat(stored(ValuePolicy.FAIL, type, text, row -> row.getString(1) + " " + row.getString(2)))
                .isEqualTo(text + " text");
    }

    @ParameterizedTest
    @CsvSource({
        "int2, -32768",
        "int4, 2147483647",
        "int8, 9223372036854775807",
        "int8, -9223372036854775808",
        "int8, 0",
        "oid, 4294967295"
    })
    void integersAreIntegers(String type, long value) throws Exception {
        assertThat(stored(ValuePolicy.FAIL, type, value, row -> row.getString(2) + row.getLong(1)))
                .isEqualTo("integer" + value);
    }

    @Test
    void booleansAreOneAndZero() throws Exception {
        assertThat(stored(ValuePolicy.FAIL, "bool", "t", row -> row.getString(2) + row.getInt(1)))
                .isEqualTo("integer1");
    }

    @Test
    void falseIsZero() throws Exception {
        assertThat(stored(ValuePolicy.FAIL, "bool", "f", row -> row.getInt(1))).isEqualTo(0);
    }

    @Test
    void nullIsNotTheEmptyString() throws Exception {
        assertThat(stored(ValuePolicy.FAIL, "text", null, row -> row.getString(2)))
                .isEqualTo("null");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "0.1",
                "1e+308",
                "4.9e-324",
                "1.7976931348623157e+308",
                "-123456.789",
                "3",
                "123456789012345680",
                "0.30000000000000004",
                "Infinity",
                "-Infinity"
            })
    void doublesKeepEveryBit(String text) throws Exception {
        assertThat(stored(ValuePolicy.FAIL, "float8", text, row -> row.getDouble(1)))
                .isEqualTo(Double.parseDouble(text));
    }

    @ParameterizedTest
    @ValueSource(strings = {"0.1", "3.4028235e+38", "1e-45", "16777216", "1.00000012", "-7.5"})
    void floatsReadBackAsTheSameFloat(String text) throws Exception {
        assertThat((float) (double) (Double) stored(ValuePolicy.FAIL, "float4", text, row -> row.getDouble(1)))
                .isEqualTo(Float.parseFloat(text));
    }

    @Test
    void negativeZeroReadsBackAsZero() throws Exception {
        assertThat(1 / (Double) stored(ValuePolicy.FAIL, "float8", "-0", row -> row.getDouble(1)))
                .isEqualTo(Double.POSITIVE_INFINITY);
    }

    @Test
    void everyByteOfAByteaSurvives() throws Exception {
        byte[] all = new byte[256];
        for (int i = 0; i < all.length; i++) {
            all[i] = (byte) i;
        }
        assertThat(stored(ValuePolicy.FAIL, "bytea", "\\x" + HexFormat.of().formatHex(all), row -> row.getBytes(1)))
                .isEqualTo(all);
    }

    @Test
    void anEmptyByteaIsNotNull() throws Exception {
        assertThat(stored(ValuePolicy.FAIL, "bytea", "\\x", row -> row.getString(2)))
                .isEqualTo("blob");
    }

    @Test
    void aDomainIsItsBaseType() throws Exception {
        Column domain = new Column("d", 16500, -1, "int8", false);
        assertThat(new SqliteDialect(folder.resolve("x.db").toString(), ValuePolicy.FAIL, java.time.Duration.ZERO)
                        .columnType(
                                new Relation(1, "public", "t", ReplicaIdentity.DEFAULT, List.of(domain)), 0, List.of())
                        .declaration())
                .isEqualTo("INTEGER");
    }

    // --- what SQLite cannot hold ---

    private TargetException refused(ValuePolicy policy, String type, Object value) {
        return catchThrowableOfType(TargetException.class, () -> stored(policy, type, value, row -> null));
    }

    @Test
    void notANumberIsRejectedByItsColumn() {
        TargetException error = refused(ValuePolicy.FAIL, "float8", "NaN");
        assertThat(error.kind()).isEqualTo(Kind.REJECTED);
        assertThat(error)
                .hasMessageContaining("column v")
                .hasMessageContaining("public.v")
                .hasMessageContaining("0/10D0")
                .hasMessageContaining("NaN");
    }

    @Test
    void notANumberIsNullOrTextWhenThePolicySaysSo() throws Exception {
        assertThat(stored(ValuePolicy.NULL, "float8", "NaN", row -> row.getString(2)))
                .isEqualTo("null");
    }

    @Test
    void notANumberIsTextWhenThePolicySaysSo() throws Exception {
        assertThat(stored(ValuePolicy.TEXT, "float4", "NaN", row -> row.getString(2) + row.getString(1)))
                .isEqualTo("textNaN");
    }

    private static final byte[] LATIN1 = "caf\u00e9".getBytes(StandardCharsets.ISO_8859_1);

    @Test
    void brokenTextIsNeverReplacedSilently() {
        assertThat(refused(ValuePolicy.FAIL, "text", LATIN1)).hasMessageContaining("UTF-8");
        assertThat(refused(ValuePolicy.CLAMP, "text", LATIN1)).hasMessageContaining("UTF-8");
    }

    @Test
    void brokenTextIsHexUnderThePolicyText() throws Exception {
        assertThat(stored(ValuePolicy.TEXT, "text", LATIN1, row -> row.getString(1)))
                .isEqualTo("\\x636166e9");
    }

    @Test
    void aStoredReplacementCharacterIsText() throws Exception {
        assertThat(stored(ValuePolicy.FAIL, "text", "a\uFFFDb", row -> row.getString(1)))
                .isEqualTo("a\uFFFDb");
    }

    @ParameterizedTest
    @CsvSource({
        "int4, 1x",
        "int4, ''",
        "int8, -",
        "int8, 9223372036854775808",
        "int8, 99999999999999999999",
        "bool, true",
        "float8, 0x1p3",
        "float8, ''",
        "bytea, \\x0",
        "bytea, abc"
    })
    void whatPostgresNeverPrintsIsRejected(String type, String text) {
        assertThat(refused(ValuePolicy.FAIL, type, text).kind()).isEqualTo(Kind.REJECTED);
    }

    // --- old rows are found by what was stored ---

    @Test
    void rowsWithoutAKeyAreFoundByEveryType() throws Exception {
        Relation all = full(
                1, "all_types", "a float4", "b float8", "c numeric", "d bool", "e bytea", "f json", "g text", "h int8");
        Object[] values = {"0.1", "0.30000000000000004", "1.10", "t", "\\x00ff", "{ }", "", null};
        Object[] twin = values.clone();
        twin[2] = "1.1";
        List<List<Object>> left = run(
                all,
                new Insert(all, tuple(values)),
                new Insert(all, tuple(twin)),
                new Delete(all, tuple(values)),
                new Update(all, tuple(twin), tuple("0.2", "0.5", "2", "f", "\\x", "{}", null, "7")));
        assertThat(left).hasSize(1);
        assertThat(left.get(0)).startsWith(0.2, 0.5, "2", 0);
    }

    @ParameterizedTest
    @CsvSource({"float4, 0.1, 0.2", "float8, 1e-7, 1e+22", "numeric, 1.10, 1.1", "bytea, \\x00, \\x01"})
    void keysOfEveryTypeFindTheirRow(String type, String before, String after) throws Exception {
        Relation relation = keyed(1, "keys", "k* " + type, "v text");
        List<List<Object>> left = run(
                relation,
                new Insert(relation, tuple(before, "x")),
                new Update(relation, null, tuple(before, "y")),
                new Update(relation, tuple(before, null), tuple(after, "z")),
                new Update(relation, null, tuple(after, "end")));
        assertThat(left).hasSize(1);
        assertThat(left.get(0).get(1)).isEqualTo("end");
    }

    @Test
    void aColumnNamedRowidDoesNotHideTheRow() throws Exception {
        Relation relation = full(1, "r", "rowid text", "oid text");
        assertThat(run(
                        relation,
                        new Insert(relation, tuple("a", "b")),
                        new Insert(relation, tuple("a", "b")),
                        new Delete(relation, tuple("a", "b"))))
                .containsExactly(Arrays.asList("a", "b"));
    }

    @Test
    void columnsThatDifferOnlyInCaseAreRefusedByName() {
        Relation relation = io.pg2any.apply.Relations.relation(
                1, "public", "c", ReplicaIdentity.DEFAULT, "id* int8", "Name text", "name text");
        TargetException error = catchThrowableOfType(
                TargetException.class, () -> run(relation, new Insert(relation, tuple("1", "a", "b"))));
        assertThat(error.kind()).isEqualTo(Kind.CONFIG);
        assertThat(error).hasMessageContaining("Name and name");
    }

    private List<List<Object>> run(Relation relation, io.pg2any.change.Change... changes) throws Exception {
        ApplyOptions options = ApplyOptions.defaults("p");
        Path file = folder.resolve("run.db");
        try (JdbcTarget target =
                new JdbcTarget(new SqliteDialect(file.toString(), ValuePolicy.FAIL, options.lockTimeout()), options)) {
            target.open();
            target.apply(ChangesBatch.after(0x1000).transaction(changes));
            assertThat(target.status().divergences()).isEmpty();
        }
        List<List<Object>> rows = new java.util.ArrayList<>();
        try (Connection connection = DriverManager.getConnection("jdbc:sqlite:" + file);
                Statement statement = connection.createStatement();
                ResultSet result = statement.executeQuery("SELECT * FROM " + relation.name())) {
            while (result.next()) {
                List<Object> row = new java.util.ArrayList<>();
                for (int i = 1; i <= result.getMetaData().getColumnCount(); i++) {
                    row.add(result.getObject(i));
                }
                rows.add(row);
            }
        }
        return rows;
    }

    @ParameterizedTest
    @CsvSource({
        "text, INTEGER, false",
        "text, 'DECIMAL(10,2)', false",
        "text, REAL, false",
        "text, VARCHAR(20), true",
        "text, '', true",
        "numeric, 'NUMERIC(10,2)', false",
        "int8, REAL, false",
        "int8, TEXT, true",
        "int8, BIGINT, true",
        "float8, TEXT, false",
        "float8, DOUBLE, true",
        "bytea, INTEGER, true",
    })
    void anExistingColumnThatWouldAlterValuesIsRefused(String type, String declared, boolean keeps) throws Exception {
        Path file = folder.resolve("existing.db");
        try (Connection connection = DriverManager.getConnection("jdbc:sqlite:" + file);
                Statement statement = connection.createStatement()) {
            statement.execute("CREATE TABLE v (id INTEGER NOT NULL PRIMARY KEY, v " + declared + ")");
        }
        ApplyOptions options = ApplyOptions.defaults("p");
        try (JdbcTarget target =
                new JdbcTarget(new SqliteDialect(file.toString(), options.values(), options.lockTimeout()), options)) {
            List<TargetException> problems = target.check(List.of(keyed(1, "v", "id* int8", "v " + type)));

            if (keeps) {
                assertThat(problems).isEmpty();
            } else {
                assertThat(problems).hasSize(1);
                assertThat(problems.get(0)).hasMessageContaining("column v as " + declared);
                assertThat(problems.get(0).kind()).isEqualTo(Kind.CONFIG);
            }
        }
    }
}
