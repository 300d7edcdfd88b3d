package io.pg2any.pgoutput;

import java.util.Objects;

/**
 * Walks the records of a {@link MessageChunk}, or of any bytes of the same layout. Nothing is copied or allocated; the
 * accessors speak of the record that {@link #next} moved to. One thread; {@link #open} starts over on other bytes.
 *
 * <pre>{@code
 * while (records.next()) {
 *     decoder.decode(records.bytes(), records.offset(), records.length(), records.walStart(), state.inStream());
 * }
 * }</pre>
 */
public final class RecordReader {
    private byte[] bytes = new byte[0];
    private int start;
    private int end;
    private int next;
    private int offset;
    private int length;
    private long walStart;

    public RecordReader() {}

    public RecordReader(MessageChunk chunk) {
        open(chunk.bytes(), 0, chunk.length());
    }

    public void open(byte[] bytes, int offset, int length) {
        Objects.checkFromIndexSize(offset, length, bytes.length);
        this.bytes = bytes;
        this.start = offset;
        this.end = offset + length;
        this.next = offset;
    }

    /**
     * @return false at the end
     * @throws MalformedMessageException if the bytes end within a record, or it has no message; names its place
     *     relative to where the bytes were opened
     */
    public boolean next() throws MalformedMessageException {
        if (next == end) {
            return false;
        }
        if (end - next < MessageChunk.RECORD_HEADER) {
            throw malformed(MessageChunk.RECORD_HEADER + " bytes of header needed, " + (end - next) + " left");
        }
        int messageLength = (int) WireReader.INT32.get(bytes, next);
        int from = next + MessageChunk.RECORD_HEADER;
        if (messageLength <= 0 || messageLength > end - from) {
            throw malformed("message length " + messageLength + ", " + (end - from) + " bytes left");
        }
        walStart = (long) WireReader.INT64.get(bytes, next + 4);
        offset = from;
        length = messageLength;
        next = from + messageLength;
        return true;
    }

    public byte[] bytes() {
        return bytes;
    }

    /** Where the message begins: its type byte. */
    public int offset() {
        return offset;
    }

    /** Length of the message, without the record's header. */
    public int length() {
        return length;
    }

    public long walStart() {
        return walStart;
    }

    public byte type() {
        return bytes[offset];
    }

    private MalformedMessageException malformed(String problem) {
        return new MalformedMessageException("record at byte " + (next - start) + ": " + problem);
    }
}
