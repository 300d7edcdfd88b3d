package io.pg2any.staging;

import static io.pg2any.staging.StagingReads.drain;
import static io.pg2any.staging.StagingReads.take;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.pg2any.change.Lsn;
import io.pg2any.change.Position;
import io.pg2any.change.TransactionBatch;
import io.pg2any.pgoutput.MalformedMessageException;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The server sends a prepared transaction's body once, and after that only how it ended. */
class PreparedTransactionTest {
    private static final Path FOLDER = Path.of("/staging");
    private static final int IN_MEMORY = 1 << 20;
    private static final int IN_FILES = 1;
    /** A segment of its own. */
    private static final String LONG = "b".repeat(300);

    private static final int TARGET = 0;
    private static final int ACKNOWLEDGED = 1;

    private final SimulatedFiles files = new SimulatedFiles();
    private final PgOutputBytes session = new PgOutputBytes(1, 50);

    private StagingLog open(int memory, AcknowledgeMode mode) throws IOException {
        return open(files, memory, mode);
    }

    private static StagingLog open(SimulatedFiles files, int memory, AcknowledgeMode mode) throws IOException {
        return StagingLog.open(new StagingConfig(FOLDER, mode, 1 << 20, memory, 1L << 30, true, 300), files);
    }

    private List<Path> prepared() {
        return files.paths(FOLDER.resolve("prepared"));
    }

    private static PgOutputBytes preparedBody(PgOutputBytes to) {
        return to.beginPrepare(100, 9, "gid")
                .relation(7, "t", "id")
                .insert(7, "a")
                .insert(7, "b");
    }

    @ParameterizedTest
    @ValueSource(ints = {IN_MEMORY, IN_FILES})
    void isAppliedOnceInTheOrderOfItsCommit(int memory) throws Exception {
        try (StagingLog log = open(memory, AcknowledgeMode.APPLIED)) {
            log.append(preparedBody(session).chunk());
            log.append(session.insert(7, "c")
                    .prepare(100, 9, "gid")
                    .transaction(150, 7, "other")
                    .chunk());
            assertThat(drain(log)).containsExactly("150:t(other)");
            log.append(session.commitPrepared(200, 9, "gid")
                    .transaction(250, 7, "after")
                    .chunk());
            assertThat(drain(log)).containsExactly("200:t(a),t(b),t(c)", "250:t(after)");

            assertThat(prepared()).isNotEmpty();
            log.targetDurable(new Lsn(258));
            assertThat(prepared()).isEmpty();
        }
        assertThat(files.openFiles()).isZero();
    }

    @Test
    void aLargeOneIsNotOfferedWhileItArrives() throws Exception {
        try (StagingLog log = open(IN_FILES, AcknowledgeMode.APPLIED)) {
            log.append(preparedBody(session).chunk());
            log.append(session.insert(7, "c").chunk());
            log.append(session.insert(7, "d").chunk());
            assertThat(take(log)).isNull();
            log.append(session.prepare(100, 9, "gid").chunk());
            assertThat(drain(log)).isEmpty();
        }
    }

    @ParameterizedTest
    @EnumSource
    void itsBodyOutlivesThePowerBeforeAnythingAfterItIsAcknowledged(AcknowledgeMode mode) throws Exception {
        StagingLog log = open(IN_MEMORY, mode);
        log.append(preparedBody(session).prepare(100, 9, "gid").chunk());
        files.losePower();

        log = open(IN_MEMORY, mode);
        log.reconcile(new Position(PgOutputBytes.SOURCE, new Lsn(120)));
        PgOutputBytes next = new PgOutputBytes(2, 120);
        log.append(next.commitPrepared(200, 9, "gid").chunk());
        assertThat(drain(log)).containsExactly("200:t(a),t(b)");
        // In STAGED the newest file stays, and with it what it refers to.
        log.append(next.chunk(210));
        drain(log);
        log.targetDurable(new Lsn(210));
        assertThat(prepared()).isEmpty();
        log.close();
    }

    @ParameterizedTest
    @ValueSource(ints = {IN_MEMORY, IN_FILES})
    void aStreamedOneLeavesOutWhatWasRolledBack(int memory) throws Exception {
        StagingLog log = open(memory, AcknowledgeMode.APPLIED);
        session.streamStart(9).relation(7, "t", "id").insert(7, "a").in(10).insert(7, "undone".repeat(100));
        log.append(session.streamStop().chunk());
        session.streamAbort(9, 10)
                .streamStart(9)
                .relation(7, "t", "id")
                .insert(7, "b".repeat(300))
                .streamStop();
        log.append(session.chunk());
        log.append(session.streamPrepare(100, 9, "it's").chunk());
        files.losePower();
        assertThat(prepared()).hasSize(memory == IN_MEMORY ? 1 : 3);

        log = open(memory, AcknowledgeMode.APPLIED);
        log.append(new PgOutputBytes(2, 120).commitPrepared(200, 9, "it's").chunk());
        assertThat(drain(log)).containsExactly("200:t(a),t(" + "b".repeat(300) + ")");
        log.targetDurable(new Lsn(208));
        assertThat(prepared()).isEmpty();
        log.close();
    }

    @ParameterizedTest
    @ValueSource(ints = {IN_MEMORY, IN_FILES})
    void aRolledBackOneLeavesNoFileAndAnUnknownOneIsIgnored(int memory) throws Exception {
        try (StagingLog log = open(memory, AcknowledgeMode.STAGED)) {
            log.append(preparedBody(session).prepare(100, 9, "gid").chunk());
            assertThat(prepared()).hasSize(1);
            log.append(session.rollbackPrepared(108, 200, 9, "gid")
                    .rollbackPrepared(90, 210, 8, "")
                    .chunk());
            assertThat(prepared()).isEmpty();
            assertThat(drain(log)).isEmpty();
            assertThat(log.stagedPosition().orElseThrow().lsn()).isEqualTo(new Lsn(210));
        }
    }

    @Test
    void preparedAndRolledBackInOneChunkNeverReachesTheDisk() throws Exception {
        try (StagingLog log = open(IN_MEMORY, AcknowledgeMode.APPLIED)) {
            preparedBody(session).prepare(100, 9, "gid").rollbackPrepared(108, 200, 9, "gid");
            log.append(session.transaction(250, 7, "after").chunk());
            assertThat(prepared()).isEmpty();
            assertThat(drain(log)).containsExactly("250:t(after)");
        }
    }

    @Test
    void whatComesAgainIsStagedOnce() throws Exception {
        try (StagingLog log = open(IN_MEMORY, AcknowledgeMode.APPLIED)) {
            log.append(preparedBody(session).prepare(100, 9, "gid").chunk());
            PgOutputBytes second = new PgOutputBytes(2, 50);
            log.append(preparedBody(second)
                    .prepare(100, 9, "gid")
                    .commitPrepared(200, 9, "gid")
                    .chunk());
            PgOutputBytes third = new PgOutputBytes(3, 50);
            log.append(preparedBody(third)
                    .prepare(100, 9, "gid")
                    .commitPrepared(200, 9, "gid")
                    .chunk());
            assertThat(drain(log)).containsExactly("200:t(a),t(b)");
            log.targetDurable(new Lsn(208));
            assertThat(prepared()).isEmpty();
            PgOutputBytes fourth = new PgOutputBytes(4, 50);
            log.append(preparedBody(fourth)
                    .prepare(100, 9, "gid")
                    .commitPrepared(200, 9, "gid")
                    .chunk());
            assertThat(drain(log)).isEmpty();
            assertThat(prepared()).isEmpty();
        }
    }

    @Test
    void anIdentifierIsUsedAgain() throws Exception {
        try (StagingLog log = open(IN_MEMORY, AcknowledgeMode.APPLIED)) {
            log.append(preparedBody(session)
                    .prepare(100, 9, "gid")
                    .commitPrepared(200, 9, "gid")
                    .chunk());
            session.beginPrepare(300, 10, "gid").insert(7, "second").prepare(300, 10, "gid");
            log.append(session.commitPrepared(400, 10, "gid").chunk());
            assertThat(drain(log)).containsExactly("200:t(a),t(b)", "400:t(second)");
        }
    }

    @Test
    void aPrepareFromBeforeTheSlotComesWhenItIsCommitted() throws Exception {
        try (StagingLog log = open(IN_MEMORY, AcknowledgeMode.APPLIED)) {
            log.append(session.chunk(500));
            log.append(preparedBody(session)
                    .prepare(100, 9, "gid")
                    .commitPrepared(600, 9, "gid")
                    .chunk());
            assertThat(drain(log)).containsExactly("600:t(a),t(b)");
        }
    }

    @Test
    void theCommitOfOneThatIsNotHereIsALoss() throws Exception {
        try (StagingLog log = open(IN_MEMORY, AcknowledgeMode.APPLIED)) {
            session.commitPrepared(200, 9, "gid");
            assertThatThrownBy(() -> log.append(session.chunk()))
                    .isInstanceOf(MalformedMessageException.class)
                    .hasMessageContaining("\"gid\"")
                    .hasMessageContaining("/staging/prepared");
        }
    }

    /** A commit that the target lost with its power is sent again, the body is not. */
    @Test
    void itsBodyStaysUntilTheTargetHasItForGood() throws Exception {
        StagingLog log = open(IN_MEMORY, AcknowledgeMode.APPLIED);
        log.append(preparedBody(session)
                .prepare(100, 9, "gid")
                .transaction(150, 7, "x")
                .chunk());
        assertThat(drain(log)).hasSize(1);
        log.targetDurable(new Lsn(158));
        log.append(session.commitPrepared(200, 9, "gid").chunk());
        assertThat(drain(log)).containsExactly("200:t(a),t(b)");
        log.append(session.transaction(250, 7, "y").chunk());
        take(log);
        files.crash();

        log = open(IN_MEMORY, AcknowledgeMode.APPLIED);
        log.reconcile(new Position(PgOutputBytes.SOURCE, new Lsn(158)));
        log.append(new PgOutputBytes(2, 158).commitPrepared(200, 9, "gid").chunk());
        assertThat(drain(log)).contains("200:t(a),t(b)");
        log.targetDurable(new Lsn(300));
        assertThat(prepared()).isEmpty();
        log.close();
    }

    /** A source that sends the body only to who has not passed it, a disk that stops, a process or a power that ends. */
    @ParameterizedTest
    @EnumSource
    void isNeitherLostNorRepeatedWhereverItStops(AcknowledgeMode mode) throws Exception {
        boolean finished = false;
        for (int point = 0; !finished; point++) {
            for (boolean power : new boolean[] {false, true}) {
                SimulatedFiles disk = new SimulatedFiles();
                List<String> target = new ArrayList<>();
                Lsn[] marks = {new Lsn(50), new Lsn(50)};
                StagingLog log = open(disk, IN_FILES, mode);
                int last = disk.operations.size() + point;
                disk.failWith(operation -> {
                    if (disk.operations.size() > last) {
                        throw new IOException("the disk is gone");
                    }
                });
                finished = run(log, 1, mode, target, marks);
                if (power) {
                    disk.losePower();
                } else {
                    disk.crash();
                }
                disk.failNever();
                log = open(disk, IN_FILES, mode);
                assertThat(run(log, 2, mode, target, marks)).isTrue();
                assertThat(target)
                        .as("%s, stopped at operation %d", mode, point)
                        .containsExactly("100:t(one)", "200:t(a),t(" + LONG + "),t(" + LONG + ")", "300:t(three)");
                assertThat(disk.paths(FOLDER.resolve("prepared"))).isEmpty();
                log.close();
            }
        }
    }

    private static boolean run(StagingLog log, int number, AcknowledgeMode mode, List<String> target, Lsn[] marks)
            throws InterruptedException {
        try {
            log.reconcile(new Position(PgOutputBytes.SOURCE, marks[TARGET]));
            long start = log.stagedPosition().orElseThrow().lsn().value();
            assertThat(marks[ACKNOWLEDGED].value()).isLessThanOrEqualTo(start);
            PgOutputBytes session = new PgOutputBytes(number, start);
            if (start <= 80) {
                log.append(session.beginPrepare(80, 9, "gid")
                        .relation(7, "t", "id")
                        .insert(7, "a")
                        .chunk());
                log.append(session.insert(7, LONG).chunk());
                log.append(session.insert(7, LONG).chunk());
                log.append(session.prepare(80, 9, "gid").chunk());
                apply(log, mode, target, marks);
            }
            session.begin(100, 1).relation(7, "t", "id").insert(7, "one").commit(100);
            send(log, session, start <= 100);
            apply(log, mode, target, marks);
            send(log, session.commitPrepared(200, 9, "gid"), start <= 200);
            apply(log, mode, target, marks);
            session.begin(300, 2).relation(7, "t", "id").insert(7, "three").commit(300);
            send(log, session, start <= 300);
            apply(log, mode, target, marks);
            log.append(session.chunk(400));
            apply(log, mode, target, marks);
            log.targetDurable(new Lsn(400));
            return true;
        } catch (IOException diskIsGone) {
            return false;
        }
    }

    private static void send(StagingLog log, PgOutputBytes session, boolean sent)
            throws IOException, InterruptedException {
        if (sent) {
            log.append(session.chunk());
        } else {
            session.chunk();
        }
    }

    private static void apply(StagingLog log, AcknowledgeMode mode, List<String> target, Lsn[] marks)
            throws IOException, InterruptedException {
        if (mode == AcknowledgeMode.STAGED) {
            log.durableLsn().ifPresent(durable -> marks[ACKNOWLEDGED] = durable);
        }
        for (TransactionBatch batch; (batch = take(log)) != null; log.complete(batch)) {
            List<String> read = StagingReads.read(batch);
            target.addAll(read);
            List<PendingFile> whole = ((StagedBatch) batch).files();
            marks[TARGET] = whole.get(whole.size() - 1).through();
            if (mode == AcknowledgeMode.APPLIED) {
                marks[ACKNOWLEDGED] = marks[TARGET];
            }
            log.targetDurable(marks[TARGET]);
        }
    }
}
