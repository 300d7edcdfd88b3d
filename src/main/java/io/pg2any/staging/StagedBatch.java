package io.pg2any.staging;

import io.pg2any.change.Lsn;
import io.pg2any.change.SourceIdentity;
import io.pg2any.change.TransactionBatch;
import io.pg2any.change.TransactionCursor;
import java.io.IOException;
import java.util.List;

/** Either consecutive files of pending/, or one transaction that is still arriving. */
final class StagedBatch implements TransactionBatch {
    private final BatchReads reads;
    private final List<PendingFile> files;
    /** Null for whole files. */
    private final OpenFile arriving;

    private boolean preserved;

    StagedBatch(BatchReads reads, List<PendingFile> files) {
        this.reads = reads;
        this.files = List.copyOf(files);
        this.arriving = null;
    }

    StagedBatch(BatchReads reads, OpenFile arriving) {
        this.reads = reads;
        this.files = List.of();
        this.arriving = arriving;
    }

    List<PendingFile> files() {
        return files;
    }

    OpenFile arriving() {
        return arriving;
    }

    private StagedFileHeader header() {
        return arriving == null ? files.get(0).header() : arriving.header;
    }

    @Override
    public SourceIdentity source() {
        return header().source();
    }

    @Override
    public Lsn after() {
        return header().after();
    }

    @Override
    public long stagedBytes() {
        return arriving == null ? files.stream().mapToLong(PendingFile::bytes).sum() : reads.arrivedBytes(arriving);
    }

    @Override
    public TransactionCursor open() throws IOException {
        return reads.open(this);
    }

    @Override
    public boolean preserve() throws IOException {
        if (!preserved) {
            preserved = reads.preserve(this);
        }
        return preserved;
    }

    @Override
    public String toString() {
        return arriving == null
                ? "batch of " + files.size() + " files after " + after() + " through "
                        + files.get(files.size() - 1).through()
                : "arriving transaction after " + after();
    }
}
