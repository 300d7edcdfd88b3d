package io.pg2any.pgoutput;

import io.pg2any.change.Lsn;
import java.util.HashSet;
import java.util.Set;

/**
 * Which message may come now. Looks at the type byte of every message and at fields only of those that begin or end
 * something. One instance per replication session; one thread.
 *
 * <pre>
 * IDLE         Begin           → TRANSACTION
 *              Begin Prepare   → PREPARING
 *              Stream Start    → STREAM      first segment exactly when its transaction is not in progress
 *              Stream Commit, Stream Prepare a transaction in progress, which ends
 *              Stream Abort                  ends the transaction when it is all of it; an unknown one is legal: what
 *                                            the server did not have to send can be rolled back too
 *              Commit Prepared, Rollback Prepared, Message (not transactional)
 * TRANSACTION  body, Commit    → IDLE        of the LSN that Begin announced
 * PREPARING    body, Prepare   → IDLE        of the LSN that Begin Prepare announced
 * STREAM       body, Stream Stop → IDLE
 * body         Origin (only as the first message, not in a later segment), Relation, Type, Insert, Update, Delete,
 *              Truncate, Message (transactional)
 * </pre>
 */
public final class StreamState {
    /** What is open on the connection. */
    public enum State {
        IDLE,
        /** Between Begin and Commit. */
        TRANSACTION,
        /** Between Begin Prepare and Prepare. */
        PREPARING,
        /** Between Stream Start and Stream Stop. */
        STREAM
    }

    private final Set<Integer> inProgress = new HashSet<>();
    private State state = State.IDLE;
    private boolean originMayFollow;
    private int xid;
    /** What the end of the open transaction must say: its commit or prepare LSN. */
    private long announcedLsn;

    public State state() {
        return state;
    }

    /** Whether something is open: then a keepalive's position is not one that everything before has been sent of. */
    public boolean inTransaction() {
        return state != State.IDLE;
    }

    /** Whether the messages of the open body carry an xid. */
    public boolean inStream() {
        return state == State.STREAM;
    }

    /** The open transaction's xid, in a streamed block the top-level one; 0 when IDLE. */
    public int xid() {
        return xid;
    }

    /** Streamed transactions, between their blocks too, that have neither been committed, prepared nor rolled back. */
    public int streamsInProgress() {
        return inProgress.size();
    }

    /**
     * Takes the next message of the session.
     *
     * @throws MalformedMessageException if it may not come now, names state, message and LSN; the state stays
     */
    public void accept(byte[] bytes, int offset, int length, long walStart) throws MalformedMessageException {
        if (length <= 0) {
            throw new MalformedMessageException("message at LSN " + new Lsn(walStart) + ": empty, it has no type byte");
        }
        byte type = bytes[offset];
        switch (type) {
            case MessageType.INSERT,
                    MessageType.UPDATE,
                    MessageType.DELETE,
                    MessageType.TRUNCATE,
                    MessageType.RELATION,
                    MessageType.TYPE -> {
                if (state == State.IDLE) {
                    throw illegal(type, walStart, "");
                }
                originMayFollow = false;
            }
            case MessageType.LOGICAL_MESSAGE -> logicalMessage(bytes, offset, length, walStart);
            case MessageType.ORIGIN -> {
                if (!originMayFollow) {
                    throw illegal(type, walStart, ", it belongs directly after what opens a transaction");
                }
                originMayFollow = false;
            }
            case MessageType.BEGIN -> {
                require(State.IDLE, type, walStart);
                long lsn = RawMessage.commitLsn(bytes, offset, length, walStart);
                open(State.TRANSACTION, RawMessage.xid(bytes, offset, length, walStart), true);
                announcedLsn = lsn;
            }
            case MessageType.BEGIN_PREPARE -> {
                require(State.IDLE, type, walStart);
                long lsn = RawMessage.prepareLsn(bytes, offset, length, walStart);
                open(State.PREPARING, RawMessage.xid(bytes, offset, length, walStart), true);
                announcedLsn = lsn;
            }
            case MessageType.COMMIT -> {
                require(State.TRANSACTION, type, walStart);
                requireAnnounced(type, walStart, RawMessage.commitLsn(bytes, offset, length, walStart));
                close();
            }
            case MessageType.PREPARE -> {
                require(State.PREPARING, type, walStart);
                requireAnnounced(type, walStart, RawMessage.prepareLsn(bytes, offset, length, walStart));
                close();
            }
            case MessageType.STREAM_START -> streamStart(bytes, offset, length, walStart);
            case MessageType.STREAM_STOP -> {
                require(State.STREAM, type, walStart);
                close();
            }
            case MessageType.STREAM_COMMIT, MessageType.STREAM_PREPARE -> {
                require(State.IDLE, type, walStart);
                int ended = RawMessage.xid(bytes, offset, length, walStart);
                if (!inProgress.remove(ended)) {
                    throw illegal(
                            type,
                            walStart,
                            ", streamed transaction " + Integer.toUnsignedString(ended) + " is not in progress");
                }
            }
            case MessageType.STREAM_ABORT -> {
                require(State.IDLE, type, walStart);
                int top = RawMessage.xid(bytes, offset, length, walStart);
                if (RawMessage.abortedXid(bytes, offset, length, walStart) == top) {
                    inProgress.remove(top);
                }
            }
            case MessageType.COMMIT_PREPARED, MessageType.ROLLBACK_PREPARED -> require(State.IDLE, type, walStart);
            default -> throw illegal(type, walStart, "");
        }
    }

    private void logicalMessage(byte[] bytes, int offset, int length, long walStart) throws MalformedMessageException {
        boolean transactional = RawMessage.isTransactional(bytes, offset, length, walStart, inStream());
        if (transactional == (state == State.IDLE)) {
            throw illegal(
                    MessageType.LOGICAL_MESSAGE,
                    walStart,
                    transactional ? ", it is transactional" : ", it is not" + " transactional");
        }
        originMayFollow = false;
    }

    private void streamStart(byte[] bytes, int offset, int length, long walStart) throws MalformedMessageException {
        require(State.IDLE, MessageType.STREAM_START, walStart);
        int top = RawMessage.xid(bytes, offset, length, walStart);
        boolean first = RawMessage.isFirstSegment(bytes, offset, length, walStart);
        if (first == inProgress.contains(top)) {
            throw illegal(
                    MessageType.STREAM_START,
                    walStart,
                    ", streamed transaction " + Integer.toUnsignedString(top)
                            + (first ? " has had its first segment" : " has had no first segment"));
        }
        inProgress.add(top);
        open(State.STREAM, top, first);
    }

    private void open(State opened, int openedXid, boolean originAllowed) {
        state = opened;
        xid = openedXid;
        originMayFollow = originAllowed;
    }

    private void close() {
        state = State.IDLE;
        xid = 0;
        originMayFollow = false;
    }

    private void require(State expected, byte type, long walStart) throws MalformedMessageException {
        if (state != expected) {
            throw illegal(type, walStart, "");
        }
    }

    private void requireAnnounced(byte type, long walStart, long lsn) throws MalformedMessageException {
        if (lsn != announcedLsn) {
            throw illegal(
                    type,
                    walStart,
                    ", it ends a transaction of LSN " + new Lsn(lsn) + " where " + new Lsn(announcedLsn)
                            + " was announced");
        }
    }

    private MalformedMessageException illegal(byte type, long walStart, String why) {
        String where = state == State.IDLE ? "" : " (transaction " + Integer.toUnsignedString(xid) + ")";
        return MalformedMessageException.of(type, walStart, "not allowed in state " + state + where + why);
    }
}
