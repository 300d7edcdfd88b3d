package io.pg2any.staging;

import java.nio.file.Path;
import java.util.Arrays;
import java.util.zip.DataFormatException;

/**
 * The records of frames as they are on disk. Memory is asked for only as far as there is something to put in it, whatever a file
 * says of its length. One thread.
 */
final class FrameDecoder {
    /** Of a frame of several blocks; doubled when they are full. */
    private static final int FIRST_BLOCKS = 4;

    private static final byte[] NONE = {};

    private final Path path;
    private final Compression compression;
    private byte[] room = NONE;

    FrameDecoder(Path path, Compression compression) {
        this.path = path;
        this.compression = compression;
    }

    /**
     * For what is read from the file: an array of its own if that is what is given on, or large; the same one again and
     * again otherwise.
     */
    byte[] room(int length) {
        int oneBlock = StagedFileFormat.BLOCK_HEADER + FrameBuffer.BLOCK;
        if (compression == Compression.NONE || length > oneBlock) {
            return new byte[length];
        }
        if (room.length < length) {
            room = new byte[Math.min(oneBlock, Math.max(length, room.length * 2))];
        }
        return room;
    }

    /**
     * Before the file is read: whether so many bytes can be so many of records.
     *
     * @param at the frame in the file
     */
    void requirePlausible(long at, int stored, int records) throws CorruptStagedFileException {
        if (compression == Compression.NONE) {
            if (stored != records) {
                throw damaged(at, "a frame of " + stored + " bytes", "one of " + records + " bytes");
            }
            return;
        }
        long blocks = (records + (long) FrameBuffer.BLOCK - 1) / FrameBuffer.BLOCK;
        long headers = blocks * StagedFileFormat.BLOCK_HEADER;
        if (records <= 0 || stored < headers + blocks || stored > headers + records) {
            throw damaged(at, "what " + stored + " bytes can hold", records + " bytes");
        }
    }

    /**
     * @param at the frame in the file
     * @param records their length
     */
    byte[] decode(long at, byte[] stored, int length, int records) throws CorruptStagedFileException {
        if (compression == Compression.NONE) {
            return stored;
        }
        byte[] decoded = new byte[Math.min(records, FIRST_BLOCKS * FrameBuffer.BLOCK)];
        int from = 0;
        for (int to = 0; to < records; ) {
            int block = Math.min(FrameBuffer.BLOCK, records - to);
            if (decoded.length < to + block) {
                decoded = Arrays.copyOf(decoded, (int) Math.min(records, decoded.length * 2L));
            }
            int left = length - from - StagedFileFormat.BLOCK_HEADER;
            int blockLength = left < 0 ? 0 : (int) StagedFileFormat.INT32.get(stored, from);
            if (blockLength <= 0 || blockLength > Math.min(left, block)) {
                throw damaged(at, "a block of 1 to " + Math.max(1, Math.min(left, block)) + " bytes", "" + blockLength);
            }
            from += StagedFileFormat.BLOCK_HEADER;
            if (blockLength == block) {
                System.arraycopy(stored, from, decoded, to, block);
            } else {
                decompress(at, stored, from, blockLength, decoded, to, block);
            }
            from += blockLength;
            to += block;
        }
        if (from != length) {
            throw damaged(at, "the end of the frame", (length - from) + " bytes more");
        }
        return decoded;
    }

    private void decompress(long at, byte[] stored, int from, int length, byte[] decoded, int to, int block)
            throws CorruptStagedFileException {
        String expected = block + " bytes compressed with " + compression;
        int found;
        try {
            found = compression.decompress(stored, from, length, decoded, to, block);
        } catch (DataFormatException e) {
            CorruptStagedFileException damage = damaged(at, expected, String.valueOf(e.getMessage()));
            damage.initCause(e);
            throw damage;
        }
        if (found != block) {
            throw damaged(at, expected, found + " bytes");
        }
    }

    private CorruptStagedFileException damaged(long at, String expected, String found) {
        return new CorruptStagedFileException(path, at, expected, found);
    }
}
