package io.pg2any.staging;

import io.pg2any.change.Lsn;
import io.pg2any.change.SourceIdentity;
import java.time.Instant;
import java.util.Objects;

/**
 * What a staged file says of itself at its head.
 *
 * @param after the through LSN of the file before it, which makes files a chain
 * @param acknowledge whether the source could have been told to forget what is in here
 * @param compression of all blocks that became smaller by it
 * @param createdAt when its first transaction was received, milliseconds
 */
public record StagedFileHeader(
        SourceIdentity source, Lsn after, AcknowledgeMode acknowledge, Compression compression, Instant createdAt) {
    public StagedFileHeader {
        Objects.requireNonNull(source, "source");
        Objects.requireNonNull(after, "after");
        Objects.requireNonNull(acknowledge, "acknowledge");
        Objects.requireNonNull(compression, "compression");
        Objects.requireNonNull(createdAt, "createdAt");
    }
}
