package io.pg2any.staging;

import io.pg2any.pgoutput.MessageType;
import io.pg2any.pgoutput.RecordReader;
import java.io.IOException;
import java.util.zip.CRC32C;

/**
 * Turns frames into what they are on disk; the layout is drawn in {@link StagedFileFormat}. One for all files of a log,
 * so that memory for it is taken once. Guarded by the log's lock.
 */
final class FrameEncoder {
    /** Where the bytes go; a step that failed is repeated at the same place. */
    interface File {
        void write(long position, byte[] bytes, int offset, int length) throws IOException;
    }

    private static final int HEADER = StagedFileFormat.FRAME_HEADER;
    private static final int BLOCK_AT = HEADER + StagedFileFormat.BLOCK_HEADER;

    private final Compression compression;
    private final RecordReader records = new RecordReader();
    private final byte[] header = new byte[HEADER];
    /** Header, length and one compressed block. */
    private final byte[] block;

    FrameEncoder(Compression compression) {
        this.compression = compression;
        try {
            this.block = compression == Compression.NONE
                    ? new byte[0]
                    : new byte[BLOCK_AT + compression.longest(FrameBuffer.BLOCK)];
        } catch (LinkageError e) {
            throw new IllegalArgumentException(
                    compression
                            + " needs native code that cannot be loaded here (it is unpacked to java.io.tmpdir); let"
                            + " pg2any.staging.compression be another one",
                    e);
        }
    }

    /** The frame's header, as {@link #write} wrote it last. */
    byte[] header() {
        return header;
    }

    /**
     * @return bytes of the frame in the file
     */
    int write(FrameBuffer.Frame frame, long position, File file) throws IOException {
        return compression == Compression.NONE ? writeAsIs(frame, position, file) : compress(frame, position, file);
    }

    private int writeAsIs(FrameBuffer.Frame frame, long position, File file) throws IOException {
        int length = frame.length();
        CRC32C crc = new CRC32C();
        crc.update(frame.bytes, frame.from, length);
        setHeader(length, frame, crc);
        if (frame.borrowed) {
            file.write(position, header, 0, HEADER);
            file.write(position + HEADER, frame.bytes, frame.from, length);
        } else {
            int start = frame.from - HEADER;
            System.arraycopy(header, 0, frame.bytes, start, HEADER);
            file.write(position, frame.bytes, start, HEADER + length);
        }
        return HEADER + length;
    }

    /** A frame of one block is one write; of a larger one the header comes last, when its length is known. */
    private int compress(FrameBuffer.Frame frame, long position, File file) throws IOException {
        boolean oneBlock = frame.length() <= FrameBuffer.BLOCK;
        int end = frame.from + frame.length();
        CRC32C crc = new CRC32C();
        int stored = 0;
        for (int at = frame.from; at < end; at += FrameBuffer.BLOCK) {
            int length = Math.min(FrameBuffer.BLOCK, end - at);
            int compressed = compression.compress(frame.bytes, at, length, block, BLOCK_AT);
            if (compressed >= length) {
                System.arraycopy(frame.bytes, at, block, BLOCK_AT, length);
                compressed = length;
            }
            StagedFileFormat.INT32.set(block, HEADER, compressed);
            int written = StagedFileFormat.BLOCK_HEADER + compressed;
            crc.update(block, HEADER, written);
            if (!oneBlock) {
                file.write(position + HEADER + stored, block, HEADER, written);
            }
            stored = Math.addExact(stored, written);
        }
        setHeader(stored, frame, crc);
        if (oneBlock) {
            System.arraycopy(header, 0, block, 0, HEADER);
            file.write(position, block, 0, HEADER + stored);
        } else {
            file.write(position, header, 0, HEADER);
        }
        return HEADER + stored;
    }

    /**
     * @param crc of what follows the header
     */
    private void setHeader(int stored, FrameBuffer.Frame frame, CRC32C crc) throws IOException {
        StagedFileFormat.INT32.set(header, 0, stored);
        StagedFileFormat.INT32.set(header, 8, frame.length());
        StagedFileFormat.INT32.set(header, 12, changes(frame));
        StagedFileFormat.INT32.set(header, 4, StagedFileFormat.frameCrc(crc, header));
    }

    /** 0 if there is anything else among them that a reader who passes over them would miss. */
    private int changes(FrameBuffer.Frame frame) throws IOException {
        records.open(frame.bytes, frame.from, frame.length());
        int changes = 0;
        while (records.next()) {
            switch (records.type()) {
                case MessageType.INSERT,
                        MessageType.UPDATE,
                        MessageType.DELETE,
                        MessageType.TRUNCATE,
                        MessageType.LOGICAL_MESSAGE -> changes++;
                default -> {
                    return 0;
                }
            }
        }
        return changes;
    }
}
