package io.pg2any.staging;

import io.pg2any.change.Lsn;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * The body of a transaction that is not whole yet: records in memory, and behind them segments in received/ as soon as
 * memory is short. Every step that failed can be repeated. Guarded by the log's lock.
 */
final class Spool {
    /** What the first record of a transaction costs; many transactions may have little in memory each. */
    private static final int FIRST_BLOCK = 4 * 1024;

    final FrameBuffer buffer;
    private final StagedFileHeader header;
    private final Path received;
    private final String name;
    private final long segmentBytes;
    private final FrameEncoder encoder;

    /** In order; all but the last are whole. */
    private final List<FrameWriter> writers = new ArrayList<>();

    private final List<Segment> whole = new ArrayList<>();
    private long wholeBytes;
    /** Of the whole ones those that are on disk for good, counted from the first. */
    private int forced;

    private boolean sealed;

    /**
     * @param name of the segments while they are in received/, without number and suffix
     */
    Spool(
            StagedFileHeader header,
            Path received,
            String name,
            long segmentBytes,
            FrameBuffer.Blocks blocks,
            FrameEncoder encoder) {
        this.encoder = encoder;
        this.header = header;
        this.received = received;
        this.name = name;
        this.segmentBytes = segmentBytes;
        this.buffer = new FrameBuffer(blocks, FIRST_BLOCK);
    }

    /** Bytes in memory, about. */
    long memoryBytes() {
        return Math.max(buffer.size(), buffer.size() == 0 ? 0 : FIRST_BLOCK);
    }

    /** Bytes on disk. */
    long written() {
        return wholeBytes + (writers.size() > whole.size() ? last().written() : 0);
    }

    /** Whether all of it is in memory. */
    boolean inMemory() {
        return writers.isEmpty();
    }

    boolean hasOpenFile() {
        return !writers.isEmpty() && last().isOpen();
    }

    boolean isSealed() {
        return sealed;
    }

    /** Bytes of the number-th segment that a reader may read; 0 if there is none. */
    long written(int number) {
        return number < writers.size()
                ? isWhole(number)
                        ? whole.get(number).bytes()
                        : writers.get(number).written()
                : 0;
    }

    /** Whether the number-th segment will not grow any more. */
    boolean isWhole(int number) {
        return number < whole.size();
    }

    /** Where the number-th segment is now. */
    Path path(int number) {
        return writers.get(number).path();
    }

    /** All segments, once it is sealed. */
    List<Segment> segments() {
        return whole;
    }

    /**
     * Writes frames.
     *
     * @param all whether the last one, which could still grow, is written too
     * @param durable whether segments that become whole are forced
     */
    void flush(StagingFiles files, boolean all, boolean durable) throws IOException {
        for (FrameBuffer.Frame frame; (frame = buffer.first(all)) != null; buffer.removeFirst()) {
            if (writers.size() > whole.size()
                    && last().frames() > 0
                    && last().written() + frame.length() > segmentBytes) {
                finish(files, durable);
            }
            if (writers.size() == whole.size()) {
                writers.add(new FrameWriter(
                        received.resolve(StagedFileName.segment(name, writers.size())),
                        StagedFileFormat.encodeSegment(header),
                        encoder));
            }
            last().write(files, frame);
        }
    }

    /** Gives the handle of the file back until more is written. */
    void release() throws IOException {
        if (!writers.isEmpty()) {
            last().close();
        }
    }

    /**
     * Writes all of it and moves the segments to pending/, where they mean nothing until a staged file names them.
     *
     * @param durable whether they and the folder are forced
     */
    void seal(StagingFiles files, Path pendingFolder, Lsn through, boolean durable) throws IOException {
        flush(files, true, durable);
        if (writers.size() > whole.size()) {
            finish(files, durable);
        }
        for (; durable && forced < whole.size(); forced++) {
            try (StagingFiles.StagedFile written =
                    files.openForReading(writers.get(forced).path())) {
                written.force();
            }
        }
        for (int i = 0; i < whole.size(); i++) {
            Segment segment = whole.get(i);
            String target = StagedFileName.segment(new StagedFileName(through).digits(), i);
            writers.get(i).moveTo(files, pendingFolder.resolve(target));
            whole.set(i, new Segment(target, segment.bytes(), segment.crcOfCrcs()));
        }
        if (durable) {
            files.forceFolder(pendingFolder);
        }
        sealed = true;
    }

    /** Deletes what is on disk. */
    void abandon(StagingFiles files) throws IOException {
        buffer.clear();
        while (!writers.isEmpty()) {
            last().delete(files);
            writers.remove(writers.size() - 1);
        }
        whole.clear();
        forced = 0;
        wholeBytes = 0;
    }

    private void finish(StagingFiles files, boolean durable) throws IOException {
        FrameWriter writer = last();
        StagedFileFooter footer = new StagedFileFooter(header.after(), 0, 0, writer.frames());
        long bytes = writer.writeFooter(files, footer, durable);
        writer.close();
        whole.add(new Segment(writer.path().getFileName().toString(), bytes, writer.crcOfCrcs()));
        wholeBytes += bytes;
        if (durable && forced == whole.size() - 1) {
            forced++;
        }
    }

    private FrameWriter last() {
        return writers.get(writers.size() - 1);
    }
}
