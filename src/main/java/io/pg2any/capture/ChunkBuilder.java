package io.pg2any.capture;

import io.pg2any.change.Lsn;
import io.pg2any.change.SourceIdentity;
import io.pg2any.pgoutput.MessageChunk;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.util.Arrays;

/** Collects one session's messages in the layout of {@link MessageChunk}. Used by the reader thread alone. */
final class ChunkBuilder {
    private static final VarHandle INT = MethodHandles.byteArrayViewVarHandle(int[].class, ByteOrder.BIG_ENDIAN);
    private static final VarHandle LONG = MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.BIG_ENDIAN);

    private final SourceIdentity source;
    private final long session;
    private final Lsn start;
    private final int capacity;
    private byte[] buffer;
    private int length;
    private int messages;

    ChunkBuilder(SourceIdentity source, long session, Lsn start, int capacity) {
        this.source = source;
        this.session = session;
        this.start = start;
        this.capacity = capacity;
        this.buffer = new byte[capacity];
    }

    boolean isEmpty() {
        return messages == 0;
    }

    /** Whether the chunk should go before a message of this size is added; an oversized one gets a chunk to itself. */
    boolean lacksRoomFor(int size) {
        return messages > 0 && (long) length + MessageChunk.RECORD_HEADER + size > capacity;
    }

    /**
     * @throws OutOfMemoryError if one message is larger than the heap allows
     */
    void append(long walStart, byte[] from, int offset, int size) {
        int end = Math.addExact(length, Math.addExact(MessageChunk.RECORD_HEADER, size));
        if (end > buffer.length) {
            buffer = Arrays.copyOf(buffer, end);
        }
        INT.set(buffer, length, size);
        LONG.set(buffer, length + 4, walStart);
        System.arraycopy(from, offset, buffer, length + MessageChunk.RECORD_HEADER, size);
        length = end;
        messages++;
    }

    /** What was collected; the builder starts anew. A small chunk does not keep a large array alive. */
    MessageChunk build(Lsn idleThrough) {
        byte[] bytes = buffer;
        if (length < buffer.length / 4 * 3) {
            bytes = Arrays.copyOf(buffer, length);
        } else {
            buffer = new byte[capacity];
        }
        MessageChunk chunk = new MessageChunk(source, session, start, bytes, length, messages, idleThrough);
        length = 0;
        messages = 0;
        return chunk;
    }

    void clear() {
        length = 0;
        messages = 0;
    }
}
