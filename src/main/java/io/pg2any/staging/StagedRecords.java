package io.pg2any.staging;

import io.pg2any.pgoutput.MessageChunk;
import io.pg2any.pgoutput.MessageType;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.Arrays;

/**
 * The records of staged files that no server sends in this form, in the layout of {@link MessageChunk}, with walStart 0;
 * integers big-endian.
 *
 * <pre>
 * CHANGES  Byte1 'n', Int64: how many the transaction that follows has
 * ABORTED  Byte1 'x', then Int32*: xids whose changes, in the streamed transaction that follows, were rolled back
 * SEGMENT  Byte1 'g', Int64 length of the file, Int32 CRC of its footer, then its name in UTF-8: its records belong here
 * REJECTED Byte1 'e', Int64 ordinal, Int64 milliseconds since 1970, then the error in UTF-8: why the one change of the
 *          transaction that follows is a dead letter
 * PREPARED Byte1 'q', then the name, in UTF-8, of the file in prepared/ whose transaction this is
 * </pre>
 */
final class StagedRecords {
    static final byte CHANGES = 'n';
    static final byte ABORTED = 'x';
    static final byte SEGMENT = 'g';
    static final byte PREPARED = 'q';
    static final byte REJECTED = 'e';

    private static final int XIDS_PER_RECORD = 32 * 1024;
    private static final int XID = 4;

    private StagedRecords() {}

    static byte[] streamStart(int xid) {
        return record(6).put(MessageType.STREAM_START).putInt(xid).put((byte) 1).array();
    }

    static byte[] streamStop() {
        return record(1).put(MessageType.STREAM_STOP).array();
    }

    static byte[] changes(long count) {
        return record(9).put(CHANGES).putLong(count).array();
    }

    static long changes(byte[] bytes, int offset) {
        return ByteBuffer.wrap(bytes).getLong(offset + 1);
    }

    /** As many records as it takes; none for none. */
    static byte[] aborted(int[] xids) {
        byte[] all = {};
        for (int from = 0; from < xids.length; from += XIDS_PER_RECORD) {
            int count = Math.min(XIDS_PER_RECORD, xids.length - from);
            ByteBuffer record = record(1 + XID * count).put(ABORTED);
            for (int i = 0; i < count; i++) {
                record.putInt(xids[from + i]);
            }
            int length = all.length;
            all = Arrays.copyOf(all, length + record.capacity());
            System.arraycopy(record.array(), 0, all, length, record.capacity());
        }
        return all;
    }

    static int[] abortedXids(byte[] bytes, int offset, int length) {
        int[] xids = new int[(length - 1) / XID];
        for (int i = 0; i < xids.length; i++) {
            xids[i] = (int) StagedFileFormat.INT32.get(bytes, offset + 1 + XID * i);
        }
        return xids;
    }

    static byte[] segment(Segment segment) {
        byte[] name = segment.name().getBytes(StandardCharsets.UTF_8);
        return record(13 + name.length)
                .put(SEGMENT)
                .putLong(segment.bytes())
                .putInt(segment.crcOfCrcs())
                .put(name)
                .array();
    }

    static Segment segment(byte[] bytes, int offset, int length) {
        ByteBuffer in = ByteBuffer.wrap(bytes, offset + 1, length - 1);
        long fileBytes = in.getLong();
        int crcOfCrcs = in.getInt();
        byte[] name = new byte[in.remaining()];
        in.get(name);
        return new Segment(new String(name, StandardCharsets.UTF_8), fileBytes, crcOfCrcs);
    }

    static byte[] prepared(String name) {
        byte[] utf8 = name.getBytes(StandardCharsets.UTF_8);
        return record(1 + utf8.length).put(PREPARED).put(utf8).array();
    }

    static String preparedName(byte[] bytes, int offset, int length) {
        return new String(bytes, offset + 1, length - 1, StandardCharsets.UTF_8);
    }

    static byte[] rejected(Rejection rejection) {
        byte[] error = rejection.error().getBytes(StandardCharsets.UTF_8);
        return record(17 + error.length)
                .put(REJECTED)
                .putLong(rejection.ordinal())
                .putLong(rejection.rejectedAt().toEpochMilli())
                .put(error)
                .array();
    }

    static Rejection rejection(byte[] bytes, int offset, int length) {
        ByteBuffer in = ByteBuffer.wrap(bytes, offset + 1, length - 1);
        long ordinal = in.getLong();
        Instant rejectedAt = Instant.ofEpochMilli(in.getLong());
        byte[] error = new byte[in.remaining()];
        in.get(error);
        return new Rejection(ordinal, rejectedAt, new String(error, StandardCharsets.UTF_8));
    }

    /** Type and Relation records as a streamed block has them: with an xid after the type byte. */
    static byte[] inStream(byte[] records, int xid) {
        byte[] streamed = new byte[records.length + XID * count(records)];
        int to = 0;
        for (int at = 0; at < records.length; ) {
            int length = messageLength(records, at);
            int head = MessageChunk.RECORD_HEADER + 1;
            System.arraycopy(records, at, streamed, to, head);
            StagedFileFormat.INT32.set(streamed, to, length + XID);
            StagedFileFormat.INT32.set(streamed, to + head, xid);
            System.arraycopy(records, at + head, streamed, to + head + XID, length - 1);
            at += MessageChunk.RECORD_HEADER + length;
            to += MessageChunk.RECORD_HEADER + length + XID;
        }
        return streamed;
    }

    /** The other way round, for one record. */
    static byte[] outOfStream(byte[] bytes, int from, int to) {
        byte[] plain = new byte[to - from - XID];
        int head = MessageChunk.RECORD_HEADER + 1;
        System.arraycopy(bytes, from, plain, 0, head);
        StagedFileFormat.INT32.set(plain, 0, messageLength(bytes, from) - XID);
        System.arraycopy(bytes, from + head + XID, plain, head, plain.length - head);
        return plain;
    }

    private static int count(byte[] records) {
        int count = 0;
        for (int at = 0; at < records.length; at += MessageChunk.RECORD_HEADER + messageLength(records, at)) {
            count++;
        }
        return count;
    }

    private static int messageLength(byte[] bytes, int at) {
        return (int) StagedFileFormat.INT32.get(bytes, at);
    }

    private static ByteBuffer record(int length) {
        return ByteBuffer.allocate(MessageChunk.RECORD_HEADER + length)
                .putInt(length)
                .putLong(0);
    }
}
