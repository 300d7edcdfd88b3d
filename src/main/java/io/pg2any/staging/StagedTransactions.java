package io.pg2any.staging;

import io.pg2any.change.Change;
import io.pg2any.change.Lsn;
import io.pg2any.change.TransactionInfo;
import io.pg2any.pgoutput.ChangeDecoder;
import io.pg2any.pgoutput.MalformedMessageException;
import io.pg2any.pgoutput.MessageType;
import io.pg2any.pgoutput.PgOutputDecoder;
import io.pg2any.pgoutput.PgOutputMessage;
import io.pg2any.pgoutput.RawMessage;
import io.pg2any.pgoutput.RecordReader;
import io.pg2any.staging.Subtransactions.Aborted;
import java.io.Closeable;
import java.io.IOException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;

/**
 * The transactions and changes in the frames of one staged file, and of the segments it names. What was rolled back in
 * a streamed transaction is left out; the relations it announced count all the same, because that is the order in which
 * the server bound the rows after it. A standalone logical message is a transaction of its own: xid 0, its LSN as commit
 * LSN, and the epoch as time because it carries none. One thread.
 */
final class StagedTransactions implements Closeable {
    /** No Stream Abort is staged, the only message that the option changes. */
    static final PgOutputDecoder DECODER = new PgOutputDecoder(false);

    private final StagingFiles files;
    private final FrameReader frames;
    private final AnnouncedRelations relations;
    private final ChangeDecoder changes;
    private final RecordReader fileRecords = new RecordReader();
    private final RecordReader segmentRecords = new RecordReader();
    /** One of the two. */
    private RecordReader records = fileRecords;

    private FrameReader segment;
    private Segment named;

    private TransactionInfo transaction;
    private Aborted aborted = Aborted.NONE;
    private final List<Segment> segments = new ArrayList<>();
    private boolean streamed;
    private Change standalone;
    private boolean open;

    StagedTransactions(StagingFiles files, FrameReader frames, AnnouncedRelations relations) {
        this.files = files;
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

    /** Whether the current transaction was streamed before its end. */
    boolean isStreamed() {
        return streamed;
    }

    /** What was rolled back in the current transaction and is left out. */
    Aborted aborted() {
        return aborted;
    }

    /** Segments of the current transaction that have been reached. */
    List<Segment> segments() {
        return segments;
    }

    /** Skips what is left of the current transaction. */
    boolean nextTransaction() throws IOException {
        while (open) {
            nextData(false);
        }
        streamed = false;
        aborted = Aborted.NONE;
        segments.clear();
        if (!nextRecord()) {
            transaction = null;
            return false;
        }
        switch (records.type()) {
            case MessageType.BEGIN -> {
                PgOutputMessage.Begin begin = (PgOutputMessage.Begin) message();
                transaction = new TransactionInfo(begin.xid(), begin.finalLsn(), begin.commitTime());
            }
            case MessageType.STREAM_COMMIT -> {
                PgOutputMessage.StreamCommit commit = (PgOutputMessage.StreamCommit) message();
                transaction = new TransactionInfo(commit.xid(), commit.commitLsn(), commit.commitTime());
                openStreamed();
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

    private void openStreamed() throws IOException {
        streamed = true;
        IntStream.Builder xids = IntStream.builder();
        while (nextRecord()) {
            if (records.type() == MessageType.STREAM_START) {
                aborted = new Aborted(xids.build().toArray());
                return;
            }
            if (records.type() != StagedRecords.ABORTED) {
                throw unexpected();
            }
            for (int xid : StagedRecords.abortedXids(records.bytes(), records.offset(), records.length())) {
                xids.add(xid);
            }
        }
        throw cut("Stream Start");
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
                    if (wanted && !isAborted()) {
                        return decode();
                    }
                }
                case MessageType.RELATION ->
                    relations.relation(
                            records.bytes(), records.offset(), records.length(), records.walStart(), streamed);
                case MessageType.TYPE ->
                    relations.type(records.bytes(), records.offset(), records.length(), records.walStart(), streamed);
                case MessageType.ORIGIN -> {
                    // Where the source had the transaction from does not matter to a target.
                }
                case MessageType.COMMIT, MessageType.STREAM_STOP -> {
                    if (streamed != (type == MessageType.STREAM_STOP) || segment != null) {
                        throw unexpected();
                    }
                    open = false;
                    return null;
                }
                default -> throw unexpected();
            }
        }
        throw cut(streamed ? "Stream Stop" : "Commit");
    }

    private boolean isAborted() throws MalformedMessageException {
        return streamed
                && aborted.size() != 0
                && aborted.contains(RawMessage.streamedXid(
                        records.bytes(), records.offset(), records.length(), records.walStart()));
    }

    private Change decode() throws MalformedMessageException {
        return changes.decodeChange(records.bytes(), records.offset(), records.length(), records.walStart(), streamed);
    }

    private PgOutputMessage message() throws MalformedMessageException {
        return DECODER.decode(records.bytes(), records.offset(), records.length(), records.walStart(), false);
    }

    private boolean nextRecord() throws IOException {
        while (true) {
            if (records.next()) {
                if (records.type() != StagedRecords.SEGMENT) {
                    return true;
                }
                enterSegment();
                continue;
            }
            byte[] payload = (segment == null ? frames : segment).next();
            if (payload != null) {
                records.open(payload, 0, payload.length);
            } else if (segment == null) {
                return false;
            } else {
                segment.requireIs(named);
                leaveSegment();
            }
        }
    }

    private void enterSegment() throws IOException {
        if (!streamed || segment != null) {
            throw unexpected();
        }
        named = StagedRecords.segment(records.bytes(), records.offset(), records.length());
        segment = frames.openSegment(files, named);
        segments.add(named);
        records = segmentRecords;
        records.open(new byte[0], 0, 0);
    }

    private void leaveSegment() throws IOException {
        segment.close();
        segment = null;
        records = fileRecords;
    }

    private CorruptStagedFileException cut(String missing) {
        return new CorruptStagedFileException(
                frames.path(), frames.position(), "a " + missing + " message", "the footer inside a transaction");
    }

    private MalformedMessageException unexpected() {
        FrameReader in = segment == null ? frames : segment;
        return new MalformedMessageException("staged file " + in.path() + ", frame before offset " + in.position()
                + ": " + MessageType.name(records.type()) + " message where none belongs");
    }

    @Override
    public void close() throws IOException {
        try (FrameReader opened = segment) {
            frames.close();
        }
    }
}
