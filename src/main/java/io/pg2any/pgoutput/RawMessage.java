package io.pg2any.pgoutput;

import java.util.Objects;

/**
 * Reads single fields of a message that is not decoded: for who only sorts messages into transactions. A message too
 * short for the field is a {@link MalformedMessageException}; a field the message does not have is an
 * {@link IllegalArgumentException}, a mistake of the caller.
 *
 * <p>All methods take the message's bytes, type byte at {@code offset}, and {@code walStart} of its XLogData header for
 * errors.
 */
public final class RawMessage {
    private RawMessage() {}

    /** The transaction: of Begin, Prepare and their kin its own, of Stream Start, Commit and Abort the top-level one. */
    public static int xid(byte[] bytes, int offset, int length, long walStart) throws MalformedMessageException {
        int at = switch (bytes[offset]) {
            case MessageType.STREAM_START, MessageType.STREAM_COMMIT, MessageType.STREAM_ABORT -> 1;
            case MessageType.BEGIN -> 17;
            case MessageType.BEGIN_PREPARE -> 25;
            case MessageType.PREPARE, MessageType.COMMIT_PREPARED, MessageType.STREAM_PREPARE -> 26;
            case MessageType.ROLLBACK_PREPARED -> 34;
            default -> throw noSuchField(bytes[offset], "xid");
        };
        return int32(bytes, offset, length, walStart, at, "xid");
    }

    /** Of any message inside a streamed block: the (sub)transaction it belongs to; of a logical Message the top one. */
    public static int streamedXid(byte[] bytes, int offset, int length, long walStart)
            throws MalformedMessageException {
        return int32(bytes, offset, length, walStart, 1, "xid");
    }

    /** Of Stream Abort: what is rolled back, equal to {@link #xid} when all of it is. */
    public static int abortedXid(byte[] bytes, int offset, int length, long walStart) throws MalformedMessageException {
        require(bytes[offset], MessageType.STREAM_ABORT, "subtransaction xid");
        return int32(bytes, offset, length, walStart, 5, "subtransaction xid");
    }

    /** Of Stream Start: whether it is the transaction's first block on this connection. */
    public static boolean isFirstSegment(byte[] bytes, int offset, int length, long walStart)
            throws MalformedMessageException {
        require(bytes[offset], MessageType.STREAM_START, "first segment");
        return flag(bytes, offset, length, walStart, 5, "first segment");
    }

    /** Of Relation, Insert, Update and Delete; of Type the type's oid. */
    public static int oid(byte[] bytes, int offset, int length, long walStart, boolean inStream)
            throws MalformedMessageException {
        switch (bytes[offset]) {
            case MessageType.RELATION,
                    MessageType.TYPE,
                    MessageType.INSERT,
                    MessageType.UPDATE,
                    MessageType.DELETE -> {}
            default -> throw noSuchField(bytes[offset], "oid");
        }
        return int32(bytes, offset, length, walStart, inStream ? 5 : 1, "oid");
    }

    /** Start of the commit record: of Begin (its final LSN), Commit, Stream Commit and Commit Prepared. */
    public static long commitLsn(byte[] bytes, int offset, int length, long walStart) throws MalformedMessageException {
        int at = switch (bytes[offset]) {
            case MessageType.BEGIN -> 1;
            case MessageType.COMMIT, MessageType.COMMIT_PREPARED -> 2;
            case MessageType.STREAM_COMMIT -> 6;
            default -> throw noSuchField(bytes[offset], "commit lsn");
        };
        return int64(bytes, offset, length, walStart, at, "commit lsn");
    }

    /** Start of the prepare record: of Begin Prepare, Prepare and Stream Prepare. */
    public static long prepareLsn(byte[] bytes, int offset, int length, long walStart)
            throws MalformedMessageException {
        int at = switch (bytes[offset]) {
            case MessageType.BEGIN_PREPARE -> 1;
            case MessageType.PREPARE, MessageType.STREAM_PREPARE -> 2;
            default -> throw noSuchField(bytes[offset], "prepare lsn");
        };
        return int64(bytes, offset, length, walStart, at, "prepare lsn");
    }

    /**
     * First byte after the record that ends the transaction or a phase of it: of Commit, Stream Commit, Prepare, Stream
     * Prepare, Commit Prepared and Rollback Prepared.
     */
    public static long endLsn(byte[] bytes, int offset, int length, long walStart) throws MalformedMessageException {
        int at = switch (bytes[offset]) {
            case MessageType.COMMIT,
                    MessageType.PREPARE,
                    MessageType.STREAM_PREPARE,
                    MessageType.COMMIT_PREPARED,
                    MessageType.ROLLBACK_PREPARED -> 10;
            case MessageType.STREAM_COMMIT -> 14;
            default -> throw noSuchField(bytes[offset], "end lsn");
        };
        return int64(bytes, offset, length, walStart, at, "end lsn");
    }

    /** Of a logical Message: false when it stands for itself, outside any transaction. */
    public static boolean isTransactional(byte[] bytes, int offset, int length, long walStart, boolean inStream)
            throws MalformedMessageException {
        require(bytes[offset], MessageType.LOGICAL_MESSAGE, "message flags");
        return flag(bytes, offset, length, walStart, inStream ? 5 : 1, "message flags");
    }

    /** Of a logical Message: the end of its WAL record. */
    public static long messageLsn(byte[] bytes, int offset, int length, long walStart, boolean inStream)
            throws MalformedMessageException {
        require(bytes[offset], MessageType.LOGICAL_MESSAGE, "message lsn");
        return int64(bytes, offset, length, walStart, inStream ? 6 : 2, "message lsn");
    }

    /** Of Truncate: the relations, at least one. */
    public static int[] truncatedOids(byte[] bytes, int offset, int length, long walStart, boolean inStream)
            throws MalformedMessageException {
        require(bytes[offset], MessageType.TRUNCATE, "relations");
        int at = inStream ? 5 : 1;
        int count = int32(bytes, offset, length, walStart, at, "number of relations");
        // The number and a byte of options come before them.
        if (count <= 0 || count > (length - at - 5) / 4) {
            throw MalformedMessageException.of(bytes[offset], walStart, count + " relations in " + length + " bytes");
        }
        int[] oids = new int[count];
        for (int i = 0; i < count; i++) {
            oids[i] = (int) WireReader.INT32.get(bytes, offset + at + 5 + 4 * i);
        }
        return oids;
    }

    private static boolean flag(byte[] bytes, int offset, int length, long walStart, int at, String field)
            throws MalformedMessageException {
        need(bytes, offset, length, walStart, at, 1, field);
        int value = bytes[offset + at];
        if (value != 0 && value != 1) {
            throw MalformedMessageException.of(
                    bytes[offset],
                    walStart,
                    field + " at byte " + at + ": 0x" + Integer.toHexString(value & 0xFF) + " (expected 0 or 1)");
        }
        return value == 1;
    }

    private static int int32(byte[] bytes, int offset, int length, long walStart, int at, String field)
            throws MalformedMessageException {
        need(bytes, offset, length, walStart, at, 4, field);
        return (int) WireReader.INT32.get(bytes, offset + at);
    }

    private static long int64(byte[] bytes, int offset, int length, long walStart, int at, String field)
            throws MalformedMessageException {
        need(bytes, offset, length, walStart, at, 8, field);
        return (long) WireReader.INT64.get(bytes, offset + at);
    }

    private static void need(byte[] bytes, int offset, int length, long walStart, int at, int size, String field)
            throws MalformedMessageException {
        Objects.checkFromIndexSize(offset, length, bytes.length);
        if (at + size > length) {
            throw MalformedMessageException.of(
                    bytes[offset],
                    walStart,
                    field + " at byte " + at + ": " + size + (size == 1 ? " byte" : " bytes") + " needed, "
                            + Math.max(0, length - at) + " left");
        }
    }

    private static void require(byte type, byte expected, String field) {
        if (type != expected) {
            throw noSuchField(type, field);
        }
    }

    private static IllegalArgumentException noSuchField(byte type, String field) {
        return new IllegalArgumentException("a " + MessageType.name(type) + " message has no " + field);
    }
}
