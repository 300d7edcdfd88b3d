package io.pg2any.staging;

import static io.pg2any.staging.StagingReads.drain;
import static io.pg2any.staging.StagingReads.read;
import static io.pg2any.staging.StagingReads.take;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.pg2any.change.Change;
import io.pg2any.change.Lsn;
import io.pg2any.change.Position;
import io.pg2any.change.Relation;
import io.pg2any.change.SourceIdentity;
import io.pg2any.change.TransactionBatch;
import io.pg2any.change.TransactionCursor;
import io.pg2any.pgoutput.MalformedMessageException;
import io.pg2any.pgoutput.MessageChunk;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class StagingLogTest {
    private static final Path FOLDER = Path.of("/staging");
    private static final StagingConfig CONFIG = StagingConfig.of(FOLDER);

    private final SimulatedFiles files = new SimulatedFiles();

    private StagingLog open() throws IOException {
        return StagingLog.open(CONFIG, files);
    }

    private StagingLog openStaged() throws IOException {
        return StagingLog.open(
                new StagingConfig(
                        CONFIG.folder(),
                        AcknowledgeMode.STAGED,
                        CONFIG.batchBytes(),
                        CONFIG.transactionMemoryBytes(),
                        CONFIG.maxBytes(),
                        CONFIG.offerWhileArriving()),
                files);
    }

    private List<Path> pending() {
        return files.paths(CONFIG.pending());
    }

    @Test
    void wholeTransactionsComeOutInCommitOrder() throws Exception {
        try (StagingLog log = open()) {
            PgOutputBytes session = new PgOutputBytes(1, 50);
            log.append(session.begin(100, 1)
                    .relation(7, "t", "id")
                    .insert(7, "a")
                    .insert(7, "b")
                    .commit(100)
                    .transaction(200, 7, "c")
                    .chunk());

            TransactionBatch batch = take(log);

            assertThat(read(batch)).containsExactly("100:t(a),t(b)", "200:t(c)");
            assertThat(batch.after()).isEqualTo(new Lsn(50));
            assertThat(batch.source()).isEqualTo(PgOutputBytes.SOURCE);
            try (TransactionCursor cursor = batch.open()) {
                while (cursor.nextTransaction()) {
                    assertThat(cursor.transaction().commitTime())
                            .isEqualTo(Instant.parse("2000-01-01T00:00:00Z")
                                    .plusSeconds(cursor.transaction().xid()));
                }
                assertThat(cursor.through()).isEqualTo(new Lsn(208));
            }
            log.complete(batch);
            assertThat(take(log)).isNull();
            assertThat(pending()).isEmpty();
            assertThat(files.openFiles()).isZero();
        }
    }

    @Test
    void aTransactionMayBeCutAnywhereBetweenTwoMessages() throws Exception {
        try (StagingLog log = open()) {
            PgOutputBytes session = new PgOutputBytes(1, 50);
            log.append(session.begin(100, 1).chunk());
            log.append(session.origin("elsewhere").chunk());
            log.append(session.type(20000, "mood").chunk());
            log.append(session.relation(7, "t", "id:20000").chunk());
            log.append(session.insert(7, "a").chunk());
            assertThat(take(log)).isNull();
            log.append(session.commit(100).chunk());
            log.append(session.begin(200, 2).chunk());
            log.append(session.truncate(7).logicalMessage(150, true, "m").chunk());
            log.append(session.commit(200).chunk());

            assertThat(drain(log)).containsExactly("100:t(a)", "200:truncate(t),message(m)");
        }
    }

    @Test
    void everyFileAnnouncesItsRelationsAgain() throws Exception {
        try (StagingLog log = open()) {
            PgOutputBytes session = new PgOutputBytes(1, 50);
            log.append(session.begin(100, 1)
                    .type(20000, "mood")
                    .relation(7, "t", "id:20000")
                    .insert(7, "a")
                    .commit(100)
                    .chunk());
            TransactionBatch first = take(log);
            log.append(
                    session.begin(200, 2).origin("x").insert(7, "b").commit(200).chunk());
            log.complete(first);
            TransactionBatch second = take(log);
            assertThat(read(second)).containsExactly("200:t(b)");

            // Alone, by a reader that knows nothing else.
            try (StagedFileReader reader = StagedFileReader.open(pending().get(0), files)) {
                assertThat(reader.nextTransaction()).isTrue();
                Change.Insert insert = (Change.Insert) reader.nextChange();
                assertThat(insert.relation().columns().get(0).typeName()).isEqualTo("mood");
                assertThat(reader.nextChange()).isNull();
                assertThat(reader.nextTransaction()).isFalse();
                assertThat(reader.footer()).contains(new StagedFileFooter(new Lsn(208), 1, 1, 1));
                assertThat(reader.damage()).isEmpty();
            }
        }
    }

    @Test
    void aRelationAnnouncedOnlyInASkippedTransactionIsAnnouncedWhereItIsUsed() throws Exception {
        try (StagingLog log = open()) {
            log.append(new PgOutputBytes(1, 50)
                    .begin(100, 1)
                    .relation(7, "old", "id")
                    .insert(7, "a")
                    .commit(100)
                    .chunk());
            log.append(new PgOutputBytes(2, 50)
                    .begin(100, 1)
                    .relation(7, "renamed", "id")
                    .insert(7, "a")
                    .commit(100)
                    .transaction(200, 7, "b")
                    .chunk());

            assertThat(drain(log)).containsExactly("100:old(a)", "200:renamed(b)");
        }
    }

    @Test
    void aNewVersionOfARelationCountsFromWhereItWasAnnounced() throws Exception {
        try (StagingLog log = open()) {
            PgOutputBytes session = new PgOutputBytes(1, 50);
            log.append(session.begin(100, 1)
                    .relation(7, "v1", "id")
                    .insert(7, "a")
                    .commit(100)
                    .chunk());
            take(log);
            log.append(session.begin(200, 2)
                    .insert(7, "b")
                    .relation(7, "v2", "id", "more")
                    .insert(7, "c", "d")
                    .commit(200)
                    .transaction(300, 7)
                    .begin(400, 4)
                    .insert(7, "e", "f")
                    .commit(400)
                    .chunk());
            log.close();
        }
        files.crash();
        try (StagingLog log = open()) {
            assertThat(drain(log)).containsExactly("100:v1(a)");
            PgOutputBytes again = new PgOutputBytes(2, 108);
            log.append(again.begin(200, 2)
                    .relation(7, "v1", "id")
                    .insert(7, "b")
                    .relation(7, "v2", "id", "more")
                    .insert(7, "c", "d")
                    .commit(200)
                    .begin(400, 4)
                    .insert(7, "e", "f")
                    .commit(400)
                    .chunk());
            assertThat(drain(log)).containsExactly("200:v1(b),v2(c|d)", "400:v2(e|f)");
        }
    }

    @Test
    void aRelationStaysTheSameObjectFromFileToFile() throws Exception {
        try (StagingLog log = open()) {
            PgOutputBytes session = new PgOutputBytes(1, 50);
            log.append(session.begin(100, 1)
                    .relation(7, "t", "id")
                    .insert(7, "a")
                    .commit(100)
                    .chunk());
            Relation first = relationOfFirstChange(log);
            log.append(session.transaction(200, 7, "b").chunk());

            assertThat(relationOfFirstChange(log)).isSameAs(first);
        }
    }

    private static Relation relationOfFirstChange(StagingLog log) throws Exception {
        TransactionBatch batch = take(log);
        try (TransactionCursor cursor = batch.open()) {
            cursor.nextTransaction();
            Change.Insert insert = (Change.Insert) cursor.nextChange();
            return insert.relation();
        } finally {
            log.complete(batch);
        }
    }

    @Test
    void anEmptyTransactionAndAnIdleKeepaliveMoveOnlyThePosition() throws Exception {
        try (StagingLog log = open()) {
            PgOutputBytes session = new PgOutputBytes(1, 50);
            log.append(session.begin(100, 1).commit(100).chunk());
            TransactionBatch batch = take(log);
            try (TransactionCursor cursor = batch.open()) {
                assertThat(cursor.nextTransaction()).isFalse();
                assertThat(cursor.through()).isEqualTo(new Lsn(108));
            }
            log.complete(batch);
            log.append(session.chunk(150));
            assertThat(log.stagedPosition()).contains(new Position(PgOutputBytes.SOURCE, new Lsn(150)));
            assertThat(drain(log)).isEmpty();
            log.append(session.chunk(150));
            assertThat(take(log)).isNull();
        }
    }

    @Test
    void aKeepaliveInsideATransactionMovesNothing() throws Exception {
        try (StagingLog log = open()) {
            PgOutputBytes session = new PgOutputBytes(1, 50);
            log.append(session.begin(100, 1).relation(7, "t", "id").chunk(90));
            assertThat(log.stagedPosition().orElseThrow().lsn()).isEqualTo(new Lsn(50));
            log.append(session.insert(7, "a").commit(100).chunk());
            assertThat(drain(log)).containsExactly("100:t(a)");
        }
    }

    @Test
    void aStandaloneMessageIsATransactionOfItsOwn() throws Exception {
        try (StagingLog log = open()) {
            PgOutputBytes session = new PgOutputBytes(1, 50);
            log.append(session.logicalMessage(80, false, "hello").chunk());
            log.append(new PgOutputBytes(2, 50)
                    .logicalMessage(80, false, "hello")
                    .logicalMessage(90, false, "again")
                    .chunk());

            assertThat(drain(log)).containsExactly("79:message(hello)", "89:message(again)");
        }
    }

    @Test
    void aTransactionThatIsSentAgainIsSkipped() throws Exception {
        try (StagingLog log = open()) {
            PgOutputBytes first = new PgOutputBytes(1, 50);
            log.append(first.begin(100, 1)
                    .relation(7, "t", "id")
                    .insert(7, "a")
                    .commit(100)
                    .begin(200, 2)
                    .insert(7, "lost")
                    .chunk());
            log.append(new PgOutputBytes(2, 50)
                    .begin(100, 1)
                    .relation(7, "t", "id")
                    .insert(7, "a")
                    .commit(100)
                    .begin(200, 2)
                    .insert(7, "b")
                    .commit(200)
                    .chunk());

            assertThat(drain(log)).containsExactly("100:t(a)", "200:t(b)");
        }
    }

    @Test
    void aTransactionThatCommitsExactlyWhereTheStagedOnesEndIsNotSkipped() throws Exception {
        try (StagingLog log = open()) {
            log.append(new PgOutputBytes(1, 100)
                    .begin(100, 1)
                    .relation(7, "t", "id")
                    .insert(7, "a")
                    .commit(100)
                    .transaction(108, 7, "b")
                    .chunk());

            assertThat(drain(log)).containsExactly("100:t(a)", "108:t(b)");
        }
    }

    @Test
    void aSessionThatEndsTakesItsOpenTransactionWithIt() throws Exception {
        try (StagingLog log = open()) {
            log.append(new PgOutputBytes(1, 50)
                    .begin(100, 1)
                    .relation(7, "t", "id")
                    .insert(7, "half")
                    .chunk());
            log.append(new PgOutputBytes(2, 50)
                    .begin(100, 1)
                    .relation(7, "t", "id")
                    .insert(7, "whole")
                    .commit(100)
                    .chunk());

            assertThat(drain(log)).containsExactly("100:t(whole)");
        }
    }

    @Test
    void aSessionThatStartsBehindWhatIsStagedIsRefused() throws Exception {
        try (StagingLog log = open()) {
            log.append(new PgOutputBytes(1, 50).chunk(60));

            assertThatThrownBy(() -> log.append(new PgOutputBytes(2, 61).chunk()))
                    .isInstanceOf(PositionMismatchException.class)
                    .hasMessageContaining("0/3D")
                    .hasMessageContaining("0/3C");
        }
    }

    @Test
    void anotherClusterIsRefused() throws Exception {
        SourceIdentity other = new SourceIdentity("1", 1, "pg2any");
        try (StagingLog log = open()) {
            log.append(new PgOutputBytes(1, 50).chunk(60));
            assertThatThrownBy(() -> log.append(new PgOutputBytes(other, 2, 50).chunk()))
                    .isInstanceOf(PositionMismatchException.class)
                    .hasMessageContaining("cluster 1");
            take(log);
        }
        files.crash();
        try (StagingLog log = open()) {
            assertThatThrownBy(() -> log.reconcile(new Position(other, new Lsn(60))))
                    .isInstanceOf(PositionMismatchException.class);
        }
    }

    @Test
    void aNewTimelineBeginsANewFile() throws Exception {
        SourceIdentity promoted = new SourceIdentity(PgOutputBytes.SOURCE.systemIdentifier(), 2, "pg2any");
        try (StagingLog log = open()) {
            log.append(new PgOutputBytes(1, 50).chunk(60));
            log.append(new PgOutputBytes(promoted, 2, 60).chunk(70));

            TransactionBatch first = take(log);
            assertThat(first.source()).isEqualTo(PgOutputBytes.SOURCE);
            log.complete(first);
            assertThat(take(log).source()).isEqualTo(promoted);
        }
    }

    @Test
    void messagesThatAreNotLegalEndTheSession() throws Exception {
        try (StagingLog log = open()) {
            PgOutputBytes session = new PgOutputBytes(1, 50);
            MessageChunk malformed = session.begin(100, 1).begin(100, 1).chunk();
            assertThatThrownBy(() -> log.append(malformed)).isInstanceOf(MalformedMessageException.class);
            assertThatThrownBy(() -> log.append(session.chunk(70))).isInstanceOf(MalformedMessageException.class);
            assertThatThrownBy(() -> log.append(new PgOutputBytes(2, 50)
                            .begin(100, 1)
                            .insert(7, "a")
                            .commit(100)
                            .chunk()))
                    .isInstanceOf(MalformedMessageException.class)
                    .hasMessageContaining("oid 7 has not been announced");
            log.append(new PgOutputBytes(3, 50)
                    .begin(100, 1)
                    .relation(7, "t", "id")
                    .insert(7, "a")
                    .commit(100)
                    .chunk());
            assertThat(drain(log)).containsExactly("100:t(a)");
        }
    }

    @Test
    void aBusyTargetGetsManyTransactionsInOneFileAndAnIdleOneEachAtOnce() throws Exception {
        try (StagingLog log = open()) {
            PgOutputBytes session = new PgOutputBytes(1, 50);
            log.append(session.begin(100, 1)
                    .relation(7, "t", "id")
                    .insert(7, "a")
                    .commit(100)
                    .chunk());
            TransactionBatch busy = take(log);
            for (int i = 2; i <= 50; i++) {
                log.append(session.transaction(i * 100, 7, "x" + i).chunk());
            }
            assertThat(pending()).hasSize(1);
            log.complete(busy);

            TransactionBatch rest = take(log);

            assertThat(read(rest)).hasSize(49);
            assertThat(pending()).hasSize(1);
        }
    }

    @Test
    void filesAreMergedIntoOneBatchUpToItsSize() throws Exception {
        StagingConfig small = new StagingConfig(FOLDER, AcknowledgeMode.STAGED, 2000, 1 << 20, 1 << 30, true);
        try (StagingLog log = StagingLog.open(small, files)) {
            PgOutputBytes session = new PgOutputBytes(1, 50);
            log.append(session.begin(100, 1)
                    .relation(7, "t", "id")
                    .insert(7, "a")
                    .commit(100)
                    .chunk());
            for (int i = 2; i <= 20; i++) {
                log.append(session.transaction(i * 100, 7, "x" + i).chunk());
            }
            int fileCount = pending().size();
            TransactionBatch batch = take(log);

            assertThat(fileCount).isEqualTo(20);
            assertThat(batch.stagedBytes()).isBetween(1500L, 2000L);
            List<String> first = read(batch);
            assertThat(first).hasSizeGreaterThan(3);
            log.complete(batch);
            List<String> all = new ArrayList<>(first);
            all.addAll(drain(log));
            assertThat(all).hasSize(20);
        }
    }

    @Test
    void aReleasedBatchIsOfferedAgain() throws Exception {
        try (StagingLog log = open()) {
            log.append(new PgOutputBytes(1, 50)
                    .begin(100, 1)
                    .relation(7, "t", "id")
                    .insert(7, "a")
                    .commit(100)
                    .chunk());
            TransactionBatch batch = take(log);
            assertThatThrownBy(() -> take(log)).isInstanceOf(IllegalStateException.class);
            log.release(batch);
            assertThatThrownBy(() -> log.complete(batch)).isInstanceOf(IllegalStateException.class);

            assertThat(drain(log)).containsExactly("100:t(a)");
        }
    }

    @Test
    void whatIsSealedSurvivesARestartAndTheRestIsLeftToTheSource() throws Exception {
        StagingLog first = open();
        PgOutputBytes session = new PgOutputBytes(1, 50);
        first.append(session.begin(100, 1)
                .relation(7, "t", "id")
                .insert(7, "a")
                .commit(100)
                .chunk());
        take(first);
        first.append(
                session.transaction(200, 7, "b").begin(300, 3).insert(7, "half").chunk());
        files.crash();

        try (StagingLog log = open()) {
            assertThat(log.stagedPosition().orElseThrow().lsn()).isEqualTo(new Lsn(108));
            assertThat(files.paths(CONFIG.received())).isEmpty();
            assertThat(drain(log)).containsExactly("100:t(a)");
        }
    }

    @Test
    void whatTheTargetHasIsDeletedAtTheStart() throws Exception {
        try (StagingLog log = open()) {
            PgOutputBytes session = new PgOutputBytes(1, 50);
            log.append(session.begin(100, 1)
                    .relation(7, "t", "id")
                    .insert(7, "a")
                    .commit(100)
                    .chunk());
            take(log);
        }
        files.crash();
        try (StagingLog log = open()) {
            log.reconcile(new Position(PgOutputBytes.SOURCE, new Lsn(108)));

            assertThat(pending()).isEmpty();
            assertThat(take(log)).isNull();
            assertThat(log.status().applied()).contains(new Lsn(108));
            assertThat(log.stagedPosition().orElseThrow().lsn()).isEqualTo(new Lsn(108));
        }
    }

    @Test
    void aTargetThatOpensLateIsReconciledWhileTransactionsArrive() throws Exception {
        try (StagingLog log = open()) {
            log.append(new PgOutputBytes(1, 50)
                    .begin(100, 1)
                    .relation(7, "t", "id")
                    .insert(7, "a")
                    .commit(100)
                    .chunk());
            take(log);
        }
        files.crash();
        try (StagingLog log = open()) {
            PgOutputBytes session = new PgOutputBytes(2, 108);
            log.append(session.begin(200, 2)
                    .relation(7, "t", "id")
                    .insert(7, "b")
                    .commit(200)
                    .begin(300, 3)
                    .insert(7, "c")
                    .chunk());

            log.reconcile(new Position(PgOutputBytes.SOURCE, new Lsn(108)));

            log.append(session.commit(300).chunk());
            assertThat(drain(log)).containsExactly("200:t(b)", "300:t(c)");
        }
    }

    @Test
    void aTargetThatIsAheadOfAnEmptyFolderSaysWhereStagingStands() throws Exception {
        try (StagingLog log = open()) {
            assertThat(log.stagedPosition()).isEmpty();
            log.reconcile(new Position(PgOutputBytes.SOURCE, new Lsn(108)));
            assertThat(log.stagedPosition().orElseThrow().lsn()).isEqualTo(new Lsn(108));
            assertThatThrownBy(() -> log.append(new PgOutputBytes(1, 109).chunk()))
                    .isInstanceOf(PositionMismatchException.class);
        }
    }

    @Test
    void whatTheSourceStillHasIsDroppedWhenTheTargetFellBehindIt() throws Exception {
        try (StagingLog log = open()) {
            log.append(new PgOutputBytes(1, 50)
                    .begin(100, 1)
                    .relation(7, "t", "id")
                    .insert(7, "a")
                    .commit(100)
                    .chunk());
            take(log);
        }
        files.crash();
        try (StagingLog log = open()) {
            log.reconcile(new Position(PgOutputBytes.SOURCE, new Lsn(49)));

            assertThat(log.stagedPosition().orElseThrow().lsn()).isEqualTo(new Lsn(49));
            assertThat(log.status().pendingFiles()).isZero();
        }
    }

    @Test
    void inStagedATargetBehindTheFirstFileIsAGap() throws Exception {
        try (StagingLog log = openStaged()) {
            log.append(new PgOutputBytes(1, 50)
                    .begin(100, 1)
                    .relation(7, "t", "id")
                    .insert(7, "a")
                    .commit(100)
                    .chunk());
            take(log);
        }
        files.crash();
        try (StagingLog log = openStaged()) {
            assertThatThrownBy(() -> log.reconcile(new Position(PgOutputBytes.SOURCE, new Lsn(49))))
                    .isInstanceOf(PositionMismatchException.class)
                    .hasMessageContaining("0/31")
                    .hasMessageContaining("0/32");
        }
    }

    @Test
    void aSecondInstanceIsRefused() throws Exception {
        StagingLog log = open();
        assertThatThrownBy(this::open).isInstanceOf(IOException.class).hasMessageContaining("/staging is in use");
        log.close();
        log.close();
        open().close();
    }

    @Test
    void theMarksKeepTheirOrder() throws Exception {
        try (StagingLog log = open()) {
            StagingStatus empty = log.status();
            assertThat(empty.received()).isEmpty();
            assertThat(empty.oldestUnappliedSince()).isEmpty();

            PgOutputBytes session = new PgOutputBytes(1, 50);
            log.append(session.begin(100, 1)
                    .relation(7, "t", "id")
                    .insert(7, "a")
                    .commit(100)
                    .begin(200, 2)
                    .chunk());
            StagingStatus waiting = log.status();
            assertThat(waiting.received()).contains(new Lsn(200));
            assertThat(waiting.staged()).contains(new Lsn(108));
            assertThat(waiting.applied()).isEmpty();
            assertThat(waiting.waitingTransactions()).isEqualTo(1);
            assertThat(waiting.oldestUnappliedSince()).isPresent();

            log.complete(take(log));
            StagingStatus done = log.status();
            assertThat(done.applied()).contains(new Lsn(108));
            assertThat(done.waitingTransactions()).isZero();
            assertThat(done.stagedBytes()).isZero();
            assertThat(done.oldestUnappliedSince()).isEmpty();
            assertThat(done.lastError()).isEqualTo(Optional.empty());
        }
    }

    @Test
    void anAppliedFileThatCannotBeDeletedIsNotAppliedAgain() throws Exception {
        try (StagingLog log = open()) {
            PgOutputBytes session = new PgOutputBytes(1, 50);
            log.append(session.begin(100, 1)
                    .relation(7, "t", "id")
                    .insert(7, "a")
                    .commit(100)
                    .chunk());
            TransactionBatch batch = take(log);
            files.failWith(operation -> {
                if (operation.kind().equals("delete")) {
                    throw new IOException("Read-only file system");
                }
            });
            log.complete(batch);
            assertThat(take(log)).isNull();
            assertThat(pending()).hasSize(1);
            assertThat(log.status().lastError().orElseThrow()).contains("Read-only");

            files.failNever();
            log.append(session.transaction(200, 7, "b").chunk());
            assertThat(pending()).isEmpty();
            assertThat(log.status().lastError()).isEmpty();
            assertThat(drain(log)).containsExactly("200:t(b)");
        }
    }

    @Test
    void settingsThatMakeNoSenseAreRefusedByTheirKey() {
        assertThatThrownBy(() -> new StagingConfig(FOLDER, AcknowledgeMode.APPLIED, 1, 1, 0, true))
                .hasMessageContaining("pg2any.staging.maxBytes is 0");
    }
}
