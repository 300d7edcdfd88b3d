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
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.OptionalLong;
import java.util.stream.IntStream;

/**
 * The transactions and changes in the frames of one staged file, and of the segments it names. What was rolled back in
 * a streamed transaction is left out; the relations it announced count all the same, because that is the order in which
 * the server bound the rows after it. A standalone logical message is a transaction of its own. One thread.
 */
final class StagedTransactions implements Closeable {
    /** No Stream Abort is staged, the only message that the option changes. */
    static final PgOutputDecoder DECODER = new PgOutputDecoder(false);

    private final StagingFiles files;
    private final FrameReader frames;
    private final AnnouncedRelations relations;
    private final ChangeDecoder changes;

    /** The segments of a transaction that is still arriving, which cannot be named in its file yet. */
    interface ArrivingSegments {
        /** Waits for it; null if the transaction has no such segment. */
        FrameReader open(int number) throws IOException;
    }

    /** A file that is being read, in the middle of the one that refers to it. */
    private record Level(FrameReader frames, RecordReader records, boolean isSegment, Segment named) {}

    /** At most: a staged file, in it a prepared transaction, in that a segment. The innermost is first. */
    private final Deque<Level> levels = new ArrayDeque<>();
    /** Of the innermost. */
    private RecordReader records;

    /** Null unless the file is read while it arrives; null also when all of them have been read. */
    private ArrivingSegments arriving;
    /** What they were found to be; the file names them afterwards. */
    private final Deque<Segment> arrived = new ArrayDeque<>();

    private int arrivedCount;

    private TransactionInfo transaction;
    private Aborted aborted = Aborted.NONE;
    private final List<Segment> segments = new ArrayList<>();
    private Rejection rejection;
    private boolean streamed;
    /** By the index of {@link #aborted}; null if nobody asks. */
    private long[] rolledBack;

    private boolean countsRolledBack;
    private String gid;
    private String preparedBody;
    private Change standalone;
    private boolean open;
    /** Of the last change that was read or passed over. */
    private long ordinal;
    /** Changes through this one are passed over without being decoded, and frames of them without being decompressed. */
    private long skippedThrough;

    StagedTransactions(StagingFiles files, FrameReader frames, AnnouncedRelations relations) {
        this(files, frames, relations, null);
    }

    /**
     * @param arriving the segments of the file's only transaction if it may not be whole yet, null otherwise
     */
    StagedTransactions(
            StagingFiles files, FrameReader frames, AnnouncedRelations relations, ArrivingSegments arriving) {
        this.arriving = arriving;
        this.files = files;
        this.frames = frames;
        this.relations = relations;
        this.changes = new ChangeDecoder(relations.cache);
        enter(frames, false, null);
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

    /** Why the current transaction is a dead letter; null when it is none. */
    Rejection rejection() {
        return rejection;
    }

    /** What was rolled back in the current transaction and is left out. */
    Aborted aborted() {
        return aborted;
    }

    /** From the next transaction on. */
    void countRolledBack() {
        countsRolledBack = true;
    }

    /** Changes that were left out so far, in the order of {@link Aborted#xids}; null unless they are counted. */
    long[] rolledBack() {
        return rolledBack;
    }

    /** The identifier of the current transaction, if it was prepared; null otherwise. */
    String gid() {
        return gid;
    }

    /** The file in prepared/ that the current transaction's body is in; null if this file has it. */
    String preparedBody() {
        return preparedBody;
    }

    /** Segments of the current transaction that have been reached. */
    List<Segment> segments() {
        return segments;
    }

    /** Skips what is left of the current transaction. */
    boolean nextTransaction() throws IOException {
        skippedThrough = Long.MAX_VALUE;
        while (open) {
            nextData();
        }
        skippedThrough = 0;
        ordinal = 0;
        streamed = false;
        aborted = Aborted.NONE;
        rolledBack = null;
        gid = null;
        preparedBody = null;
        segments.clear();
        rejection = null;
        if (!nextRecord()) {
            transaction = null;
            return false;
        }
        if (records.type() == StagedRecords.REJECTED) {
            rejection = StagedRecords.rejection(records.bytes(), records.offset(), records.length());
            if (!nextRecord()) {
                throw cut("Begin");
            }
        }
        OptionalLong count = changes();
        switch (records.type()) {
            case MessageType.BEGIN -> {
                PgOutputMessage.Begin begin = (PgOutputMessage.Begin) message();
                transaction = new TransactionInfo(begin.xid(), begin.finalLsn(), begin.commitTime(), count);
            }
            case MessageType.STREAM_COMMIT -> {
                PgOutputMessage.StreamCommit commit = (PgOutputMessage.StreamCommit) message();
                transaction = new TransactionInfo(commit.xid(), commit.commitLsn(), commit.commitTime(), count);
                openStreamed();
            }
            case MessageType.COMMIT_PREPARED -> {
                PgOutputMessage.CommitPrepared commit = (PgOutputMessage.CommitPrepared) message();
                transaction = new TransactionInfo(commit.xid(), commit.commitLsn(), commit.commitTime(), count);
                openPrepared();
            }
            case MessageType.BEGIN_PREPARE, MessageType.STREAM_PREPARE -> transaction = prepared();
            case MessageType.LOGICAL_MESSAGE -> {
                Change.LogicalMessage message = (Change.LogicalMessage) decode();
                standalone = message;
                // Its end is where the target stands after it, and where the record of a commit may start.
                Lsn lastByte = new Lsn(message.lsn().value() - 1);
                transaction = new TransactionInfo(0, lastByte, Instant.EPOCH, OptionalLong.of(1));
            }
            default -> throw unexpected();
        }
        open = true;
        return true;
    }

    /** Said before the transaction, or, where it has the file for itself, by the footer. */
    private OptionalLong changes() throws IOException {
        if (records.type() == StagedRecords.CHANGES) {
            long count = StagedRecords.changes(records.bytes(), records.offset());
            if (!nextRecord()) {
                throw cut("Begin");
            }
            return OptionalLong.of(count);
        }
        return frames.footerAhead()
                .filter(footer -> footer.transactions() == 1)
                .map(footer -> OptionalLong.of(footer.changes()))
                .orElse(OptionalLong.empty());
    }

    private void openPrepared() throws IOException {
        if (!nextRecord() || records.type() != StagedRecords.PREPARED) {
            throw cut("prepared transaction");
        }
        preparedBody = StagedRecords.preparedName(records.bytes(), records.offset(), records.length());
        enter(frames.openPrepared(files, preparedBody), false, null);
        if (!nextRecord()) {
            throw cut("Prepare");
        }
        prepared();
    }

    /** What opens the file of a prepared transaction. */
    private TransactionInfo prepared() throws IOException {
        PgOutputMessage first = message();
        if (first instanceof PgOutputMessage.BeginPrepare begin) {
            gid = begin.gid();
            return new TransactionInfo(begin.xid(), begin.prepareLsn(), begin.prepareTime(), OptionalLong.empty());
        }
        if (first instanceof PgOutputMessage.StreamPrepare prepare) {
            gid = prepare.gid();
            openStreamed();
            return new TransactionInfo(
                    prepare.xid(), prepare.prepareLsn(), prepare.prepareTime(), OptionalLong.empty());
        }
        throw unexpected();
    }

    private void openStreamed() throws IOException {
        streamed = true;
        IntStream.Builder xids = IntStream.builder();
        while (nextRecord()) {
            if (records.type() == MessageType.STREAM_START) {
                aborted = new Aborted(xids.build().toArray());
                rolledBack = countsRolledBack ? new long[aborted.size()] : null;
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
        return open ? nextData() : null;
    }

    long ordinal() {
        return ordinal;
    }

    /** Before the first change: the next is the one behind this. */
    void skipThrough(long through) {
        skippedThrough = through;
    }

    private Change nextData() throws IOException {
        if (standalone != null) {
            Change message = standalone;
            standalone = null;
            ordinal++;
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
                    if (!isAborted() && ++ordinal > skippedThrough) {
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
                case MessageType.COMMIT, MessageType.PREPARE, MessageType.STREAM_STOP -> {
                    if (streamed != (type == MessageType.STREAM_STOP)
                            || levels.getFirst().isSegment()) {
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
        if (!streamed || aborted.size() == 0) {
            return false;
        }
        int index = aborted.indexOf(
                RawMessage.streamedXid(records.bytes(), records.offset(), records.length(), records.walStart()));
        if (index >= 0 && rolledBack != null) {
            rolledBack[index]++;
        }
        return index >= 0;
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
            Level level = levels.getFirst();
            if (open && arriving != null && levels.size() == 1) {
                enterArriving();
                continue;
            }
            // What was rolled back counts in frames, but has no ordinal.
            if (ordinal < skippedThrough && aborted.size() == 0) {
                int passed = level.frames().passOver(skippedThrough - ordinal);
                ordinal += passed;
                if (passed > 0) {
                    continue;
                }
            }
            byte[] payload = level.frames().next();
            if (payload != null) {
                records.open(payload, 0, payload.length);
            } else if (levels.size() == 1) {
                return false;
            } else {
                if (level.named() != null) {
                    level.frames().requireIs(level.named());
                } else if (level.isSegment()) {
                    arrived.add(level.frames().asSegment());
                }
                level.frames().close();
                levels.removeFirst();
                records = levels.getFirst().records();
            }
        }
    }

    private void enterSegment() throws IOException {
        if (levels.getFirst().isSegment()) {
            throw unexpected();
        }
        Segment named = StagedRecords.segment(records.bytes(), records.offset(), records.length());
        segments.add(named);
        if (!arrived.isEmpty()) {
            arrived.removeFirst().requireIs(named, frames.path().resolveSibling(named.name()));
        } else if (arriving == null) {
            enter(levels.getFirst().frames().openSegment(files, named), true, named);
        } else {
            // The transaction ended before more than the header of its file was read: both have been moved since.
            enter(nextArriving(), true, named);
        }
    }

    /** Behind the head of a transaction: its body, as far as it has come, before the file can say where it is. */
    private void enterArriving() throws IOException {
        FrameReader segment = nextArriving();
        if (segment == null) {
            arriving = null;
        } else {
            enter(segment, true, null);
        }
    }

    private FrameReader nextArriving() throws IOException {
        return arriving.open(arrivedCount++);
    }

    private void enter(FrameReader opened, boolean segment, Segment named) {
        records = new RecordReader();
        levels.addFirst(new Level(opened, records, segment, named));
    }

    private CorruptStagedFileException cut(String missing) {
        return new CorruptStagedFileException(
                frames.path(), frames.position(), "a " + missing + " message", "the footer inside a transaction");
    }

    private MalformedMessageException unexpected() {
        FrameReader in = levels.getFirst().frames();
        return new MalformedMessageException("staged file " + in.path() + ", frame before offset " + in.position()
                + ": " + MessageType.name(records.type()) + " message where none belongs");
    }

    @Override
    public void close() throws IOException {
        for (Level level : levels) {
            level.frames().close();
        }
    }
}
