package io.pg2any.staging;

import io.pg2any.change.Lsn;
import java.nio.file.Path;

/** A whole file in pending/. */
record PendingFile(Path path, StagedFileHeader header, StagedFileFooter footer, long bytes) {
    Lsn after() {
        return header.after();
    }

    Lsn through() {
        return footer.through();
    }
}
