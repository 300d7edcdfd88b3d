package io.pg2any.staging;

import io.pg2any.change.Change;
import io.pg2any.change.TransactionInfo;
import java.io.Closeable;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/**
 * Reads any staged file by itself, whole or not, for people: what is readable is given, and then what ended it. Needs no
 * staging log and takes no lock. One thread.
 *
 * <pre>{@code
 * try (StagedFileReader file = StagedFileReader.open(path)) {
 *     while (file.nextTransaction()) {
 *         for (Change change; (change = file.nextChange()) != null; ) { … }
 *     }
 *     file.footer() or else file.damage()
 * }
 * }</pre>
 */
public final class StagedFileReader implements Closeable {
    private final StagedTransactions transactions;
    private CorruptStagedFileException damage;

    private StagedFileReader(StagedTransactions transactions) {
        this.transactions = transactions;
    }

    /**
     * @throws CorruptStagedFileException if not even the header can be read
     */
    public static StagedFileReader open(Path file) throws IOException {
        return open(file, StagingFiles.local());
    }

    static StagedFileReader open(Path file, StagingFiles files) throws IOException {
        FrameReader frames = FrameReader.open(files, file);
        if (frames.isSegment()) {
            frames.close();
            throw new IOException("it is a segment, a part of a streamed transaction; "
                    + StagedFileName.ofSegment(file.getFileName().toString())
                            .map(whole -> "look at " + whole)
                            .orElse("whose end has not arrived"));
        }
        StagedTransactions transactions =
                new StagedTransactions(files, frames, new AnnouncedRelations(StagedTransactions.DECODER));
        transactions.countRolledBack();
        return new StagedFileReader(transactions);
    }

    public StagedFileHeader header() {
        return transactions.frames().header();
    }

    /** False at the footer, or where the file is damaged. */
    public boolean nextTransaction() throws IOException {
        if (damage != null) {
            return false;
        }
        try {
            return transactions.nextTransaction();
        } catch (CorruptStagedFileException e) {
            damage = e;
            return false;
        }
    }

    public TransactionInfo transaction() {
        return transactions.transaction();
    }

    /** Why the transaction, of a single change, was set aside; empty unless the file is a dead letter. */
    public Optional<Rejection> rejection() {
        return Optional.ofNullable(transactions.rejection());
    }

    /** Whether the server sent the transaction while it was open. */
    public boolean isStreamed() {
        return transactions.isStreamed();
    }

    /** Subtransactions whose changes are in the file, but were rolled back and are not given. */
    public int[] abortedXids() {
        return transactions.aborted().xids();
    }

    /** How many changes of each of {@link #abortedXids} were met so far. */
    public long[] abortedChanges() {
        return transactions.rolledBack() == null
                ? new long[0]
                : transactions.rolledBack().clone();
    }

    /** The identifier of the transaction, if it was prepared. */
    public Optional<String> preparedAs() {
        return Optional.ofNullable(transactions.gid());
    }

    /** The name of the file in prepared/ that holds what was prepared; empty if this one does. */
    public Optional<String> preparedBody() {
        return Optional.ofNullable(transactions.preparedBody());
    }

    /** A file that the transaction's changes have come from. */
    public record SegmentFile(String name, long bytes) {}

    /** The files, next to the one that holds the transaction, that its changes have come from so far. */
    public List<SegmentFile> segments() {
        return transactions.segments().stream()
                .map(segment -> new SegmentFile(segment.name(), segment.bytes()))
                .toList();
    }

    /** Null at the end of the transaction, and where the file is damaged: then the transaction is not complete. */
    public Change nextChange() throws IOException {
        if (damage != null) {
            return null;
        }
        try {
            return transactions.nextChange();
        } catch (CorruptStagedFileException e) {
            damage = e;
            return null;
        }
    }

    /** Present once everything was read and the file is whole. */
    public Optional<StagedFileFooter> footer() {
        return Optional.ofNullable(transactions.frames().footer());
    }

    /** Where and why reading ended before a footer: for a file in received/ that is no damage but its state. */
    public Optional<CorruptStagedFileException> damage() {
        return Optional.ofNullable(damage);
    }

    @Override
    public void close() throws IOException {
        transactions.close();
    }
}
