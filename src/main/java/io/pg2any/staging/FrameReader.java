package io.pg2any.staging;

import io.pg2any.pgoutput.RecordReader;
import java.io.Closeable;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.zip.CRC32C;

/**
 * Reads the frames of one staged file, front to back, each checked before anything of it is seen. One thread.
 *
 * <p>Damage is found before anything of the damaged frame or after it reaches a target, and what came before it is whole
 * transactions or rolled back by the target with the transaction that is cut: no prior check of the whole file is
 * needed for that.
 */
final class FrameReader implements Closeable {
    /** How far the file may be read. */
    interface Limit {
        /**
         * Waits, if the file still grows, until it has {@code needed} bytes.
         *
         * @return bytes that are there; less than {@code needed} only if there will never be more
         */
        long await(long needed) throws IOException;
    }

    /** What a frame has at most, unless one record is larger. */
    private static final int LARGE = StagedFileFormat.BLOCK_HEADER + FrameBuffer.BLOCK;

    private final StagingFiles.StagedFile file;
    private final Path path;
    private final Limit limit;
    private final boolean growing;
    private final StagedFileHeader header;
    private final boolean segment;
    private final CRC32C crcOfCrcs = new CRC32C();
    private final byte[] frameHeader;
    private final FrameDecoder decoder;
    private final RecordReader records = new RecordReader();
    private long position;
    private long frames;
    private StagedFileFooter footer;
    /** Whether the header of the frame at the position has been read. */
    private boolean inFrame;

    private FrameReader(StagingFiles.StagedFile file, Path path, Limit limit, boolean growing) throws IOException {
        this.file = file;
        this.path = path;
        this.limit = limit;
        this.growing = growing;
        byte[] start = new byte[StagedFileFormat.HEADER_START];
        read(0, start, start.length, "a header");
        byte[] head = new byte[StagedFileFormat.headerLength(start, path)];
        read(0, head, head.length, "a header");
        this.header = StagedFileFormat.decodeHeader(head, path);
        this.segment = StagedFileFormat.isSegment(head);
        boolean first = StagedFileFormat.version(head) == 1;
        this.frameHeader = new byte[first ? StagedFileFormat.FRAME_HEADER_1 : StagedFileFormat.FRAME_HEADER];
        this.decoder = new FrameDecoder(path, header.compression());
        this.position = head.length;
        crcOfCrcs.update(head, head.length - 4, 4);
    }

    /** A file that may still grow. Takes it over: closes it if the header is bad. */
    static FrameReader open(StagingFiles.StagedFile file, Path path, Limit limit) throws IOException {
        return open(file, path, limit, true);
    }

    private static FrameReader open(StagingFiles.StagedFile file, Path path, Limit limit, boolean growing)
            throws IOException {
        boolean opened = false;
        try {
            FrameReader reader = new FrameReader(file, path, limit, growing);
            opened = true;
            return reader;
        } finally {
            if (!opened) {
                file.close();
            }
        }
    }

    /** A file that does not grow. */
    static FrameReader open(StagingFiles files, Path path) throws IOException {
        StagingFiles.StagedFile file = files.openForReading(path);
        return open(file, path, needed -> file.size(), false);
    }

    StagedFileHeader header() {
        return header;
    }

    /** Whether the file holds a part of a transaction's body. */
    boolean isSegment() {
        return segment;
    }

    /** The segment that is named, next to this file. */
    FrameReader openSegment(StagingFiles files, Segment named) throws IOException {
        if (StagedFileName.ofSegment(named.name()).isEmpty()) {
            throw new CorruptStagedFileException(path, position, "the name of a segment", named.name());
        }
        Path file = path.resolveSibling(named.name());
        FrameReader reader;
        try {
            reader = open(files, file);
        } catch (FileNotFoundException e) {
            CorruptStagedFileException missing =
                    new CorruptStagedFileException(path, position, "segment " + named.name(), "no such file");
            missing.initCause(e);
            throw missing;
        }
        if (!reader.segment) {
            reader.close();
            throw new CorruptStagedFileException(file, 0, "a segment", "another kind of staged file");
        }
        return reader;
    }

    /** The file in prepared/ that is named, beside the folder of this file. */
    FrameReader openPrepared(StagingFiles files, String name) throws IOException {
        Path folder = path.toAbsolutePath().getParent().resolveSibling("prepared");
        if (StagedFileName.parse(Path.of(name)).isEmpty()) {
            throw new CorruptStagedFileException(path, position, "the name of a prepared transaction's file", name);
        }
        try {
            return open(files, folder.resolve(name));
        } catch (FileNotFoundException e) {
            CorruptStagedFileException missing = new CorruptStagedFileException(
                    path, position, folder.resolve(name).toString(), "no such file");
            missing.initCause(e);
            throw missing;
        }
    }

    /**
     * At its end: whether the segment is the one that was named.
     *
     * @throws CorruptStagedFileException if it is another one
     */
    void requireIs(Segment named) throws CorruptStagedFileException {
        asSegment().requireIs(named, path);
    }

    /** What has been read to its end, as a file that names it would tell of it. */
    Segment asSegment() {
        return new Segment(path.getFileName().toString(), position, (int) crcOfCrcs.getValue());
    }

    Path path() {
        return path;
    }

    /** Null before {@link #next} has returned null. */
    StagedFileFooter footer() {
        return footer;
    }

    /** The footer before its turn, when it will be checked against what was read; empty if there is none yet. */
    Optional<StagedFileFooter> footerAhead() throws IOException {
        long at = growing ? -1 : file.size() - StagedFileFormat.FOOTER_LENGTH;
        if (at < position) {
            return Optional.empty();
        }
        byte[] foot = new byte[StagedFileFormat.FOOTER_LENGTH];
        read(at, foot, foot.length, "the footer");
        return StagedFileFormat.peekFooter(foot);
    }

    /** Where the next frame begins. */
    long position() {
        return position;
    }

    /**
     * @return the records of the next frame in an array of its own; null at the footer
     * @throws CorruptStagedFileException if the file ends without a footer, or a CRC does not match
     */
    byte[] next() throws IOException {
        int length = nextLength();
        if (length == 0) {
            return null;
        }
        int records = recordsLength();
        decoder.requirePlausible(position, length, records);
        if (length > LARGE) {
            // Before memory is asked for: the length may be what is damaged.
            checkFrame(length);
        }
        byte[] stored = decoder.room(length);
        read(position + frameHeader.length, stored, length, "a frame of " + length + " bytes");
        requireCrc(stored, length);
        byte[] payload = decoder.decode(position, stored, length, records);
        passed(length);
        return payload;
    }

    /**
     * Passes over the next frame, checked but not decompressed, if it holds nothing but changes, and not too many.
     *
     * @return their number; 0 if the frame has to be read
     */
    int passOver(long atMost) throws IOException {
        int length = nextLength();
        int changes = length == 0 || frameHeader.length == StagedFileFormat.FRAME_HEADER_1
                ? 0
                : (int) StagedFileFormat.INT32.get(frameHeader, 12);
        if (changes <= 0 || changes > atMost) {
            return 0;
        }
        checkFrame(length);
        passed(length);
        return changes;
    }

    /**
     * Checks the rest of the file without keeping it.
     *
     * @param named takes the segments the file names, in order; they are not checked
     * @param prepared takes the names of the files in prepared/ that it refers to; they are not checked
     */
    StagedFileFooter verify(Consumer<Segment> named, Consumer<String> prepared) throws IOException {
        for (int length; (length = nextLength()) != 0; ) {
            // Only a single record of a change is a larger frame.
            if (segment || recordsLength() > FrameBuffer.BLOCK) {
                checkFrame(length);
                passed(length);
            } else {
                name(next(), named, prepared);
            }
        }
        return footer;
    }

    private void checkFrame(int length) throws IOException {
        CRC32C crc = startCrc();
        byte[] slice = new byte[Math.min(length, FrameBuffer.BLOCK)];
        for (int done = 0; done < length; ) {
            int part = Math.min(slice.length, length - done);
            read(position + frameHeader.length + done, slice, part, "a frame of " + length + " bytes");
            crc.update(slice, 0, part);
            done += part;
        }
        requireCrc(crc);
    }

    private void name(byte[] payload, Consumer<Segment> named, Consumer<String> prepared) throws IOException {
        records.open(payload, 0, payload.length);
        while (records.next()) {
            if (records.type() == StagedRecords.SEGMENT) {
                named.accept(StagedRecords.segment(payload, records.offset(), records.length()));
            } else if (records.type() == StagedRecords.PREPARED) {
                prepared.accept(StagedRecords.preparedName(payload, records.offset(), records.length()));
            }
        }
    }

    @Override
    public void close() throws IOException {
        file.close();
    }

    /** 0 at the footer, which has then been read. */
    private int nextLength() throws IOException {
        if (footer != null) {
            return 0;
        }
        if (inFrame) {
            return (int) StagedFileFormat.INT32.get(frameHeader, 0);
        }
        // A footer may be all that comes: it is not shorter than the header of any frame.
        read(position, frameHeader, frameHeader.length, "a frame or the footer");
        int length = (int) StagedFileFormat.INT32.get(frameHeader, 0);
        if (length == StagedFileFormat.FOOTER_MARK) {
            readFooter();
            return 0;
        }
        // Before memory is asked for: a length that was hit can be anything.
        long end = position + frameHeader.length + length;
        if (length <= 0) {
            throw new CorruptStagedFileException(path, position, "a frame length", "" + length);
        }
        long available = limit.await(end);
        if (available < end) {
            throw new CorruptStagedFileException(
                    path,
                    position,
                    "a frame of " + length + " bytes",
                    "the end of the file after " + (available - position - frameHeader.length));
        }
        inFrame = true;
        return length;
    }

    /** Of the records in the frame whose header was read; not checked yet. */
    private int recordsLength() {
        return (int)
                StagedFileFormat.INT32.get(frameHeader, frameHeader.length == StagedFileFormat.FRAME_HEADER_1 ? 0 : 8);
    }

    private void requireCrc(byte[] stored, int length) throws CorruptStagedFileException {
        CRC32C crc = startCrc();
        crc.update(stored, 0, length);
        requireCrc(crc);
    }

    /** Version 1 has the length first, version 2 all fields last. */
    private CRC32C startCrc() {
        CRC32C crc = new CRC32C();
        if (frameHeader.length == StagedFileFormat.FRAME_HEADER_1) {
            crc.update(frameHeader, 0, 4);
        }
        return crc;
    }

    private void requireCrc(CRC32C crc) throws CorruptStagedFileException {
        int expected = (int) StagedFileFormat.INT32.get(frameHeader, 4);
        int found = frameHeader.length == StagedFileFormat.FRAME_HEADER_1
                ? (int) crc.getValue()
                : StagedFileFormat.frameCrc(crc, frameHeader);
        if (expected != found) {
            throw new CorruptStagedFileException(
                    path,
                    position,
                    "a frame of CRC " + StagedFileFormat.hex(expected),
                    "CRC " + StagedFileFormat.hex(found));
        }
    }

    private void passed(int length) {
        position += frameHeader.length + length;
        frames++;
        crcOfCrcs.update(frameHeader, 4, 4);
        inFrame = false;
    }

    private void readFooter() throws IOException {
        byte[] foot = new byte[StagedFileFormat.FOOTER_LENGTH];
        read(position, foot, foot.length, "the footer");
        StagedFileFooter decoded =
                StagedFileFormat.decodeFooter(foot, path, position, frames, (int) crcOfCrcs.getValue());
        long end = position + foot.length;
        if (limit.await(end) != end) {
            throw new CorruptStagedFileException(
                    path, end, "the end of the file", (limit.await(end) - end) + " bytes more");
        }
        position = end;
        footer = decoded;
    }

    private void read(long at, byte[] bytes, int length, String expected) throws IOException {
        long available = limit.await(at + length);
        if (available < at + length) {
            throw new CorruptStagedFileException(
                    path, at, expected, "the end of the file after " + Math.max(0, available - at) + " bytes");
        }
        int read = file.read(at, bytes, 0, length);
        if (read < length) {
            throw new CorruptStagedFileException(path, at, expected, "the end of the file after " + read + " bytes");
        }
    }
}
