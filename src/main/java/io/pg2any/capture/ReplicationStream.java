package io.pg2any.capture;

import io.pg2any.capture.CaptureException.Kind;
import io.pg2any.change.Lsn;
import io.pg2any.change.SourceIdentity;
import io.pg2any.pgoutput.MessageType;
import java.io.EOFException;
import java.io.IOException;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.sql.SQLException;
import java.sql.SQLWarning;
import java.time.Clock;
import java.time.Instant;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;
import java.util.function.LongSupplier;
import org.postgresql.copy.CopyDual;

/**
 * One {@code START_REPLICATION} from its first message to its end: frames, keepalives, status updates (protocol of
 * PostgreSQL's "Streaming Replication Protocol"). Everything happens on the reader thread, which never waits for
 * anything but the socket and the clock.
 *
 * <p>What the server may be told: {@code write} is what was read, {@code flush} and {@code apply} are
 * {@link SlotFeedback}'s LSN and nothing else.
 */
final class ReplicationStream {
    private static final VarHandle LONG = MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.BIG_ENDIAN);

    /** {@code w}: Int64 walStart, Int64 walEnd, Int64 clock, then the message. */
    private static final int XLOG_DATA_HEADER = 25;
    /** {@code k}: Int64 walEnd, Int64 clock, Byte1 replyRequested. */
    private static final int KEEPALIVE_BYTES = 18;
    /** {@code r}: Int64 write, Int64 flush, Int64 apply, Int64 clock, Byte1 replyRequested. */
    private static final int STATUS_BYTES = 34;
    /** In {@code C}, {@code K} and {@code r}: after type, Int8 flags and another Int64; in {@code c} an xid more. */
    private static final int COMMIT_END_LSN = 10;

    private static final int STREAM_COMMIT_END_LSN = 14;

    private static final long POSTGRES_EPOCH_SECONDS = 946_684_800L;

    /**
     * How long messages may gather in the kernel before they are fetched together: a wake-up and a {@code recv} per
     * message cost the walsender, too, more than everything else done here.
     */
    private static final long GATHER_NANOS = TimeUnit.MICROSECONDS.toNanos(500);
    /** After more than this at once there is no need to gather: the reader is behind anyway. */
    private static final int GATHERED_MESSAGES = 100;
    /** A hungry dispatcher gets what there is at the latest after this, however busy the stream. */
    private static final long CHUNK_AGE_NANOS = TimeUnit.MILLISECONDS.toNanos(1);

    private static final int MESSAGES_AT_ONCE = 4096;
    /** Longest wait for the socket: how late flags set by other threads are seen. */
    private static final int IDLE_WAIT_MILLIS = 50;
    /** The same while the server waits for a confirmation, as in its shutdown. */
    private static final int URGENT_WAIT_MILLIS = 5;
    /** A server that shuts down asks again with every answer: answer at this pace until there is something new. */
    private static final long REPLY_PACE_NANOS = TimeUnit.MILLISECONDS.toNanos(100);
    /** New feedback is reported after this, not only when the next status is due. */
    private static final long FEEDBACK_PACE_NANOS = TimeUnit.SECONDS.toNanos(1);

    private static final long NEVER = Long.MIN_VALUE;

    private final CaptureConfig config;
    private final SourceConnection source;
    private final CopyDual copy;
    private final ReplicationSocket socket;
    private final HandOff handOff;
    private final SlotFeedback feedback;
    private final ReadProgress progress;
    private final ChunkBuilder chunk;
    private final Clock clock;
    private final LongSupplier nanoClock;
    private final long statusNanos;
    private final byte[] status = new byte[STATUS_BYTES];

    private boolean inTransaction;
    private long received;
    private long serverWalEnd;
    /** A position outside any transaction that has not been handed over yet, or 0. */
    private long pendingIdle;

    private boolean replyRequested;
    private long serverAskedAt = NEVER;
    private long keepaliveEnd;
    private long confirmed;
    private long statusSentAt = NEVER;
    private long idleHandedOverAt = NEVER;
    private long chunkSince;

    ReplicationStream(
            CaptureConfig config,
            SourceConnection source,
            CopyDual copy,
            SourceIdentity identity,
            long session,
            Lsn start,
            long statusNanos,
            HandOff handOff,
            SlotFeedback feedback,
            ReadProgress progress,
            Clock clock,
            LongSupplier nanoClock) {
        this.config = config;
        this.source = source;
        this.copy = copy;
        this.socket = source.socket();
        this.handOff = handOff;
        this.feedback = feedback;
        this.progress = progress;
        this.chunk = new ChunkBuilder(identity, session, start, config.chunkBytes());
        this.clock = clock;
        this.nanoClock = nanoClock;
        this.statusNanos = statusNanos;
        this.received = start.value();
        progress.received(received);
        socket.streaming(this::statusInMidMessage);
    }

    /** The start itself is a position that downstream must persist: the slot's own, of a fresh pipeline. */
    void announceStart() throws SQLException, CaptureException {
        handOver(new Lsn(received));
    }

    /**
     * Reads until told to stop. When it ends, every complete transaction that was read has been handed over, then the
     * session's end, and
     * {@link ReadProgress#received()} is where the next session must start.
     */
    void read(BooleanSupplier stopping, BooleanSupplier suspended) throws SQLException, IOException, CaptureException {
        try {
            while (!stopping.getAsBoolean()) {
                sendStatusIfDue();
                if (suspended.getAsBoolean() || handOff.isFull()) {
                    handOverIfHungry(0);
                    // Unparked when there is room again; the server goes on hearing of us meanwhile.
                    LockSupport.parkNanos(this, TimeUnit.MILLISECONDS.toNanos(waitMillis()));
                    continue;
                }
                int messages = drain();
                if (messages > 0) {
                    handOverIfHungry(CHUNK_AGE_NANOS);
                    if (messages < GATHERED_MESSAGES) {
                        LockSupport.parkNanos(this, GATHER_NANOS);
                    }
                    socket.poll();
                } else {
                    if (socket.ended()) {
                        throw new EOFException("the server closed the connection");
                    }
                    handOverIdleIfDue();
                    handOverIfHungry(0);
                    socket.await(chunk.isEmpty() ? waitMillis() : 1);
                }
            }
        } finally {
            if (!chunk.isEmpty()) {
                handOff.put(chunk.build(null));
            }
            handOff.put(chunk.build(null)); // no messages: the end of the session
            progress.received(received);
        }
    }

    /** Last words, within the given time: what is confirmable now, then the end of the copy. */
    void finish(long timeoutNanos) throws SQLException {
        socket.deadline(System.nanoTime() + timeoutNanos);
        sendStatus(nanoClock.getAsLong());
        copy.endCopy();
    }

    /** Handles what has arrived, but not more than a status update can wait for; how many messages that were. */
    private int drain() throws SQLException, CaptureException {
        int count = 0;
        for (; count < MESSAGES_AT_ONCE && !handOff.isFull(); count++) {
            byte[] frame = copy.readFromCopy(false);
            if (frame == null) {
                break;
            }
            if (frame[0] == 'w') {
                message(frame);
            } else if (frame[0] == 'k' && frame.length == KEEPALIVE_BYTES) {
                keepalive((long) LONG.get(frame, 1), frame[17] != 0);
            } else {
                throw new CaptureException(
                        Kind.FATAL,
                        "the server sent a replication message of unknown type " + frame[0],
                        "check that the server is a PostgreSQL that this release supports");
            }
        }
        if (count > 0) {
            progress.publish(Instant.now(clock));
            progress.received(received);
            progress.serverWalEnd(serverWalEnd);
        }
        return count;
    }

    private void message(byte[] frame) throws SQLException, CaptureException {
        int size = frame.length - XLOG_DATA_HEADER;
        if (size <= 0) {
            throw new CaptureException(
                    Kind.FATAL, "the server sent an empty replication message", "see the server's log");
        }
        if (chunk.lacksRoomFor(size)) {
            handOver(null);
        }
        if (chunk.isEmpty()) {
            chunkSince = nanoClock.getAsLong();
        }
        long walStart = (long) LONG.get(frame, 1);
        chunk.append(walStart, frame, XLOG_DATA_HEADER, size);
        byte type = frame[XLOG_DATA_HEADER];
        progress.count(type, size);
        switch (type) {
            case MessageType.BEGIN, MessageType.BEGIN_PREPARE, MessageType.STREAM_START -> inTransaction = true;
            case MessageType.PREPARE, MessageType.STREAM_STOP -> inTransaction = false;
            case MessageType.COMMIT, MessageType.COMMIT_PREPARED, MessageType.ROLLBACK_PREPARED ->
                ended(frame, COMMIT_END_LSN);
            case MessageType.STREAM_COMMIT -> ended(frame, STREAM_COMMIT_END_LSN);
            default -> {
                // Of a body, or without a position of its own.
            }
        }
        if (Long.compareUnsigned(walStart, serverWalEnd) > 0) {
            serverWalEnd = walStart;
        }
        if (chunk.lacksRoomFor(1)) {
            handOver(null);
        }
    }

    /** The next session need not be sent what ends here; streams still open come again from their first change. */
    private void ended(byte[] frame, int endLsn) {
        inTransaction = false;
        received = (long) LONG.get(frame, XLOG_DATA_HEADER + endLsn);
        // The slot's position was in the middle of WAL that is passed now.
        if (Long.compareUnsigned(pendingIdle, received) <= 0) {
            pendingIdle = 0;
        }
    }

    /**
     * All that committed before a keepalive's WAL end has been sent; outside a transaction that makes it a position,
     * with which the slot moves although nothing is published.
     */
    private void keepalive(long walEnd, boolean reply) throws SQLException, CaptureException {
        keepaliveEnd = walEnd;
        if (Long.compareUnsigned(walEnd, serverWalEnd) > 0) {
            serverWalEnd = walEnd;
        }
        replyRequested |= reply;
        if (!inTransaction && Long.compareUnsigned(walEnd, received) > 0) {
            pendingIdle = walEnd;
            if (reply) {
                handOverIdle();
            }
        }
    }

    private void handOverIdleIfDue() throws SQLException, CaptureException {
        if (pendingIdle != 0
                && !inTransaction
                && elapsed(idleHandedOverAt, config.idleConfirmInterval().toNanos())) {
            handOverIdle();
        }
    }

    private void handOverIdle() throws SQLException, CaptureException {
        handOver(new Lsn(pendingIdle));
        received = pendingIdle;
        progress.received(received);
        pendingIdle = 0;
        idleHandedOverAt = nanoClock.getAsLong();
    }

    private void handOverIfHungry(long age) throws SQLException, CaptureException {
        if (!chunk.isEmpty() && handOff.isEmpty() && elapsed(chunkSince, age)) {
            handOver(null);
        }
    }

    private void handOver(Lsn idleThrough) throws SQLException, CaptureException {
        failOnSkippedPublication();
        handOff.put(chunk.build(idleThrough));
        progress.received(received);
    }

    /**
     * PostgreSQL 18 goes on without a missing publication and only warns, before the first change it skips: so a
     * chunk may go once no such warning has come before its end.
     */
    private void failOnSkippedPublication() throws SQLException, CaptureException {
        for (SQLWarning warning = source.takeWarnings(); warning != null; warning = warning.getNextWarning()) {
            if ("55000".equals(warning.getSQLState())
                    || String.valueOf(warning.getMessage()).contains("publication")) {
                chunk.clear();
                throw SourceErrors.publicationMissing(
                        config, "the server skips a publication: " + warning.getMessage(), warning);
            }
        }
    }

    private int waitMillis() {
        boolean serverWaits = Long.compareUnsigned(confirmed, keepaliveEnd) < 0 && replyRequestedRecently();
        return serverWaits || replyRequested ? URGENT_WAIT_MILLIS : IDLE_WAIT_MILLIS;
    }

    private boolean replyRequestedRecently() {
        return serverAskedAt != NEVER && !elapsed(serverAskedAt, TimeUnit.SECONDS.toNanos(10));
    }

    private void sendStatusIfDue() throws SQLException {
        long now = nanoClock.getAsLong();
        boolean news = confirmable() != confirmed;
        if (replyRequested) {
            serverAskedAt = now;
        }
        if (elapsed(statusSentAt, statusNanos)
                || (replyRequested && elapsed(statusSentAt, REPLY_PACE_NANOS))
                || (news && (replyRequestedRecently() || elapsed(statusSentAt, FEEDBACK_PACE_NANOS)))) {
            sendStatus(now);
        }
    }

    private void statusInMidMessage() throws IOException {
        try {
            if (elapsed(statusSentAt, statusNanos)) {
                sendStatus(nanoClock.getAsLong());
            }
        } catch (SQLException e) {
            throw new IOException(e);
        }
    }

    /** Never more than was received here: a slot believes what it is told, even an LSN beyond the end of WAL. */
    private long confirmable() {
        long safe = feedback.value();
        return Long.compareUnsigned(safe, received) > 0 ? received : safe;
    }

    private void sendStatus(long now) throws SQLException {
        confirmed = confirmable();
        Instant time = Instant.now(clock);
        long micros = (time.getEpochSecond() - POSTGRES_EPOCH_SECONDS) * 1_000_000 + time.getNano() / 1000;
        status[0] = 'r';
        LONG.set(status, 1, received);
        LONG.set(status, 9, confirmed);
        LONG.set(status, 17, confirmed);
        LONG.set(status, 25, micros);
        copy.writeToCopy(status, 0, STATUS_BYTES);
        copy.flushCopy();
        statusSentAt = now;
        replyRequested = false;
        progress.confirmed(confirmed);
    }

    private boolean elapsed(long since, long nanos) {
        return since == NEVER || nanoClock.getAsLong() - since >= nanos;
    }
}
