package io.pg2any.pgoutput;

import io.pg2any.change.Lsn;
import io.pg2any.change.SourceIdentity;
import java.util.Objects;

/**
 * Consecutive pgoutput messages of one replication session, as the reader collected them from the socket.
 *
 * <p>Layout of {@link #bytes()}, repeated up to {@link #length()}, integers big-endian; staged files hold the same
 * records, so a chunk is staged by copying:
 *
 * <pre>
 * Int32  length of the message
 * Int64  walStart of its XLogData header (0 for Relation and Type)
 * Byte*  the message, type byte first
 * </pre>
 *
 * @param source the history these messages belong to
 * @param session grows with every connection; what was in progress at the end of a session never completes
 * @param start where this session's {@code START_REPLICATION} began: the server sends what committed at or after it
 * @param bytes kept, not copied; nobody writes to it after construction
 * @param idleThrough not null when the server said, outside any transaction and after the last message of this chunk,
 *     that everything which committed before this position has been sent
 */
public record MessageChunk(
        SourceIdentity source, long session, Lsn start, byte[] bytes, int length, int messages, Lsn idleThrough) {
    /** Bytes in front of each message. */
    public static final int RECORD_HEADER = 12;

    public MessageChunk {
        Objects.requireNonNull(source, "source");
        Objects.requireNonNull(start, "start");
        Objects.requireNonNull(bytes, "bytes");
    }

    /**
     * The chunk that says its session is over: nothing more comes of it, and what was in progress never completes.
     */
    public boolean endsSession() {
        return messages == 0 && idleThrough == null;
    }

    /**
     * Everything that committed before this position ended in this chunk or before it: the end of the last transaction
     * that ends here, or the idle position; null when the chunk holds only a part of a transaction.
     */
    public Lsn through() throws MalformedMessageException {
        if (idleThrough != null) {
            return idleThrough;
        }
        Lsn through = null;
        RecordReader records = new RecordReader(this);
        while (records.next()) {
            switch (records.type()) {
                case MessageType.COMMIT,
                        MessageType.STREAM_COMMIT,
                        MessageType.COMMIT_PREPARED,
                        MessageType.ROLLBACK_PREPARED ->
                    through = new Lsn(RawMessage.endLsn(bytes, records.offset(), records.length(), records.walStart()));
                default -> {
                    // Ends nothing.
                }
            }
        }
        return through;
    }
}
