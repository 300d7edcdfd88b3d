package io.pg2any.staging;

import io.pg2any.change.Change;
import io.pg2any.change.TransactionInfo;
import java.io.Closeable;
import java.io.IOException;
import java.nio.file.Path;
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
        return new StagedFileReader(new StagedTransactions(
                FrameReader.open(files, file), new AnnouncedRelations(StagedTransactions.DECODER)));
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
