package io.pg2any.staging;

import io.pg2any.change.Lsn;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * A staged file that is still being built in received/: records gather in memory, frames are written at explicit
 * positions, and a write that failed is repeated at the same place. Guarded by the log's lock.
 */
final class OpenFile {
    /** Tells open files of one log apart. */
    final long serial;

    final StagedFileHeader header;
    final FrameBuffer buffer;
    private final Path received;
    private final FrameWriter writer;
    /** Relations remember by it where they were announced; another number makes them be announced again. */
    private long announcements;

    /** The body of its only transaction, if that has segments; null otherwise. */
    private Spool body;
    /** What comes behind the names of the segments. */
    private byte[] end = {};

    /** Files in prepared/ that hold bodies of its transactions. */
    private final List<String> prepared = new ArrayList<>();

    private Lsn through;
    private long transactions;
    private long changes;

    private PendingFile sealed;
    private boolean abandoned;

    OpenFile(long serial, StagedFileHeader header, Path received, FrameBuffer.Blocks blocks, FrameEncoder encoder) {
        this.serial = serial;
        this.announcements = serial;
        this.header = header;
        this.received = received;
        this.buffer = new FrameBuffer(blocks);
        this.writer = new FrameWriter(received, StagedFileFormat.encode(header), encoder);
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

    /** The file consists of the transaction that the buffer opens and whose body has segments of its own. */
    void bodyIn(Spool spool) {
        body = spool;
    }

    /** Where the body of a transaction goes. */
    FrameBuffer body() {
        return body == null ? buffer : body.buffer;
    }

    /** Null if the file's transactions have no segments. */
    Spool segments() {
        return body;
    }

    /** The records that end a transaction, behind its body. */
    void append(byte[] records, int from, int to) {
        if (body == null) {
            buffer.append(records, from, to);
        } else {
            end = Arrays.copyOfRange(records, from, to);
        }
    }

    void bodyIsPrepared(String name) {
        prepared.add(name);
    }

    /** Then the file tells which bodies are done with, and is forced whatever the acknowledge mode. */
    boolean hasPrepared() {
        return !prepared.isEmpty();
    }

    long announcements() {
        return announcements;
    }

    /**
     * What was announced in the file so far counts no more: a streamed transaction has put versions of its own over it.
     */
    void announceAgain(long newSerial) {
        announcements = newSerial;
    }

    long transactions() {
        return transactions;
    }

    /** Bytes in the file: a reader may read up to here. */
    long written() {
        return writer.written();
    }

    /** Bytes on disk, with those of segments. */
    long stored() {
        return writer.written() + (body == null ? 0 : body.written());
    }

    /** Bytes of records that are not in a file yet. */
    long buffered() {
        return buffer.size() + (body == null ? 0 : body.buffer.size());
    }

    /** What the file would have if it was sealed now, about. */
    long bytes() {
        return stored() + buffered();
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
     * @param durable whether segments that become whole are forced
     */
    void flush(StagingFiles files, boolean all, boolean durable) throws IOException {
        writer.write(files, buffer, all);
        if (body != null) {
            body.flush(files, all, durable);
        }
    }

    /**
     * Makes the file whole and moves it to pending/, or prepared/. Every step can be repeated after a failure, and until the rename
     * has succeeded more records may come first: a footer that was already written is then written over.
     *
     * <p>Segments are in pending/ before the file that names them: what its rename makes appear is whole.
     *
     * @param durable whether file and folders are forced: the file before the rename, both folders after it
     */
    PendingFile seal(StagingFiles files, Path pendingFolder, boolean durable) throws IOException {
        if (sealed == null) {
            if (body != null && !body.isSealed()) {
                body.seal(files, pendingFolder, through, durable);
                for (Segment segment : body.segments()) {
                    buffer.append(StagedRecords.segment(segment));
                }
                buffer.append(end);
            }
            writer.write(files, buffer, true);
            StagedFileFooter footer = new StagedFileFooter(through, transactions, changes, writer.frames());
            long whole = writer.writeFooter(files, footer, durable);
            writer.moveTo(files, pendingFolder.resolve(new StagedFileName(through).toString()));
            sealed = new PendingFile(
                    writer.path(), header, footer, whole, body == null ? List.of() : body.segments(), prepared);
        }
        if (durable) {
            files.forceFolder(pendingFolder);
            files.forceFolder(received.getParent());
        }
        writer.close();
        return sealed;
    }

    /** Its transaction never completes. Readers are told at once; the file goes when the disk lets it. */
    void abandon(StagingFiles files) throws IOException {
        abandoned = true;
        buffer.clear();
        if (body != null) {
            body.abandon(files);
        }
        writer.delete(files);
    }
}
