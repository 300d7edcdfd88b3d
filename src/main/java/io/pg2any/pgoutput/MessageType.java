package io.pg2any.pgoutput;

/** The first byte of every message. */
public final class MessageType {
    public static final byte BEGIN = 'B';
    public static final byte COMMIT = 'C';
    public static final byte ORIGIN = 'O';
    public static final byte RELATION = 'R';
    public static final byte TYPE = 'Y';
    public static final byte INSERT = 'I';
    public static final byte UPDATE = 'U';
    public static final byte DELETE = 'D';
    public static final byte TRUNCATE = 'T';
    public static final byte LOGICAL_MESSAGE = 'M';
    public static final byte STREAM_START = 'S';
    public static final byte STREAM_STOP = 'E';
    public static final byte STREAM_COMMIT = 'c';
    public static final byte STREAM_ABORT = 'A';
    public static final byte BEGIN_PREPARE = 'b';
    public static final byte PREPARE = 'P';
    public static final byte COMMIT_PREPARED = 'K';
    public static final byte ROLLBACK_PREPARED = 'r';
    public static final byte STREAM_PREPARE = 'p';

    private MessageType() {}

    /** Whether {@link ChangeDecoder} makes a change of it. */
    public static boolean isChange(byte type) {
        return switch (type) {
            case INSERT, UPDATE, DELETE, TRUNCATE, LOGICAL_MESSAGE -> true;
            default -> false;
        };
    }

    /** The message's name in the PostgreSQL documentation; unknown bytes get a text that shows them. */
    public static String name(byte type) {
        return switch (type) {
            case BEGIN -> "Begin";
            case COMMIT -> "Commit";
            case ORIGIN -> "Origin";
            case RELATION -> "Relation";
            case TYPE -> "Type";
            case INSERT -> "Insert";
            case UPDATE -> "Update";
            case DELETE -> "Delete";
            case TRUNCATE -> "Truncate";
            case LOGICAL_MESSAGE -> "Message";
            case STREAM_START -> "Stream Start";
            case STREAM_STOP -> "Stream Stop";
            case STREAM_COMMIT -> "Stream Commit";
            case STREAM_ABORT -> "Stream Abort";
            case BEGIN_PREPARE -> "Begin Prepare";
            case PREPARE -> "Prepare";
            case COMMIT_PREPARED -> "Commit Prepared";
            case ROLLBACK_PREPARED -> "Rollback Prepared";
            case STREAM_PREPARE -> "Stream Prepare";
            default -> "Unknown (type byte 0x" + Integer.toHexString(type & 0xFF) + ")";
        };
    }
}
