package io.pg2any.apply.jdbc;

import static io.pg2any.apply.Relations.keyed;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.pg2any.apply.ApplyOptions;
import io.pg2any.apply.TableMapping;
import io.pg2any.apply.TargetException;
import io.pg2any.apply.TargetException.Kind;
import io.pg2any.change.Column;
import io.pg2any.change.Relation;
import io.pg2any.change.ReplicaIdentity;
import java.sql.SQLException;
import java.util.List;
import java.util.Properties;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Every statement shape for SQL Server, to the letter, and what of its driver needs no server. */
class SqlServerStatementsTest {
    private static final TableName T = new TableName("s", "a]b\"c");

    private final SqlServerDialect dialect = dialect("sqlserver://u:p@localhost/db");

    private static SqlServerDialect dialect(String url) {
        try {
            return new SqlServerDialect(url, ApplyOptions.defaults("test"));
        } catch (TargetException e) {
            throw new IllegalArgumentException(e);
        }
    }

    @Test
    void singleRows() throws Exception {
        assertThat(dialect.insert(T, List.of("id", "v"), 2))
                .isEqualTo("INSERT INTO \"s\".\"a]b\"\"c\" (\"id\", \"v\") VALUES (?,?),(?,?)");
        assertThat(dialect.update(T, List.of("v", "w"), List.of("id", "k"), false))
                .isEqualTo("UPDATE \"s\".\"a]b\"\"c\" SET \"v\"=?, \"w\"=? WHERE \"id\"=? AND \"k\"=?");
        assertThat(dialect.delete(T, List.of("id"), false)).isEqualTo("DELETE FROM \"s\".\"a]b\"\"c\" WHERE \"id\"=?");
        assertThat(dialect.truncate(T)).isEqualTo("DELETE FROM \"s\".\"a]b\"\"c\"");
    }

    @Test
    void oneOfEqualRows() throws Exception {
        assertThat(dialect.update(T, List.of("a", "b"), List.of("a", "b"), true))
                .isEqualTo("UPDATE TOP (1) \"s\".\"a]b\"\"c\" SET \"a\"=?, \"b\"=?"
                        + " WHERE EXISTS (SELECT \"a\",\"b\" INTERSECT SELECT ?,?)");
        assertThat(dialect.delete(T, List.of("a", "b"), true))
                .isEqualTo("DELETE TOP (1) FROM \"s\".\"a]b\"\"c\""
                        + " WHERE EXISTS (SELECT \"a\",\"b\" INTERSECT SELECT ?,?)");
    }

    @Test
    void setsOfRows() {
        Relation relation = keyed(1, "t", "id* int4", "k* text", "v text");
        ColumnType[] types = new ColumnType[3];
        for (int i = 0; i < 3; i++) {
            types[i] = dialect.columnType(relation, i, List.of("id", "k"));
        }
        TargetTable table = new TargetTable(
                relation,
                new TableName(null, "t"),
                List.of("id", "k", "v"),
                List.of("int", "nvarchar(225)", "nvarchar(max)"),
                types,
                new int[] {0, 1},
                new int[0]);
        SqlServerForms forms = new SqlServerForms(dialect, table);
        assertThat(forms.insert(1)).isEqualTo("INSERT INTO \"t\" (\"id\", \"k\", \"v\") VALUES (?,?,?)");
        assertThat(forms.update(new int[] {2}, 2))
                .isEqualTo("UPDATE target SET \"v\"=v.c2 FROM \"t\" AS target JOIN (VALUES (?,?,?),(?,?,?))"
                        + " AS v(k0,k1,c2) ON target.\"id\"=v.k0 AND target.\"k\"=v.k1");
        assertThat(forms.delete(2))
                .isEqualTo("DELETE target FROM \"t\" AS target JOIN (VALUES (?,?),(?,?)) AS v(k0,k1)"
                        + " ON target.\"id\"=v.k0 AND target.\"k\"=v.k1");
    }

    @Test
    void definitions() {
        assertThat(dialect.createContainer("it's \"odd\"")).isEqualTo("CREATE SCHEMA \"it's \"\"odd\"\"\"");
        assertThat(dialect.createTable(T, List.of("\"id\" INT NOT NULL", "\"v\" NVARCHAR(MAX)"), List.of("id")))
                .isEqualTo("CREATE TABLE \"s\".\"a]b\"\"c\" (\"id\" INT NOT NULL, \"v\" NVARCHAR(MAX),"
                        + " PRIMARY KEY (\"id\"))");
        assertThat(dialect.addColumn(T, "\"w\" INT")).isEqualTo("ALTER TABLE \"s\".\"a]b\"\"c\" ADD \"w\" INT");
        assertThat(dialect.allowNull(T, new TargetColumn("w", "nvarchar(20)", 0, true)))
                .contains("ALTER TABLE \"s\".\"a]b\"\"c\" ALTER COLUMN \"w\" nvarchar(20)"
                        + " COLLATE Latin1_General_100_BIN2 NULL");
        assertThat(dialect.allowNull(T, new TargetColumn("w", "decimal(12,2)", 0, true)))
                .contains("ALTER TABLE \"s\".\"a]b\"\"c\" ALTER COLUMN \"w\" decimal(12,2) NULL");
        assertThat(dialect.positionTable()).startsWith("CREATE TABLE \"pg2any_position\" (pipeline nvarchar(80)");
        assertThat(dialect.lockPosition())
                .isEqualTo(
                        "SELECT slot, system_identifier, timeline, lsn, ordinal, staged_at, epoch FROM pg2any_position"
                                + " WITH (UPDLOCK, ROWLOCK, HOLDLOCK) WHERE pipeline = ?");
    }

    @Test
    void aStatementStaysWithinTheServersParameters() {
        assertThat(dialect.insertRows(1)).isEqualTo(1000);
        assertThat(dialect.insertRows(3) * 3).isLessThanOrEqualTo(2000);
        assertThat(dialect.insertRows(1024)).isEqualTo(1);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "16 | -1 | BIT",
                "21 | -1 | SMALLINT",
                "23 | -1 | INT",
                "20 | -1 | BIGINT",
                "5069 | -1 | DECIMAL(20,0)",
                "700 | -1 | FLOAT(53)",
                "1700 | -1 | NVARCHAR(MAX) COLLATE Latin1_General_100_BIN2",
                "1700 | 786438 | DECIMAL(12,2)",
                "1700 | 2621450 | NVARCHAR(MAX) COLLATE Latin1_General_100_BIN2",
                "1043 | 14 | NVARCHAR(20) COLLATE Latin1_General_100_BIN2",
                "1043 | 3004 | NVARCHAR(MAX) COLLATE Latin1_General_100_BIN2",
                "25 | -1 | NVARCHAR(MAX) COLLATE Latin1_General_100_BIN2",
                "17 | -1 | VARBINARY(MAX)",
                "1082 | -1 | DATE",
                "1083 | -1 | TIME(6)",
                "1114 | -1 | DATETIME2(6)",
                "1184 | -1 | DATETIMEOFFSET(6)",
                "2950 | -1 | UNIQUEIDENTIFIER",
                "3802 | -1 | NVARCHAR(MAX) COLLATE Latin1_General_100_BIN2",
                "1007 | -1 | NVARCHAR(MAX) COLLATE Latin1_General_100_BIN2",
            })
    void typesAreDeclared(int oid, int modifier, String declaration) {
        Relation relation = new Relation(
                1, "public", "t", ReplicaIdentity.DEFAULT, List.of(new Column("v", oid, modifier, "", false)));
        assertThat(dialect.columnType(relation, 0, List.of()).declaration()).isEqualTo(declaration);
    }

    @Test
    void keysAreWithinTheServersBytes() {
        Relation relation = keyed(1, "t", "a* text", "b* text", "c* bytea");
        List<String> key = List.of("a", "b", "c");
        assertThat(dialect.columnType(relation, 0, key).declaration()).startsWith("NVARCHAR(150)");
        assertThat(dialect.columnType(relation, 2, key).declaration()).isEqualTo("VARBINARY(300)");
    }

    @ParameterizedTest
    @CsvSource({
        "1205, 40001, RETRYABLE",
        "1222, S0051, RETRYABLE",
        "9002, S0001, RETRYABLE",
        "2627, 23000, REJECTED",
        "547, 23000, REJECTED",
        "8152, 22001, REJECTED",
        "18456, S0001, CONFIG",
        "208, S0002, CONFIG",
        "544, S0001, CONFIG",
        "99999, S0001, FATAL",
    })
    void errorsAreClassified(int code, String state, Kind kind) {
        assertThat(dialect.classify(new SQLException("x", state, code))).isEqualTo(kind);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "Violation of PRIMARY KEY constraint 'PK_t'. Cannot insert duplicate key in object 'dbo.t'."
                        + " The duplicate key value is (s3cret, x).",
                "Conversion failed when converting the varchar value 's3cret' to data type int.",
                "String or binary data would be truncated in table 'db.dbo.t', column 'a'. Truncated value: 's3c'ret'."
            })
    void aRefusedValueIsNotInTheMessage(String message) {
        assertThat(dialect.words(new SQLException(message, "23000", 2627)))
                .contains("(not shown)")
                .doesNotContain("s3c");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "jdbc:sqlserver://h:1433;databaseName=db;user=u;password=s3;cret",
                "jdbc:sqlserver://h:1433;database=db;user=u;password={s3;cret}",
                "server=tcp:h,1433;database=db;user id=u;password='s3;cret'",
                "Server=tcp:h,1433;Database=db;User Id=u;Password='s3;cret';",
                "Data Source=h,1433;Initial Catalog=db;UID=u;PWD={s3;cret};TrustServerCertificate=true",
                "sqlserver://u:s3%3Bcret@h:1433/db",
            })
    void everyFormOfTheUrlIsUnderstood(String url) {
        SqlServerDialect parsed = dialect(url);
        Properties properties = parsed.driverProperties();
        assertThat(parsed.location()).isEqualTo("h:1433/db").doesNotContain("s3");
        assertThat(properties).containsEntry("user", "u").containsEntry("databaseName", "db");
        assertThat(properties.getProperty("password")).startsWith("s3");
    }

    @Test
    void anythingElseIsRefusedWithoutItsText() {
        assertThatThrownBy(() -> new SqlServerDialect("mysql://u:s3cret@h/db", ApplyOptions.defaults("x")))
                .isInstanceOf(TargetException.class)
                .hasMessageContaining("jdbc:sqlserver:")
                .hasMessageNotContaining("s3cret");
    }

    @Test
    void publicIsTheDefaultSchemaUnlessMapped() {
        Relation relation = keyed(1, "t", "id* int4");
        assertThat(dialect.place(relation, TableMapping.NONE)).isEqualTo(new TableName(null, "t"));
        assertThat(dialect.place(relation, TableMapping.parse("public:dbo"))).isEqualTo(new TableName("dbo", "t"));
    }
}
