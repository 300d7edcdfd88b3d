package io.pg2any.staging;

import io.pg2any.change.Lsn;
import java.nio.file.Path;
import java.util.List;

/**
 * A whole file in pending/.
 *
 * @param fileBytes of the file itself
 * @param segments the files that hold the body of its transaction; none unless that was streamed and large
 */
record PendingFile(
        Path path, StagedFileHeader header, StagedFileFooter footer, long fileBytes, List<Segment> segments) {
    PendingFile {
        segments = List.copyOf(segments);
    }

    Lsn after() {
        return header.after();
    }

    Lsn through() {
        return footer.through();
    }

    /** With the segments. */
    long bytes() {
        return fileBytes + segments.stream().mapToLong(Segment::bytes).sum();
    }
}
