package io.pg2any.apply.jdbc;

import static io.pg2any.apply.Relations.keyed;
import static io.pg2any.apply.Relations.relation;
import static io.pg2any.apply.Tuples.tuple;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.pg2any.apply.Applied;
import io.pg2any.apply.ApplyOptions;
import io.pg2any.apply.ChangesBatch;
import io.pg2any.apply.TableMapping;
import io.pg2any.apply.TargetException;
import io.pg2any.apply.TargetException.Kind;
import io.pg2any.apply.ValuePolicy;
import io.pg2any.change.Change.Insert;
import io.pg2any.change.Lsn;
import io.pg2any.change.Relation;
import io.pg2any.change.ReplicaIdentity;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What is SQLite's own: the file, its lock, its disk, its flushes. */
class SqliteFileTest {
    @TempDir
    Path folder;

    private final Relation t = keyed(1, "t", "id* int8", "a text");
    private final ApplyOptions options =
            ApplyOptions.builder("p").lockTimeout(Duration.ofMillis(50)).build();

    private SqliteDialect dialect() throws TargetException {
        return new SqliteDialect(folder.resolve("f.db").toString(), ValuePolicy.FAIL, options.lockTimeout());
    }

    private Connection other() throws SQLException {
        return DriverManager.getConnection("jdbc:sqlite:" + folder.resolve("f.db"));
    }

    private static TargetException failure(JdbcTarget target, ChangesBatch batch) {
        return catchThrowableOfType(TargetException.class, () -> target.apply(batch));
    }

    @Test
    void theSessionIsSetUp() throws Exception {
        SqliteDialect dialect = dialect();
        try (Connection session = dialect.connect()) {
            assertThat(session.getAutoCommit()).isFalse();
            assertThat(pragma(session, "journal_mode")).isEqualTo("wal");
            assertThat(pragma(session, "encoding")).isEqualTo("UTF-8");
            assertThat(pragma(session, "foreign_keys")).isEqualTo("0");
            assertThat(pragma(session, "busy_timeout")).isEqualTo("50");
            assertThat(pragma(session, "synchronous")).isEqualTo(NORMAL);
            assertThat(dialect.begin(session, true)).isTrue();
            assertThat(pragma(session, "synchronous")).isEqualTo(FULL);
            session.commit();
            assertThat(dialect.begin(session, false)).isFalse();
            assertThat(pragma(session, "synchronous")).isEqualTo(NORMAL);
        }
        try (Connection session = dialect.look()) {
            assertThat(pragma(session, "query_only")).isEqualTo("1");
            assertThat(pragma(session, "busy_timeout")).isEqualTo("50");
        }
    }

    private static final String NORMAL = "1";
    private static final String FULL = "2";

    private static String pragma(Connection session, String name) throws SQLException {
        try (Statement statement = session.createStatement();
                ResultSet row = statement.executeQuery("PRAGMA " + name)) {
            row.next();
            return row.getString(1);
        }
    }

    /** Text is the same characters there. */
    @Test
    void aFileInAnotherEncodingKeepsEveryCharacter() throws Exception {
        try (Connection other = other();
                Statement statement = other.createStatement()) {
            statement.execute("PRAGMA encoding = 'UTF-16le'");
            statement.execute("CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT)");
        }
        String text = "é😀 \r\n\\ ''";
        try (JdbcTarget target = new JdbcTarget(dialect(), options)) {
            target.open();
            target.apply(ChangesBatch.after(0x1000).transaction(new Insert(t, tuple("1", text))));
        }
        try (Connection other = other();
                Statement statement = other.createStatement();
                ResultSet row = statement.executeQuery("SELECT a FROM t")) {
            row.next();
            assertThat(row.getString(1)).isEqualTo(text);
            assertThat(pragma(other, "encoding")).isEqualTo("UTF-16le");
        }
    }

    @Test
    void aForeignKeyOfTheTargetsStandsInNobodysWay() throws Exception {
        try (Connection other = other();
                Statement statement = other.createStatement()) {
            statement.execute("CREATE TABLE parent (id INTEGER PRIMARY KEY)");
            statement.execute("CREATE TABLE t (id INTEGER PRIMARY KEY REFERENCES parent, a TEXT)");
        }
        try (JdbcTarget target = new JdbcTarget(dialect(), options)) {
            target.open();
            target.apply(ChangesBatch.after(0x1000).transaction(new Insert(t, tuple("1", "a"))));
        }
    }

    @Test
    void aLookLeavesTheFileAsItIs() throws Exception {
        try (Connection other = other();
                Statement statement = other.createStatement()) {
            statement.execute("CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT)");
        }
        byte[] before = Files.readAllBytes(folder.resolve("f.db"));
        try (JdbcTarget target = new JdbcTarget(dialect(), options)) {
            assertThat(target.position()).isEmpty();
            assertThat(target.check(List.of(t))).isEmpty();
            assertThat(target.notes())
                    .anyMatch(note -> note.contains("version 3."))
                    .anyMatch(note -> note.contains("journal mode delete"));
            assertThat(Files.readAllBytes(folder.resolve("f.db"))).isEqualTo(before);
            target.open();
            target.apply(ChangesBatch.after(0x1000).transaction(new Insert(t, tuple("1", "a"))));
        }
    }

    @Test
    void aLockedFileIsRetryableAndThenSucceeds() throws Exception {
        try (JdbcTarget target = new JdbcTarget(dialect(), options)) {
            target.open();
            ChangesBatch batch = ChangesBatch.after(0x1000).transaction(new Insert(t, tuple("1", "a")));
            try (Connection other = other();
                    Statement statement = other.createStatement()) {
                statement.execute("BEGIN IMMEDIATE");
                TargetException error = failure(target, batch);
                assertThat(error.kind()).isEqualTo(Kind.RETRYABLE);
                assertThat(error).hasMessageContaining("f.db").hasMessageContaining("another process writes");
                assertThat(target.status().lastError()).contains(error);
                assertThat(failure(target, batch).kind()).isEqualTo(Kind.RETRYABLE);
                statement.execute("ROLLBACK");
            }
            assertThat(target.apply(batch).transactions()).isEqualTo(1);
            assertThat(target.status().lastError()).isEmpty();
        }
    }

    @Test
    void openingALockedFileIsRetryable() throws Exception {
        try (JdbcTarget first = new JdbcTarget(dialect(), options)) {
            first.open();
        }
        try (JdbcTarget target = new JdbcTarget(dialect(), options);
                Connection other = other();
                Statement statement = other.createStatement()) {
            statement.execute("BEGIN IMMEDIATE");
            TargetException error = catchThrowableOfType(TargetException.class, target::open);
            assertThat(error.kind()).isEqualTo(Kind.RETRYABLE);
            statement.execute("ROLLBACK");
            assertThat(target.open()).isEmpty();
        }
    }

    @Test
    void aFullDiskIsRetryableAndNamesTheFile() throws Exception {
        AtomicLong pages = new AtomicLong(20);
        JdbcDialect small = DialectContract.with(dialect(), java.util.Map.of("connect", () -> {
            Connection connection = dialect().connect();
            try (Statement statement = connection.createStatement()) {
                statement.execute("PRAGMA max_page_count=" + pages.get());
            }
            return connection;
        }));
        try (JdbcTarget target = new JdbcTarget(small, options)) {
            target.open();
            ChangesBatch batch = ChangesBatch.after(0x1000)
                    .transaction(new Insert(t, tuple("1", "a")), new Insert(t, tuple("2", "x".repeat(200_000))));
            TargetException error = failure(target, batch);
            assertThat(error.kind()).isEqualTo(Kind.RETRYABLE);
            assertThat(error).hasMessageContaining("f.db").hasMessageContaining("free space");
            assertThat(failure(target, batch).kind()).isEqualTo(Kind.RETRYABLE);
            // The limit belongs to the connection that the target holds or makes anew.
            pages.set(1_000_000);
            target.close();
            assertThat(target.apply(batch).rows()).isEqualTo(2);
        }
    }

    @Test
    void onlyFlushedCommitsMayBeAcknowledged() throws Exception {
        AtomicLong nanos = new AtomicLong();
        try (JdbcTarget target = new JdbcTarget(dialect(), options, Clock.systemUTC(), nanos::get)) {
            target.open();
            Applied first = target.apply(ChangesBatch.after(0x1000).transaction(new Insert(t, tuple("1", "a"))));
            assertThat(first.applied()).isEqualTo(new Lsn(0x1100));
            assertThat(first.durable()).isEqualTo(Lsn.ZERO);
            Applied second = target.apply(ChangesBatch.after(0x1100).transaction(new Insert(t, tuple("2", "a"))));
            assertThat(second.durable()).isEqualTo(Lsn.ZERO);
            nanos.addAndGet(Duration.ofSeconds(1).toNanos());
            Applied third = target.apply(ChangesBatch.after(0x1200).transaction(new Insert(t, tuple("3", "a"))));
            assertThat(third.durable()).isEqualTo(third.applied());
            Applied fourth = target.apply(ChangesBatch.after(0x1300).transaction(new Insert(t, tuple("4", "a"))));
            assertThat(fourth.durable()).isEqualTo(third.applied());
            Applied again = target.apply(ChangesBatch.after(0x1400));
            assertThat(again.durable()).isEqualTo(fourth.applied());
        }
    }

    @Test
    void theFirstPositionReadBackIsDurable() throws Exception {
        try (JdbcTarget target = new JdbcTarget(dialect(), options)) {
            target.open();
            target.apply(ChangesBatch.after(0x1000).transaction(new Insert(t, tuple("1", "a"))));
        }
        try (JdbcTarget target = new JdbcTarget(dialect(), options)) {
            target.open();
            Applied applied = target.apply(ChangesBatch.after(0x1100).transaction(new Insert(t, tuple("2", "a"))));
            assertThat(applied.durable()).isEqualTo(new Lsn(0x1100));
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "%s/a b.db",
                "sqlite:%s/a b.db",
                "sqlite://%s/a b.db",
                "sqlite://%s/a b.db?mode=rwc",
                "jdbc:sqlite:%s/a b.db",
                "file:%s/a b.db",
                "file://%s/a%%20b.db",
                "file://localhost%s/a%%20b.db",
                "jdbc:sqlite:file:%s/a b.db"
            })
    void everyFormOfADestinationIsTheSameFile(String form) throws Exception {
        SqliteDialect dialect = new SqliteDialect(String.format(form, folder), ValuePolicy.FAIL, Duration.ZERO);
        assertThat(dialect.location()).isEqualTo(folder.resolve("a b.db").toString());
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "sqlite:",
                "sqlite::memory:",
                ":memory:",
                "sqlite:x.db?cipher_passphrase=hunter2",
                "postgresql://u:hunter2@localhost/db",
                "jdbc:mysql://u:hunter2@localhost/db"
            })
    void whatIsNoFileIsAConfigurationError(String destination) {
        TargetException error = catchThrowableOfType(
                TargetException.class, () -> new SqliteDialect(destination, ValuePolicy.FAIL, Duration.ZERO));
        assertThat(error.kind()).isEqualTo(Kind.CONFIG);
        assertThat(error).hasMessageNotContaining("hunter2");
    }

    @Test
    void aMissingFolderIsNamed() throws Exception {
        Path missing = folder.resolve("none");
        SqliteDialect dialect = new SqliteDialect(missing.resolve("x.db").toString(), ValuePolicy.FAIL, Duration.ZERO);
        TargetException error =
                catchThrowableOfType(TargetException.class, () -> new JdbcTarget(dialect, options).open());
        assertThat(error.kind()).isEqualTo(Kind.CONFIG);
        assertThat(error).hasMessageContaining(missing + " does not exist");
    }

    @Test
    void aFileThatIsNoDatabaseIsSaidSo() throws Exception {
        Files.writeString(folder.resolve("f.db"), "this is a text file, and no database at all".repeat(100));
        TargetException error =
                catchThrowableOfType(TargetException.class, () -> new JdbcTarget(dialect(), options).open());
        assertThat(error.kind()).isEqualTo(Kind.FATAL);
        assertThat(error).hasMessageContaining("not a database");
    }

    @Test
    void anOddFileNameIsThatFile() throws Exception {
        Path odd = folder.resolve("a?b%41#.db");
        try (JdbcTarget target =
                new JdbcTarget(new SqliteDialect(odd.toString(), ValuePolicy.FAIL, Duration.ZERO), options)) {
            target.open();
        }
        assertThat(odd).exists();
    }

    @ParameterizedTest
    @CsvSource({
        "public, '', t",
        "sales, '', sales_t",
        "main, '', main_t",
        "sales, sales:main, t",
        "public, public:shop, shop_t",
        "sales, sales:public, t"
    })
    void theSchemaIsAPrefix(String schema, String mapping, String expected) throws Exception {
        Relation relation = relation(1, schema, "t", ReplicaIdentity.DEFAULT, "id* int8");
        assertThat(dialect().place(relation, TableMapping.parse(mapping)).name())
                .isEqualTo(expected);
    }

    @Test
    void thePositionTableIsNotATarget() throws Exception {
        Relation position = keyed(1, "PG2ANY_Position", "id* int8");
        try (JdbcTarget target = new JdbcTarget(dialect(), options)) {
            target.open();
            TargetException error =
                    failure(target, ChangesBatch.after(0x1000).transaction(new Insert(position, tuple("1"))));
            assertThat(error.kind()).isEqualTo(Kind.CONFIG);
        }
    }
}
