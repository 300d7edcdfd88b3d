package io.pg2any.staging;

import static io.pg2any.staging.StagingReads.drain;
import static io.pg2any.staging.StagingReads.take;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.pg2any.change.Change;
import io.pg2any.change.Lsn;
import io.pg2any.change.TransactionAbandonedException;
import io.pg2any.change.TransactionBatch;
import io.pg2any.change.TransactionCursor;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Transactions beyond the memory limit, on a real disk, read by the target's thread while they arrive. */
@Timeout(60)
class LargeTransactionTest {
    private static final int SEGMENT_BYTES = 600_000;

    @TempDir
    Path folder;

    private final ExecutorService targetThread = Executors.newSingleThreadExecutor();

    @AfterEach
    void stopTarget() {
        targetThread.shutdownNow();
    }

    private StagingLog open(AcknowledgeMode mode, long memory, boolean offerWhileArriving) throws IOException {
        return StagingLog.open(
                new StagingConfig(folder, mode, 1 << 20, memory, 1L << 30, offerWhileArriving, SEGMENT_BYTES),
                StagingFiles.local());
    }

    private CompletableFuture<Long> countChanges(StagingLog log) {
        return CompletableFuture.supplyAsync(
                () -> {
                    try {
                        TransactionBatch batch = log.take(Duration.ofSeconds(20));
                        long changes = 0;
                        try (TransactionCursor cursor = batch.open()) {
                            while (cursor.nextTransaction()) {
                                while (cursor.nextChange() != null) {
                                    changes++;
                                }
                            }
                        } catch (TransactionAbandonedException e) {
                            log.release(batch);
                            return -changes;
                        }
                        log.complete(batch);
                        return changes;
                    } catch (IOException | InterruptedException e) {
                        throw new IllegalStateException(e);
                    }
                },
                targetThread);
    }

    private List<Path> files(String sub) throws IOException {
        try (Stream<Path> files = Files.list(folder.resolve(sub))) {
            return files.toList();
        }
    }

    /** Then its file has all of it in one frame, and its segments are not where the file was opened. */
    @ParameterizedTest
    @EnumSource
    void aTransactionMayEndWhenNothingButTheHeaderOfItsFileHasBeenRead(AcknowledgeMode mode) throws Exception {
        PgOutputBytes session = new PgOutputBytes(1, 50);
        AtomicReference<StagingLog> log = new AtomicReference<>();
        SimulatedFiles files = new SimulatedFiles() {
            private boolean ended;

            @Override
            public StagedFile openForReading(Path file) throws IOException {
                StagedFile opened = super.openForReading(file);
                if (!ended && file.toString().endsWith(".transaction")) {
                    ended = true;
                    try {
                        log.get().append(session.insert(7, "z").commit(200).chunk());
                    } catch (InterruptedException e) {
                        throw new IllegalStateException(e);
                    }
                }
                return opened;
            }
        };
        StagingConfig config = new StagingConfig(folder, mode, 1 << 20, 64 * 1024, 1L << 30, true, SEGMENT_BYTES);
        try (StagingLog opened = StagingLog.open(config, files)) {
            log.set(opened);
            opened.append(session.begin(200, 2)
                    .relation(7, "t", "id")
                    .insert(7, "x".repeat(100_000))
                    .chunk());
            for (int i = 0; i < 8; i++) {
                opened.append(session.insert(7, "y".repeat(200_000)).chunk());
            }
            TransactionBatch batch = take(opened);
            try (TransactionCursor cursor = batch.open()) {
                assertThat(cursor.nextTransaction()).isTrue();
                int changes = 0;
                while (cursor.nextChange() != null) {
                    changes++;
                }
                assertThat(changes).isEqualTo(10);
                assertThat(cursor.nextTransaction()).isFalse();
                assertThat(cursor.through()).isEqualTo(new Lsn(208));
            }
            opened.complete(batch);
        }
    }

    @ParameterizedTest
    @EnumSource
    void theTargetReadsATransactionWhileItArrives(AcknowledgeMode mode) throws Exception {
        try (StagingLog log = open(mode, 64 * 1024, true)) {
            PgOutputBytes session = new PgOutputBytes(1, 50);
            log.append(session.begin(100, 1)
                    .relation(7, "t", "id")
                    .insert(7, "a")
                    .commit(100)
                    .chunk());
            log.append(session.begin(200, 2).insert(7, "x".repeat(100_000)).chunk());
            log.append(session.insert(7, "y".repeat(300_000)).chunk());
            assertThat(drainWhole(log)).containsExactly("100:t(a)");

            TransactionBatch arriving = take(log);
            assertThat(arriving.preserve()).isFalse();
            try (TransactionCursor cursor = arriving.open()) {
                assertThat(cursor.nextTransaction()).isTrue();
                assertThat(cursor.transaction().commitLsn()).isEqualTo(new Lsn(200));
                assertThat(cursor.transaction().changes()).isEmpty();
                assertThat(((Change.Insert) cursor.nextChange()).row().length(0))
                        .isEqualTo(100_000);
                assertThatThrownBy(() -> log.complete(arriving)).hasMessageContaining("has not arrived");

                CompletableFuture<Change> next = CompletableFuture.supplyAsync(() -> next(cursor), targetThread);
                for (int i = 0; i < 8; i++) {
                    log.append(session.insert(7, "z".repeat(100_000)).chunk());
                }
                assertThat(((Change.Insert) next.get()).row().length(0)).isEqualTo(300_000);
                log.append(session.commit(200).transaction(300, 7, "after").chunk());
                int rest = 0;
                while (cursor.nextChange() != null) {
                    rest++;
                }
                assertThat(rest).isEqualTo(8);
                assertThat(cursor.nextTransaction()).isFalse();
                assertThat(cursor.through()).isEqualTo(new Lsn(208));
            }
            // Another try of the same batch, which has been renamed meanwhile.
            assertThat(StagingReads.read(arriving)).hasSize(1);
            log.complete(arriving);
            assertThat(drain(log)).containsExactly("300:t(after)");
            log.targetDurable(log.stagedPosition().orElseThrow().lsn());
            // In STAGED the newest file stays, so that a start knows its position without the target.
            assertThat(files("pending")).hasSize(mode == AcknowledgeMode.STAGED ? 1 : 0);
            assertThat(files("received")).isEmpty();
        }
    }

    private static Change next(TransactionCursor cursor) {
        try {
            return cursor.nextChange();
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
    }

    private static List<String> drainWhole(StagingLog log) throws Exception {
        TransactionBatch batch = take(log);
        List<String> transactions = StagingReads.read(batch);
        log.complete(batch);
        return transactions;
    }

    @Test
    void aSessionThatEndsAbandonsTheArrivingTransactionAndItComesAgain() throws Exception {
        try (StagingLog log = open(AcknowledgeMode.APPLIED, 64 * 1024, true)) {
            PgOutputBytes session = new PgOutputBytes(1, 50);
            log.append(session.begin(200, 2).relation(7, "t", "id").chunk());
            for (int i = 0; i < 20; i++) {
                log.append(session.insert(7, "x".repeat(50_000)).chunk());
            }
            CompletableFuture<Long> first = countChanges(log);
            log.sessionEnded(99);
            assertThat(files("received")).hasSizeGreaterThan(1);
            // The target waits at the end of what has arrived, or is not there yet.
            log.sessionEnded(1);
            assertThat(files("received")).isEmpty();

            PgOutputBytes again = new PgOutputBytes(2, 50);
            again.begin(200, 2).relation(7, "t", "id");
            for (int i = 0; i < 20; i++) {
                log.append(again.insert(7, "x".repeat(50_000)).chunk());
            }
            log.append(again.commit(200).chunk());
            long seen = first.get();
            if (seen <= 0) {
                seen = countChanges(log).get();
            }
            assertThat(seen).isEqualTo(20);
            assertThat(files("pending")).isEmpty();
        }
    }

    @Test
    void itLivesInSegmentsOfTheSizeThatIsSet() throws Exception {
        try (StagingLog log = open(AcknowledgeMode.APPLIED, 64 * 1024, false)) {
            PgOutputBytes session = new PgOutputBytes(1, 50);
            log.append(session.begin(200, 2).relation(7, "t", "id").chunk());
            for (int i = 0; i < 40; i++) {
                log.append(session.insert(7, "x".repeat(50_000)).chunk());
            }
            log.append(session.commit(200).chunk());
            log.append(session.chunk());

            List<Path> pending = files("pending");
            assertThat(pending).hasSize(1 + 4);
            for (Path file : pending) {
                assertThat(Files.size(file)).isLessThanOrEqualTo(SEGMENT_BYTES);
            }
            assertThat(files("received")).isEmpty();
            assertThat(drain(log)).hasSize(1);
            assertThat(files("pending")).isEmpty();
        }
    }

    @Test
    void aNewSessionsFirstChunkAbandonsItToo() throws Exception {
        try (StagingLog log = open(AcknowledgeMode.APPLIED, 1000, true)) {
            PgOutputBytes session = new PgOutputBytes(1, 50);
            log.append(session.begin(200, 2)
                    .relation(7, "t", "id")
                    .insert(7, "x".repeat(5000))
                    .chunk());
            log.append(session.insert(7, "y").chunk());
            TransactionBatch batch = take(log);
            try (TransactionCursor cursor = batch.open()) {
                log.append(new PgOutputBytes(2, 50).chunk());
                assertThatThrownBy(cursor::nextTransaction).isInstanceOf(TransactionAbandonedException.class);
            }
            log.release(batch);
            assertThat(take(log)).isNull();
        }
    }

    @Test
    void closingAbandonsIt() throws Exception {
        StagingLog log = open(AcknowledgeMode.APPLIED, 1000, true);
        PgOutputBytes session = new PgOutputBytes(1, 50);
        log.append(session.begin(200, 2)
                .relation(7, "t", "id")
                .insert(7, "x".repeat(5000))
                .chunk());
        log.append(session.insert(7, "y").chunk());
        CompletableFuture<Long> target = countChanges(log);
        while (log.status().stagedBytes() == 0) {
            Thread.onSpinWait();
        }
        log.close();
        assertThat(target.handle((seen, error) -> error == null || error.getCause() instanceof IllegalStateException)
                        .get())
                .isTrue();
        assertThat(files("received")).isEmpty();
    }

    @Test
    void itIsOfferedOnlyWholeWhenSoConfigured() throws Exception {
        try (StagingLog log = open(AcknowledgeMode.APPLIED, 1000, false)) {
            PgOutputBytes session = new PgOutputBytes(1, 50);
            log.append(session.begin(200, 2)
                    .relation(7, "t", "id")
                    .insert(7, "x".repeat(5000))
                    .chunk());
            log.append(session.insert(7, "y").chunk());
            assertThat(take(log)).isNull();
            log.append(session.commit(200).chunk());
            assertThat(drain(log)).hasSize(1);
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {262_143, 262_144, 262_145, 1_000_000})
    void aMessageLargerThanAFrameHasAFrameOfItsOwn(int size) throws Exception {
        try (StagingLog log = open(AcknowledgeMode.APPLIED, 8 << 20, true)) {
            PgOutputBytes session = new PgOutputBytes(1, 50);
            log.append(session.begin(100, 1)
                    .relation(7, "t", "id", "v")
                    .insert(7, "1", "a")
                    .insert(7, "2", "b".repeat(size))
                    .insert(7, "3", "c")
                    .commit(100)
                    .chunk());
            assertThat(drain(log)).containsExactly("100:t(1|a),t(2|" + "b".repeat(size) + "),t(3|c)");
        }
    }

    @Test
    void relationsFirstUsedInTheMiddleAreAnnouncedThere() throws Exception {
        try (StagingLog log = open(AcknowledgeMode.APPLIED, 1000, true)) {
            PgOutputBytes session = new PgOutputBytes(1, 50);
            log.append(session.begin(100, 1)
                    .relation(7, "t", "id")
                    .relation(8, "u", "id")
                    .relation(9, "v", "id")
                    .insert(7, "a")
                    .commit(100)
                    .chunk());
            log.append(session.begin(200, 2).insert(7, "x".repeat(2000)).chunk());
            log.append(session.insert(7, "b").insert(8, "c").truncate(9, 7).chunk());
            log.append(
                    session.insert(8, "d").relation(8, "w", "id").insert(8, "e").chunk());
            log.append(session.commit(200).transaction(300, 8, "f").chunk());

            assertThat(drain(log))
                    .containsExactly(
                            "100:t(a)",
                            "200:t(" + "x".repeat(2000) + "),t(b),u(c),truncate(v+t),u(d),w(e)",
                            "300:w(f)");
        }
    }

    /** A gigabyte would take too long here; what is held in memory does not depend on it. */
    @Test
    void memoryDoesNotGrowWithTheTransaction() throws Exception {
        int rows = 400_000;
        try (StagingLog log = open(AcknowledgeMode.APPLIED, 1 << 20, true)) {
            CompletableFuture<Long> target = countChanges(log);
            PgOutputBytes session = new PgOutputBytes(1, 50);
            session.begin(100, 1).relation(7, "t", "id", "v");
            long largest = 0;
            String value = "v".repeat(200);
            for (int i = 0; i < rows; i++) {
                session.insert(7, "key", value);
                if (session.size() > 200_000) {
                    log.append(session.chunk());
                    largest = Math.max(largest, log.memoryBytes());
                }
            }
            log.append(session.commit(100).chunk());

            assertThat(target.get()).isEqualTo(rows);
            assertThat(largest).isBetween(500_000L, (1 << 20) + 3L * FrameBuffer.BLOCK);
        }
    }
}
