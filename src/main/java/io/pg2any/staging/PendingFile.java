package io.pg2any.staging;

import io.pg2any.change.Lsn;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;

/**
 * A whole file in pending/, or in prepared/.
 *
 * @param fileBytes of the file itself
 * @param segments the files that hold the body of its transaction; none unless that was streamed and large
 * @param prepared the files in prepared/ that hold bodies of its transactions
 */
record PendingFile(
        Path path,
        StagedFileHeader header,
        StagedFileFooter footer,
        long fileBytes,
        List<Segment> segments,
        List<String> prepared) {
    PendingFile {
        prepared = List.copyOf(prepared);
        segments = List.copyOf(segments);
    }

    Lsn after() {
        return header.after();
    }

    Lsn through() {
        return footer.through();
    }

    /** With its segments, which are nothing without it: the next start removes what a crash leaves of them. */
    void delete(StagingFiles files) throws IOException {
        files.delete(path);
        for (Segment segment : segments) {
            files.delete(path.resolveSibling(segment.name()));
        }
    }

    /** Returns when the file and its segments are on the disk; the folder, which knows their names, is not. */
    void force(StagingFiles files) throws IOException {
        for (Segment segment : segments) {
            force(files, path.resolveSibling(segment.name()));
        }
        force(files, path);
    }

    private static void force(StagingFiles files, Path path) throws IOException {
        try (StagingFiles.StagedFile opened = files.openForReading(path)) {
            opened.force();
        }
    }

    /** With the segments. */
    long bytes() {
        return fileBytes + segments.stream().mapToLong(Segment::bytes).sum();
    }
}
