package io.pg2any.staging;

import static io.pg2any.staging.StagingReads.drain;
import static io.pg2any.staging.StagingReads.read;
import static io.pg2any.staging.StagingReads.take;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.pg2any.change.Lsn;
import io.pg2any.change.TransactionBatch;
import io.pg2any.pgoutput.MessageChunk;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Full disks, forced writes and the quota. */
@Timeout(60)
class StagingFaultTest {
    private static final Path FOLDER = Path.of("/staging");

    private final SimulatedFiles files = new SimulatedFiles();

    private static StagingConfig config(AcknowledgeMode mode, long maxBytes) {
        return new StagingConfig(FOLDER, mode, 1000, 1000, maxBytes, true);
    }

    /** Some small transactions, a large one over several chunks, some small ones. */
    private static List<MessageChunk> chunks() {
        PgOutputBytes session = new PgOutputBytes(1, 50);
        List<MessageChunk> chunks = new ArrayList<>();
        chunks.add(session.begin(100, 1)
                .relation(7, "t", "id")
                .insert(7, "a")
                .commit(100)
                .chunk());
        for (int i = 2; i < 12; i++) {
            chunks.add(session.transaction(i * 100, 7, "x" + i, "y".repeat(150)).chunk());
        }
        session.begin(2000, 20);
        for (int i = 0; i < 10; i++) {
            chunks.add(session.insert(7, "large" + i + "z".repeat(400)).chunk());
        }
        chunks.add(session.insert(7, "end")
                .commit(2000)
                .begin(2100, 21)
                .insert(7, "n")
                .chunk());
        chunks.add(session.insert(7, "m").commit(2100).transaction(2200, 7, "o").chunk(2300));
        return chunks;
    }

    private static List<String> expected() throws Exception {
        SimulatedFiles healthy = new SimulatedFiles();
        try (StagingLog log = StagingLog.open(config(AcknowledgeMode.APPLIED, 1 << 30), healthy)) {
            for (MessageChunk chunk : chunks()) {
                log.append(chunk);
            }
            List<String> all = drain(log);
            assertThat(all).hasSize(14);
            return all;
        }
    }

    @ParameterizedTest
    @EnumSource
    void aDiskThatFillsUpAtAnyOperationLosesAndDoublesNothing(AcknowledgeMode mode) throws Exception {
        List<String> expected = expected();
        boolean failed = true;
        for (int n = 0; failed; n++) {
            failed = false;
            SimulatedFiles disk = new SimulatedFiles();
            try (StagingLog log = StagingLog.open(config(mode, 1 << 30), disk)) {
                disk.failFrom(n);
                for (MessageChunk chunk : chunks()) {
                    for (boolean taken = false; !taken; ) {
                        try {
                            log.append(chunk);
                            taken = true;
                        } catch (IOException full) {
                            failed = true;
                            // Refused twice, then there is room again.
                            assertThatThrownBy(() -> log.append(chunk)).hasMessageContaining("No space left");
                            assertThat(log.status().lastError().orElseThrow()).contains("No space left");
                            disk.failNever();
                        }
                    }
                }
                disk.failNever();
                assertThat(drain(log)).as("full from operation %d", n).isEqualTo(expected);
                assertThat(log.stagedPosition().orElseThrow().lsn()).isEqualTo(new Lsn(2300));
                assertThat(disk.paths(FOLDER.resolve("received"))).isEmpty();
                assertThat(disk.openFiles()).isZero();
            }
        }
    }

    @Test
    void aDiskThatRefusesTheTargetsThreadLosesNothing() throws Exception {
        List<String> expected = expected();
        for (int n = 0; n < 6; n++) {
            SimulatedFiles disk = new SimulatedFiles();
            try (StagingLog log = StagingLog.open(config(AcknowledgeMode.APPLIED, 1 << 30), disk)) {
                List<String> all = new ArrayList<>();
                for (MessageChunk chunk : chunks()) {
                    log.append(chunk);
                    disk.failFrom(n);
                    try {
                        TransactionBatch batch = take(log);
                        if (batch != null && ((StagedBatch) batch).arriving() == null) {
                            all.addAll(read(batch));
                            log.complete(batch);
                        } else if (batch != null) {
                            log.release(batch);
                        }
                    } catch (IOException full) {
                        assertThat(full).hasMessageContaining("No space left");
                    }
                    disk.failNever();
                }
                all.addAll(drain(log));
                assertThat(all).isEqualTo(expected);
            }
        }
    }

    @Test
    void inStagedModeTheFileIsForcedBeforeTheRenameAndTheFoldersAfterIt() throws Exception {
        try (StagingLog log = StagingLog.open(config(AcknowledgeMode.STAGED, 1 << 30), files)) {
            assertThat(log.durableLsn()).isEmpty();
            files.operations.clear();
            log.append(chunks().get(0));

            assertThat(files.operations)
                    .extracting(SimulatedFiles.Operation::toString)
                    .containsExactly(
                            "create received",
                            "write received",
                            "write received",
                            "write received",
                            "force received",
                            "rename pending",
                            "forceFolder pending",
                            "forceFolder received");
            assertThat(log.durableLsn()).contains(new Lsn(108));
        }
    }

    @Test
    void inAppliedModeNothingIsForced() throws Exception {
        try (StagingLog log = StagingLog.open(config(AcknowledgeMode.APPLIED, 1 << 30), files)) {
            for (MessageChunk chunk : chunks()) {
                log.append(chunk);
            }
            drain(log);
            assertThat(files.operations)
                    .extracting(SimulatedFiles.Operation::kind)
                    .contains("rename")
                    .doesNotContain("force", "forceFolder");
            assertThat(log.durableLsn()).isEmpty();
        }
    }

    @Test
    void whatMayBeAcknowledgedSurvivesALossOfPowerAtAnyOperation() throws Exception {
        List<String> expected = expected();
        boolean failed = true;
        for (int n = 0; failed; n++) {
            failed = false;
            SimulatedFiles disk = new SimulatedFiles();
            StagingLog log = StagingLog.open(config(AcknowledgeMode.STAGED, 1 << 30), disk);
            disk.failFrom(n);
            for (MessageChunk chunk : chunks()) {
                try {
                    log.append(chunk);
                } catch (IOException full) {
                    failed = true;
                    break;
                }
            }
            Lsn durable = log.durableLsn().orElse(new Lsn(50));
            disk.losePower();
            disk.failNever();

            try (StagingLog after = StagingLog.open(config(AcknowledgeMode.STAGED, 1 << 30), disk)) {
                if (durable.isAfter(new Lsn(50))) {
                    Lsn staged = after.stagedPosition().orElseThrow().lsn();
                    assertThat(staged.isBefore(durable)).isFalse();
                    assertThat(after.durableLsn()).contains(staged);
                }
                List<String> recovered = drain(after);
                assertThat(recovered).isEqualTo(expected.subList(0, recovered.size()));
            }
        }
    }

    @Test
    void atTheQuotaCaptureWaitsUntilTheTargetHasMadeRoom() throws Exception {
        try (StagingLog log = StagingLog.open(config(AcknowledgeMode.STAGED, 400), files)) {
            PgOutputBytes session = new PgOutputBytes(1, 50);
            log.append(session.begin(100, 1)
                    .relation(7, "t", "id")
                    .insert(7, "a")
                    .commit(100)
                    .chunk());
            log.append(session.transaction(200, 7, "b".repeat(400)).chunk());
            assertThat(log.status().stagedBytes()).isGreaterThan(400);

            CountDownLatch started = new CountDownLatch(1);
            CompletableFuture<Void> third = CompletableFuture.runAsync(() -> {
                started.countDown();
                append(log, session.transaction(300, 7, "c").chunk());
            });
            assertThat(started.await(10, TimeUnit.SECONDS)).isTrue();
            while (log.status().quotaReachedSince().isEmpty()) {
                Thread.onSpinWait();
            }
            assertThat(third).isNotDone();
            log.complete(log.take(Duration.ofSeconds(10)));

            assertThat(third).succeedsWithin(Duration.ofSeconds(10));
            assertThat(log.status().quotaReachedSince()).isEmpty();
            assertThat(drain(log)).containsExactly("300:t(c)");
        }
    }

    @Test
    void closingEndsAWaitAtTheQuotaAndForTheNextBatch() throws Exception {
        StagingLog log = StagingLog.open(config(AcknowledgeMode.STAGED, 100), files);
        PgOutputBytes session = new PgOutputBytes(1, 50);
        log.append(session.begin(100, 1)
                .relation(7, "t", "id")
                .insert(7, "a")
                .commit(100)
                .chunk());
        CompletableFuture<Void> waiting = CompletableFuture.runAsync(
                () -> append(log, session.transaction(200, 7, "b").chunk()));
        while (log.status().quotaReachedSince().isEmpty()) {
            Thread.onSpinWait();
        }
        log.close();
        assertThat(waiting)
                .failsWithin(Duration.ofSeconds(10))
                .withThrowableThat()
                .withMessageContaining("staging stops");
    }

    @Test
    void oneTransactionThatNeedsMoreThanTheQuotaIsAnErrorThatNamesTheSetting() throws Exception {
        try (StagingLog log = StagingLog.open(config(AcknowledgeMode.APPLIED, 1_000_000), files)) {
            PgOutputBytes session = new PgOutputBytes(1, 50);
            log.append(session.begin(100, 1).relation(7, "t", "id").chunk());
            assertThatThrownBy(() -> {
                        for (int i = 0; i < 200; i++) {
                            log.append(session.insert(7, "x".repeat(10_000)).chunk());
                        }
                    })
                    .isInstanceOf(StagingQuotaExceededException.class)
                    .hasMessageContaining("pg2any.staging.maxBytes");
        }
    }

    private static void append(StagingLog log, MessageChunk chunk) {
        try {
            log.append(chunk);
        } catch (IOException | InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }
}
