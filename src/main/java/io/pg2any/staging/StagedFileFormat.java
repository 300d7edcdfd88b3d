package io.pg2any.staging;

import io.pg2any.change.Lsn;
import io.pg2any.change.SourceIdentity;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Instant;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.Optional;
import java.util.zip.CRC32C;

/**
 * The bytes of a staged file, integers big-endian.
 *
 * <pre>
 * header   Byte*8  "PG2ANY\r\n", of a segment "PG2SEG\r\n"
 *          Int32   version, 2
 *          Int32   length of the header, from the magic through its CRC
 *          Int8    acknowledge mode, 'A' or 'S'
 *          Int8    compression: 0 none, 1 gzip, 2 zstd, 3 lz4
 *          Int32   timeline
 *          Int64   after: the through LSN of the file before
 *          Int64   created, milliseconds since 1970
 *          Int16   length, then the system identifier in UTF-8
 *          Int16   length, then the slot in UTF-8
 *          Int32   CRC32C of all of the header before
 * frame *  Int32   length n of what follows the frame's header, 1 or more
 *          Int32   CRC32C of what follows the frame's header, then of its other fields
 *          Int32   length of the records in it: 256 KiB at most, unless one record is larger: then it alone
 *          Int32   number of changes in it, if there is nothing else in it; 0 otherwise
 *          Byte*n  without compression: whole records as in {@link io.pg2any.pgoutput.MessageChunk}
 *          block*  with compression, for every 256 KiB of the records:
 *                  Int32   length m of the block; as it is if m is the length of what it holds, compressed if it is less
 *                  Byte*m
 * footer   Int32   -1
 *          Int64   through LSN
 *          Int64   number of transactions
 *          Int64   number of changes
 *          Int64   number of frames
 *          Int32   CRC32C of the CRCs of the header and of every frame
 *          Int32   CRC32C of all of the footer before
 * </pre>
 *
 * <p>In rejected/ a file holds one transaction of one change, which the target refused, and before it the reason.
 *
 * <p>The records are whole transactions and messages that stand for themselves. A transaction is Begin through Commit,
 * or, when it was streamed, its Stream Commit first, then the xids that were rolled back ({@link StagedRecords}), Stream
 * Start, the body in the order it arrived, Stream Stop. The records of a streamed body carry their xid. Instead of the
 * body there may be the names of segments, files of the same layout in the same folder that hold nothing but the body's
 * records. Every relation is announced before its first use in the file or the transaction's segments, so that no other
 * file is needed to read it. A file without a valid footer at its very end was not finished.
 *
 * <p>Version 1 is read, too. It has no compression in its header, and a frame's header is the length of the payload and
 * a CRC32C of the length and the payload.
 */
final class StagedFileFormat {
    static final int VERSION = 2;
    /** In front of what a frame holds. */
    static final int FRAME_HEADER = 16;
    /** The length and the CRC, all that version 1 has. */
    static final int FRAME_HEADER_1 = 8;
    /** In front of a block. */
    static final int BLOCK_HEADER = 4;

    static final int FOOTER_MARK = -1;
    static final int FOOTER_LENGTH = 44;
    /** Up to and with the length of the header. */
    static final int HEADER_START = 16;

    static final VarHandle INT32 = MethodHandles.byteArrayViewVarHandle(int[].class, ByteOrder.BIG_ENDIAN);

    private static final byte[] MAGIC = "PG2ANY\r\n".getBytes(StandardCharsets.US_ASCII);
    private static final byte[] SEGMENT_MAGIC = "PG2SEG\r\n".getBytes(StandardCharsets.US_ASCII);
    private static final int LONGEST_HEADER = 64 * 1024;

    private StagedFileFormat() {}

    static byte[] encode(StagedFileHeader header) {
        return encode(header, MAGIC);
    }

    static byte[] encodeSegment(StagedFileHeader header) {
        return encode(header, SEGMENT_MAGIC);
    }

    private static byte[] encode(StagedFileHeader header, byte[] magic) {
        byte[] system = header.source().systemIdentifier().getBytes(StandardCharsets.UTF_8);
        byte[] slot = header.source().slot().getBytes(StandardCharsets.UTF_8);
        ByteBuffer out = ByteBuffer.allocate(HEADER_START + 22 + 2 + system.length + 2 + slot.length + 4);
        out.put(magic).putInt(VERSION).putInt(out.capacity());
        out.put((byte) header.acknowledge().code())
                .put((byte) header.compression().code());
        out.putInt(header.source().timeline());
        out.putLong(header.after().value()).putLong(header.createdAt().toEpochMilli());
        out.putShort((short) system.length)
                .put(system)
                .putShort((short) slot.length)
                .put(slot);
        return out.putInt(crc(out.array(), 0, out.position())).array();
    }

    /** The length of the whole header, from its first {@link #HEADER_START} bytes. */
    static int headerLength(byte[] start, Path file) throws CorruptStagedFileException {
        byte[] magic = Arrays.copyOf(start, MAGIC.length);
        if (!Arrays.equals(magic, MAGIC) && !Arrays.equals(magic, SEGMENT_MAGIC)) {
            throw new CorruptStagedFileException(file, 0, "magic " + hex(MAGIC), hex(magic));
        }
        int version = version(start);
        if (version < 1 || version > VERSION) {
            throw new CorruptStagedFileException(file, 8, "format version 1 to " + VERSION, "" + version);
        }
        int length = (int) INT32.get(start, 12);
        if (length < HEADER_START + 4 || length > LONGEST_HEADER) {
            throw new CorruptStagedFileException(file, 12, "a header length", "" + length);
        }
        return length;
    }

    static int version(byte[] start) {
        return (int) INT32.get(start, 8);
    }

    static boolean isSegment(byte[] start) {
        return Arrays.equals(Arrays.copyOf(start, SEGMENT_MAGIC.length), SEGMENT_MAGIC);
    }

    static StagedFileHeader decodeHeader(byte[] bytes, Path file) throws CorruptStagedFileException {
        requireCrc(bytes, file, 0, "header");
        ByteBuffer in = ByteBuffer.wrap(bytes, HEADER_START, bytes.length - HEADER_START - 4);
        try {
            byte mode = in.get();
            Compression compression = version(bytes) == 1 ? Compression.NONE : compression(in.get(), file);
            int timeline = in.getInt();
            Lsn after = new Lsn(in.getLong());
            Instant createdAt = Instant.ofEpochMilli(in.getLong());
            SourceIdentity source = new SourceIdentity(string(in), timeline, string(in));
            return new StagedFileHeader(source, after, acknowledgeMode(mode, file), compression, createdAt);
        } catch (java.nio.BufferUnderflowException e) {
            throw new CorruptStagedFileException(file, in.position(), "another field", "the end of the header");
        }
    }

    static byte[] encode(StagedFileFooter footer, int crcOfCrcs) {
        ByteBuffer out = ByteBuffer.allocate(FOOTER_LENGTH);
        out.putInt(FOOTER_MARK).putLong(footer.through().value());
        out.putLong(footer.transactions()).putLong(footer.changes()).putLong(footer.frames());
        out.putInt(crcOfCrcs);
        return out.putInt(crc(out.array(), 0, out.position())).array();
    }

    /**
     * @param crcOfCrcs as computed from the header and the frames that were read
     */
    static StagedFileFooter decodeFooter(byte[] bytes, Path file, long offset, long frames, int crcOfCrcs)
            throws CorruptStagedFileException {
        requireCrc(bytes, file, offset, "footer");
        ByteBuffer in = ByteBuffer.wrap(bytes);
        StagedFileFooter footer = footer(in);
        if (footer.frames() != frames) {
            throw new CorruptStagedFileException(file, offset, footer.frames() + " frames", frames + " frames");
        }
        int expected = in.getInt();
        if (expected != crcOfCrcs) {
            throw new CorruptStagedFileException(
                    file, offset, "frames of CRC " + hex(expected), "frames of CRC " + hex(crcOfCrcs));
        }
        return footer;
    }

    /**
     * @param crc of what follows the frame's header
     */
    static int frameCrc(CRC32C crc, byte[] frameHeader) {
        crc.update(frameHeader, 0, 4);
        crc.update(frameHeader, 8, FRAME_HEADER - 8);
        return (int) crc.getValue();
    }

    /** Of bytes that may be something else: a file that was cut has no footer at its end. */
    static Optional<StagedFileFooter> peekFooter(byte[] bytes) {
        int end = bytes.length - 4;
        if (crc(bytes, 0, end) != (int) INT32.get(bytes, end)) {
            return Optional.empty();
        }
        return Optional.of(footer(ByteBuffer.wrap(bytes)));
    }

    private static StagedFileFooter footer(ByteBuffer in) {
        in.getInt(); // the mark
        return new StagedFileFooter(new Lsn(in.getLong()), in.getLong(), in.getLong(), in.getLong());
    }

    static int crc(byte[] bytes, int offset, int length) {
        CRC32C crc = new CRC32C();
        crc.update(bytes, offset, length);
        return (int) crc.getValue();
    }

    static String hex(int value) {
        return "0x" + HexFormat.of().toHexDigits(value);
    }

    private static String hex(byte[] bytes) {
        return HexFormat.of().formatHex(bytes);
    }

    private static void requireCrc(byte[] bytes, Path file, long offset, String what)
            throws CorruptStagedFileException {
        int end = bytes.length - 4;
        int found = crc(bytes, 0, end);
        int expected = (int) INT32.get(bytes, end);
        if (found != expected) {
            throw new CorruptStagedFileException(file, offset, what + " of CRC " + hex(expected), "CRC " + hex(found));
        }
    }

    private static String string(ByteBuffer in) {
        byte[] bytes = new byte[in.getShort() & 0xFFFF];
        in.get(bytes);
        return new String(bytes, StandardCharsets.UTF_8);
    }

    private static AcknowledgeMode acknowledgeMode(byte code, Path file) throws CorruptStagedFileException {
        for (AcknowledgeMode mode : AcknowledgeMode.values()) {
            if (mode.code() == code) {
                return mode;
            }
        }
        throw new CorruptStagedFileException(file, HEADER_START, "acknowledge mode A or S", "" + (char) code);
    }

    private static Compression compression(byte code, Path file) throws CorruptStagedFileException {
        for (Compression compression : Compression.values()) {
            if (compression.code() == code) {
                return compression;
            }
        }
        throw new CorruptStagedFileException(file, HEADER_START + 1, "a compression of 0 to 3", "" + code);
    }
}
