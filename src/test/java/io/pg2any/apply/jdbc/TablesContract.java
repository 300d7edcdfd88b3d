package io.pg2any.apply.jdbc;

import static io.pg2any.apply.Relations.full;
import static io.pg2any.apply.Relations.keyed;
import static io.pg2any.apply.Relations.relation;
import static io.pg2any.apply.Tuples.UNCHANGED;
import static io.pg2any.apply.Tuples.tuple;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.pg2any.apply.ApplyOptions;
import io.pg2any.apply.ChangesBatch;
import io.pg2any.apply.EvolvePolicy;
import io.pg2any.apply.KeySource;
import io.pg2any.apply.TableMapping;
import io.pg2any.apply.TargetException;
import io.pg2any.apply.TargetException.Kind;
import io.pg2any.change.Change;
import io.pg2any.change.Change.Delete;
import io.pg2any.change.Change.Insert;
import io.pg2any.change.Change.Truncate;
import io.pg2any.change.Change.Update;
import io.pg2any.change.Column;
import io.pg2any.change.Relation;
import io.pg2any.change.ReplicaIdentity;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** What every dialect's target does with tables: their names, what is left out of them, whose they are, how they change. */
abstract class TablesContract extends DialectContract {
    private final Relation t = keyed(1, "t", "id* int8", "a text", "b text");

    private void open(TableMapping mapping) throws TargetException {
        open(ApplyOptions.builder("test").mapping(mapping).build());
    }

    private String quoted(String name) throws TargetException {
        return dialect(ApplyOptions.defaults("x")).quote(name);
    }

    // --- names ---

    @Test
    void aRenamedTableAndColumnAreWrittenUnderTheirNewNames() throws Exception {
        open(TableMapping.NONE
                .renameTables("public.t:\"new.name\"")
                .renameColumns("public.t.id:key,public.t.a:\"it's, a\""));
        List<Change> changes = new ArrayList<>();
        for (int i = 0; i < 10; i++) {
            changes.add(new Insert(t, tuple(i, "x", "y")));
        }
        apply(next().transaction(changes));
        apply(
                new Update(t, null, tuple("1", "z", UNCHANGED)),
                new Update(t, tuple("2", null, null), tuple("20", "z", "y")),
                new Delete(t, tuple("3", null, null)));
        Relation wider = keyed(1, "t", "id* int8", "a text", "b text", "c int4");
        apply(new Update(wider, null, tuple("4", UNCHANGED, "w", "7")));
        String table = quoted("new.name");
        String key = quoted("key");
        assertThat(rows("SELECT " + key + ", " + quoted("it's, a") + ", b, c FROM " + table + " WHERE " + key
                        + " IN (1, 2, 3, 4, 20) ORDER BY " + key))
                .containsExactly(row("1", "z", "y", null), row("4", "x", "w", "7"), row("20", "z", "y", null));
        assertThat(target().check(List.of(wider))).isEmpty();
    }

    @Test
    void aTableCanGoToASchemaThatIsNotItsOwn() throws Exception {
        TableMapping mapping = TableMapping.NONE.renameTables("public.t:x.u");
        prepareSchema("x");
        open(mapping);
        apply(new Insert(t, tuple("1", "a", "b")));
        JdbcDialect dialect = dialect(ApplyOptions.defaults("x"));
        TableName place = dialect.place(t, mapping);
        assertThat(place.displayName()).contains("x").endsWith("u");
        assertThat(rows("SELECT a FROM " + dialect.qualified(place))).containsExactly(row("a"));
        execute("DROP TABLE " + dialect.qualified(place));
    }

    @Test
    void twoColumnsThatGetOneNameAreRefused() throws Exception {
        open(TableMapping.NONE.renameColumns("public.t.a:b"));
        TargetException error = refusal(new Insert(t, tuple("1", "a", "b")));
        assertThat(error.kind()).isEqualTo(Kind.CONFIG);
        assertThat(error).hasMessageContaining("columns a and b");
    }

    // --- what is left out ---

    @Test
    void anExcludedColumnIsNeitherMadeNorWritten() throws Exception {
        open(TableMapping.NONE.excludeColumns("public.t.a"));
        apply(
                new Insert(t, tuple("1", "secret", "b")),
                new Insert(t, tuple("2", "secret", "b")),
                new Update(t, tuple("1", null, null), tuple("3", UNCHANGED, "c")),
                new Update(t, null, tuple("2", "other", UNCHANGED)));
        assertThat(rows("SELECT * FROM t ORDER BY id")).containsExactly(row("2", "b"), row("3", "c"));
    }

    @Test
    void underFullRowsThatDifferOnlyInWhatIsExcludedAreEqualOnes() throws Exception {
        open(TableMapping.NONE.excludeColumns("public.bag.secret"));
        Relation bag = full(5, "bag", "a int4", "secret text", "b text");
        apply(
                new Insert(bag, tuple("1", "x", null)),
                new Insert(bag, tuple("1", "y", null)),
                new Insert(bag, tuple("1", "z", null)));
        apply(
                new Update(bag, tuple("1", "x", null), tuple("1", "w", null)),
                new Update(bag, tuple("1", "y", null), tuple("2", "y", "now")),
                new Delete(bag, tuple("1", "z", null)));
        assertThat(rows("SELECT * FROM bag ORDER BY a")).containsExactly(row("1", null), row("2", "now"));
        assertThat(target().status().divergences()).isEmpty();
    }

    @Test
    void anExcludedKeyIsRefused() throws Exception {
        open(TableMapping.NONE.excludeColumns("public.t.id"));
        TargetException error = refusal(new Insert(t, tuple("1", "a", "b")));
        assertThat(error.kind()).isEqualTo(Kind.CONFIG);
        assertThat(error).hasMessageContaining("column id belongs to its key");
        assertThat(target().check(List.of(t))).singleElement().isInstanceOf(TargetException.class);
    }

    @Test
    void anExcludedTableIsNotEvenMade() throws Exception {
        open(TableMapping.NONE.excludeTables("public.other"));
        Relation other = keyed(10, "other", "id* int8");
        apply(
                new Insert(t, tuple("1", "a", "b")),
                new Insert(other, tuple("1")),
                new Truncate(List.of(other, t), false, false),
                new Insert(t, tuple("2", "a", "b")));
        assertThat(rows("SELECT id FROM t")).containsExactly(row("2"));
        assertThatThrownBy(() -> rows("SELECT * FROM other")).isInstanceOf(SQLException.class);
    }

    // --- whose a table is ---

    @Test
    void twoSourceTablesMustNotShareATargetAfterARestartEither() throws Exception {
        TableMapping mapping = TableMapping.NONE.renameTables("one.t:x.shared,two.u:x.shared");
        Relation one = relation(20, "one", "t", ReplicaIdentity.DEFAULT, "id* int8");
        Relation two = relation(21, "two", "u", ReplicaIdentity.DEFAULT, "id* int8");
        prepareSchema("x");
        open(mapping);
        apply(new Insert(one, tuple("1")));
        open(mapping);
        TargetException error = refusal(new Insert(two, tuple("2")));
        assertThat(error.kind()).isEqualTo(Kind.CONFIG);
        assertThat(error).hasMessageContaining("one.t").hasMessageContaining("two.u");
        assertThat(target().check(List.of(two)))
                .singleElement()
                .satisfies(problem -> assertThat(problem).hasMessageContaining("one.t"));
        assertThat(target().check(List.of(one))).isEmpty();
        apply(new Insert(one, tuple("2")));
    }

    @Test
    void twoPipelinesMustNotFillOneTable() throws Exception {
        apply(new Insert(t, tuple("1", "a", "b")));
        open(ApplyOptions.defaults("other"));
        TargetException error = refusal(new Insert(t, tuple("2", "a", "b")));
        assertThat(error.kind()).isEqualTo(Kind.CONFIG);
        assertThat(error).hasMessageContaining("filled from public.t of pipeline test");
    }

    @Test
    void aTableThatWasRenamedGoesOnWhereTheOperatorSendsIt() throws Exception {
        apply(new Insert(t, tuple("1", "a", "b")));
        Relation renamed = keyed(1, "t2", "id* int8", "a text", "b text");
        open(TableMapping.NONE.renameTables("public.t2:t"));
        apply(new Update(renamed, null, tuple("1", "z", "b")));
        assertThat(rows("SELECT * FROM t")).containsExactly(row("1", "z", "b"));
        assertThat(rows("SELECT source_table FROM pg2any_tables")).containsExactly(row("public.t2"));
    }

    @Test
    void aTableThatWasDroppedBelongsToNobody() throws Exception {
        apply(new Insert(t, tuple("1", "a", "b")));
        execute("DROP TABLE t");
        Relation other = keyed(30, "other", "id* int8", "a text", "b text");
        open(TableMapping.NONE.renameTables("public.other:t"));
        apply(new Insert(other, tuple("2", "a", "b")));
        assertThat(rows("SELECT id FROM t")).containsExactly(row("2"));
        assertThat(rows("SELECT source_table FROM pg2any_tables")).containsExactly(row("public.other"));
    }

    @Test
    void pg2anysOwnTablesAreNoPlaceForOthers() throws Exception {
        open(TableMapping.NONE.renameTables("public.t:pg2any_tables"));
        TargetException error = refusal(new Insert(t, tuple("1", "a", "b")));
        assertThat(error.kind()).isEqualTo(Kind.CONFIG);
        assertThat(error).hasMessageContaining("own");
    }

    // --- how it changes ---

    @Test
    void aNewColumnIsAnErrorWhenTablesMustNotEvolve() throws Exception {
        open(ApplyOptions.builder("test").evolve(EvolvePolicy.FAIL).build());
        apply(new Insert(t, tuple("1", "a", "b")));
        Relation wider = keyed(1, "t", "id* int8", "a text", "b text", "c int4");
        TargetException error = refusal(new Insert(wider, tuple("2", "a", "b", "3")));
        assertThat(error.kind()).isEqualTo(Kind.CONFIG);
        assertThat(error).hasMessageContaining("lacks columns c").hasMessageContaining("pg2any.tables.evolve");
        assertThat(target().check(List.of(wider))).hasSize(1);
        apply(new Insert(t, tuple("3", "a", "b")));
    }

    @Test
    void aColumnWhoseTypeHasChangedGoesOnWhereItHoldsTheValues() throws Exception {
        Relation before = typed(23, -1);
        apply(new Insert(before, tuple("1", "7")));
        apply(new Insert(typed(21, -1), tuple("2", "8")), new Insert(before, tuple("3", "9")));
        assertThat(rows("SELECT v FROM typed ORDER BY id")).containsExactly(row("7"), row("8"), row("9"));
    }

    private static Relation typed(int typeOid, int modifier) {
        return new Relation(
                40,
                "public",
                "typed",
                ReplicaIdentity.DEFAULT,
                List.of(new Column("id", 20, -1, "", true), new Column("v", typeOid, modifier, "", false)));
    }

    /** The catalog of a source where {@code a} is NOT NULL now. */
    private static final KeySource NOT_NULL = new KeySource() {
        @Override
        public List<String> primaryKey(Relation relation) {
            return List.of();
        }

        @Override
        public Set<String> notNull(Relation relation) {
            return Set.of("id", "a", "gone");
        }
    };

    private boolean makesNotNull() throws TargetException {
        return dialect(ApplyOptions.defaults("x"))
                .allowNull(new TableName(null, "t"), new TargetColumn("a", "int", 0, true))
                .isPresent();
    }

    @Test
    void whatIsNotNullAtTheSourceIsMadeSo() throws Exception {
        open(ApplyOptions.builder("test").keys(NOT_NULL).build());
        apply(new Insert(t, tuple("1", "a", null)));
        if (makesNotNull()) {
            assertThatThrownBy(() -> execute("INSERT INTO t (id, b) VALUES (9, 'x')"))
                    .isInstanceOf(SQLException.class);
        }
    }

    @Test
    void aCatalogThatWasAheadOfTheRowsDoesNotStandInTheirWay() throws Exception {
        open(ApplyOptions.builder("test").keys(NOT_NULL).build());
        List<Change> changes = new ArrayList<>();
        for (int i = 0; i < 10; i++) {
            changes.add(new Insert(t, tuple(i, i < 5 ? "a" : null, "b")));
        }
        changes.add(new Update(t, null, tuple("1", null, "c")));
        apply(next().transaction(changes));
        assertThat(rows("SELECT count(*), count(a) FROM t")).containsExactly(row("10", "4"));
    }

    @Test
    void aNotNullThatTheSourceHasDroppedIsDroppedAfterARestartToo() throws Exception {
        open(ApplyOptions.builder("test").keys(NOT_NULL).build());
        apply(new Insert(t, tuple("1", "a", "b")));
        open(ApplyOptions.defaults("test"));
        apply(new Update(t, null, tuple("1", null, UNCHANGED)));
        assertThat(rows("SELECT * FROM t")).containsExactly(row("1", null, "b"));
    }

    @Test
    void aColumnThatIsGoneNeedsNoValueAnyMore() throws Exception {
        open(ApplyOptions.builder("test").keys(NOT_NULL).build());
        apply(new Insert(t, tuple("1", "a", "b")));
        Relation narrower = keyed(1, "t", "id* int8", "b text");
        apply(new Insert(narrower, tuple("2", "b")));
        assertThat(rows("SELECT * FROM t ORDER BY id")).containsExactly(row("1", "a", "b"), row("2", null, "b"));
    }

    @Test
    void theNotNullOfATableThatSomebodyElseHasMadeStays() throws Exception {
        execute("CREATE TABLE t (id INTEGER PRIMARY KEY, a VARCHAR(10) NOT NULL, b VARCHAR(10))");
        TargetException error = refusal(new Insert(t, tuple("1", null, "b")));
        assertThat(error.kind()).isEqualTo(Kind.REJECTED);
        apply(new Insert(t, tuple("1", "a", "b")));
    }

    /** Characters of the longest text that a key can hold, 0 without a limit. */
    int longestTextKey() {
        return 0;
    }

    @Test
    void aTextKeyBeyondTheTargetsLimitIsRefusedWithARemedy() throws Exception {
        Relation words = keyed(13, "words", "k* text", "v text");
        int longest = longestTextKey() == 0 ? 2000 : longestTextKey();
        apply(
                new Insert(words, tuple("k".repeat(longest), "v")),
                new Insert(words, tuple("k".repeat(longest - 1), "v")));
        if (longestTextKey() > 0) {
            TargetException error = refusal(new Insert(words, tuple("k".repeat(longest + 1), "v")));
            assertThat(error.kind()).isEqualTo(Kind.REJECTED);
            assertThat(error)
                    .hasMessageContaining("longer than the target's column")
                    .hasMessageContaining("key k");
        }
        apply(new Update(words, null, tuple("k".repeat(longest), "w")));
        assertThat(rows("SELECT v FROM words ORDER BY v")).containsExactly(row("v"), row("w"));
    }

    // --- a statement that goes on ---

    /**
     * For servers: the first tries are given up, and one of the next gets the time that it needs.
     *
     * @param trigger makes each insert into {@code slow} take more than a second
     */
    void assertASlowStatementGetsThroughInTheEnd(String trigger) throws Exception {
        execute("CREATE TABLE slow (id INTEGER NOT NULL PRIMARY KEY)");
        execute(trigger);
        open(ApplyOptions.builder("test")
                .statementTimeout(Duration.ofMillis(500))
                .build());
        ChangesBatch batch = next().transaction(new Insert(keyed(50, "slow", "id* int4"), tuple("1")));
        List<TargetException> failures = new ArrayList<>();
        while (failures.size() < 6) {
            try {
                apply(batch);
                break;
            } catch (TargetException e) {
                failures.add(e);
            }
        }
        assertThat(failures).isNotEmpty().hasSizeLessThan(6).allMatch(failure -> failure.kind() == Kind.RETRYABLE);
        assertThat(rows("SELECT id FROM slow")).containsExactly(row("1"));
    }

    /**
     * @param endOfTheWaiting a query for the statement that ends the session which waits for a lock; no row while none does
     */
    void assertASessionThatEndsWhileManyRowsAreWrittenIsMadeAgain(String endOfTheWaiting) throws Exception {
        Relation many = keyed(51, "many", "id* int8", "v text");
        apply(new Insert(many, tuple("-1", "first")));
        ChangesBatch batch = next().transaction(IntStream.range(0, 600)
                .mapToObj(id -> new Insert(many, tuple(id, "v" + id)))
                .toArray(Change[]::new));
        try (Connection other = reader();
                Statement statement = other.createStatement()) {
            other.setAutoCommit(false);
            statement.executeUpdate("INSERT INTO many (id, v) VALUES (300, 'theirs')");
            CompletableFuture<TargetException> failure = CompletableFuture.supplyAsync(
                    () -> catchThrowableOfType(TargetException.class, () -> target().apply(batch)));
            List<List<String>> end;
            do {
                end = rows(endOfTheWaiting);
            } while (end.isEmpty() && !failure.isDone());
            execute(end.get(0).get(0));
            assertThat(failure.get(30, TimeUnit.SECONDS).kind()).isEqualTo(Kind.RETRYABLE);
            other.rollback();
        }
        apply(batch);
        assertThat(rows("SELECT count(*), max(id) FROM many")).containsExactly(row("601", "599"));
    }

    // --- a unique index of the target's own ---

    private final Relation unique = keyed(7, "uniq", "id* int4", "u int4", "v text");

    private void prepareUnique() throws Exception {
        execute("CREATE TABLE uniq (id INTEGER NOT NULL PRIMARY KEY, u INTEGER UNIQUE, v VARCHAR(100))");
        apply(
                new Insert(unique, tuple("1", "1", "a")),
                new Insert(unique, tuple("2", "2", "b")),
                new Insert(unique, tuple("3", "3", "c")),
                new Insert(unique, tuple("4", "4", "d")));
    }

    /** A trigger that fires for inserts, in whatever session. */
    abstract String createTrigger(String name, String table);

    @Test
    void whatKeepsATablesRowsInOrderIsNotedByName() throws Exception {
        execute("CREATE TABLE uniq (id INTEGER NOT NULL PRIMARY KEY, u INTEGER, v VARCHAR(100))");
        execute("CREATE UNIQUE INDEX only_one ON uniq (u)");
        execute(createTrigger("audit", "uniq"));
        assertThat(target().check(List.of(unique))).isEmpty();
        assertThat(target().notes())
                .filteredOn(note -> note.contains("(source public.uniq)"))
                .singleElement()
                .asString()
                .contains("unique index only_one, trigger audit, which ")
                .contains("one after the other in the source's order");
    }

    @Test
    void aTableWithNothingButItsKeyNeedsNoNote() throws Exception {
        apply(new Insert(t, tuple("1", "x", "y")));
        assertThat(target().check(List.of(t))).isEmpty();
        assertThat(target().notes()).noneMatch(note -> note.contains("source public.t"));
    }

    @Test
    void rowsSwapTheValuesOfAUniqueIndex() throws Exception {
        prepareUnique();
        apply(
                new Insert(t, tuple("1", "x", "y")),
                new Update(unique, null, tuple("1", "2", "a2")),
                new Update(unique, null, tuple("2", "1", "b2")),
                new Update(unique, tuple("3", null, null), tuple("5", "4", "c2")),
                new Update(unique, null, tuple("4", "3", "d2")),
                new Insert(unique, tuple("6", "6", "e")),
                new Update(unique, null, tuple("6", "7", UNCHANGED)),
                new Delete(unique, tuple("6", null, null)));
        assertThat(rows("SELECT * FROM uniq ORDER BY id"))
                .containsExactly(row("1", "2", "a2"), row("2", "1", "b2"), row("4", "3", "d2"), row("5", "4", "c2"));
        assertThat(rows("SELECT id FROM t")).containsExactly(row("1"));
        apply(new Update(unique, null, tuple("1", "9", "a3")));
        assertThat(rows("SELECT u FROM uniq WHERE id = 1")).containsExactly(row("9"));
        assertThat(target().status().divergences()).isEmpty();
    }

    @Test
    void aSwapOfRowsThatWereNotSentWholeIsRefused() throws Exception {
        prepareUnique();
        TargetException error = refusal(
                new Update(unique, null, tuple("1", "2", UNCHANGED)),
                new Update(unique, null, tuple("2", "1", UNCHANGED)));
        assertThat(error.kind()).isEqualTo(Kind.REJECTED);
        assertThat(error).hasMessageContaining("change 1 of transaction 700").hasMessageContaining("uniq");
        assertThat(rows("SELECT u FROM uniq ORDER BY id")).containsExactly(row("1"), row("2"), row("3"), row("4"));
    }

    @Test
    void aValueThatAUniqueIndexHoldsAlreadyIsRefused() throws Exception {
        prepareUnique();
        TargetException error =
                refusal(new Update(unique, null, tuple("1", "9", "x")), new Insert(unique, tuple("5", "2", "y")));
        assertThat(error.kind()).isEqualTo(Kind.REJECTED);
        assertThat(error).hasMessageContaining("change 2 of transaction 700");
        assertThat(rows("SELECT u FROM uniq WHERE id = 1")).containsExactly(row("1"));
    }
}
