package io.pg2any.apply.jdbc;

import static io.pg2any.apply.Relations.full;
import static io.pg2any.apply.Relations.keyed;
import static io.pg2any.apply.Relations.relation;
import static io.pg2any.apply.Tuples.UNCHANGED;
import static io.pg2any.apply.Tuples.tuple;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.pg2any.apply.Applied;
import io.pg2any.apply.ApplyOptions;
import io.pg2any.apply.ApplyOrder;
import io.pg2any.apply.ChangesBatch;
import io.pg2any.apply.DivergencePolicy;
import io.pg2any.apply.KeptChanges;
import io.pg2any.apply.RejectedChange;
import io.pg2any.apply.TableMapping;
import io.pg2any.apply.TablesPolicy;
import io.pg2any.apply.TargetException;
import io.pg2any.apply.TargetException.Kind;
import io.pg2any.apply.TargetSetBackException;
import io.pg2any.apply.TargetStatus.RowKind;
import io.pg2any.apply.TargetStatus.TableRows;
import io.pg2any.change.Change;
import io.pg2any.change.Change.Delete;
import io.pg2any.change.Change.Insert;
import io.pg2any.change.Change.Truncate;
import io.pg2any.change.Change.Update;
import io.pg2any.change.Column;
import io.pg2any.change.Lsn;
import io.pg2any.change.Position;
import io.pg2any.change.Relation;
import io.pg2any.change.ReplicaIdentity;
import io.pg2any.change.SourceIdentity;
import io.pg2any.change.TransactionAbandonedException;
import io.pg2any.change.Tuple;
import java.io.IOException;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.math.BigDecimal;
import java.math.RoundingMode;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.SQLRecoverableException;
import java.sql.Statement;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Predicate;
import java.util.function.UnaryOperator;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What every dialect's target does, on an empty database. A dialect's own test extends this. */
abstract class DialectContract {
    private static final long START = 0x1000;

    private final List<JdbcTarget> targets = new ArrayList<>();
    private JdbcTarget target;
    private long at = START;

    abstract JdbcDialect dialect(ApplyOptions options) throws TargetException;

    /** A session of somebody else, auto-commit on. */
    abstract Connection reader() throws SQLException;

    /** Drops what the test before has left. */
    abstract void emptyTarget() throws SQLException;

    @BeforeEach
    void openTarget() throws Exception {
        emptyTarget();
        open(ApplyOptions.defaults("test"));
    }

    @AfterEach
    void closeTargets() {
        targets.forEach(JdbcTarget::close);
    }

    JdbcTarget open(ApplyOptions options) throws TargetException {
        return open(options, dialect -> dialect);
    }

    JdbcTarget open(ApplyOptions options, UnaryOperator<JdbcDialect> wrapper) throws TargetException {
        target = new JdbcTarget(wrapper.apply(dialect(options)), options);
        targets.add(target);
        target.open();
        return target;
    }

    JdbcTarget target() {
        return target;
    }

    /** Applies one transaction after the last. */
    Applied apply(Change... changes) throws Exception {
        return apply(next().transaction(changes));
    }

    Applied apply(ChangesBatch batch) throws Exception {
        Applied applied = target.apply(batch);
        at = applied.applied().value();
        return applied;
    }

    ChangesBatch next() {
        return ChangesBatch.after(at);
    }

    TargetException refusal(Change... changes) {
        return catchThrowableOfType(TargetException.class, () -> target.apply(next().transaction(changes)));
    }

    List<List<String>> rows(String query) throws SQLException {
        List<List<String>> rows = new ArrayList<>();
        try (Connection reader = reader();
                Statement statement = reader.createStatement();
                ResultSet result = statement.executeQuery(query)) {
            int columns = result.getMetaData().getColumnCount();
            while (result.next()) {
                List<String> row = new ArrayList<>();
                for (int i = 1; i <= columns; i++) {
                    row.add(result.getString(i));
                }
                rows.add(row);
            }
        }
        return rows;
    }

    void execute(String sql) throws SQLException {
        try (Connection session = reader();
                Statement statement = session.createStatement()) {
            statement.execute(sql);
        }
    }

    static List<String> row(String... values) {
        return Arrays.asList(values);
    }

    /** Only the column {@code k} is sent of an old row without FULL. */
    private static Tuple keyOnly(Relation relation, String... key) {
        Object[] values = new Object[relation.columns().size()];
        int next = 0;
        for (int i = 0; i < values.length; i++) {
            values[i] = relation.columns().get(i).identity() ? key[next++] : null;
        }
        return tuple(values);
    }

    private final Relation t = keyed(1, "t", "id* int8", "a text", "b text");

    // --- position ---

    @Test
    void aFreshTargetHasNoPosition() throws Exception {
        JdbcTarget other = open(ApplyOptions.defaults("other"));
        assertThat(other.open()).isEmpty();
    }

    @Test
    void aReopenedTargetKnowsItsPosition() throws Exception {
        Applied applied = apply(new Insert(t, tuple("1", "x", null)));
        assertThat(new JdbcTarget(dialect(ApplyOptions.defaults("test")), ApplyOptions.defaults("test")).open())
                .contains(new Position(ChangesBatch.SOURCE, applied.applied()));
    }

    @Test
    void dataAndPositionMoveTogether() throws Exception {
        Applied applied = apply(new Insert(t, tuple("1", "x", "y")));
        assertThat(rows("SELECT * FROM t")).containsExactly(row("1", "x", "y"));
        assertThat(rows("SELECT lsn, slot, system_identifier, timeline FROM pg2any_position"))
                .containsExactly(row(applied.applied().toString(), "pg2any", "7300000000000000001", "1"));
        assertThat(applied.applied()).isEqualTo(new Lsn(START + ChangesBatch.STEP));
        assertThat(applied.transactions()).isEqualTo(1);
        assertThat(applied.rows()).isEqualTo(1);
    }

    @Test
    void theSameBatchTwiceIsAppliedOnce() throws Exception {
        ChangesBatch batch = next().transaction(new Insert(t, tuple("1", "x", "y")))
                .transaction(new Insert(t, tuple("2", "x", "y")));
        Applied first = apply(batch);
        Applied second = apply(batch);
        assertThat(second.applied()).isEqualTo(first.applied());
        assertThat(second.transactions()).isZero();
        assertThat(rows("SELECT id FROM t ORDER BY id")).containsExactly(row("1"), row("2"));
    }

    @Test
    void ofAPartlyRedeliveredBatchOnlyTheNewTransactionsAreApplied() throws Exception {
        Insert first = new Insert(t, tuple("1", "x", "y"));
        apply(ChangesBatch.after(START).transaction(first));
        Applied applied =
                apply(ChangesBatch.after(START).transaction(first).transaction(new Insert(t, tuple("2", "x", "y"))));
        assertThat(applied.transactions()).isEqualTo(1);
        assertThat(rows("SELECT id FROM t ORDER BY id")).containsExactly(row("1"), row("2"));
    }

    @Test
    void onlyCommitsThatWereNotDurableMayBeLostToACrashOfTheTarget() throws Exception {
        Applied first = apply(new Insert(t, tuple("1", "x", "y")));
        Applied second = apply(new Insert(t, tuple("2", "x", "y")));
        execute("DELETE FROM t WHERE id = 2");
        execute("UPDATE " + PositionTable.NAME + " SET lsn = '" + first.applied() + "'");

        boolean wasDurable = second.durable().isAfter(first.applied());
        assertThatExceptionOfType(TargetException.class)
                .isThrownBy(() -> apply(new Insert(t, tuple("3", "x", "y"))))
                .isInstanceOf(wasDurable ? TargetException.class : TargetSetBackException.class)
                .withMessageContaining(wasDurable ? "gap" : "crashed");

        open(ApplyOptions.defaults("test"));
        apply(ChangesBatch.after(first.applied().value()).transaction(new Insert(t, tuple("2", "x", "y"))));
        assertThat(rows("SELECT id FROM t ORDER BY id")).containsExactly(row("1"), row("2"));
    }

    @Test
    void aBatchBehindAGapIsFatal() throws Exception {
        apply(new Insert(t, tuple("1", "x", "y")));
        assertThatExceptionOfType(TargetException.class)
                .isThrownBy(() -> target.apply(
                        ChangesBatch.after(START + 0x500).transaction(new Insert(t, tuple("2", "x", "y")))))
                .withMessageContaining("gap")
                .satisfies(e -> assertThat(e.kind()).isEqualTo(Kind.FATAL));
        assertThat(rows("SELECT id FROM t")).hasSize(1);
    }

    @Test
    void aBatchOfAnotherClusterIsFatal() throws Exception {
        apply(new Insert(t, tuple("1", "x", "y")));
        SourceIdentity other = new SourceIdentity("7300000000000000002", 1, "pg2any");
        assertThatExceptionOfType(TargetException.class)
                .isThrownBy(() -> target.apply(ChangesBatch.after(other, at).transaction()))
                .satisfies(e -> assertThat(e.kind()).isEqualTo(Kind.FATAL));
    }

    @Test
    void aSecondProcessFencesTheFirstOff() throws Exception {
        JdbcTarget first = target;
        apply(new Insert(t, tuple("1", "x", "y")));
        open(ApplyOptions.defaults("test"));
        assertThatExceptionOfType(TargetException.class)
                .isThrownBy(() -> first.apply(next().transaction(new Insert(t, tuple("2", "x", "y")))))
                .withMessageContaining("taken over")
                .satisfies(e -> assertThat(e.kind()).isEqualTo(Kind.FATAL));
        apply(new Insert(t, tuple("3", "x", "y")));
        assertThat(rows("SELECT id FROM t ORDER BY id")).containsExactly(row("1"), row("3"));
    }

    @Test
    void anIdleSourceMovesThePositionDurably() throws Exception {
        apply(new Insert(t, tuple("1", "x", "y")));
        Applied applied = apply(next().through(0x9000));
        assertThat(applied.applied()).isEqualTo(new Lsn(0x9000));
        assertThat(applied.durable()).isEqualTo(new Lsn(0x9000));
        assertThat(applied.transactions()).isZero();
    }

    // --- unknown outcome, crash, abandonment ---

    /**
     * @param instead of the answer to a commit that has happened
     * @return to be set before the commit that is meant
     */
    private AtomicBoolean openToLoseAnAnswer(Commit instead) throws TargetException {
        AtomicBoolean lose = new AtomicBoolean();
        open(
                ApplyOptions.defaults("test"),
                dialect -> commits(dialect, connection -> {
                    connection.commit();
                    if (lose.getAndSet(false)) {
                        instead.on(connection);
                    }
                }));
        return lose;
    }

    @Test
    void aCommitWhoseAnswerIsLostIsFoundOutAndNotRepeated() throws Exception {
        AtomicBoolean lose = openToLoseAnAnswer(connection -> {
            throw new SQLRecoverableException("connection reset", "08S01");
        });
        apply(new Insert(t, tuple("0", "x", "y")));
        lose.set(true);
        ChangesBatch batch = next().transaction(new Insert(t, tuple("1", "x", "y")));
        assertThatExceptionOfType(TargetException.class)
                .isThrownBy(() -> target.apply(batch))
                .satisfies(e -> assertThat(e.kind()).isEqualTo(Kind.RETRYABLE));
        assertThat(target.status().connected()).isFalse();
        Applied again = apply(batch);
        assertThat(again.applied()).isEqualTo(batch.end());
        assertThat(again.transactions()).isZero();
        assertThat(rows("SELECT id FROM t")).hasSize(2);
        apply(new Insert(t, tuple("2", "x", "y")));
        assertThat(target.status().connected()).isTrue();
        assertThat(target.status().lastError()).isEmpty();
    }

    @Test
    void aRowThatAnotherSessionLocksIsWaitedForOnlySoLong() throws Exception {
        open(ApplyOptions.builder("test").lockTimeout(Duration.ofSeconds(1)).build());
        apply(new Insert(t, tuple("1", "x", "y")));
        ChangesBatch batch = next().transaction(new Update(t, null, tuple("1", "x2", "y2")));
        try (Connection other = reader();
                Statement statement = other.createStatement()) {
            other.setAutoCommit(false);
            statement.executeUpdate("UPDATE t SET a = 'theirs'");
            long start = System.nanoTime();
            TargetException error = catchThrowableOfType(TargetException.class, () -> target.apply(batch));
            assertThat(error.kind()).isEqualTo(Kind.RETRYABLE);
            assertThat(Duration.ofNanos(System.nanoTime() - start)).isLessThan(Duration.ofSeconds(15));
            other.rollback();
        }
        apply(batch);
        assertThat(rows("SELECT a, b FROM t")).containsExactly(row("x2", "y2"));
    }

    @Test
    void aCrashBeforeTheCommitLeavesNothing() throws Exception {
        AtomicBoolean crash = new AtomicBoolean();
        open(
                ApplyOptions.defaults("test"),
                dialect -> commits(dialect, connection -> {
                    if (crash.getAndSet(false)) {
                        connection.close();
                        throw new SQLRecoverableException("connection closed", "08006");
                    }
                    connection.commit();
                }));
        crash.set(true);
        ChangesBatch batch = next().transaction(new Insert(t, tuple("1", "x", "y")));
        assertThatThrownBy(() -> target.apply(batch)).isInstanceOf(TargetException.class);
        assertThat(rows("SELECT lsn FROM pg2any_position")).containsExactly(row("0/0"));
        assertThat(apply(batch).transactions()).isEqualTo(1);
        assertThat(rows("SELECT id FROM t")).hasSize(1);
    }

    @Test
    void aDriverThatFallsOverItsLostConnectionIsGivenAnother() throws Exception {
        AtomicBoolean lose = openToLoseAnAnswer(connection -> {
            connection.close();
            throw new NullPointerException("because \"this.session\" is null");
        });
        apply(new Insert(t, tuple("0", "x", "y")));
        lose.set(true);
        ChangesBatch batch = next().transaction(new Insert(t, tuple("1", "x", "y")));
        TargetException error = catchThrowableOfType(TargetException.class, () -> target.apply(batch));
        assertThat(error.kind()).isEqualTo(Kind.RETRYABLE);
        assertThat(error).hasMessageContaining("this.session");
        assertThat(apply(batch).transactions()).isZero();
        assertThat(rows("SELECT id FROM t")).hasSize(2);
    }

    @Test
    void anAbandonedTransactionLeavesNothingAndTheTargetStaysUsable() throws Exception {
        apply(new Insert(t, tuple("1", "x", "y")));
        assertThatExceptionOfType(TransactionAbandonedException.class)
                .isThrownBy(() -> target.apply(
                        next().transaction(new Insert(t, tuple("2", "x", "y"))).abandoned()));
        assertThat(rows("SELECT id FROM t")).hasSize(1);
        assertThat(target.status().connected()).isTrue();
        apply(new Insert(t, tuple("2", "x", "y")));
        assertThat(rows("SELECT id FROM t")).hasSize(2);
    }

    @Test
    void anErrorInTheLastTransactionTakesTheWholeBatchBack() throws Exception {
        ChangesBatch batch = next().transaction(new Insert(t, tuple("1", "x", "y")))
                .transaction(new Insert(t, tuple("1", "x", "y")));
        assertThatThrownBy(() -> target.apply(batch)).isInstanceOf(TargetException.class);
        assertThat(rows("SELECT lsn FROM pg2any_position")).containsExactly(row("0/0"));
        assertThat(target.status().rows()).isEmpty();
        apply(next().transaction(new Insert(t, tuple("1", "x", "y"))));
        assertThat(rows("SELECT id FROM t")).hasSize(1);
    }

    @Test
    void aReaderNeverSeesHalfATransaction() throws Exception {
        apply(new Insert(t, tuple("0", "x", "y")));
        List<Change> changes = new ArrayList<>();
        for (int i = 1; i <= 1000; i++) {
            changes.add(new Insert(t, tuple(i, "x", "y")));
        }
        List<List<String>> seen = new ArrayList<>();
        Iterable<Change> watched = () -> changes.stream()
                .peek(change -> {
                    if (change == changes.get(900)) {
                        seen.addAll(readWhileApplying());
                    }
                })
                .iterator();
        apply(next().transaction(watched));
        assertThat(seen).containsExactly(row("1", new Lsn(START + ChangesBatch.STEP).toString()));
        assertThat(rows("SELECT count(*) FROM t")).containsExactly(row("1001"));
    }

    private List<List<String>> readWhileApplying() {
        try {
            return rows("SELECT count(*), (SELECT lsn FROM pg2any_position) FROM t");
        } catch (SQLException e) {
            throw new IllegalStateException(e);
        }
    }

    // --- transactions in parts ---

    private static final int LIMIT = 2;
    private final Relation bag = full(7, "bag_in_parts", "v text");

    private ApplyOptions inParts() {
        return ApplyOptions.builder("test").maxRowsPerCommit(LIMIT).build();
    }

    private ChangesBatch fiveRowsWithoutAKey() {
        return next().transaction(
                        new Insert(bag, tuple("x")),
                        new Insert(bag, tuple("x")),
                        new Insert(bag, tuple("x")),
                        new Insert(bag, tuple("x")),
                        new Insert(bag, tuple("x")));
    }

    @Test
    void aTransactionBeyondTheLimitIsCommittedInParts() throws Exception {
        List<List<String>> positions = new ArrayList<>();
        open(
                inParts(),
                dialect -> commits(dialect, connection -> {
                    connection.commit();
                    positions.addAll(rows("SELECT lsn, ordinal FROM pg2any_position"));
                }));
        apply(new Insert(bag, tuple("before")));
        positions.clear();
        ChangesBatch batch = fiveRowsWithoutAKey();
        Applied applied = apply(batch);
        String commit = new Lsn(batch.end().value() - 0x30).toString();
        assertThat(positions)
                .containsExactly(
                        row(commit, "2"), row(commit, "4"), row(batch.end().toString(), "0"));
        assertThat(applied).isEqualTo(new Applied(batch.end(), batch.end(), 1, 5));
        assertThat(batch.isPreserved()).isTrue();
        assertThat(rows("SELECT count(*) FROM bag_in_parts")).containsExactly(row("6"));
    }

    @Test
    void aTransactionUpToTheLimitIsOneCommitWithThoseBeforeIt() throws Exception {
        List<List<String>> positions = new ArrayList<>();
        open(
                inParts(),
                dialect -> commits(dialect, connection -> {
                    connection.commit();
                    positions.addAll(rows("SELECT lsn, ordinal FROM pg2any_position"));
                }));
        apply(new Insert(bag, tuple("before")));
        positions.clear();
        ChangesBatch batch = next().transaction(new Insert(bag, tuple("x")), new Insert(bag, tuple("x")))
                .transaction(new Insert(bag, tuple("y")), new Insert(bag, tuple("y")));
        apply(batch);
        assertThat(positions).containsExactly(row(batch.end().toString(), "0"));
        assertThat(batch.isPreserved()).isFalse();
    }

    @Test
    void ofATransactionInPartsNothingIsLostOrRepeatedWhicheverCommitFails() throws Exception {
        for (int failing = 1; failing <= 3; failing++) {
            for (boolean happened : List.of(false, true)) {
                AtomicInteger commits = new AtomicInteger();
                open(
                        inParts(),
                        dialect -> commits(dialect, connection -> {
                            if (commits.decrementAndGet() != 0) {
                                connection.commit();
                                return;
                            }
                            if (happened) {
                                connection.commit();
                            }
                            connection.close();
                            throw new SQLRecoverableException("connection reset", "08S01");
                        }));
                apply(new Truncate(List.of(bag), false, false));
                commits.set(failing);
                ChangesBatch batch = fiveRowsWithoutAKey();
                assertThatExceptionOfType(TargetException.class)
                        .isThrownBy(() -> target.apply(batch))
                        .satisfies(e -> assertThat(e.kind()).isEqualTo(Kind.RETRYABLE));
                int parts = happened ? failing : failing - 1;
                assertThat(rows("SELECT count(*) FROM bag_in_parts")).containsExactly(row("" + Math.min(5, 2 * parts)));
                // Another process finds out, too.
                open(inParts());
                assertThat(apply(batch).applied()).isEqualTo(batch.end());
                assertThat(rows("SELECT count(*) FROM bag_in_parts")).containsExactly(row("5"));
            }
        }
    }

    @Test
    void whatIsFoldedTogetherIsWrittenAtTheEndOfAPart() throws Exception {
        List<List<List<String>>> seen = new ArrayList<>();
        open(inParts());
        apply(new Insert(t, tuple("9", "x", "y")));
        open(
                inParts(),
                dialect -> commits(dialect, connection -> {
                    connection.commit();
                    seen.add(rows("SELECT id, a FROM t WHERE id < 9 ORDER BY id"));
                }));
        seen.clear();
        apply(
                new Insert(t, tuple("1", "a", "b")),
                new Update(t, null, tuple("1", "c", "d")),
                new Insert(t, tuple("2", "e", "f")),
                new Delete(t, keyOnly(t, "1")),
                new Insert(t, tuple("1", "g", "h")));
        assertThat(seen)
                .containsExactly(List.of(row("1", "c")), List.of(row("2", "e")), List.of(row("1", "g"), row("2", "e")));
    }

    @Test
    void aTransactionThatIsStillArrivingIsNotCommittedInParts() throws Exception {
        open(inParts());
        apply(new Insert(bag, tuple("before")));
        assertThatExceptionOfType(TransactionAbandonedException.class)
                .isThrownBy(() -> target.apply(fiveRowsWithoutAKey().abandoned()));
        assertThat(rows("SELECT v FROM bag_in_parts")).containsExactly(row("before"));
        apply(fiveRowsWithoutAKey());
        assertThat(rows("SELECT count(*) FROM bag_in_parts")).containsExactly(row("6"));
    }

    @Test
    void aHalfAppliedTransactionGoesOnOnlyWithTheSameCopyOfIt() throws Exception {
        ChangesBatch half = halfApplied();
        open(inParts());
        for (ChangesBatch other : List.of(
                fiveRowsWithoutAKey().stagedAt(Instant.ofEpochMilli(1)),
                next().through(half.end().value()),
                ChangesBatch.after(at + ChangesBatch.STEP).transaction(new Insert(bag, tuple("y"))))) {
            assertThatExceptionOfType(TargetException.class)
                    .isThrownBy(() -> target.apply(other))
                    .satisfies(e -> assertThat(e.kind()).isEqualTo(Kind.FATAL));
        }
        assertThat(rows("SELECT count(*) FROM bag_in_parts")).containsExactly(row("2"));
        apply(half);
        assertThat(rows("SELECT count(*) FROM bag_in_parts")).containsExactly(row("5"));
    }

    @Test
    void aPositionBeforeAHalfAppliedTransactionLeavesItHalfApplied() throws Exception {
        ChangesBatch half = halfApplied();
        target.apply(next().through(half.end().value() - 0x30));
        assertThat(rows("SELECT ordinal FROM pg2any_position")).containsExactly(row("2"));
        apply(half);
        assertThat(rows("SELECT count(*) FROM bag_in_parts")).containsExactly(row("5"));
    }

    @Test
    void anOperatorCanSayThatAnotherCopyCountsTheSame() throws Exception {
        halfApplied();
        execute("UPDATE pg2any_position SET staged_at = ''");
        open(inParts());
        assertThatExceptionOfType(TargetException.class)
                .isThrownBy(() -> target.apply(next().transaction(new Insert(bag, tuple("x")))))
                .satisfies(e -> assertThat(e.kind()).isEqualTo(Kind.FATAL));
        apply(fiveRowsWithoutAKey().stagedAt(Instant.ofEpochMilli(1)));
        assertThat(rows("SELECT count(*) FROM bag_in_parts")).containsExactly(row("5"));
    }

    /** Of five rows two are committed. */
    private ChangesBatch halfApplied() throws Exception {
        AtomicBoolean crash = new AtomicBoolean();
        open(
                inParts(),
                dialect -> commits(dialect, connection -> {
                    connection.commit();
                    if (crash.getAndSet(false)) {
                        connection.close();
                        throw new SQLRecoverableException("connection reset", "08S01");
                    }
                }));
        apply(new Insert(bag, tuple("x")), new Truncate(List.of(bag), false, false));
        crash.set(true);
        ChangesBatch batch = fiveRowsWithoutAKey();
        assertThatThrownBy(() -> target.apply(batch)).isInstanceOf(TargetException.class);
        assertThat(rows("SELECT count(*) FROM bag_in_parts")).containsExactly(row("2"));
        return batch;
    }

    @Test
    void aProcessThatTakesOverBetweenTwoPartsAppliesTheRestAndTheOlderNothing() throws Exception {
        AtomicBoolean takeOver = new AtomicBoolean();
        JdbcTarget older = open(
                inParts(),
                dialect -> commits(dialect, connection -> {
                    connection.commit();
                    if (takeOver.getAndSet(false)) {
                        openUnchecked(inParts());
                    }
                }));
        apply(new Insert(bag, tuple("before")));
        takeOver.set(true);
        ChangesBatch batch = fiveRowsWithoutAKey();
        assertThatExceptionOfType(TargetException.class)
                .isThrownBy(() -> older.apply(batch))
                .withMessageContaining("taken over")
                .satisfies(e -> assertThat(e.kind()).isEqualTo(Kind.FATAL));
        assertThat(rows("SELECT count(*) FROM bag_in_parts")).containsExactly(row("3"));
        apply(batch);
        assertThat(rows("SELECT count(*) FROM bag_in_parts")).containsExactly(row("6"));
    }

    private void openUnchecked(ApplyOptions options) {
        try {
            open(options);
        } catch (TargetException e) {
            throw new IllegalStateException(e);
        }
    }

    @Test
    void aPositionTableOfAnEarlierVersionIsReadAndGivenWhatItLacks() throws Exception {
        Applied applied = apply(new Insert(t, tuple("1", "x", "y")));
        ApplyOptions options = inParts();
        String now = dialect(options).positionTable();
        String before = now.replaceFirst(", staged_at [a-zA-Z0-9()]+ NOT NULL DEFAULT ''", "");
        assertThat(before).isNotEqualTo(now);
        String columns = "pipeline, slot, system_identifier, timeline, lsn, ordinal, epoch, updated_at";
        List<String> row = rows("SELECT " + columns + " FROM pg2any_position").get(0);
        execute("DROP TABLE pg2any_position");
        execute(before);
        execute("INSERT INTO pg2any_position (" + columns + ") VALUES ('" + String.join("','", row) + "')");
        try (JdbcTarget looked = new JdbcTarget(dialect(options), options)) {
            assertThat(looked.position()).contains(new Position(ChangesBatch.SOURCE, applied.applied()));
        }
        open(options);
        apply(fiveRowsWithoutAKey());
        assertThat(rows("SELECT count(*) FROM bag_in_parts")).containsExactly(row("5"));
    }

    // --- rows ---

    @Test
    void aRowUpdatedTwiceInOneTransactionHoldsTheLastValue() throws Exception {
        apply(
                new Insert(t, tuple("1", "a", "b")),
                new Update(t, null, tuple("1", "c", "d")),
                new Update(t, null, tuple("1", "e", null)));
        assertThat(rows("SELECT * FROM t")).containsExactly(row("1", "e", null));
    }

    @Test
    void anUpdateWithUnchangedToastLeavesTheTargetColumnAlone() throws Exception {
        apply(
                new Insert(t, tuple("1", "long", "b")),
                new Update(t, null, tuple("1", UNCHANGED, "c")),
                new Update(t, null, tuple("1", UNCHANGED, null)));
        assertThat(rows("SELECT * FROM t")).containsExactly(row("1", "long", null));
    }

    @Test
    void aKeyChangesAlongAChain() throws Exception {
        apply(new Insert(t, tuple("1", "a", "b")), new Insert(t, tuple("9", "z", "z")));
        apply(
                new Update(t, keyOnly(t, "1"), tuple("2", UNCHANGED, "b")),
                new Update(t, keyOnly(t, "2"), tuple("3", UNCHANGED, "b")));
        assertThat(rows("SELECT * FROM t ORDER BY id")).containsExactly(row("3", "a", "b"), row("9", "z", "z"));
    }

    @Test
    void twoKeysSwapThroughAThird() throws Exception {
        apply(new Insert(t, tuple("1", "one", "x")), new Insert(t, tuple("2", "two", "x")));
        apply(
                new Update(t, keyOnly(t, "1"), tuple("-1", "one", "x")),
                new Update(t, keyOnly(t, "2"), tuple("1", "two", "x")),
                new Update(t, keyOnly(t, "-1"), tuple("2", "one", "x")));
        assertThat(rows("SELECT id, a FROM t ORDER BY id")).containsExactly(row("1", "two"), row("2", "one"));
    }

    @Test
    void anOutOfLineKeyThatDidNotChangeFindsItsRow() throws Exception {
        Relation wide = keyed(2, "wide", "k* text", "v text");
        apply(
                new Insert(wide, tuple("long key", "1")),
                new Insert(wide, tuple("other", "1")),
                new Update(wide, keyOnly(wide, "long key"), tuple(UNCHANGED, "2")));
        assertThat(rows("SELECT * FROM wide ORDER BY k")).containsExactly(row("long key", "2"), row("other", "1"));
    }

    @Test
    void identityByIndexMatchesOnItsColumnsAlone() throws Exception {
        Relation byIndex = relation(3, "public", "byindex", ReplicaIdentity.INDEX, "id int8", "email* text", "v text");
        execute("CREATE TABLE byindex (id INTEGER PRIMARY KEY, email VARCHAR(100), v VARCHAR(100))");
        apply(
                new Insert(byIndex, tuple("1", "a@x", "1")),
                new Insert(byIndex, tuple("2", "b@x", "1")),
                new Update(byIndex, keyOnly(byIndex, "a@x"), tuple("10", "c@x", "2")),
                new Delete(byIndex, keyOnly(byIndex, "b@x")));
        assertThat(rows("SELECT * FROM byindex")).containsExactly(row("10", "c@x", "2"));
    }

    @Test
    void underFullAnUnsentValueIsTakenFromTheOldRow() throws Exception {
        Relation whole = full(4, "whole", "a text", "b text", "c text");
        apply(
                new Insert(whole, tuple("1", "long", "x")),
                new Insert(whole, tuple("2", "long", "x")),
                new Update(whole, tuple("1", "long", "x"), tuple("3", UNCHANGED, "y")));
        assertThat(rows("SELECT * FROM whole ORDER BY a"))
                .containsExactly(row("2", "long", "x"), row("3", "long", "y"));
    }

    @Test
    void ofThreeEqualRowsOneIsDeleted() throws Exception {
        Relation bag = full(5, "bag", "a int4", "b text");
        Tuple same = tuple("1", null);
        apply(new Insert(bag, same), new Insert(bag, same), new Insert(bag, same), new Insert(bag, tuple("2", "x")));
        apply(new Delete(bag, same));
        assertThat(rows("SELECT * FROM bag ORDER BY a")).containsExactly(row("1", null), row("1", null), row("2", "x"));
        apply(new Update(bag, same, tuple("1", "now")));
        assertThat(rows("SELECT b FROM bag WHERE a = 1")).containsExactlyInAnyOrder(row((String) null), row("now"));
    }

    @Test
    void underFullTheSourcesPrimaryKeyBecomesTheKey() throws Exception {
        Relation known = full(6, "known", "id int8", "v text");
        open(ApplyOptions.builder("test").keys(relation -> List.of("id")).build());
        apply(
                new Insert(known, tuple("1", "a")),
                new Update(known, tuple("1", "a"), tuple("1", "b")),
                new Update(known, tuple("1", "b"), tuple("2", "b")));
        assertThat(rows("SELECT * FROM known")).containsExactly(row("2", "b"));
        assertThat(refusal(new Insert(known, tuple("2", "again"))).kind()).isEqualTo(Kind.REJECTED);
    }

    @Test
    void textThatLooksLikeSomethingElseStaysText() throws Exception {
        List<String> texts = List.of(
                "t", "f", "\\N", "NULL", "", "1", "1.10", "a'b\"c`d\\e;--", "x\r\ny\n", "😀é", " b ", "\u0001\t");
        List<Change> changes = new ArrayList<>();
        for (int i = 0; i < texts.size(); i++) {
            changes.add(new Insert(t, tuple(i, texts.get(i), null)));
        }
        apply(next().transaction(changes));
        List<List<String>> found = rows("SELECT a FROM t ORDER BY id");
        assertThat(found.stream().map(r -> r.get(0))).containsExactlyElementsOf(texts);
    }

    @Test
    void aDeferredUniqueSwapIsApplied() throws Exception {
        Relation unique = keyed(7, "uniq", "id* int8", "u int4");
        apply(new Insert(unique, tuple("1", "1")), new Insert(unique, tuple("2", "2")));
        apply(new Update(unique, null, tuple("1", "2")), new Update(unique, null, tuple("2", "1")));
        assertThat(rows("SELECT * FROM uniq ORDER BY id")).containsExactly(row("1", "2"), row("2", "1"));
    }

    @Test
    void parentAndChildAlternateInOrder() throws Exception {
        Relation parent = keyed(8, "parent", "id* int8");
        Relation child = keyed(9, "child", "id* int8", "parent int8");
        List<Change> changes = new ArrayList<>();
        for (int i = 0; i < 100; i++) {
            changes.add(new Insert(parent, tuple(i)));
            changes.add(new Insert(child, tuple(i, i)));
        }
        changes.add(new Delete(child, keyOnly(child, "5")));
        changes.add(new Delete(parent, keyOnly(parent, "5")));
        apply(next().transaction(changes));
        assertThat(rows("SELECT count(*) FROM parent, child WHERE child.parent = parent.id"))
                .containsExactly(row("99"));
    }

    @Test
    void truncateTakesEffectBetweenTheInsertsAroundIt() throws Exception {
        Relation other = keyed(10, "other", "id* int8");
        apply(
                new Insert(t, tuple("1", "a", "b")),
                new Insert(other, tuple("1")),
                new Truncate(List.of(t, other), true, false),
                new Insert(t, tuple("2", "a", "b")));
        assertThat(rows("SELECT id FROM t")).containsExactly(row("2"));
        assertThat(rows("SELECT id FROM other")).isEmpty();
        assertThat(target.status()
                        .rows()
                        .get(new TableRows("public.other", RowKind.TRUNCATE))
                        .sum())
                .isEqualTo(1);
    }

    /** Whether a key can hold {@code 'b'} and {@code 'b '}. */
    boolean trailingBlanksCount() {
        return true;
    }

    @Test
    void keysThatDifferInCaseAccentOrTrailingBlankAreDifferentRows() throws Exception {
        Relation words = keyed(13, "words", "k* text", "v text");
        List<String> keys = Stream.of("a", "A", "a ", "á", "à", "ä", "ß", "ss", "😀", "", " ")
                .filter(key -> trailingBlanksCount() || !key.endsWith(" "))
                .toList();
        List<Change> changes = new ArrayList<>();
        keys.forEach(key -> changes.add(new Insert(words, tuple(key, "first"))));
        apply(next().transaction(changes));
        changes.clear();
        keys.forEach(key -> changes.add(new Update(words, null, tuple(key, "<" + key + ">"))));
        changes.add(new Delete(words, keyOnly(words, "A")));
        String moved = trailingBlanksCount() ? "a " : "ss";
        changes.add(new Update(words, keyOnly(words, moved), tuple("A", "moved")));
        apply(next().transaction(changes));
        List<List<String>> expected = new ArrayList<>();
        keys.stream()
                .filter(key -> !key.equals("A") && !key.equals(moved))
                .forEach(key -> expected.add(row(key, "<" + key + ">")));
        expected.add(row("A", "moved"));
        assertThat(rows("SELECT k, v FROM words")).containsExactlyInAnyOrderElementsOf(expected);
        assertThat(target.status().divergences()).isEmpty();
    }

    @Test
    void underFullTwoRowsWithTwoChangedColumnsAreTwoUpdates() throws Exception {
        Relation whole = full(14, "pairs", "a int4", "b text", "c text");
        apply(new Insert(whole, tuple("1", "x", null)), new Insert(whole, tuple("2", "x", null)));
        apply(
                new Update(whole, tuple("1", "x", null), tuple("1", "y", "z")),
                new Update(whole, tuple("2", "x", null), tuple("3", null, "z")));
        assertThat(rows("SELECT * FROM pairs ORDER BY a")).containsExactly(row("1", "y", "z"), row("3", null, "z"));
    }

    @Test
    void aForeignKeyOfTheTargetDoesNotStandInTheWay() throws Exception {
        execute("CREATE TABLE parent (id INTEGER NOT NULL PRIMARY KEY)");
        execute("CREATE TABLE child (id INTEGER NOT NULL PRIMARY KEY, parent INTEGER,"
                + " FOREIGN KEY (parent) REFERENCES parent (id))");
        Relation parent = keyed(8, "parent", "id* int4");
        Relation child = keyed(9, "child", "id* int4", "parent int4");
        apply(
                new Insert(parent, tuple("1")),
                new Insert(child, tuple("10", "1")),
                new Insert(parent, tuple("2")),
                new Insert(child, tuple("20", "2")),
                new Update(child, null, tuple("10", "2")));
        assertThat(rows("SELECT * FROM child ORDER BY id")).containsExactly(row("10", "2"), row("20", "2"));
        apply(
                new Delete(child, keyOnly(child, "10")),
                new Delete(child, keyOnly(child, "20")),
                new Delete(parent, keyOnly(parent, "2")));
        assertThat(rows("SELECT * FROM parent")).containsExactly(row("1"));
        assertThat(rows("SELECT * FROM child")).isEmpty();
    }

    @Test
    void aUniqueIndexOfTheTargetSeesTheRowsInTheSourcesOrder() throws Exception {
        execute("CREATE TABLE uniq (id INTEGER NOT NULL PRIMARY KEY, u INTEGER UNIQUE)");
        Relation unique = keyed(7, "uniq", "id* int4", "u int4");
        List<Change> changes = new ArrayList<>();
        for (int i = 1; i <= 20; i++) {
            changes.add(new Insert(unique, tuple(i, i)));
        }
        apply(next().transaction(changes));
        changes.clear();
        for (int i = 20; i >= 1; i--) {
            changes.add(new Update(unique, null, tuple(i, i + 1)));
        }
        changes.add(new Delete(unique, keyOnly(unique, "1")));
        changes.add(new Insert(unique, tuple("21", "1")));
        changes.add(new Insert(unique, tuple("1", "2")));
        apply(next().transaction(changes));
        assertThat(rows("SELECT id, u FROM uniq WHERE id IN (1, 2, 20, 21) ORDER BY id"))
                .containsExactly(row("1", "2"), row("2", "3"), row("20", "21"), row("21", "1"));
    }

    @Test
    void aSchemaOfAnyNameIsAPlaceOfItsOwn() throws Exception {
        Relation odd = relation(15, "it's \"odd\"", "t", ReplicaIdentity.DEFAULT, "id* int8", "v text");
        apply(new Insert(odd, tuple("1", "a")), new Insert(t, tuple("1", "x", "y")));
        JdbcDialect dialect = dialect(ApplyOptions.defaults("x"));
        String place = dialect.qualified(dialect.place(odd, TableMapping.NONE));
        assertThat(rows("SELECT * FROM " + place)).containsExactly(row("1", "a"));
        assertThat(rows("SELECT * FROM t")).containsExactly(row("1", "x", "y"));
        execute("DROP TABLE " + place);
    }

    /** A NULL among them must not decide what the numbers are written as. */
    @Test
    void numbersKeepTheirFractionsBesideRowsThatHaveNone() throws Exception {
        Relation prices = new Relation(
                19,
                "public",
                "prices",
                ReplicaIdentity.DEFAULT,
                List.of(
                        new Column("id", 23, -1, "", true),
                        new Column("price", 1700, (12 << 16 | 2) + 4, "", false),
                        new Column("share", 1700, (38 << 16 | 10) + 4, "", false)));
        List<Change> inserts = new ArrayList<>();
        List<Change> updates = new ArrayList<>();
        for (int i = 0; i < 40; i++) {
            boolean even = i % 2 == 0;
            inserts.add(new Insert(prices, tuple(i, even ? "12.34" : null, even ? null : "0.0123456789")));
            updates.add(new Update(prices, null, tuple(i, even ? null : "56.78", even ? "0.9876543210" : null)));
        }
        apply(next().transaction(inserts));
        String sums = "SELECT count(price), sum(price), count(share), sum(share) FROM prices";
        assertThat(numbers(sums)).containsExactly(20.0, 246.8, 20.0, 0.246913578);
        apply(next().transaction(updates));
        assertThat(numbers(sums)).containsExactly(20.0, 1135.6, 20.0, 19.75308642);
    }

    private List<Double> numbers(String sql) throws SQLException {
        return rows(sql).get(0).stream()
                .map(value ->
                        new BigDecimal(value).setScale(9, RoundingMode.HALF_UP).doubleValue())
                .toList();
    }

    @Test
    void aCompositeKeyOfManyKindsFindsItsRow() throws Exception {
        Relation composite =
                keyed(16, "composite", "a* int4", "b* text", "c* uuid", "d* timestamptz", "e* numeric", "v text");
        List<Change> changes = new ArrayList<>();
        for (int i = 0; i < 30; i++) {
            changes.add(new Insert(composite, compositeRow(i, "first")));
        }
        apply(next().transaction(changes));
        changes.clear();
        for (int i = 0; i < 20; i++) {
            changes.add(new Update(composite, null, compositeRow(i, "second")));
        }
        for (int i = 25; i < 30; i++) {
            changes.add(new Delete(composite, compositeRow(i, null)));
        }
        apply(next().transaction(changes));
        assertThat(rows("SELECT v, count(*) FROM composite GROUP BY v ORDER BY v"))
                .containsExactly(row("first", "5"), row("second", "20"));
        assertThat(target.status().divergences()).isEmpty();
    }

    private static Tuple compositeRow(int i, String v) {
        return tuple(
                i / 5,
                "k" + i,
                String.format("550e8400-e29b-41d4-a716-%012d", i),
                "2026-11-22 10:11:12.00000" + i % 10 + "+00",
                i + ".50",
                v);
    }

    @Test
    void anyNameIsQuoted() throws Exception {
        Relation odd = keyed(11, "a]b;c\"d`e", "x(y)* int8", "select text", "it's \"it\" text", "percent%_ text");
        apply(
                new Insert(odd, tuple("1", "a", "b", "c")),
                new Update(odd, keyOnly(odd, "1"), tuple("2", UNCHANGED, "d", "e")),
                new Insert(odd, tuple("3", "a", "b", "c")),
                new Delete(odd, keyOnly(odd, "3")));
        String table = dialect(ApplyOptions.defaults("x")).quote("a]b;c\"d`e");
        assertThat(rows("SELECT * FROM " + table)).containsExactly(row("2", "a", "d", "e"));
        execute("DROP TABLE " + table);
    }

    @Test
    void aTableOf1600ColumnsIsApplied() throws Exception {
        String[] columns = new String[1600];
        columns[0] = "c0* int8";
        for (int i = 1; i < columns.length; i++) {
            columns[i] = "c" + i + " int4";
        }
        Relation widest = keyed(12, "widest", columns);
        List<Change> changes = new ArrayList<>();
        for (int r = 0; r < 5; r++) {
            int id = r;
            changes.add(new Insert(
                    widest, tuple(IntStream.range(0, 1600).mapToObj(i -> id + i).toArray())));
        }
        apply(next().transaction(changes));
        assertThat(rows("SELECT c0, c1599 FROM widest ORDER BY c0")).hasSize(5).contains(row("4", "1603"));
    }

    String length(String column) {
        return "length(" + column + ")";
    }

    @Test
    void aBigValueIsApplied() throws Exception {
        byte[] big = new byte[Integer.getInteger("pg2any.bigValueBytes", 50_000_000)];
        Arrays.fill(big, (byte) 'x');
        apply(new Insert(t, tuple("1", big, null)), new Insert(t, tuple("2", "small", null)));
        assertThat(rows("SELECT id, " + length("a") + " FROM t ORDER BY id"))
                .containsExactly(row("1", Integer.toString(big.length)), row("2", "5"));
    }

    @Test
    void manyRowsOfAHugeTransactionPassInBoundedMemory() throws Exception {
        String padding = "x".repeat(100);
        Iterable<Change> changes = () -> IntStream.range(0, 200_000)
                .mapToObj(i -> (Change) new Insert(t, tuple(i, padding, null)))
                .iterator();
        assertThat(apply(next().transaction(changes)).rows()).isEqualTo(200_000);
        assertThat(rows("SELECT count(*), max(id) FROM t")).containsExactly(row("200000", "199999"));
    }

    // --- tables ---

    @Test
    void aNewColumnIsAdded() throws Exception {
        apply(new Insert(t, tuple("1", "a", "b")));
        Relation wider = keyed(1, "t", "id* int8", "a text", "b text", "c int4");
        apply(new Update(wider, null, tuple("1", UNCHANGED, "x", "7")), new Insert(wider, tuple("2", "a", "b", null)));
        assertThat(rows("SELECT * FROM t ORDER BY id"))
                .containsExactly(row("1", "a", "x", "7"), row("2", "a", "b", null));
    }

    @Test
    void aDroppedColumnStaysAsItIs() throws Exception {
        apply(new Insert(t, tuple("1", "a", "b")));
        Relation narrower = keyed(1, "t", "id* int8", "b text");
        apply(new Update(narrower, null, tuple("1", "x")), new Insert(narrower, tuple("2", "y")));
        assertThat(rows("SELECT * FROM t ORDER BY id")).containsExactly(row("1", "a", "x"), row("2", null, "y"));
    }

    @Test
    void aMissingTableIsAnErrorWhenTablesAreExpected() throws Exception {
        open(ApplyOptions.builder("test").tables(TablesPolicy.EXPECT).build());
        TargetException error = refusal(new Insert(t, tuple("1", "a", "b")));
        assertThat(error.kind()).isEqualTo(Kind.CONFIG);
        assertThat(error).hasMessageContaining("public.t").hasMessageContaining("pg2any.tables");
    }

    @Test
    void missingColumnsAreNamedWhenTablesAreExpected() throws Exception {
        execute("CREATE TABLE t (id INTEGER PRIMARY KEY, extra VARCHAR(10))");
        open(ApplyOptions.builder("test").tables(TablesPolicy.EXPECT).build());
        TargetException error = refusal(new Insert(t, tuple("1", "a", "b")));
        assertThat(error.kind()).isEqualTo(Kind.CONFIG);
        assertThat(error).hasMessageContaining("lacks columns a, b");
    }

    @Test
    void aTargetColumnThatNeedsAValueIsNamed() throws Exception {
        execute("CREATE TABLE t (id INTEGER PRIMARY KEY, a VARCHAR(10), b VARCHAR(10), must INTEGER NOT NULL)");
        TargetException error = refusal(new Insert(t, tuple("1", "a", "b")));
        assertThat(error.kind()).isEqualTo(Kind.CONFIG);
        assertThat(error).hasMessageContaining("column must");
    }

    @Test
    void twoSourceTablesMustNotShareATarget() throws Exception {
        open(ApplyOptions.builder("test")
                .mapping(TableMapping.parse("one:x,two:x"))
                .build());
        Relation one = relation(20, "one", "t", ReplicaIdentity.DEFAULT, "id* int8");
        Relation two = relation(21, "two", "t", ReplicaIdentity.DEFAULT, "id* int8");
        prepareSchema("x");
        apply(new Insert(one, tuple("1")));
        TargetException error = refusal(new Insert(two, tuple("2")));
        assertThat(error.kind()).isEqualTo(Kind.CONFIG);
        assertThat(error).hasMessageContaining("one.t").hasMessageContaining("two.t");
    }

    /** For targets that do not make schemas. */
    void prepareSchema(String name) throws SQLException {}

    @Test
    void aTablePutAsideAndMadeAgainIsTheSameTable() throws Exception {
        apply(new Insert(t, tuple("1", "a", "b")));
        Relation again = keyed(99, "t", "id* int8", "a text", "b text");
        apply(new Insert(again, tuple("2", "a", "b")), new Update(again, null, tuple("1", "z", "z")));
        assertThat(rows("SELECT a FROM t ORDER BY id")).containsExactly(row("z"), row("a"));
    }

    // --- divergence and refusals ---

    @Test
    void anUpdateThatFindsNoRowIsCountedAndTheRestApplied() throws Exception {
        apply(
                new Update(t, null, tuple("1", "a", "b")),
                new Delete(t, keyOnly(t, "2")),
                new Insert(t, tuple("3", "a", "b")));
        assertThat(rows("SELECT id FROM t")).containsExactly(row("3"));
        Map<TableRows, java.util.concurrent.atomic.LongAdder> divergences =
                target.status().divergences();
        assertThat(divergences.get(new TableRows("public.t", RowKind.UPDATE)).sum())
                .isEqualTo(1);
        assertThat(divergences.get(new TableRows("public.t", RowKind.DELETE)).sum())
                .isEqualTo(1);
    }

    @Test
    void divergenceCanBeARefusal() throws Exception {
        open(ApplyOptions.builder("test").divergence(DivergencePolicy.FAIL).build());
        TargetException error = refusal(new Insert(t, tuple("3", "a", "b")), new Update(t, null, tuple("1", "a", "b")));
        assertThat(error.kind()).isEqualTo(Kind.REJECTED);
        assertThat(error).hasMessageContaining("change 2 of transaction 700").hasMessageContaining("public.t");
        assertThat(rows("SELECT lsn FROM pg2any_position")).containsExactly(row("0/0"));
    }

    @Test
    void divergenceCanBeAnUpsertWhenTheWholeRowIsKnown() throws Exception {
        open(ApplyOptions.builder("test").divergence(DivergencePolicy.UPSERT).build());
        apply(
                new Update(t, null, tuple("1", "a", "b")),
                new Update(t, null, tuple("1", "c", "d")),
                new Update(t, null, tuple("2", UNCHANGED, "b")));
        assertThat(rows("SELECT * FROM t")).containsExactly(row("1", "c", "d"));
    }

    @Test
    void aDuplicateKeyInABlockIsRejectedByItsVeryRow() throws Exception {
        List<Change> changes = new ArrayList<>();
        for (int i = 0; i < 200; i++) {
            changes.add(new Insert(t, tuple(i == 150 ? 149 : i, "secret", "b")));
        }
        TargetException error =
                catchThrowableOfType(TargetException.class, () -> target.apply(next().transaction(changes)));
        assertThat(error.kind()).isEqualTo(Kind.REJECTED);
        assertThat(error)
                .hasMessageContaining("change 151 of transaction 700 committed at 0/10D0")
                .hasMessageContaining("key id")
                .hasMessageNotContaining("secret");
        assertThat(target.status().lastError()).contains(error);
        apply(new Insert(t, tuple("1", "a", "b")));
        assertThat(rows("SELECT id FROM t")).hasSize(1);
    }

    @Test
    void aRefusedRowThatWaitedForMoreIsNamedByItsOwnPlace() throws Exception {
        Relation other = keyed(10, "other", "id* int8");
        apply(new Insert(t, tuple("1", "a", "b")), new Insert(other, tuple("1")));
        TargetException error = catchThrowableOfType(
                TargetException.class,
                () -> target.apply(
                        next().transaction(new Insert(other, tuple("2")), new Insert(t, tuple("1", "a", "b")))
                                .transaction(new Insert(other, tuple("3")))));
        assertThat(error.kind()).isEqualTo(Kind.REJECTED);
        assertThat(error).hasMessageContaining("change 2 of transaction 700").hasMessageContaining("public.t");
    }

    @Test
    void anInsertWithAnUnsentValueIsRejectedByItsColumn() {
        TargetException error = refusal(new Insert(t, tuple("1", UNCHANGED, "b")));
        assertThat(error.kind()).isEqualTo(Kind.REJECTED);
        assertThat(error).hasMessageContaining("column a").hasMessageContaining("REPLICA IDENTITY FULL");
    }

    @Test
    void anUpdateOfATableWithoutIdentityIsRejected() throws Exception {
        Relation none = relation(30, "public", "none", ReplicaIdentity.NOTHING, "a int4");
        apply(new Insert(none, tuple("1")), new Insert(none, tuple("1")));
        TargetException error = refusal(new Update(none, null, tuple("2")));
        assertThat(error.kind()).isEqualTo(Kind.REJECTED);
        assertThat(error).hasMessageContaining("replica identity");
    }

    @Test
    void aKeyThatSeveralTargetRowsShareIsRejected() throws Exception {
        execute("CREATE TABLE t (id INTEGER, a VARCHAR(10), b VARCHAR(10))");
        apply(new Insert(t, tuple("1", "a", "b")), new Insert(t, tuple("1", "a", "b")));
        TargetException error = refusal(new Update(t, null, tuple("1", "x", "y")));
        assertThat(error.kind()).isEqualTo(Kind.REJECTED);
        assertThat(rows("SELECT a FROM t")).containsExactly(row("a"), row("a"));
    }

    @Test
    void randomHistoriesInNarrowWindowsEndInTheSameRows() throws Exception {
        open(ApplyOptions.builder("test").windowRows(7).build());
        randomHistoriesEndInTheSameRows();
    }

    @Test
    void changesThatCancelEachOtherAreCounted() throws Exception {
        assertThat(apply(new Insert(t, tuple("1", "a", null)), new Delete(t, keyOnly(t, "1")))
                        .rows())
                .isEqualTo(2);
        assertThat(rows("SELECT id FROM t")).isEmpty();
    }

    /** The first window is being written while the next ones fill. */
    @Test
    void aWindowThatIsRefusedWhileTheNextOneFillsTakesTheWholeBatchWithIt() throws Exception {
        open(ApplyOptions.builder("test").windowRows(5).build());
        apply(new Insert(t, tuple("3", "there", null)));
        List<Change> changes = new ArrayList<>();
        for (int i = 1; i <= 40; i++) {
            changes.add(new Insert(t, tuple(Integer.toString(i), "new", null)));
        }
        TargetException error = refusal(changes.toArray(new Change[0]));
        assertThat(error.kind()).isEqualTo(Kind.REJECTED);
        assertThat(error).hasMessageContaining("change 3 of transaction");
        assertThat(rows("SELECT id, a FROM t")).containsExactly(row("3", "there"));

        apply(new Delete(t, keyOnly(t, "3")));
        apply(changes.toArray(new Change[0]));
        assertThat(rows("SELECT count(*) FROM t")).containsExactly(row("40"));
    }

    @Test
    void randomHistoriesInStrictOrderEndInTheSameRows() throws Exception {
        open(ApplyOptions.builder("test").order(ApplyOrder.STRICT).build());
        randomHistoriesEndInTheSameRows();
    }

    @Test
    void ofManyRowsThoseThatAreNotThereAreCounted() throws Exception {
        List<Change> changes = new ArrayList<>();
        for (int i = 0; i < 20; i++) {
            changes.add(new Insert(t, tuple(i, "a", "b")));
        }
        apply(next().transaction(changes));
        changes.clear();
        for (int i = 10; i < 30; i++) {
            changes.add(new Update(t, null, tuple(i, "c", null)));
        }
        for (int i = 5; i < 10; i++) {
            changes.add(new Delete(t, keyOnly(t, Integer.toString(i))));
        }
        for (int i = 35; i < 38; i++) {
            changes.add(new Delete(t, keyOnly(t, Integer.toString(i))));
        }
        assertThat(apply(next().transaction(changes)).rows()).isEqualTo(15);
        assertThat(rows("SELECT a, b, count(*) FROM t GROUP BY a, b ORDER BY a"))
                .containsExactly(row("a", "b", "5"), row("c", null, "10"));
        assertThat(target.status()
                        .divergences()
                        .get(new TableRows("public.t", RowKind.UPDATE))
                        .sum())
                .isEqualTo(10);
        assertThat(target.status()
                        .divergences()
                        .get(new TableRows("public.t", RowKind.DELETE))
                        .sum())
                .isEqualTo(3);
    }

    @Test
    void randomHistoriesEndInTheSameRows() throws Exception {
        java.util.Random random = new java.util.Random(42);
        java.util.TreeMap<Integer, List<String>> model = new java.util.TreeMap<>();
        for (int round = 0; round < 40; round++) {
            ChangesBatch batch = next();
            for (int tx = 0; tx < 5; tx++) {
                List<Change> changes = new ArrayList<>();
                for (int i = 0; i < 30; i++) {
                    changes.add(randomChange(random, model));
                }
                batch.transaction(changes);
            }
            apply(batch);
        }
        List<List<String>> expected = new ArrayList<>();
        model.forEach((id, values) -> expected.add(row(id.toString(), values.get(0), values.get(1))));
        assertThat(rows("SELECT * FROM t ORDER BY id")).containsExactlyElementsOf(expected);
        assertThat(target.status().divergences()).isEmpty();
    }

    private Change randomChange(java.util.Random random, Map<Integer, List<String>> model) {
        int id = random.nextInt(50);
        String a = random.nextInt(4) == 0 ? null : "a" + random.nextInt();
        String b = "b" + random.nextInt();
        if (!model.containsKey(id)) {
            model.put(id, Arrays.asList(a, b));
            return new Insert(t, tuple(id, a, b));
        }
        switch (random.nextInt(5)) {
            case 0:
                model.remove(id);
                return new Delete(t, keyOnly(t, Integer.toString(id)));
            case 1:
                model.put(id, Arrays.asList(a, b));
                return new Update(t, null, tuple(id, a, b));
            case 2:
                model.get(id).set(1, b);
                return new Update(t, null, tuple(id, UNCHANGED, b));
            case 3:
                int free = IntStream.range(0, 100)
                        .filter(i -> !model.containsKey(i))
                        .findFirst()
                        .getAsInt();
                List<String> moved = model.remove(id);
                moved.set(1, b);
                model.put(free, moved);
                return new Update(t, keyOnly(t, Integer.toString(id)), tuple(free, UNCHANGED, b));
            default:
                model.get(id).set(0, a);
                return new Update(t, null, tuple(id, a, UNCHANGED));
        }
    }

    // --- rejected changes ---

    @Test
    void aRefusedKeyIsNamedByItsColumnsAndNotByItsValue() throws Exception {
        Relation words = keyed(13, "words", "k* text", "v text");
        apply(new Insert(words, tuple("s3cret", "v")));
        TargetException error = refusal(new Insert(words, tuple("s3cret", "v")));
        assertThat(error.kind()).isEqualTo(Kind.REJECTED);
        assertThat(error).hasMessageContaining("key k").hasMessageNotContaining("s3cret");
    }

    private KeptChanges park(Predicate<Relation> parked) throws Exception {
        return park(parked, dialect -> dialect);
    }

    private KeptChanges park(Predicate<Relation> parked, UnaryOperator<JdbcDialect> wrapper) throws Exception {
        KeptChanges kept = KeptChanges.of(parked);
        open(ApplyOptions.builder("test").rejected(kept).build(), wrapper);
        return kept;
    }

    private void createStrictTable() throws SQLException {
        execute("CREATE TABLE t (id INTEGER NOT NULL PRIMARY KEY, a VARCHAR(10), b VARCHAR(10) NOT NULL)");
    }

    @Test
    void aRefusedChangeOfATableThatOptsInIsKeptAndAllElseIsApplied() throws Exception {
        createStrictTable();
        KeptChanges kept = park(t::equals);
        Relation other = keyed(10, "other", "id* int8");
        Insert refused = new Insert(t, tuple("2", "secret", null));
        Update alsoRefused = new Update(t, null, tuple("1", "secret", null));
        ChangesBatch batch = next().transaction(
                        new Insert(t, tuple("1", "a", "b")),
                        refused,
                        new Insert(other, tuple("1")),
                        new Insert(t, tuple("3", "a", "b")))
                .transaction(alsoRefused, new Update(t, null, tuple("3", "c", "d")));
        Applied applied = apply(batch);
        assertThat(applied.applied()).isEqualTo(batch.end());
        assertThat(applied.transactions()).isEqualTo(2);
        assertThat(applied.rows()).isEqualTo(4);
        assertThat(rows("SELECT * FROM t ORDER BY id")).containsExactly(row("1", "a", "b"), row("3", "c", "d"));
        assertThat(rows("SELECT * FROM other")).hasSize(1);
        assertThat(kept.kept()).extracting(RejectedChange::change).containsExactly(refused, alsoRefused);
        assertThat(kept.kept()).extracting(RejectedChange::ordinal).containsExactly(2L, 1L);
        assertThat(kept.kept()).extracting(change -> change.transaction().xid()).containsExactly(700, 701);
        assertThat(kept.kept()).allSatisfy(change -> {
            assertThat(change.source()).isEqualTo(ChangesBatch.SOURCE);
            assertThat(change.error()).contains("public.t", "key id").doesNotContain("secret");
        });
        assertThat(rejections(RowKind.INSERT)).isEqualTo(1);
        assertThat(rejections(RowKind.UPDATE)).isEqualTo(1);
        assertThat(target.status().lastError()).isEmpty();
        apply(new Insert(t, tuple("4", "a", "b")));
        assertThat(kept.kept()).hasSize(2);
    }

    private long rejections(RowKind kind) {
        return target.status().rejections().get(new TableRows("public.t", kind)).sum();
    }

    @Test
    void aRefusedChangeOfATableThatDoesNotOptInStops() throws Exception {
        createStrictTable();
        Relation other = keyed(10, "other", "id* int8");
        KeptChanges kept = park(other::equals);
        assertThat(refusal(new Insert(other, tuple("1")), new Insert(t, tuple("1", "a", null)))
                        .kind())
                .isEqualTo(Kind.REJECTED);
        assertThat(kept.kept()).isEmpty();
        assertThat(target.status().rejections()).isEmpty();
    }

    @Test
    void whatMayPassIsNeverSetAside() throws Exception {
        createStrictTable();
        KeptChanges kept = park(relation -> true, dialect -> with(dialect, Map.of("classify", () -> Kind.RETRYABLE)));
        assertThat(refusal(new Insert(t, tuple("1", "a", null))).kind()).isEqualTo(Kind.RETRYABLE);
        assertThat(kept.kept()).isEmpty();
        assertThat(rows("SELECT lsn FROM pg2any_position")).containsExactly(row("0/0"));
    }

    @Test
    void aChangeThatCannotBeKeptTakesTheWholeBatchBack() throws Exception {
        createStrictTable();
        KeptChanges kept = park(relation -> true);
        kept.full(true);
        ChangesBatch batch =
                next().transaction(new Insert(t, tuple("1", "a", "b")), new Insert(t, tuple("2", "a", null)));
        assertThatThrownBy(() -> target.apply(batch)).isInstanceOf(IOException.class);
        assertThat(rows("SELECT * FROM t")).isEmpty();
        assertThat(rows("SELECT lsn FROM pg2any_position")).containsExactly(row("0/0"));
        kept.full(false);
        apply(batch);
        assertThat(rows("SELECT id FROM t")).containsExactly(row("1"));
        assertThat(kept.kept()).hasSize(1);
    }

    @Test
    void whatATryThatWasRolledBackHasKeptIsGoneWhenTheNextOneIsNotRefused() throws Exception {
        createStrictTable();
        AtomicBoolean crash = new AtomicBoolean();
        KeptChanges kept = park(
                relation -> true,
                dialect -> commits(dialect, connection -> {
                    if (crash.getAndSet(false)) {
                        connection.close();
                        throw new SQLRecoverableException("connection closed", "08006");
                    }
                    connection.commit();
                }));
        execute("INSERT INTO t VALUES (1, 'in', 'the way')");
        crash.set(true);
        ChangesBatch batch =
                next().transaction(new Insert(t, tuple("1", "a", "b")), new Insert(t, tuple("2", "a", null)));
        assertThatThrownBy(() -> target.apply(batch)).isInstanceOf(TargetException.class);
        assertThat(kept.kept()).hasSize(2);
        execute("DELETE FROM t");
        apply(batch);
        assertThat(rows("SELECT id, a FROM t")).containsExactly(row("1", "a"));
        assertThat(kept.kept()).extracting(RejectedChange::ordinal).containsExactly(2L);
    }

    @Test
    void anUpdateThatFindsNoRowIsSetAsideWhereThatFails() throws Exception {
        KeptChanges kept = KeptChanges.of(relation -> true);
        open(ApplyOptions.builder("test")
                .rejected(kept)
                .divergence(DivergencePolicy.FAIL)
                .build());
        apply(new Insert(t, tuple("1", "a", "b")), new Update(t, null, tuple("2", "a", "b")));
        assertThat(kept.kept()).hasSize(1);
        assertThat(rows("SELECT id FROM t")).containsExactly(row("1"));
    }

    @Test
    void anUpdateOfSeveralRowsLeavesThemAloneWhenItIsSetAside() throws Exception {
        execute("CREATE TABLE t (id INTEGER, a VARCHAR(10), b VARCHAR(10))");
        KeptChanges kept = park(relation -> true);
        apply(new Insert(t, tuple("1", "a", "b")), new Insert(t, tuple("1", "a", "b")));
        apply(new Update(t, null, tuple("1", "x", "y")), new Insert(t, tuple("2", "a", "b")));
        assertThat(kept.kept()).hasSize(1);
        assertThat(rows("SELECT a FROM t")).containsExactly(row("a"), row("a"), row("a"));
    }

    @Test
    void aTableThatIsMadeForARefusedChangeStays() throws Exception {
        KeptChanges kept = park(relation -> true);
        apply(new Insert(t, tuple("1", UNCHANGED, "b")), new Insert(t, tuple("2", "a", "b")));
        apply(new Insert(t, tuple("3", "a", "b")));
        assertThat(kept.kept()).hasSize(1);
        assertThat(rows("SELECT id FROM t ORDER BY id")).containsExactly(row("2"), row("3"));
    }

    // --- faults ---

    interface Commit {
        void on(Connection connection) throws SQLException;
    }

    /** The dialect with connections whose {@code commit} does this instead. */
    static JdbcDialect commits(JdbcDialect dialect, Commit commit) {
        return proxy(JdbcDialect.class, dialect, Collections.singletonMap("connect", () -> {
            Connection real = dialect.connect();
            return proxy(Connection.class, real, Collections.singletonMap("commit", () -> {
                commit.on(real);
                return null;
            }));
        }));
    }

    static JdbcDialect with(JdbcDialect dialect, Map<String, java.util.concurrent.Callable<Object>> answers) {
        return proxy(JdbcDialect.class, dialect, answers);
    }

    private static <T> T proxy(Class<T> type, T real, Map<String, java.util.concurrent.Callable<Object>> answers) {
        return type.cast(Proxy.newProxyInstance(
                type.getClassLoader(), new Class<?>[] {type}, (self, method, arguments) -> {
                    java.util.concurrent.Callable<Object> answer = answers.get(method.getName());
                    if (answer != null) {
                        return answer.call();
                    }
                    try {
                        return method.invoke(real, arguments);
                    } catch (InvocationTargetException e) {
                        throw e.getCause();
                    }
                }));
    }
}
