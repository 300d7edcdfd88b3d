package io.pg2any.pgoutput;

import io.pg2any.change.Lsn;
import io.pg2any.change.SourceIdentity;
import java.util.Arrays;

/** Collects messages in the record layout of {@link MessageChunk}. One thread. */
public final class MessageChunkWriter {
    private static final int LARGEST_ARRAY = Integer.MAX_VALUE - 8;

    private final int initialCapacity;
    private byte[] bytes;
    private int size;
    private int messages;

    /**
     * @param initialCapacity bytes a chunk starts with; it grows when a message does not fit
     */
    public MessageChunkWriter(int initialCapacity) {
        this.initialCapacity = initialCapacity;
        this.bytes = new byte[initialCapacity];
    }

    /**
     * Copies one message.
     *
     * @throws MalformedMessageException if the chunk would exceed the size of an array; hand it over before
     */
    public void append(byte[] message, int offset, int length, long walStart) throws MalformedMessageException {
        long needed = (long) size + MessageChunk.RECORD_HEADER + length;
        if (needed > bytes.length) {
            grow(needed, walStart);
        }
        WireReader.INT32.set(bytes, size, length);
        WireReader.INT64.set(bytes, size + 4, walStart);
        System.arraycopy(message, offset, bytes, size + MessageChunk.RECORD_HEADER, length);
        size = (int) needed;
        messages++;
    }

    /** Bytes collected, record headers included. */
    public int size() {
        return size;
    }

    public int messages() {
        return messages;
    }

    /** Hands over what has been collected, without copying, and starts empty again. */
    public MessageChunk toChunk(SourceIdentity source, long session, Lsn start, Lsn idleThrough) {
        MessageChunk chunk = new MessageChunk(source, session, start, bytes, size, messages, idleThrough);
        bytes = new byte[initialCapacity];
        size = 0;
        messages = 0;
        return chunk;
    }

    private void grow(long needed, long walStart) throws MalformedMessageException {
        if (needed > LARGEST_ARRAY) {
            throw new MalformedMessageException("message at LSN " + new Lsn(walStart) + ": a chunk of " + needed
                    + " bytes exceeds the largest array");
        }
        bytes = Arrays.copyOf(bytes, (int) Math.min(LARGEST_ARRAY, Math.max(needed, bytes.length * 2L)));
    }
}
