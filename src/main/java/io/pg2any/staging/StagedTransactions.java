package io.pg2any.staging;

import io.pg2any.change.Change;
import io.pg2any.change.Lsn;
import io.pg2any.change.TransactionInfo;
import io.pg2any.pgoutput.ChangeDecoder;
import io.pg2any.pgoutput.MalformedMessageException;
import io.pg2any.pgoutput.MessageType;
import io.pg2any.pgoutput.PgOutputDecoder;
import io.pg2any.pgoutput.PgOutputMessage;
import io.pg2any.pgoutput.RecordReader;
import java.io.Closeable;
import java.io.IOException;
import java.time.Instant;

/**
 * The transactions and changes in the frames of one staged file. A standalone logical message is a transaction of its
 * own: xid 0, its LSN as commit LSN, and the epoch as time because it carries none. One thread.
 */
final class StagedTransactions implements Closeable {
    /** Staged are only messages outside streamed blocks, so the option changes nothing. */
    static final PgOutputDecoder DECODER = new PgOutputDecoder(false);

    private final FrameReader frames;
    private final AnnouncedRelations relations;
    private final ChangeDecoder changes;
    private final RecordReader records = new RecordReader();
    private TransactionInfo transaction;
    private Change standalone;
    private boolean open;

    StagedTransactions(FrameReader frames, AnnouncedRelations relations) {
        this.frames = frames;
        this.relations = relations;
        this.changes = new ChangeDecoder(relations.cache);
    }

    FrameReader frames() {
        return frames;
    }

    TransactionInfo transaction() {
        return transaction;
    }

    /** Skips what is left of the current transaction. */
    boolean nextTransaction() throws IOException {
        while (open) {
            nextData(false);
        }
        if (!nextRecord()) {
            transaction = null;
            return false;
        }
        switch (records.type()) {
            case MessageType.BEGIN -> {
                PgOutputMessage.Begin begin = (PgOutputMessage.Begin)
                        DECODER.decode(records.bytes(), records.offset(), records.length(), records.walStart(), false);
                transaction = new TransactionInfo(begin.xid(), begin.finalLsn(), begin.commitTime());
                standalone = null;
            }
            case MessageType.LOGICAL_MESSAGE -> {
                standalone = decode();
                transaction = new TransactionInfo(0, new Lsn(records.walStart()), Instant.EPOCH);
            }
            default -> throw unexpected();
        }
        open = true;
        return true;
    }

    /** Null at the end of the transaction. */
    Change nextChange() throws IOException {
        return open ? nextData(true) : null;
    }

    private Change nextData(boolean wanted) throws IOException {
        if (standalone != null) {
            Change message = standalone;
            standalone = null;
            return message;
        }
        if (transaction.xid() == 0) {
            open = false;
            return null;
        }
        while (nextRecord()) {
            byte type = records.type();
            switch (type) {
                case MessageType.INSERT,
                        MessageType.UPDATE,
                        MessageType.DELETE,
                        MessageType.TRUNCATE,
                        MessageType.LOGICAL_MESSAGE -> {
                    if (wanted) {
                        return decode();
                    }
                }
                case MessageType.RELATION ->
                    relations.relation(records.bytes(), records.offset(), records.length(), records.walStart());
                case MessageType.TYPE ->
                    relations.type(records.bytes(), records.offset(), records.length(), records.walStart());
                case MessageType.ORIGIN -> {
                    // Where the source had the transaction from does not matter to a target.
                }
                case MessageType.COMMIT -> {
                    open = false;
                    return null;
                }
                default -> throw unexpected();
            }
        }
        throw new CorruptStagedFileException(
                frames.path(), frames.position(), "a Commit message", "the footer inside a transaction");
    }

    private Change decode() throws MalformedMessageException {
        return changes.decodeChange(records.bytes(), records.offset(), records.length(), records.walStart(), false);
    }

    private boolean nextRecord() throws IOException {
        while (!records.next()) {
            byte[] payload = frames.next();
            if (payload == null) {
                return false;
            }
            records.open(payload, 0, payload.length);
        }
        return true;
    }

    private MalformedMessageException unexpected() {
        return new MalformedMessageException("staged file " + frames.path() + ", frame before offset "
                + frames.position() + ": " + MessageType.name(records.type()) + " message where none belongs");
    }

    @Override
    public void close() throws IOException {
        frames.close();
    }
}
