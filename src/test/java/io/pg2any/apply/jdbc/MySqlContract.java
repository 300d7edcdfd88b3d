package io.pg2any.apply.jdbc;

import static io.pg2any.apply.Relations.keyed;
import static io.pg2any.apply.Tuples.tuple;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.pg2any.apply.ApplyOptions;
import io.pg2any.apply.ChangesBatch;
import io.pg2any.apply.TargetException;
import io.pg2any.apply.TargetException.Kind;
import io.pg2any.change.Change;
import io.pg2any.change.Change.Insert;
import io.pg2any.change.Relation;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** The contract for servers of MySQL's family. */
abstract class MySqlContract extends TablesContract {
    abstract String jdbcUrl();

    @Override
    void emptyTarget() throws SQLException {
        try (Connection connection = reader();
                Statement statement = connection.createStatement()) {
            statement.execute("DROP DATABASE IF EXISTS `it's \"odd\"`");
            statement.execute("DROP DATABASE IF EXISTS x");
            statement.execute("DROP DATABASE test");
            statement.execute("CREATE DATABASE test");
        }
    }

    @Override
    Connection reader() throws SQLException {
        return DriverManager.getConnection(jdbcUrl());
    }

    @Override
    int longestTextKey() {
        return 768;
    }

    @Override
    String createTrigger(String name, String table) {
        return "CREATE TRIGGER " + name + " BEFORE INSERT ON " + table + " FOR EACH ROW SET @fired = 1";
    }

    @Test
    void aStatementThatGoesOnIsGivenUpAndGetsThroughInTheEnd() throws Exception {
        assertASlowStatementGetsThroughInTheEnd(
                "CREATE TRIGGER sleepy BEFORE INSERT ON slow FOR EACH ROW SET @slept = SLEEP(1.2)");
    }

    @Test
    void aSessionThatEndsWhileManyRowsAreWrittenIsMadeAgain() throws Exception {
        assertASessionThatEndsWhileManyRowsAreWrittenIsMadeAgain(
                "SELECT CONCAT('KILL ', id) FROM information_schema.processlist WHERE info LIKE 'LOAD DATA%'");
    }

    @Test
    void theServerIsNoted() throws Exception {
        assertThat(target().check(List.of())).isEmpty();
        assertThat(target().notes())
                .anyMatch(note -> note.contains("version ") && note.contains("local_infile"))
                .noneMatch(note -> note.contains("lacks the rights"));
    }

    /** They are off in pg2any's sessions. */
    @Test
    void aForeignKeyIsNoReasonForAnOrder() throws Exception {
        execute("CREATE TABLE parent (id INTEGER PRIMARY KEY)");
        execute("CREATE TABLE child (id INTEGER PRIMARY KEY, p INTEGER, CONSTRAINT fk FOREIGN KEY (p)"
                + " REFERENCES parent (id))");
        assertThat(target().check(List.of(keyed(8, "child", "id* int4", "p int4"))))
                .isEmpty();
        assertThat(target().notes()).noneMatch(note -> note.contains("source public.child"));
    }

    /** InnoDB holds 1,017 columns. */
    @Test
    @Override
    void aTableOf1600ColumnsIsApplied() {
        String[] columns = new String[1600];
        columns[0] = "c0* int8";
        for (int i = 1; i < columns.length; i++) {
            columns[i] = "c" + i + " int4";
        }
        Relation widest = keyed(12, "widest", columns);
        TargetException error = refusal(
                new Insert(widest, tuple(IntStream.range(0, 1600).boxed().toArray())));
        assertThat(error.kind()).isEqualTo(Kind.CONFIG);
        assertThat(error).hasMessageContaining("column list");
    }

    // --- session ---

    @Test
    void theSessionIsStrictAndInUtcAndUtf8() throws Exception {
        try (Connection session = dialect(ApplyOptions.defaults("test")).connect();
                Statement statement = session.createStatement();
                ResultSet row = statement.executeQuery("SELECT @@sql_mode, @@time_zone, @@character_set_client,"
                        + " @@character_set_connection, @@foreign_key_checks, @@autocommit")) {
            row.next();
            assertThat(row.getString(1)).contains("STRICT_ALL_TABLES", "NO_AUTO_VALUE_ON_ZERO");
            assertThat(row.getString(2)).isEqualTo("+00:00");
            assertThat(row.getString(3)).isEqualTo("utf8mb4");
            assertThat(row.getString(4)).isEqualTo("utf8mb4");
            assertThat(row.getInt(5)).isZero();
            assertThat(row.getInt(6)).isZero();
        }
    }

    // --- many rows ---

    private final Relation many = keyed(20, "many", "id* int8", "v text");

    private ChangesBatch inserts(int rows) {
        return next().transaction(IntStream.range(0, rows)
                .mapToObj(id -> new Insert(many, tuple(id, "v" + id)))
                .toArray(Change[]::new));
    }

    /** How many statements of a kind the server has run. */
    private int statements(String kind) throws SQLException {
        return Integer.parseInt(
                rows("SHOW GLOBAL STATUS LIKE 'Com_" + kind + "'").get(0).get(1));
    }

    private int statements(String kind, ApplyOptions.Builder options, int rows) throws Exception {
        open(options.build());
        int before = statements(kind);
        apply(inserts(rows));
        int during = statements(kind) - before;
        assertThat(rows("SELECT count(*), count(DISTINCT v) FROM many"))
                .containsExactly(row(Integer.toString(rows), Integer.toString(rows)));
        return during;
    }

    @Test
    void fromTheThresholdOnRowsAreLoaded() throws Exception {
        assertThat(statements("load", ApplyOptions.builder("test"), 500)).isEqualTo(1);
    }

    @Test
    void belowTheThresholdRowsAreInserted() throws Exception {
        assertThat(statements("load", ApplyOptions.builder("test"), 499)).isZero();
    }

    @Test
    void theThresholdCanBeSet() throws Exception {
        assertThat(statements("load", ApplyOptions.builder("test").bulkInsertThreshold(50), 50))
                .isEqualTo(1);
    }

    @Test
    void anInsertHasAtMostSoManyRows() throws Exception {
        int ofItsOwner = 1;
        assertThat(statements("insert", ApplyOptions.builder("test").maxRowsPerInsert(16), 128))
                .isEqualTo(8 + ofItsOwner);
    }

    @Test
    void soManyChangesAreWrittenTogether() throws Exception {
        assertThat(statements("load", ApplyOptions.builder("test").windowRows(500), 2000))
                .isEqualTo(4);
    }

    @Test
    void withoutLocalInfileAtTheServerRowsAreInserted() throws Exception {
        execute("SET GLOBAL local_infile = 0");
        try {
            assertThat(statements("load", ApplyOptions.builder("test"), 600)).isZero();
        } finally {
            execute("SET GLOBAL local_infile = 1");
        }
    }

    @Test
    void whenTheServerStopsAllowingLoadsRowsAreInserted() throws Exception {
        apply(new Insert(many, tuple("-1", "first")));
        execute("SET GLOBAL local_infile = 0");
        try {
            apply(inserts(600));
        } finally {
            execute("SET GLOBAL local_infile = 1");
        }
        assertThat(rows("SELECT count(*) FROM many")).containsExactly(row("601"));
    }

    /** A load would clip it. */
    @Test
    void aValueTooLongAmongManyIsRejected() throws Exception {
        execute("CREATE TABLE many (id BIGINT PRIMARY KEY, v TEXT CHARACTER SET utf8mb4)");
        execute("ALTER TABLE many MODIFY v LONGTEXT CHARACTER SET latin1");
        ChangesBatch batch = next().transaction(IntStream.range(0, 600)
                .mapToObj(id -> new Insert(many, tuple(id, id == 300 ? "not latin: \u0161\u0142" : "v")))
                .toArray(Change[]::new));
        TargetException error = catchThrowableOfType(TargetException.class, () -> target().apply(batch));
        assertThat(error.kind()).isEqualTo(Kind.REJECTED);
        assertThat(error).hasMessageContaining("change 301");
        assertThat(rows("SELECT count(*) FROM many")).containsExactly(row("0"));
    }

    /** A load would leave it out. */
    @Test
    void aRowThatIsThereAmongManyIsRejected() throws Exception {
        apply(new Insert(many, tuple("300", "there")));
        TargetException error = catchThrowableOfType(TargetException.class, () -> target().apply(inserts(600)));
        assertThat(error.kind()).isEqualTo(Kind.REJECTED);
        assertThat(error).hasMessageContaining("change 301");
        assertThat(rows("SELECT count(*) FROM many")).containsExactly(row("1"));
    }

    @Test
    void whatLoadsReadOtherwiseComesBackAsItIs() throws Exception {
        List<String> texts = List.of(
                "\\N", "NULL", "", "\t", "\n", "\r\n", "\\", "\\\\t", "\"q\"", "'", "\uD83D\uDE00", "\u001A", "a\\");
        apply(next().transaction(IntStream.range(0, 600)
                .mapToObj(id -> new Insert(many, tuple(id, texts.get(id % texts.size()))))
                .toArray(Change[]::new)));
        for (int i = 0; i < texts.size(); i++) {
            assertThat(rows("SELECT v FROM many WHERE id = " + i)).containsExactly(row(texts.get(i)));
        }
        assertThat(rows("SELECT count(DISTINCT v) FROM many")).containsExactly(row(Integer.toString(texts.size())));
    }

    @Test
    void noFileOfThisMachineIsGivenToTheServer() throws Exception {
        apply(new Insert(many, tuple("1", "x")));
        try (Connection session = dialect(ApplyOptions.defaults("test")).connect();
                Statement statement = session.createStatement()) {
            assertThatExceptionOfType(SQLException.class)
                    .isThrownBy(() -> statement.execute("LOAD DATA LOCAL INFILE '/etc/hostname' INTO TABLE many"));
        }
        assertThat(rows("SELECT count(*) FROM many")).containsExactly(row("1"));
    }
}
