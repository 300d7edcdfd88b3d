package io.pg2any.staging;

import io.pg2any.pgoutput.MessageChunk;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.Deque;

/**
 * Records in memory, already cut into the frames they will be written as. Records are never split; frames keep room for
 * their header in front, so that a frame is one write. One thread at a time.
 */
final class FrameBuffer {
    /** Large enough for a cheap write, small enough that no collector treats the array as a giant. */
    static final int BLOCK = 256 * 1024;

    /** The arrays of frames that were written, for the next ones; shared by the buffers of one log. */
    static final class Blocks {
        private static final int KEPT = 32;

        private final Deque<byte[]> spare = new ArrayDeque<>();

        private byte[] take() {
            byte[] block = spare.pollLast();
            return block == null ? new byte[BLOCK] : block;
        }

        private void give(byte[] block) {
            if (block.length == BLOCK && spare.size() < KEPT) {
                spare.addLast(block);
            }
        }
    }

    /** One frame; {@code bytes[from, end)} is its payload. */
    static final class Frame {
        byte[] bytes;
        final int from;
        private int end;
        /** A single record larger than a block stays in the array it came in. */
        final boolean borrowed;

        private boolean complete;

        private Frame(byte[] block) {
            this.bytes = block;
            this.from = StagedFileFormat.FRAME_HEADER;
            this.end = from;
            this.borrowed = false;
        }

        private boolean grow() {
            if (borrowed || bytes.length >= BLOCK) {
                return false;
            }
            bytes = Arrays.copyOf(bytes, Math.min(BLOCK, bytes.length * 2));
            return true;
        }

        private Frame(byte[] bytes, int from, int end) {
            this.bytes = bytes;
            this.from = from;
            this.end = end;
            this.borrowed = true;
            this.complete = true;
        }

        int length() {
            return end - from;
        }
    }

    private final Blocks blocks;
    private final Deque<Frame> frames = new ArrayDeque<>();
    /** Length of the array that the first frame starts with; later ones have blocks. */
    private final int firstBlock;

    private long size;

    FrameBuffer(Blocks blocks) {
        this(blocks, BLOCK);
    }

    /**
     * @param firstBlock less than {@link #BLOCK} for a buffer that may stay almost empty: its first frame then grows
     */
    FrameBuffer(Blocks blocks, int firstBlock) {
        this.blocks = blocks;
        this.firstBlock = firstBlock;
    }

    /** Bytes of payload. */
    long size() {
        return size;
    }

    void append(byte[] records) {
        append(records, 0, records.length);
    }

    /** Appends whole records. */
    void append(byte[] bytes, int from, int to) {
        int at = from;
        while (at < to) {
            Frame frame = open();
            int room = frame.bytes.length - frame.end;
            int cut = to - at <= room ? to : lastRecordEnd(bytes, at, at + room);
            if (cut > at) {
                System.arraycopy(bytes, at, frame.bytes, frame.end, cut - at);
                frame.end += cut - at;
                size += cut - at;
                at = cut;
            } else if (frame.grow()) {
                continue;
            } else if (frame.length() == 0) {
                at = borrow(bytes, at);
            } else {
                frame.complete = true;
            }
        }
    }

    /** Moves everything of the other buffer behind what is here. */
    void take(FrameBuffer other) {
        Frame first = other.frames.peekFirst();
        Frame last = frames.peekLast();
        if (first != null && last != null && !last.complete) {
            if (first.length() <= last.bytes.length - last.end) {
                System.arraycopy(first.bytes, first.from, last.bytes, last.end, first.length());
                last.end += first.length();
                size += first.length();
                last.complete = other.frames.size() > 1;
                other.removeFirst();
            } else {
                last.complete = true;
            }
        }
        frames.addAll(other.frames);
        size += other.size;
        other.frames.clear();
        other.size = 0;
    }

    /**
     * The next frame to write, null if there is none.
     *
     * @param all whether a frame that could still grow counts
     */
    Frame first(boolean all) {
        Frame first = frames.peekFirst();
        return first == null || first.length() == 0 || (!all && !first.complete) ? null : first;
    }

    void removeFirst() {
        Frame first = frames.removeFirst();
        size -= first.length();
        recycle(first);
    }

    void clear() {
        frames.forEach(this::recycle);
        frames.clear();
        size = 0;
    }

    private Frame open() {
        Frame last = frames.peekLast();
        if (last == null || last.complete) {
            last = new Frame(frames.isEmpty() && firstBlock < BLOCK ? new byte[firstBlock] : blocks.take());
            frames.addLast(last);
        }
        return last;
    }

    private int borrow(byte[] bytes, int at) {
        recycle(frames.removeLast());
        int end = recordEnd(bytes, at);
        frames.addLast(new Frame(bytes, at, end));
        size += end - at;
        return end;
    }

    private void recycle(Frame frame) {
        if (!frame.borrowed) {
            blocks.give(frame.bytes);
        }
    }

    private static int lastRecordEnd(byte[] bytes, int from, int limit) {
        int end = from;
        for (int next = recordEnd(bytes, from); next <= limit; next = recordEnd(bytes, next)) {
            end = next;
        }
        return end;
    }

    private static int recordEnd(byte[] bytes, int at) {
        return at + MessageChunk.RECORD_HEADER + (int) StagedFileFormat.INT32.get(bytes, at);
    }
}
