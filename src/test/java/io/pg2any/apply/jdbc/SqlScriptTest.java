package io.pg2any.apply.jdbc;

import static io.pg2any.apply.Relations.full;
import static io.pg2any.apply.Relations.keyed;
import static io.pg2any.apply.Tuples.UNCHANGED;
import static io.pg2any.apply.Tuples.tuple;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.pg2any.apply.ApplyOptions;
import io.pg2any.apply.ChangesBatch;
import io.pg2any.apply.TargetException;
import io.pg2any.apply.ValuePolicy;
import io.pg2any.change.Change;
import io.pg2any.change.Change.Delete;
import io.pg2any.change.Change.Insert;
import io.pg2any.change.Change.Truncate;
import io.pg2any.change.Change.Update;
import io.pg2any.change.Lsn;
import io.pg2any.change.Relation;
import io.pg2any.change.TransactionCursor;
import io.pg2any.change.TransactionInfo;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.Statement;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SqlScriptTest {
    private static final Relation ITEM = keyed(1, "it\"em", "id* int8", "na?me text", "raw bytea", "size float8");
    private static final Relation NOTE = full(2, "note", "a text", "b int4");

    @TempDir
    private Path folder;

    private final StringWriter text = new StringWriter();

    private SqliteDialect dialect(String file) throws TargetException {
        return new SqliteDialect(folder.resolve(file).toString(), ValuePolicy.FAIL, Duration.ofSeconds(1));
    }

    private SqlScript script() throws TargetException {
        return new SqlScript(dialect("none.db"), ApplyOptions.defaults("p"), new PrintWriter(text));
    }

    private static ChangesBatch batch() {
        return ChangesBatch.after(0x1000)
                .transaction(
                        new Insert(ITEM, tuple("1", "it's ?", "\\x00ff", "Infinity")),
                        new Insert(ITEM, tuple("2", "a\r\nb", null, "0.1")),
                        new Update(ITEM, null, tuple("1", UNCHANGED, "\\x", "-Infinity")),
                        new Update(ITEM, tuple("2", null, null, null), tuple("3", "日本語", null, "1e300")))
                .transaction(
                        new Insert(NOTE, tuple("x", null)),
                        new Insert(NOTE, tuple("x", null)),
                        new Delete(NOTE, tuple("x", null)),
                        new Insert(ITEM, tuple("9", "gone", null, null)),
                        new Delete(ITEM, tuple("9", null, null, null)));
    }

    private String write(ChangesBatch batch) throws Exception {
        SqlScript script = script();
        try (TransactionCursor cursor = batch.open()) {
            while (cursor.nextTransaction()) {
                script.begin(cursor.transaction());
                for (Change change; (change = cursor.nextChange()) != null; ) {
                    script.change(change);
                }
                script.commit();
            }
        }
        return text.toString();
    }

    @Test
    void holdsTheStatementsWithTheirValues() throws Exception {
        assertThat(write(batch()).lines())
                .startsWith(
                        "-- transaction 700, commit LSN 0/10D0, 1970-01-01T00:00:00Z",
                        "BEGIN;",
                        "CREATE TABLE \"it\"\"em\" (\"id\" INTEGER NOT NULL, \"na?me\" TEXT, \"raw\" BLOB, \"size\" REAL,"
                                + " PRIMARY KEY (\"id\"));",
                        "INSERT INTO \"it\"\"em\" (\"id\", \"na?me\", \"raw\", \"size\") VALUES"
                                + " (1,'it''s ?',X'00ff',9e999);")
                .contains("UPDATE \"it\"\"em\" SET \"raw\"=X'', \"size\"=-9e999 WHERE \"id\"=1;")
                .endsWith("DELETE FROM \"it\"\"em\" WHERE \"id\"=9;", "COMMIT;");
        assertThat(folder).isEmptyDirectory();
    }

    @Test
    void runByHandItDoesWhatTheTargetDoes() throws Exception {
        try (JdbcTarget target = new JdbcTarget(dialect("applied.db"), ApplyOptions.defaults("p"))) {
            target.open();
            target.apply(batch());
        }
        try (Connection byHand = DriverManager.getConnection("jdbc:sqlite:" + folder.resolve("byHand.db"));
                Statement statement = byHand.createStatement()) {
            statement.executeUpdate(write(batch()));
        }
        for (String table : List.of("\"it\"\"em\"", "note")) {
            assertThat(rows("byHand.db", table)).isNotEmpty().isEqualTo(rows("applied.db", table));
        }
    }

    private List<String> rows(String file, String table) throws Exception {
        List<String> rows = new ArrayList<>();
        try (Connection connection = DriverManager.getConnection("jdbc:sqlite:" + folder.resolve(file));
                Statement statement = connection.createStatement();
                ResultSet result = statement.executeQuery("SELECT * FROM " + table + " ORDER BY 1")) {
            while (result.next()) {
                StringBuilder row = new StringBuilder();
                for (int i = 1; i <= result.getMetaData().getColumnCount(); i++) {
                    Object value = result.getObject(i);
                    row.append(value instanceof byte[] bytes ? new String(bytes, StandardCharsets.ISO_8859_1) : value)
                            .append('|');
                }
                rows.add(row.toString());
            }
        }
        return rows;
    }

    @Test
    void emptiesTheTablesOfATruncate() throws Exception {
        write(ChangesBatch.after(0x1000)
                .transaction(new Insert(NOTE, tuple("x", "1")), new Truncate(List.of(NOTE, ITEM), false, false)));

        assertThat(text.toString()).contains("DELETE FROM \"note\";").contains("DELETE FROM \"it\"\"em\";");
    }

    @Test
    void aChangeThatTheTargetWouldRefuseIsNamedAndTheNextIsWritten() throws Exception {
        SqlScript script = script();
        script.begin(new TransactionInfo(700, new Lsn(0x10D0), Instant.EPOCH, OptionalLong.empty()));

        assertThatThrownBy(() -> script.change(new Insert(ITEM, tuple("1", "a", null, "NaN"))))
                .isInstanceOf(TargetException.class)
                .hasMessageContaining("column size")
                .hasMessageContaining("NaN");

        script.change(new Insert(ITEM, tuple("2", "b", null, null)));
        assertThat(text.toString().lines().filter(line -> line.startsWith("INSERT")))
                .containsExactly(
                        "INSERT INTO \"it\"\"em\" (\"id\", \"na?me\", \"raw\", \"size\") VALUES (2,'b',NULL,NULL);");
        assertThat(text.toString()).containsOnlyOnce("CREATE TABLE");
    }
}
