package io.pg2any.staging;

import com.github.luben.zstd.Zstd;
import com.github.luben.zstd.ZstdException;
import java.util.zip.DataFormatException;
import java.util.zip.Deflater;
import java.util.zip.Inflater;
import net.jpountz.lz4.LZ4Exception;
import net.jpountz.lz4.LZ4Factory;

/**
 * How the blocks of a staged file are compressed, each by itself. What is staged lives for a short time, so every one
 * works at its fastest level. Stateless, safe for several threads.
 */
public enum Compression {
    NONE(0) {
        @Override
        int longest(int length) {
            return length;
        }

        @Override
        int compress(byte[] from, int offset, int length, byte[] to, int at) {
            System.arraycopy(from, offset, to, at, length);
            return length;
        }

        @Override
        int decompress(byte[] from, int offset, int length, byte[] to, int at, int room) {
            throw new IllegalStateException("what is not compressed is not decompressed");
        }
    },

    /** The deflated data of gzip; its header and CRC would say what the frame says already. */
    GZIP(1) {
        @Override
        int longest(int length) {
            return length + length / 1000 + 64;
        }

        @Override
        int compress(byte[] from, int offset, int length, byte[] to, int at) {
            Deflater deflater = new Deflater(Deflater.BEST_SPEED, true);
            try {
                deflater.setInput(from, offset, length);
                deflater.finish();
                int compressed = deflater.deflate(to, at, to.length - at);
                return deflater.finished() ? compressed : length;
            } finally {
                deflater.end();
            }
        }

        @Override
        int decompress(byte[] from, int offset, int length, byte[] to, int at, int room) throws DataFormatException {
            Inflater inflater = new Inflater(true);
            try {
                inflater.setInput(from, offset, length);
                int found = inflater.inflate(to, at, room);
                // The end may come as a step of its own, without a byte.
                if (!inflater.finished() && inflater.inflate(new byte[1]) > 0) {
                    throw new DataFormatException("more bytes");
                }
                if (!inflater.finished() || inflater.getRemaining() > 0) {
                    throw new DataFormatException("another end");
                }
                return found;
            } finally {
                inflater.end();
            }
        }
    },

    ZSTD(2) {
        @Override
        int longest(int length) {
            return Math.toIntExact(Zstd.compressBound(length));
        }

        @Override
        int compress(byte[] from, int offset, int length, byte[] to, int at) {
            return Math.toIntExact(
                    Zstd.compressByteArray(to, at, to.length - at, from, offset, length, FASTEST_OF_ZSTD));
        }

        @Override
        int decompress(byte[] from, int offset, int length, byte[] to, int at, int room) throws DataFormatException {
            try {
                return Math.toIntExact(Zstd.decompressByteArray(to, at, room, from, offset, length));
            } catch (ZstdException e) {
                throw damaged(e);
            }
        }
    },

    LZ4(3) {
        @Override
        int longest(int length) {
            return LZ4Factory.fastestInstance().fastCompressor().maxCompressedLength(length);
        }

        @Override
        int compress(byte[] from, int offset, int length, byte[] to, int at) {
            return LZ4Factory.fastestInstance().fastCompressor().compress(from, offset, length, to, at);
        }

        @Override
        int decompress(byte[] from, int offset, int length, byte[] to, int at, int room) throws DataFormatException {
            try {
                return LZ4Factory.fastestInstance().safeDecompressor().decompress(from, offset, length, to, at, room);
            } catch (LZ4Exception e) {
                throw damaged(e);
            }
        }
    };

    private static final int FASTEST_OF_ZSTD = 1;

    private final int code;

    Compression(int code) {
        this.code = code;
    }

    /** In the header of a staged file. */
    int code() {
        return code;
    }

    /** Bytes that so many may take at the worst. */
    abstract int longest(int length);

    /**
     * @param to has room for the {@link #longest} at {@code at}
     * @return the length, which need not be less
     */
    abstract int compress(byte[] from, int offset, int length, byte[] to, int at);

    /**
     * Writes never behind {@code room}.
     *
     * @return how many bytes it was
     * @throws DataFormatException if they are more than {@code room}, or not what {@link #compress} made
     */
    abstract int decompress(byte[] from, int offset, int length, byte[] to, int at, int room)
            throws DataFormatException;

    private static DataFormatException damaged(RuntimeException cause) {
        DataFormatException damaged = new DataFormatException(cause.getMessage());
        damaged.initCause(cause);
        return damaged;
    }
}
