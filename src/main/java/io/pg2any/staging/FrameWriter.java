package io.pg2any.staging;

import java.io.IOException;
import java.nio.file.Path;
import java.util.zip.CRC32C;

/**
 * Writes one file of header, frames and footer at explicit positions: a step that failed is repeated at the same place.
 * Guarded by the log's lock.
 */
final class FrameWriter {
    private final byte[] head;
    private final CRC32C crcOfCrcs = new CRC32C();
    private final FrameEncoder encoder;
    private Path path;
    private StagingFiles.StagedFile file;
    private boolean created;
    private long written;
    /** Where bytes end that a write which failed may have left. */
    private long attempted;

    private long frames;

    FrameWriter(Path path, byte[] head, FrameEncoder encoder) {
        this.path = path;
        this.head = head;
        this.encoder = encoder;
    }

    /** Where the file is now. */
    Path path() {
        return path;
    }

    /** Bytes in the file, without a footer: a reader may read up to here. */
    long written() {
        return written;
    }

    long frames() {
        return frames;
    }

    boolean isOpen() {
        return file != null;
    }

    /** What the footer says of header and frames. */
    int crcOfCrcs() {
        return (int) crcOfCrcs.getValue();
    }

    /**
     * Writes the frames of the buffer, and the header first.
     *
     * @param all whether the last frame, which could still grow, is written too
     */
    void write(StagingFiles files, FrameBuffer buffer, boolean all) throws IOException {
        writeHead(files);
        for (FrameBuffer.Frame frame; (frame = buffer.first(all)) != null; buffer.removeFirst()) {
            write(files, frame);
        }
    }

    void write(StagingFiles files, FrameBuffer.Frame frame) throws IOException {
        writeHead(files);
        written += encoder.write(frame, written, this::writeAt);
        frames++;
        crcOfCrcs.update(encoder.header(), 4, 4);
    }

    /**
     * Makes the file whole. More frames may follow all the same: they are written over the footer.
     *
     * @return bytes of the whole file
     */
    long writeFooter(StagingFiles files, StagedFileFooter footer, boolean durable) throws IOException {
        open(files);
        byte[] foot = StagedFileFormat.encode(footer, crcOfCrcs());
        if (attempted > written + foot.length) {
            file.truncate(written);
            attempted = written;
        }
        writeAt(written, foot, 0, foot.length);
        if (durable) {
            file.force();
        }
        return written + foot.length;
    }

    /** Nothing happens if it is there already. */
    void moveTo(StagingFiles files, Path target) throws IOException {
        if (!path.equals(target)) {
            files.rename(path, target);
            path = target;
        }
    }

    /** Releases the handle; writing goes on with another one. */
    void close() throws IOException {
        if (file != null) {
            file.close();
            file = null;
        }
    }

    void delete(StagingFiles files) throws IOException {
        if (created) {
            close();
            files.delete(path);
        }
    }

    private void writeHead(StagingFiles files) throws IOException {
        open(files);
        if (written == 0) {
            writeAt(0, head, 0, head.length);
            written = head.length;
            crcOfCrcs.update(head, head.length - 4, 4);
        }
    }

    private void writeAt(long position, byte[] bytes, int offset, int length) throws IOException {
        attempted = Math.max(attempted, position + length);
        file.write(position, bytes, offset, length);
    }

    private void open(StagingFiles files) throws IOException {
        if (file == null) {
            file = created ? files.openForWriting(path) : files.create(path);
            created = true;
        }
    }
}
