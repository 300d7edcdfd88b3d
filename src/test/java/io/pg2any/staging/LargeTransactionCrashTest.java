package io.pg2any.staging;

import static io.pg2any.staging.StagingReads.drain;
import static org.assertj.core.api.Assertions.assertThat;

import io.pg2any.change.Lsn;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Transactions in segments, sent after their commit or while they are open, on a disk that stops anywhere. */
class LargeTransactionCrashTest {
    private static final Path FOLDER = Path.of("/staging");
    /** A frame of its own, which is written at once. */
    private static final String ROW = "x".repeat(FrameBuffer.BLOCK);

    /** The disk stops at every operation on the way of one large transaction; then the process or the power. */
    @ParameterizedTest
    @CsvSource({
        "APPLIED, false, false",
        "APPLIED, false, true",
        "APPLIED, true, false",
        "APPLIED, true, true",
        "STAGED, false, false",
        "STAGED, false, true",
        "STAGED, true, false",
        "STAGED, true, true"
    })
    void aCrashAtAnyPointLeavesAllOfALargeTransactionOrNothing(AcknowledgeMode mode, boolean power, boolean streamed)
            throws Exception {
        Set<Integer> outcomes = new TreeSet<>();
        boolean finished = false;
        for (int point = 0; !finished; point++) {
            SimulatedFiles disk = new SimulatedFiles();
            StagingConfig config = new StagingConfig(FOLDER, mode, 1 << 20, 1, 1L << 30, true, 100);
            StagingLog log = StagingLog.open(config, disk);
            disk.failWith(new FailFrom(disk, point));
            finished = appendsAll(log, streamed);
            Lsn durable = log.durableLsn().orElse(null);
            if (power) {
                disk.losePower(new Random(point));
            } else {
                disk.crash();
            }
            disk.failNever();
            try (StagingLog recovered = StagingLog.open(config, disk)) {
                List<String> transactions = drain(recovered);
                outcomes.add(transactions.size());
                assertThat(transactions.toString())
                        .isIn(
                                "[]",
                                "[200:"
                                        + IntStream.range(0, 6)
                                                .mapToObj(i -> "t(" + row(i, streamed) + ")")
                                                .collect(Collectors.joining(","))
                                        + "]");
                if (durable != null && !durable.isBefore(new Lsn(208))) {
                    assertThat(transactions).hasSize(1);
                }
                recovered.targetDurable(new Lsn(1000));
                assertThat(disk.paths(FOLDER.resolve("received"))).isEmpty();
                List<String> left = new ArrayList<>();
                disk.paths(FOLDER.resolve("pending"))
                        .forEach(path -> left.add(path.getFileName().toString()));
                // In STAGED the newest file stays: a start must know its position without the target.
                boolean anchor = mode == AcknowledgeMode.STAGED && left.contains("00000000000000D0.staged");
                assertThat(left).filteredOn(name -> name.endsWith(".segment")).hasSize(anchor ? (streamed ? 6 : 7) : 0);
            }
        }
        assertThat(outcomes).hasSize(mode == AcknowledgeMode.APPLIED && power ? 1 : 2);
    }

    private record FailFrom(SimulatedFiles disk, int operation, int before) implements SimulatedFiles.Fault {
        FailFrom(SimulatedFiles disk, int operation) {
            this(disk, operation, disk.operations.size());
        }

        @Override
        public void before(SimulatedFiles.Operation next) throws IOException {
            if (disk.operations.size() > before + operation) {
                throw new IOException("the disk is gone");
            }
        }
    }

    private static String row(int number, boolean streamed) {
        return streamed ? "row " + number : number + ROW;
    }

    private static boolean appendsAll(StagingLog log, boolean streamed) throws InterruptedException {
        PgOutputBytes messages = new PgOutputBytes(1, 50);
        try {
            (streamed ? messages.streamStart(10) : messages.begin(200, 10)).relation(7, "t", "id");
            for (int i = 0; i < 6; i++) {
                log.append(messages.insert(7, row(i, streamed)).chunk());
            }
            log.append((streamed ? messages.streamStop().streamCommit(10, 200) : messages.commit(200)).chunk());
            log.append(messages.chunk(210));
            return true;
        } catch (IOException diskIsGone) {
            return false;
        }
    }
}
