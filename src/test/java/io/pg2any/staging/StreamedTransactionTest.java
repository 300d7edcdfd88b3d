package io.pg2any.staging;

import static io.pg2any.staging.StagingReads.drain;
import static io.pg2any.staging.StagingReads.take;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.pg2any.change.Change;
import io.pg2any.change.Lsn;
import io.pg2any.change.Relation;
import io.pg2any.change.TransactionBatch;
import io.pg2any.change.TransactionCursor;
import io.pg2any.pgoutput.MalformedMessageException;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Transactions that the server streams while they are open. Every test of content runs in memory (a limit nothing
 * reaches) and in segments (a limit of one byte).
 */
class StreamedTransactionTest {
    private static final Path FOLDER = Path.of("/staging");
    private static final int IN_MEMORY = 1 << 20;
    private static final int IN_SEGMENTS = 1;

    private final SimulatedFiles files = new SimulatedFiles();
    private final PgOutputBytes session = new PgOutputBytes(1, 50);

    @BeforeEach
    void announce() {
        session.begin(60, 1).relation(7, "t", "id").insert(7, "first").commit(60);
    }

    private StagingLog open(int memory) throws IOException {
        return open(memory, AcknowledgeMode.APPLIED);
    }

    private StagingLog open(int memory, AcknowledgeMode mode) throws IOException {
        return StagingLog.open(
                new StagingConfig(FOLDER, mode, 1 << 20, memory, 1L << 30, true, memory == IN_SEGMENTS ? 300 : 1 << 20),
                files);
    }

    private List<Path> received() {
        return files.paths(FOLDER.resolve("received"));
    }

    private List<Path> pending() {
        return files.paths(FOLDER.resolve("pending"));
    }

    /** Cuts the stream into chunks at every message that follows, so that spools are flushed in between. */
    private void append(StagingLog log) throws IOException, InterruptedException {
        log.append(session.chunk());
    }

    @ParameterizedTest
    @ValueSource(ints = {IN_MEMORY, IN_SEGMENTS})
    void interleavedStreamsComeOutWholeInCommitOrder(int memory) throws Exception {
        try (StagingLog log = open(memory)) {
            session.streamStart(10).relation(7, "t", "id").insert(7, "a1").streamStop();
            append(log);
            session.streamStart(20).relation(7, "t", "id").insert(7, "b1").streamStop();
            append(log);
            session.begin(100, 2).insert(7, "between").commit(100);
            session.streamStart(10).insert(7, "a2").streamStop();
            append(log);
            session.streamStart(20).insert(7, "b2");
            append(log);
            session.insert(7, "b3").streamStop();
            session.streamCommit(20, 200);
            append(log);
            session.transaction(250, 7, "after b");
            session.streamCommit(10, 300).transaction(350, 7, "after a");
            append(log);

            assertThat(drain(log))
                    .containsExactly(
                            "60:t(first)",
                            "100:t(between)",
                            "200:t(b1),t(b2),t(b3)",
                            "250:t(after b)",
                            "300:t(a1),t(a2)",
                            "350:t(after a)");
            assertThat(received()).isEmpty();
        }
        assertThat(files.openFiles()).isZero();
    }

    @ParameterizedTest
    @ValueSource(ints = {IN_MEMORY, IN_SEGMENTS})
    void whatWasRolledBackToASavepointIsLeftOutAlsoWhenNested(int memory) throws Exception {
        try (StagingLog log = open(memory)) {
            session.streamStart(10).relation(7, "t", "id").insert(7, "top");
            session.in(11).insert(7, "kept").in(12).insert(7, "undone");
            append(log);
            session.in(13).insert(7, "undone inside").truncate(7);
            session.in(12).insert(7, "undone too").streamStop();
            append(log);
            session.streamAbort(10, 13).streamAbort(10, 12).streamAbort(10, 99);
            append(log);
            session.streamStart(10).relation(7, "t", "id").in(14).insert(7, "kept too");
            session.in(10).insert(7, "end").streamStop().streamCommit(10, 200);
            append(log);
            assertThat(drain(log)).containsExactly("60:t(first)", "200:t(top),t(kept),t(kept too),t(end)");
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {IN_MEMORY, IN_SEGMENTS})
    void onlySurvivingChangesAreReadAndCounted(int memory) throws Exception {
        try (StagingLog log = open(memory)) {
            append(log);
            drain(log);
            session.streamStart(10)
                    .relation(7, "t", "id")
                    .insert(7, "top")
                    .in(11)
                    .insert(7, "undone");
            append(log);
            session.in(12).insert(7, "undone inside").streamStop();
            session.streamAbort(10, 12, 150).streamAbort(10, 11, 151);
            session.streamStart(10).relation(7, "t", "id").insert(7, "end").streamStop();
            append(log);
            session.streamCommit(10, 200);
            append(log);

            TransactionBatch batch = take(log);
            assertThat(StagingReads.read(batch)).containsExactly("200:t(top),t(end)");
            PendingFile file = ((StagedBatch) batch).files().get(0);
            assertThat(file.footer().changes()).isEqualTo(2);
            assertThat(file.footer().transactions()).isEqualTo(1);
            log.complete(batch);
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {IN_MEMORY, IN_SEGMENTS})
    void aReaderGoesOnBehindAnOrdinalAmongWhatSurvives(int memory) throws Exception {
        try (StagingLog log = open(memory)) {
            append(log);
            drain(log);
            session.streamStart(10).relation(7, "t", "id").insert(7, "1");
            session.in(11).insert(7, "undone").streamStop().streamAbort(10, 11);
            session.streamStart(10).relation(7, "t", "id", "more").insert(7, "2", "x");
            append(log);
            session.insert(7, "3", "y").insert(7, "4", "z").streamStop().streamCommit(10, 200);
            append(log);

            TransactionBatch batch = take(log);
            for (int through = 0; through <= 4; through++) {
                try (TransactionCursor cursor = batch.open()) {
                    cursor.nextTransaction();
                    cursor.skipThrough(through);
                    List<String> rest = new ArrayList<>();
                    for (Change change; (change = cursor.nextChange()) != null; ) {
                        assertThat(cursor.ordinal()).isEqualTo(through + rest.size() + 1);
                        rest.add(StagingReads.text(change));
                    }
                    assertThat(rest)
                            .isEqualTo(List.of("t(1)", "t(2|x)", "t(3|y)", "t(4|z)")
                                    .subList(through, 4));
                    assertThat(cursor.ordinal()).isEqualTo(4);
                }
            }
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {IN_MEMORY, IN_SEGMENTS})
    void aPreservedBatchIsTheSameCopyAfterAPowerFailure(int memory) throws Exception {
        for (boolean preserved : List.of(true, false)) {
            SimulatedFiles disk = new SimulatedFiles();
            StagingConfig config =
                    new StagingConfig(FOLDER, AcknowledgeMode.APPLIED, 1 << 20, memory, 1L << 30, true, 1 << 20);
            StagingLog log = StagingLog.open(config, disk);
            PgOutputBytes own = new PgOutputBytes(1, 50);
            own.streamStart(10).relation(7, "t", "id").insert(7, "1");
            log.append(own.chunk());
            log.append(own.insert(7, "2").streamStop().streamCommit(10, 200).chunk());
            TransactionBatch batch = take(log);
            assertThat(!preserved || batch.preserve()).isTrue();
            Instant stagedAt = stagedAt(batch);
            disk.losePower();
            try (StagingLog again = StagingLog.open(config, disk)) {
                TransactionBatch found = take(again);
                if (preserved) {
                    assertThat(stagedAt(found)).isEqualTo(stagedAt);
                    assertThat(StagingReads.read(found)).containsExactly("200:t(1),t(2)");
                } else {
                    assertThat(found).isNull();
                }
            }
        }
    }

    private static Instant stagedAt(TransactionBatch batch) throws IOException {
        try (TransactionCursor cursor = batch.open()) {
            assertThat(cursor.nextTransaction()).isTrue();
            return cursor.stagedAt();
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {IN_MEMORY, IN_SEGMENTS})
    void aStreamThatIsEmptyOrAllRolledBackOnlyMovesThePosition(int memory) throws Exception {
        try (StagingLog log = open(memory)) {
            append(log);
            drain(log);
            session.streamStart(10).streamStop().streamCommit(10, 200);
            session.streamStart(20)
                    .relation(7, "t", "id")
                    .in(21)
                    .insert(7, "undone")
                    .streamStop();
            append(log);
            session.streamAbort(20, 21).streamCommit(20, 300);
            append(log);

            assertThat(drain(log)).isEmpty();
            assertThat(log.stagedPosition().orElseThrow().lsn()).isEqualTo(new Lsn(308));
            assertThat(received()).isEmpty();
            assertThat(pending()).isEmpty();
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {IN_MEMORY, IN_SEGMENTS})
    void anAbortedStreamLeavesNoFile(int memory) throws Exception {
        try (StagingLog log = open(memory)) {
            append(log);
            drain(log);
            session.streamStart(10).relation(7, "t", "id").insert(7, "x".repeat(500));
            append(log);
            session.insert(7, "x".repeat(500)).streamStop();
            append(log);
            append(log);
            assertThat(received()).hasSize(memory == IN_MEMORY ? 0 : 2);

            session.streamAbort(10, 10).streamAbort(30, 30).streamAbort(30, 31);
            append(log);

            assertThat(received()).isEmpty();
            assertThat(log.memoryBytes()).isZero();
            assertThat(log.status().stagedBytes()).isZero();
            assertThat(drain(log)).isEmpty();
            assertThat(log.stagedPosition().orElseThrow().lsn()).isEqualTo(new Lsn(68));
        }
        assertThat(files.openFiles()).isZero();
    }

    @Test
    void theFilesOfAnAbortedStreamGoAsSoonAsTheDiskLetsThem() throws Exception {
        try (StagingLog log = open(IN_SEGMENTS)) {
            session.streamStart(10).relation(7, "t", "id").insert(7, "a").streamStop();
            append(log);
            append(log);
            files.failWith(operation -> {
                if (operation.toString().equals("delete received")) {
                    throw new IOException("busy");
                }
            });
            session.streamAbort(10, 10).transaction(100, 7, "b");
            append(log);
            assertThat(received()).isNotEmpty();
            assertThat(log.status().lastError())
                    .hasValueSatisfying(error -> assertThat(error).contains("busy"));

            files.failNever();
            append(log);
            assertThat(received())
                    .filteredOn(path -> path.toString().endsWith("segment"))
                    .isEmpty();
            assertThat(drain(log)).containsExactly("60:t(first)", "100:t(b)");
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {IN_MEMORY, IN_SEGMENTS})
    void everythingInProgressIsDroppedWhenTheSessionEnds(int memory) throws Exception {
        try (StagingLog log = open(memory)) {
            session.streamStart(10).relation(7, "t", "id").insert(7, "old").streamStop();
            append(log);
            append(log);
            log.sessionEnded(1);
            assertThat(received())
                    .filteredOn(path -> path.toString().endsWith("segment"))
                    .isEmpty();

            PgOutputBytes next = new PgOutputBytes(2, 60);
            next.streamStart(10)
                    .relation(7, "t", "id")
                    .insert(7, "new")
                    .streamStop()
                    .streamCommit(10, 200);
            log.append(next.chunk());
            assertThat(drain(log)).containsExactly("60:t(first)", "200:t(new)");
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {IN_MEMORY, IN_SEGMENTS})
    void aStreamedTransactionThatWasStagedBeforeIsNotStagedAgain(int memory) throws Exception {
        try (StagingLog log = open(memory)) {
            session.streamStart(10)
                    .relation(7, "t", "id")
                    .insert(7, "a")
                    .streamStop()
                    .streamCommit(10, 200);
            append(log);
            PgOutputBytes again = new PgOutputBytes(2, 60);
            again.streamStart(10).relation(7, "t", "id").insert(7, "a").streamStop();
            log.append(again.chunk());
            log.append(again.streamCommit(10, 200).transaction(300, 7, "b").chunk());
            assertThat(drain(log)).containsExactly("60:t(first)", "200:t(a)", "300:t(b)");
            assertThat(received()).isEmpty();
        }
    }

    /** PostgreSQL 14 and 15 mark the schema as sent at the stream's commit. */
    @ParameterizedTest
    @ValueSource(ints = {IN_MEMORY, IN_SEGMENTS})
    void whatIsAnnouncedOnlyInAStreamIsInForceAfterItsCommit(int memory) throws Exception {
        try (StagingLog log = open(memory)) {
            session.streamStart(10)
                    .type(20_000, "mood")
                    .relation(8, "only_streamed", "id", "m:20000")
                    .insert(8, "1", "ok")
                    .streamStop();
            append(log);
            session.streamCommit(10, 200);
            session.begin(300, 3).insert(8, "2", "sad").commit(300);
            append(log);
            drainTypes(log, "mood", "mood");
        }
    }

    private static void drainTypes(StagingLog log, String... expected) throws Exception {
        List<String> types = new ArrayList<>();
        for (TransactionBatch batch; (batch = take(log)) != null; log.complete(batch)) {
            try (TransactionCursor cursor = batch.open()) {
                while (cursor.nextTransaction()) {
                    for (Change change; (change = cursor.nextChange()) != null; ) {
                        Relation relation = ((Change.Insert) change).relation();
                        if (relation.columns().size() > 1) {
                            types.add(relation.columns().get(1).typeName());
                        }
                    }
                }
            }
        }
        assertThat(types).containsExactly(expected);
    }

    @ParameterizedTest
    @ValueSource(ints = {IN_MEMORY, IN_SEGMENTS})
    void aNewerVersionFromOutsideIsNotReplacedAtTheStreamsCommit(int memory) throws Exception {
        try (StagingLog log = open(memory)) {
            session.streamStart(10)
                    .relation(7, "old_shape", "id")
                    .insert(7, "a")
                    .streamStop();
            append(log);
            session.begin(100, 2)
                    .relation(7, "new_shape", "id", "b")
                    .insert(7, "1", "2")
                    .commit(100);
            append(log);
            session.streamStart(10)
                    .relation(7, "new_shape", "id", "b")
                    .insert(7, "3", "4")
                    .streamStop();
            session.streamStart(20).relation(7, "older", "id").insert(7, "x").streamStop();
            session.begin(150, 3)
                    .relation(7, "newest", "id", "b")
                    .insert(7, "5", "6")
                    .commit(150);
            append(log);
            session.streamCommit(10, 200).streamCommit(20, 250);
            session.begin(300, 4).insert(7, "7", "8").commit(300);
            append(log);

            assertThat(drain(log))
                    .containsExactly(
                            "60:t(first)",
                            "100:new_shape(1|2)",
                            "150:newest(5|6)",
                            "200:old_shape(a),new_shape(3|4)",
                            "250:older(x)",
                            "300:newest(7|8)");
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {IN_MEMORY, IN_SEGMENTS})
    void aStreamUsesWhatTheSessionHasAnnouncedAndBindsItOnReceipt(int memory) throws Exception {
        try (StagingLog log = open(memory)) {
            append(log);
            session.streamStart(10).insert(7, "a").in(11).insert(7, "b").streamStop();
            append(log);
            session.begin(100, 2).relation(7, "renamed", "id").insert(7, "c").commit(100);
            session.streamStart(10).insert(7, "d").truncate(7).streamStop().streamCommit(10, 200);
            append(log);
            assertThat(drain(log))
                    .containsExactly("60:t(first)", "100:renamed(c)", "200:t(a),t(b),renamed(d),truncate(renamed)");
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {IN_MEMORY, IN_SEGMENTS})
    void originAndMessagesOfAStreamAreKeptInOrder(int memory) throws Exception {
        try (StagingLog log = open(memory)) {
            append(log);
            drain(log);
            session.streamStart(10)
                    .origin("upstream")
                    .relation(7, "t", "id")
                    .in(11)
                    .insert(7, "a");
            session.in(10)
                    .logicalMessage(120, true, "in between")
                    .in(11)
                    .insert(7, "b")
                    .streamStop();
            session.logicalMessage(130, false, "alone");
            append(log);
            session.streamCommit(10, 200);
            append(log);
            assertThat(drain(log)).containsExactly("129:message(alone)", "200:t(a),message(in between),t(b)");
        }
    }

    @Test
    void aRelationNobodyAnnouncedIsAnErrorInAStreamToo() throws Exception {
        try (StagingLog log = open(IN_MEMORY)) {
            session.streamStart(10).insert(99, "a");
            assertThatThrownBy(() -> append(log))
                    .isInstanceOf(MalformedMessageException.class)
                    .hasMessageContaining("oid 99")
                    .hasMessageContaining("not been announced");
        }
    }

    @Test
    void manySmallStreamsTogetherStayWithinTheMemoryLimit() throws Exception {
        int memory = 64 * 1024;
        try (StagingLog log = open(memory)) {
            for (int round = 0; round < 20; round++) {
                for (int xid = 1000; xid < 1200; xid++) {
                    session.streamStart(xid);
                    if (round == 0) {
                        session.relation(7, "t", "id");
                    }
                    session.insert(7, xid + "-" + round).streamStop();
                }
                int chunk = session.size();
                append(log);
                assertThat(log.memoryBytes()).isLessThan(memory + 200L * 4096 + chunk);
                assertThat(files.openFiles()).isLessThanOrEqualTo(200);
            }
            append(log);
            assertThat(log.memoryBytes()).isLessThanOrEqualTo(memory);
            assertThat(files.openFiles()).isLessThanOrEqualTo(34);
            for (int xid = 1000; xid < 1200; xid++) {
                session.streamCommit(xid, xid * 10);
            }
            append(log);
            List<String> transactions = drain(log);
            assertThat(transactions).hasSize(201);
            assertThat(transactions.get(200))
                    .startsWith("11990:t(1199-0),t(1199-1),")
                    .endsWith("t(1199-19)");
        }
        assertThat(files.openFiles()).isZero();
    }

    @Test
    void aMillionSubtransactionsCostAFewBytesEach() {
        Subtransactions subtransactions = new Subtransactions();
        for (int xid = 1; xid <= 1_000_000; xid++) {
            subtransactions.countChange(xid);
            subtransactions.countChange(xid);
            if (xid % 2 == 0) {
                subtransactions.abort(xid);
                subtransactions.abort(xid);
            }
        }
        subtransactions.abort(2_000_000);
        assertThat(subtransactions.surviving()).isEqualTo(1_000_000);
        int[] aborted = subtransactions.aborted();
        assertThat(aborted).hasSize(500_000);
        byte[] records = StagedRecords.aborted(aborted);
        assertThat(records.length).isLessThan(500_000 * 4 + 16 * 20);
        assertThat(new Subtransactions.Aborted(aborted).indexOf(4)).isNotNegative();
        assertThat(new Subtransactions.Aborted(aborted).indexOf(5)).isNegative();
    }

    @ParameterizedTest
    @EnumSource
    void segmentsAreRecoveredWithTheFileThatNamesThemAndGoWithIt(AcknowledgeMode mode) throws Exception {
        StagingLog log = open(IN_SEGMENTS, mode);
        session.streamStart(10).relation(7, "t", "id");
        for (int i = 0; i < 20; i++) {
            session.insert(7, "row " + i);
            append(log);
        }
        session.streamStop().streamCommit(10, 200).transaction(300, 7, "after");
        append(log);
        append(log);
        assertThat(pending())
                .filteredOn(path -> path.toString().endsWith(".segment"))
                .hasSizeGreaterThan(2);
        files.crash();

        try (StagingLog recovered = open(IN_SEGMENTS, mode)) {
            assertThat(received()).isEmpty();
            List<String> transactions = drain(recovered);
            assertThat(transactions.get(1)).startsWith("200:t(row 0),t(row 1),").endsWith(",t(row 19)");
            recovered.targetDurable(recovered.stagedPosition().orElseThrow().lsn());
            assertThat(pending())
                    .filteredOn(path -> path.toString().endsWith(".segment"))
                    .isEmpty();
        }
    }

    @Test
    void aMissingOrForeignSegmentIsFoundBeforeAnythingIsApplied() throws Exception {
        StagingLog log = open(IN_SEGMENTS);
        append(log);
        drain(log);
        session.streamStart(10).relation(7, "t", "id").insert(7, "a".repeat(300));
        append(log);
        session.insert(7, "b".repeat(300)).streamStop().streamCommit(10, 200);
        append(log);
        append(log);
        files.crash();
        Path segment = pending().stream()
                .filter(path -> path.toString().endsWith("000001.segment"))
                .findFirst()
                .orElseThrow();
        files.put(
                segment,
                files.bytes(
                        segment.resolveSibling(segment.getFileName().toString().replace("000001", "000000"))));

        try (StagingLog recovered = open(IN_SEGMENTS)) {
            assertThat(take(recovered)).isNull();
            assertThat(pending()).isEmpty();
        }
    }
}
