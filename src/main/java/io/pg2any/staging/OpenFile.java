package io.pg2any.staging;

import io.pg2any.change.Lsn;
import java.io.IOException;
import java.nio.file.Path;
import java.util.zip.CRC32C;

/**
 * A staged file that is still being built in received/: records gather in memory, frames are written at explicit
 * positions, and a write that failed is repeated at the same place. Guarded by the log's lock.
 */
final class OpenFile {
    /** Tells open files of one log apart; relations remember by it where they were announced. */
    final long serial;

    final StagedFileHeader header;
    final FrameBuffer buffer;
    private final Path received;
    private final CRC32C crcOfCrcs = new CRC32C();
    private final byte[] frameHeader = new byte[StagedFileFormat.FRAME_HEADER];

    private Lsn through;
    private long transactions;
    private long changes;

    private StagingFiles.StagedFile file;
    private long written;
    private long frames;
    private PendingFile sealed;
    private boolean abandoned;

    OpenFile(long serial, StagedFileHeader header, Path received, FrameBuffer.Blocks blocks) {
        this.serial = serial;
        this.header = header;
        this.received = received;
        this.buffer = new FrameBuffer(blocks);
        this.through = header.after();
    }

    Lsn through() {
        return through;
    }

    void moveThrough(Lsn lsn) {
        through = lsn;
    }

    /** Its records, Begin through Commit, are in the buffer or the file. */
    void committed(Lsn end, long changesOfTransaction) {
        through = end;
        transactions++;
        changes += changesOfTransaction;
    }

    long transactions() {
        return transactions;
    }

    /** Bytes in the file: a reader may read up to here. */
    long written() {
        return written;
    }

    /** What the file would have if it was sealed now, about. */
    long bytes() {
        return written + buffer.size();
    }

    /** Null until the file is in pending/. */
    PendingFile sealed() {
        return sealed;
    }

    boolean isAbandoned() {
        return abandoned;
    }

    /** Where the file is now. */
    Path path() {
        return sealed == null ? received : sealed.path();
    }

    /**
     * Writes frames.
     *
     * @param all whether the last one, which could still grow, is written too
     */
    void flush(StagingFiles files, boolean all) throws IOException {
        if (file == null) {
            file = files.create(received);
        }
        if (written == 0) {
            byte[] head = StagedFileFormat.encode(header);
            file.write(0, head, 0, head.length);
            written = head.length;
            crcOfCrcs.update(head, head.length - 4, 4);
        }
        for (FrameBuffer.Frame frame; (frame = buffer.first(all)) != null; buffer.removeFirst()) {
            write(frame);
        }
    }

    private void write(FrameBuffer.Frame frame) throws IOException {
        int length = frame.length();
        StagedFileFormat.INT32.set(frameHeader, 0, length);
        CRC32C crc = new CRC32C();
        crc.update(frameHeader, 0, 4);
        crc.update(frame.bytes, frame.from, length);
        StagedFileFormat.INT32.set(frameHeader, 4, (int) crc.getValue());
        if (frame.borrowed) {
            file.write(written, frameHeader, 0, frameHeader.length);
            file.write(written + frameHeader.length, frame.bytes, frame.from, length);
        } else {
            int start = frame.from - frameHeader.length;
            System.arraycopy(frameHeader, 0, frame.bytes, start, frameHeader.length);
            file.write(written, frame.bytes, start, frameHeader.length + length);
        }
        written += frameHeader.length + length;
        frames++;
        crcOfCrcs.update(frameHeader, 4, 4);
    }

    /**
     * Makes the file whole and moves it to pending/. Every step can be repeated after a failure, and until the rename
     * has succeeded more records may come first: a footer that was already written is then written over.
     *
     * @param durable whether file and folders are forced: the file before the rename, both folders after it
     */
    PendingFile seal(StagingFiles files, Path pendingFolder, boolean durable) throws IOException {
        if (sealed == null) {
            flush(files, true);
            StagedFileFooter footer = new StagedFileFooter(through, transactions, changes, frames);
            byte[] foot = StagedFileFormat.encode(footer, (int) crcOfCrcs.getValue());
            file.write(written, foot, 0, foot.length);
            if (durable) {
                file.force();
            }
            Path target = pendingFolder.resolve(new StagedFileName(through).toString());
            files.rename(received, target);
            sealed = new PendingFile(target, header, footer, written + foot.length);
        }
        if (durable) {
            files.forceFolder(pendingFolder);
            files.forceFolder(received.getParent());
        }
        file.close();
        return sealed;
    }

    /** Its transaction never completes. Readers are told at once; the file goes when the disk lets it. */
    void abandon(StagingFiles files) throws IOException {
        abandoned = true;
        buffer.clear();
        if (file != null) {
            file.close();
            files.delete(received);
        }
    }
}
