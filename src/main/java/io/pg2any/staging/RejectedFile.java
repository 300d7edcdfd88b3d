package io.pg2any.staging;

import io.pg2any.change.Change;
import io.pg2any.change.SourceIdentity;
import io.pg2any.change.TransactionInfo;
import java.io.IOException;
import java.nio.file.Path;

/** A dead letter as it was read: the change, where it comes from, and why it was set aside. */
public record RejectedFile(SourceIdentity source, TransactionInfo transaction, Change change, Rejection rejection) {
    public static RejectedFile read(Path file) throws IOException {
        return read(file, StagingFiles.local());
    }

    /**
     * @throws CorruptStagedFileException if it is not whole, or no dead letter
     */
    static RejectedFile read(Path file, StagingFiles files) throws IOException {
        try (StagedFileReader reader = StagedFileReader.open(file, files)) {
            RejectedFile letter = null;
            if (reader.nextTransaction() && reader.rejection().isPresent()) {
                Change change = reader.nextChange();
                letter = new RejectedFile(
                        reader.header().source(),
                        reader.transaction(),
                        change,
                        reader.rejection().get());
            }
            boolean more = reader.nextTransaction();
            if (reader.damage().isPresent()) {
                throw new CorruptStagedFileException(
                        reader.damage().get(), "; restore the dead letter, or remove it if its change is not needed");
            }
            if (letter == null || letter.change() == null || more) {
                throw new CorruptStagedFileException(file, 0, "a dead letter", "another kind of staged file");
            }
            return letter;
        }
    }
}
