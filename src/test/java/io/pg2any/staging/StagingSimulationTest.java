package io.pg2any.staging;

import static org.assertj.core.api.Assertions.assertThat;

import io.pg2any.change.Change;
import io.pg2any.change.Lsn;
import io.pg2any.change.Position;
import io.pg2any.change.TransactionAbandonedException;
import io.pg2any.change.TransactionBatch;
import io.pg2any.change.TransactionCursor;
import io.pg2any.pgoutput.MessageChunk;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * A source, a disk and a target with all that may happen to them in any order, from a seed: sessions end, the disk
 * fills, the process dies, the machine loses power, the target fails. Every transaction must reach the target exactly
 * once and in order, and the source must never be told to forget what would then be lost.
 */
class StagingSimulationTest {
    private static final Path FOLDER = Path.of("/staging");
    private static final long FIRST = 1000;

    @ParameterizedTest
    @CsvSource({"APPLIED, 400", "STAGED, 400"})
    void everyTransactionIsDeliveredExactlyOnceAndInOrder(AcknowledgeMode mode, int seeds) throws Exception {
        int readWhileArriving = 0;
        for (int seed = 0; seed < seeds; seed++) {
            try {
                Simulation simulation = new Simulation(mode, seed);
                simulation.run();
                readWhileArriving += simulation.readWhileArriving;
            } catch (AssertionError | RuntimeException | IOException e) {
                throw new AssertionError("mode " + mode + ", seed " + seed, e);
            }
        }
        assertThat(readWhileArriving).isGreaterThan(seeds / 10);
    }

    private static final class Simulation {
        /** What the source has committed. */
        private record Committed(long commitLsn, List<String> rows) {
            long end() {
                return commitLsn + 8;
            }
        }

        private final Random random;
        private final AcknowledgeMode mode;
        private final StagingConfig config;
        private final SimulatedFiles files = new SimulatedFiles();
        private final List<Committed> history = new ArrayList<>();

        private final boolean streams;
        private int nextXid = 100_000;
        private int readWhileArriving;

        private StagingLog log;
        private long sessions;
        /** What the source still has to send in this session, and the chunk that was refused. */
        private List<MessageChunk> toSend = new ArrayList<>();

        private MessageChunk refused;

        /** What of an ordinary transaction has been sent with this chunk, if the chunk ends inside of it. */
        private record Begun(Committed committed, int rows) {}

        private final Map<MessageChunk, Begun> begun = new IdentityHashMap<>();
        /** Where the chunks ended that the log has; null outside of a transaction. */
        private Begun arrived;

        private Begun sending;
        /** The target is in the middle of a transaction that arrives; null if it is not. */
        private Reading reading;

        private record Reading(
                TransactionBatch batch, TransactionCursor cursor, Committed committed, List<String> rows) {}

        private long acknowledged = FIRST;
        private final List<String> target = new ArrayList<>();
        private long targetPosition = FIRST;

        Simulation(AcknowledgeMode mode, long seed) {
            this.random = new Random(seed);
            this.mode = mode;
            this.config = new StagingConfig(
                    FOLDER,
                    mode,
                    200 + random.nextInt(3000),
                    200 + random.nextInt(2000),
                    1 << 30,
                    random.nextBoolean(),
                    500 + random.nextInt(2000),
                    Compression.values()[random.nextInt(Compression.values().length)]);
            this.streams = random.nextBoolean();
            long lsn = FIRST;
            for (int i = 0; i < 30; i++) {
                lsn += 8 + random.nextInt(20);
                List<String> rows = new ArrayList<>();
                int count = random.nextInt(8) == 0 ? 60 : random.nextInt(5);
                for (int row = 0; row < count; row++) {
                    rows.add("r" + i + "-" + row + "x".repeat(random.nextInt(80)));
                }
                history.add(new Committed(lsn, rows));
            }
        }

        void run() throws IOException, InterruptedException {
            start();
            for (int step = 0; step < 300; step++) {
                step();
                marks();
            }
            files.failNever();
            for (int quiet = 0; quiet < 3; quiet++) {
                startSession();
                while (!toSend.isEmpty() || refused != null) {
                    send();
                }
                while (apply(false)) {
                    marks();
                }
            }
            List<String> expected = new ArrayList<>();
            for (Committed committed : history) {
                if (!committed.rows.isEmpty()) {
                    expected.add(committed.commitLsn + ":" + String.join(",", committed.rows));
                }
            }
            assertThat(target).isEqualTo(expected);
            assertThat(files.openFiles()).isZero();
            log.close();
        }

        private void step() throws IOException, InterruptedException {
            int dice = random.nextInt(100);
            if (dice < 55) {
                send();
            } else if (dice < 85) {
                apply(random.nextInt(5) == 0);
            } else if (dice < 90) {
                startSession();
            } else if (dice < 93) {
                files.crash();
                start();
            } else if (dice < 95) {
                if (random.nextBoolean()) {
                    files.losePower();
                } else {
                    files.losePower(random);
                }
                start();
            } else if (dice < 96) {
                stopReading();
                log.close();
                start();
            } else if (dice < 98) {
                files.failFrom(random.nextInt(6));
            } else {
                files.failNever();
            }
        }

        private void start() throws IOException {
            // With the process that had it.
            reading = null;
            files.failNever();
            log = StagingLog.open(config, files);
            log.reconcile(new Position(PgOutputBytes.SOURCE, new Lsn(targetPosition)));
            startSession();
        }

        /** As a server does: everything that committed at or after where it starts. */
        private void startSession() {
            long requested = log.stagedPosition().orElseThrow().lsn().value();
            assertThat(acknowledged).as("acknowledged what is not staged").isLessThanOrEqualTo(requested);
            long from = random.nextInt(4) == 0 ? acknowledged : requested;
            sessions++;
            stopReading();
            toSend = new ArrayList<>();
            begun.clear();
            arrived = null;
            refused = null;
            PgOutputBytes session = new PgOutputBytes(sessions, from);
            boolean[] announced = new boolean[3];
            List<Streamed> open = new ArrayList<>();
            long sent = from;
            for (int i = 0; i < history.size(); i++) {
                Committed committed = history.get(i);
                if (committed.commitLsn < from) {
                    continue;
                }
                // All that committed before a keepalive's position has been sent.
                long next = i + 1 < history.size() ? history.get(i + 1).commitLsn : Long.MAX_VALUE;
                if (streams && random.nextInt(3) == 0) {
                    int ahead = Math.min(history.size() - 1, i + random.nextInt(6));
                    if (open.stream().noneMatch(streamed -> streamed.committed == history.get(ahead))) {
                        open.add(new Streamed(history.get(ahead), random.nextInt(8) == 0));
                    }
                }
                for (Streamed streamed : open) {
                    streamed.block(session, false);
                }
                Optional<Streamed> ends = open.stream()
                        .filter(streamed -> streamed.committed == committed && !streamed.rolledBack)
                        .findFirst();
                if (ends.isPresent()) {
                    ends.get().commit(session, announced);
                } else {
                    session.begin(committed.commitLsn, 1 + (int) committed.commitLsn);
                    for (int row = 0; row < committed.rows.size(); row++) {
                        insert(session, announced, committed.rows.get(row));
                        sending = new Begun(committed, row + 1);
                        cut(session);
                    }
                    sending = null;
                    session.commit(committed.commitLsn);
                }
                open.stream()
                        .filter(streamed -> streamed.committed == committed && streamed.rolledBack)
                        .forEach(streamed -> session.streamAbort(streamed.xid, streamed.xid));
                open.removeIf(streamed -> streamed.committed == committed);
                sent = committed.end();
                if (random.nextInt(10) == 0) {
                    toSend.add(session.chunk(Math.min(sent + random.nextInt(5), next)));
                } else {
                    cut(session);
                }
            }
            toSend.add(session.chunk(sent));
        }

        /** The first use of a relation needs its announcement, and any other may come with one. */
        private void insert(PgOutputBytes session, boolean[] announced, String row) {
            int oid = random.nextInt(announced.length);
            if (!announced[oid] || random.nextInt(30) == 0) {
                announced[oid] = true;
                session.type(20000 + oid, "type" + oid).relation(oid + 1, "t" + sessions, "id");
            }
            session.insert(oid + 1, row);
        }

        /** A transaction that is sent while it is open; it may also end by being rolled back. */
        private final class Streamed {
            final Committed committed;
            final boolean rolledBack;
            final int xid = nextXid += 10;
            private int sentRows;
            private int savepoints;
            private boolean[] announced = new boolean[3];

            Streamed(Committed committed, boolean rolledBack) {
                this.committed = committed;
                this.rolledBack = rolledBack;
            }

            void block(PgOutputBytes session, boolean all) {
                if (!all && random.nextBoolean()) {
                    return;
                }
                session.streamStart(xid);
                int rows = committed.rows.size() - sentRows;
                for (int i = all ? rows : random.nextInt(rows + 1); i > 0; i--) {
                    session.in(xid + random.nextInt(2));
                    insert(session, announced, committed.rows.get(sentRows++));
                    cut(session);
                }
                boolean savepoint = savepoints < 8 && random.nextInt(3) == 0;
                int undone = xid + 2 + savepoints;
                if (savepoint) {
                    session.in(undone);
                    insert(session, announced, "undone");
                    cut(session);
                }
                session.streamStop();
                cut(session);
                if (savepoint) {
                    savepoints++;
                    session.streamAbort(xid, undone);
                    announced = new boolean[3];
                    cut(session);
                }
            }

            /** What it has announced since the last rollback counts for the session then. */
            void commit(PgOutputBytes session, boolean[] ofSession) {
                block(session, true);
                session.streamCommit(xid, committed.commitLsn);
                for (int oid = 0; oid < announced.length; oid++) {
                    ofSession[oid] |= announced[oid];
                }
            }
        }

        private void cut(PgOutputBytes session) {
            if (random.nextInt(6) == 0) {
                MessageChunk chunk = session.chunk();
                toSend.add(chunk);
                if (sending != null) {
                    begun.put(chunk, sending);
                }
            }
        }

        private void send() throws InterruptedException {
            if (refused == null && toSend.isEmpty()) {
                return;
            }
            MessageChunk chunk = refused == null ? toSend.remove(0) : refused;
            try {
                log.append(chunk);
                arrived = begun.get(chunk);
                refused = null;
            } catch (IOException full) {
                refused = chunk;
            }
            if (mode == AcknowledgeMode.STAGED) {
                acknowledged =
                        Math.max(acknowledged, log.durableLsn().map(Lsn::value).orElse(FIRST));
            }
        }

        /**
         * The target reads a transaction while it arrives, as far as it has; it is one thread with the source here, so it
         * never waits for more.
         */
        private void read(boolean fails) {
            try {
                int there =
                        arrived != null && arrived.committed == reading.committed ? arrived.rows : Integer.MAX_VALUE;
                while (reading.rows.size() < there) {
                    Change change = reading.cursor.nextChange();
                    if (change == null) {
                        break;
                    }
                    reading.rows.add(((Change.Insert) change).row().text(0));
                }
                assertThat(reading.rows).isEqualTo(reading.committed.rows.subList(0, reading.rows.size()));
                if (fails) {
                    stopReading();
                } else if (there == Integer.MAX_VALUE) {
                    assertThat(reading.cursor.nextTransaction()).isFalse();
                    target.add(reading.committed.commitLsn + ":" + String.join(",", reading.rows));
                    targetPosition = reading.cursor.through().value();
                    reading.cursor.close();
                    log.complete(reading.batch);
                    reading = null;
                    readWhileArriving++;
                    if (mode == AcknowledgeMode.APPLIED) {
                        acknowledged = targetPosition;
                    }
                }
            } catch (IOException full) {
                stopReading();
            }
        }

        private void startReading(TransactionBatch batch) throws IOException {
            TransactionCursor cursor = batch.open();
            reading = new Reading(batch, cursor, arrived.committed, new ArrayList<>());
            try {
                assertThat(cursor.nextTransaction()).isTrue();
                assertThat(cursor.transaction().commitLsn().value()).isEqualTo(arrived.committed.commitLsn);
            } catch (IOException full) {
                stopReading();
            }
        }

        private void stopReading() {
            if (reading != null) {
                try {
                    reading.cursor.close();
                } catch (IOException e) {
                    throw new AssertionError(e);
                }
                log.release(reading.batch);
                reading = null;
            }
        }

        private boolean apply(boolean fails) throws IOException, InterruptedException {
            if (reading != null) {
                // How much of a refused chunk was taken is not known here.
                if (refused == null) {
                    read(fails);
                }
                return refused == null;
            }
            TransactionBatch batch;
            try {
                batch = StagingReads.take(log);
            } catch (IOException full) {
                return true;
            }
            if (batch == null) {
                return false;
            }
            boolean arriving = ((StagedBatch) batch).arriving() != null;
            if (fails || (arriving && (arrived == null || refused != null))) {
                log.release(batch);
                return false;
            }
            if (arriving) {
                startReading(batch);
                return true;
            }
            assertThat(batch.after().value()).isLessThanOrEqualTo(targetPosition);
            List<String> read = new ArrayList<>();
            long through;
            try (TransactionCursor cursor = batch.open()) {
                while (cursor.nextTransaction()) {
                    List<String> rows = new ArrayList<>();
                    for (Change change; (change = cursor.nextChange()) != null; ) {
                        rows.add(((Change.Insert) change).row().text(0));
                    }
                    long commitLsn = cursor.transaction().commitLsn().value();
                    assertThat(commitLsn).isGreaterThanOrEqualTo(targetPosition);
                    read.add(commitLsn + ":" + String.join(",", rows));
                }
                through = cursor.through().value();
            } catch (TransactionAbandonedException e) {
                throw new AssertionError("whole files cannot be abandoned", e);
            }
            target.addAll(read);
            targetPosition = through;
            if (random.nextInt(20) == 0) {
                // Committed, and the process dies before it could say so.
                files.crash();
                start();
                return true;
            }
            log.complete(batch);
            if (mode == AcknowledgeMode.APPLIED) {
                acknowledged = targetPosition;
            }
            return true;
        }

        private void marks() throws IOException {
            StagingStatus status = log.status();
            assertThat(status.applied().orElseThrow().value()).isLessThanOrEqualTo(targetPosition);
            assertThat(acknowledged)
                    .isLessThanOrEqualTo(status.staged().orElseThrow().value());
        }
    }
}
