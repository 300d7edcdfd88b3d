package io.pg2any.staging;

import io.pg2any.change.Lsn;
import io.pg2any.change.SourceIdentity;
import io.pg2any.pgoutput.MalformedMessageException;
import io.pg2any.pgoutput.MessageChunk;
import io.pg2any.pgoutput.MessageType;
import io.pg2any.pgoutput.PgOutputMessage;
import io.pg2any.pgoutput.RawMessage;
import io.pg2any.pgoutput.RecordReader;
import io.pg2any.pgoutput.StreamState;
import io.pg2any.staging.PreparedTransactions.Prepared;
import io.pg2any.staging.SessionRelations.Announcement;
import java.time.Clock;
import java.util.ArrayDeque;
import java.util.Collection;
import java.util.Deque;

/**
 * Turns the messages of a session into whole committed transactions. {@link #scan} works in memory alone, so a chunk is
 * taken or it is not; when something has to be written or sealed is decided by {@link StagingLog}, before and after.
 *
 * <p>What has committed and waits to be sealed is a queue of files in the order of commit: a large transaction is one, a
 * batch of small ones is one, and the last batch still grows. Besides there are the transaction between Begin and Commit,
 * and streamed transactions in any number, which come after everything in the queue. Guarded by the log's lock.
 */
final class TransactionAggregator {
    /** Bytes of the xid that a message of a streamed block has more. */
    private static final int XID = 4;

    private static final int RECORD_HEADER = MessageChunk.RECORD_HEADER;

    private final StagingConfig config;
    private final Clock clock;
    private final FrameBuffer.Blocks blocks = new FrameBuffer.Blocks();
    private final RecordReader records = new RecordReader();
    private final SessionRelations relations = new SessionRelations();
    private final OpenTransaction transaction = new OpenTransaction(blocks);

    private SourceIdentity source;
    private long session;
    /** Null before the first session. */
    private StreamState state;

    private MalformedMessageException failure;
    /** Everything that committed before it is staged or was; null until a session or the target says where we are. */
    private Lsn through;
    /** A pipeline's very first position is nowhere yet: it must be staged even though nothing has moved. */
    private boolean freshStart;

    private final Deque<OpenFile> whole = new ArrayDeque<>();
    /** The last of them, if it still grows. */
    private OpenFile batch;

    private final PreparedTransactions prepared;
    private final OpenStreams streams = new OpenStreams();
    /** Between Stream Start and Stream Stop; null outside. */
    private StreamedTransaction stream;

    private boolean inTransaction;
    /** Whether it ends with a Prepare. */
    private boolean preparing;
    /** The transaction between Begin and Commit was staged before: nothing of it is kept. */
    private boolean skipping;

    private Announcement lastUsed;
    /** Of transactions and files alike. */
    private long lastSerial;

    private int runStart;

    TransactionAggregator(StagingConfig config, Clock clock, PreparedTransactions prepared) {
        this.prepared = prepared;
        this.config = config;
        this.clock = clock;
    }

    Lsn through() {
        return through;
    }

    /** Where staging stands before the first session. */
    void startAt(SourceIdentity identity, Lsn lsn) {
        source = identity;
        through = lsn;
    }

    /** Null before anything is known. */
    SourceIdentity source() {
        return source;
    }

    boolean isSession(MessageChunk chunk) {
        return state != null && session == chunk.session();
    }

    /** 0 before the first. */
    long session() {
        return session;
    }

    /** The highest commit that messages have arrived of. */
    Lsn received() {
        return inTransaction && !skipping && !preparing ? Lsn.max(through, new Lsn(transaction.commitLsn())) : through;
    }

    /** What waits to be sealed, in order. */
    Collection<OpenFile> whole() {
        return whole;
    }

    /** Sealed next; null if there is none. */
    OpenFile firstWhole() {
        return whole.peekFirst();
    }

    /** Whether there is something to seal that does not grow any more. */
    boolean hasFinished() {
        return !whole.isEmpty() && whole.peekFirst() != batch;
    }

    /** Whole transactions, or a position that moved, to which more can be added; null if there is neither. */
    OpenFile batch() {
        return batch;
    }

    /** The first is in pending/. */
    void sealed(OpenFile file) {
        if (whole.peekFirst() == file) {
            whole.removeFirst();
        }
        if (file == batch) {
            batch = null;
        }
    }

    OpenStreams streams() {
        return streams;
    }

    /** The file of a large transaction that is still arriving; null if there is none. */
    OpenFile arriving() {
        return inTransaction ? transaction.spool() : null;
    }

    /** Whether that will be prepared, not committed. */
    boolean isPreparing() {
        return inTransaction && preparing;
    }

    /** The bytes of the arriving transaction that are still in memory; 0 once it has a file. */
    long transactionMemoryBytes() {
        return inTransaction && transaction.spool() == null ? transaction.memoryBytes() : 0;
    }

    /** Gives the arriving transaction a file of its own; everything before it must have been sealed. */
    void spoolTransaction() {
        transaction.spoolTo(newFile("transaction"));
    }

    /** The session has ended, and what was in progress with it. A file it has must have been abandoned before. */
    void dropTransaction() {
        inTransaction = false;
        skipping = false;
        transaction.clear();
        stream = null;
        streams.discardAll();
        relations.clear();
        lastUsed = null;
    }

    /**
     * Whether a session may follow on what is staged; changes nothing.
     *
     * @throws IllegalStateException if the session is older than the last
     * @throws PositionMismatchException if the session comes from another cluster, or starts behind what is staged
     */
    void requireContinues(MessageChunk first) {
        if (state != null && first.session() < session) {
            throw new IllegalStateException("chunk of session " + first.session() + " after session " + session);
        }
        SourceIdentity identity = first.source();
        if (source != null && !source.systemIdentifier().equals(identity.systemIdentifier())) {
            throw new PositionMismatchException("the source is cluster " + identity.systemIdentifier() + ", staged in "
                    + config.folder() + " is cluster " + source.systemIdentifier());
        }
        if (through != null && first.start().isAfter(through)) {
            throw new PositionMismatchException("the session starts at " + first.start() + ", but staged is only what"
                    + " committed before " + through + ": what lies between would be lost");
        }
    }

    /** What was in progress is dropped; a file it has must have been abandoned before. */
    void beginSession(MessageChunk first) {
        dropTransaction();
        if (through == null) {
            through = first.start();
            freshStart = true;
        }
        source = first.source();
        session = first.session();
        state = new StreamState();
        failure = null;
    }

    /**
     * Takes a whole chunk of the current session.
     *
     * @throws MalformedMessageException fatal for the session: a message was not legal where it came; later chunks of
     *     the session are refused with the same error
     */
    void scan(MessageChunk chunk) throws MalformedMessageException {
        if (failure != null) {
            throw failure;
        }
        try {
            scanRecords(chunk);
        } catch (MalformedMessageException e) {
            failure = e;
            throw e;
        }
        Lsn idle = chunk.idleThrough();
        // Inside a transaction it is not the end of anything we hold; a later one will say as much.
        if (idle != null && !state.inTransaction() && (idle.isAfter(through) || (freshStart && idle.equals(through)))) {
            openBatch().moveThrough(idle);
            through = idle;
            freshStart = false;
        }
    }

    private void scanRecords(MessageChunk chunk) throws MalformedMessageException {
        byte[] bytes = chunk.bytes();
        records.open(bytes, 0, chunk.length());
        runStart = 0;
        int end = 0;
        while (records.next()) {
            int at = records.offset();
            int length = records.length();
            long walStart = records.walStart();
            end = at + length;
            state.accept(bytes, at, length, walStart);
            if (stream != null) {
                scanStreamed(bytes, at, length, walStart);
                continue;
            }
            switch (bytes[at]) {
                case MessageType.INSERT, MessageType.UPDATE, MessageType.DELETE -> {
                    int oid = RawMessage.oid(bytes, at, length, walStart, false);
                    if (!skipping) {
                        transaction.countChange();
                        if (lastUsed == null || lastUsed.oid != oid || transaction.isFirstUse(lastUsed)) {
                            use(oid, bytes, at, walStart);
                        }
                    }
                }
                case MessageType.TRUNCATE -> {
                    if (!skipping) {
                        truncate(bytes, at, length, walStart);
                    }
                }
                case MessageType.LOGICAL_MESSAGE -> {
                    if (!inTransaction) {
                        standaloneMessage(bytes, at, length, walStart);
                    } else if (!skipping) {
                        transaction.countChange();
                    }
                }
                case MessageType.RELATION -> {
                    int oid = RawMessage.oid(bytes, at, length, walStart, false);
                    lastUsed = relations.relation(oid, bytes, at - RECORD_HEADER, end);
                    if (!skipping) {
                        transaction.announces(lastUsed);
                    }
                }
                case MessageType.TYPE -> relations.type(bytes, at - RECORD_HEADER, end);
                case MessageType.BEGIN -> begin(bytes, at, length, walStart);
                case MessageType.ORIGIN -> {
                    if (!skipping) {
                        transaction.appendHead(bytes, at - RECORD_HEADER, end);
                        runStart = end;
                    }
                }
                case MessageType.COMMIT -> commit(bytes, at, length, walStart);
                case MessageType.STREAM_START -> streamStart(bytes, at, length, walStart);
                case MessageType.STREAM_ABORT -> streamAbort(bytes, at, length, walStart);
                case MessageType.STREAM_COMMIT -> streamCommit(bytes, at, length, walStart);
                case MessageType.BEGIN_PREPARE -> beginPrepare(bytes, at, length, walStart);
                case MessageType.PREPARE -> prepare(bytes, at, length, walStart);
                case MessageType.STREAM_PREPARE -> streamPrepare(bytes, at, length, walStart);
                case MessageType.COMMIT_PREPARED -> commitPrepared(bytes, at, length, walStart);
                case MessageType.ROLLBACK_PREPARED -> rollbackPrepared(bytes, at, length, walStart);
                default ->
                    throw new MalformedMessageException(MessageType.name(bytes[at]) + " message at LSN "
                            + new Lsn(walStart) + " does not belong here");
            }
        }
        if (stream != null) {
            stream.spool.buffer.append(bytes, runStart, end);
        } else if (inTransaction && !skipping) {
            keep(bytes, end);
        }
    }

    /** A message of the open block of a streamed transaction. */
    private void scanStreamed(byte[] bytes, int at, int length, long walStart) throws MalformedMessageException {
        switch (bytes[at]) {
            case MessageType.INSERT, MessageType.UPDATE, MessageType.DELETE -> {
                stream.subtransactions.countChange(RawMessage.streamedXid(bytes, at, length, walStart));
                int oid = RawMessage.oid(bytes, at, length, walStart, true);
                if (lastUsed == null || lastUsed.oid != oid) {
                    useStreamed(oid, bytes, at, walStart);
                }
            }
            case MessageType.TRUNCATE -> {
                stream.subtransactions.countChange(RawMessage.streamedXid(bytes, at, length, walStart));
                for (int oid : truncated(bytes, at, length, walStart, XID)) {
                    useStreamed(oid, bytes, at, walStart);
                }
            }
            case MessageType.LOGICAL_MESSAGE ->
                stream.subtransactions.countChange(RawMessage.streamedXid(bytes, at, length, walStart));
            case MessageType.RELATION -> {
                int oid = RawMessage.oid(bytes, at, length, walStart, true);
                byte[] plain = StagedRecords.outOfStream(bytes, at - RECORD_HEADER, at + length);
                lastUsed = stream.announced().relation(oid, plain, 0, plain.length, relations);
            }
            case MessageType.TYPE -> {
                RawMessage.oid(bytes, at, length, walStart, true);
                byte[] plain = StagedRecords.outOfStream(bytes, at - RECORD_HEADER, at + length);
                stream.announced().type(plain, 0, plain.length);
            }
            case MessageType.STREAM_STOP -> {
                stream.spool.buffer.append(bytes, runStart, at - RECORD_HEADER);
                stream = null;
                lastUsed = null;
            }
            default -> {
                // Origin: stays where it is.
            }
        }
    }

    private void streamStart(byte[] bytes, int at, int length, long walStart) throws MalformedMessageException {
        int xid = RawMessage.xid(bytes, at, length, walStart);
        stream = streams.get(xid);
        if (stream == null) {
            stream = new StreamedTransaction(xid, newSpool(xid));
            streams.begin(stream);
        }
        runStart = at + length;
        lastUsed = null;
    }

    /** Of a transaction or subtransaction we know nothing of too: what it changed need not have been sent. */
    private void streamAbort(byte[] bytes, int at, int length, long walStart) throws MalformedMessageException {
        int xid = RawMessage.xid(bytes, at, length, walStart);
        int aborted = RawMessage.abortedXid(bytes, at, length, walStart);
        StreamedTransaction known = streams.get(xid);
        if (known == null) {
            return;
        }
        if (aborted == xid) {
            streams.remove(xid);
            streams.discard(known);
        } else {
            known.subtransactions.abort(aborted);
        }
    }

    private void streamCommit(byte[] bytes, int at, int length, long walStart) throws MalformedMessageException {
        Lsn commitLsn = new Lsn(RawMessage.commitLsn(bytes, at, length, walStart));
        Lsn end = endAfter(commitLsn, bytes, at, length, walStart);
        StreamedTransaction committed = streams.remove(RawMessage.xid(bytes, at, length, walStart));
        relations.merge(committed.announced());
        lastUsed = null;
        if (commitLsn.isBefore(through)) {
            // Staged in an earlier session.
            streams.discard(committed);
            return;
        }
        long changes = committed.subtransactions.surviving();
        if (changes == 0) {
            openBatch().moveThrough(end);
            streams.discard(committed);
        } else {
            OpenFile file = committed.spool.inMemory() ? openBatch() : newFile("streamed");
            file.buffer.append(StagedRecords.changes(changes));
            file.buffer.append(bytes, at - RECORD_HEADER, at + length);
            appendBody(file, committed);
            if (file != batch) {
                whole.addLast(file);
                batch = null;
            }
            file.committed(end, changes);
        }
        through = end;
    }

    private void begin(byte[] bytes, int at, int length, long walStart) throws MalformedMessageException {
        long commitLsn = RawMessage.commitLsn(bytes, at, length, walStart);
        inTransaction = true;
        preparing = false;
        skipping = Long.compareUnsigned(commitLsn, through.value()) < 0;
        if (!skipping) {
            transaction.begin(++lastSerial, commitLsn);
            transaction.appendHead(bytes, at - RECORD_HEADER, at + length);
            runStart = at + length;
        }
    }

    private void commit(byte[] bytes, int at, int length, long walStart) throws MalformedMessageException {
        boolean keep = !skipping;
        inTransaction = false;
        skipping = false;
        if (!keep) {
            return;
        }
        Lsn end = endAfter(new Lsn(transaction.commitLsn()), bytes, at, length, walStart);
        OpenFile spool = transaction.spool();
        if (spool != null) {
            spool.buffer.append(bytes, runStart, at + length);
            spool.committed(end, transaction.changes());
            whole.addLast(spool);
        } else if (transaction.changes() == 0) {
            // PostgreSQL 14 sends transactions that are empty after filtering: they only move the position.
            openBatch().moveThrough(end);
        } else {
            OpenFile file = openBatch();
            file.buffer.append(StagedRecords.changes(transaction.changes()));
            transaction.moveTo(file);
            file.buffer.append(bytes, runStart, at + length);
            file.committed(end, transaction.changes());
        }
        transaction.clear();
        through = end;
    }

    private void appendBody(OpenFile file, StreamedTransaction streamed) {
        file.buffer.append(StagedRecords.aborted(streamed.subtransactions.aborted()));
        file.buffer.append(StagedRecords.streamStart(streamed.xid));
        if (streamed.spool.inMemory()) {
            file.buffer.take(streamed.spool.buffer);
            file.buffer.append(StagedRecords.streamStop());
            file.announceAgain(++lastSerial);
        } else {
            file.bodyIn(streamed.spool);
        }
    }

    /** One that is known comes again; its LSN decides nothing, an old prepare may come when it is committed. */
    private void beginPrepare(byte[] bytes, int at, int length, long walStart) throws MalformedMessageException {
        PgOutputMessage.BeginPrepare begin = (PgOutputMessage.BeginPrepare) decode(bytes, at, length, walStart);
        inTransaction = true;
        preparing = true;
        skipping = prepared.get(begin.xid(), begin.gid()) != null;
        if (!skipping) {
            transaction.begin(++lastSerial, begin.prepareLsn().value());
            transaction.appendHead(bytes, at - RECORD_HEADER, at + length);
            runStart = at + length;
        }
    }

    private void prepare(byte[] bytes, int at, int length, long walStart) throws MalformedMessageException {
        PgOutputMessage.Prepare prepare = (PgOutputMessage.Prepare) decode(bytes, at, length, walStart);
        boolean keep = !skipping;
        inTransaction = false;
        skipping = false;
        if (keep) {
            OpenFile file = transaction.spool();
            if (file == null) {
                file = newFile("prepared");
                transaction.moveTo(file);
            }
            file.buffer.append(bytes, runStart, at + length);
            file.committed(prepare.endLsn(), transaction.changes());
            prepared.prepared(prepare.xid(), prepare.gid(), file, transaction.changes());
            transaction.clear();
        }
    }

    private void streamPrepare(byte[] bytes, int at, int length, long walStart) throws MalformedMessageException {
        PgOutputMessage.StreamPrepare prepare = (PgOutputMessage.StreamPrepare) decode(bytes, at, length, walStart);
        StreamedTransaction streamed = streams.remove(prepare.xid());
        relations.merge(streamed.announced());
        lastUsed = null;
        if (prepared.get(prepare.xid(), prepare.gid()) != null) {
            streams.discard(streamed);
            return;
        }
        OpenFile file = newFile("prepared");
        file.buffer.append(bytes, at - RECORD_HEADER, at + length);
        appendBody(file, streamed);
        long changes = streamed.subtransactions.surviving();
        file.committed(prepare.endLsn(), changes);
        prepared.prepared(prepare.xid(), prepare.gid(), file, changes);
    }

    private void commitPrepared(byte[] bytes, int at, int length, long walStart) throws MalformedMessageException {
        PgOutputMessage.CommitPrepared commit = (PgOutputMessage.CommitPrepared) decode(bytes, at, length, walStart);
        Lsn end = endAfter(commit.commitLsn(), bytes, at, length, walStart);
        Prepared known = prepared.get(commit.xid(), commit.gid());
        if (commit.commitLsn().isBefore(through)) {
            if (known != null) {
                prepared.drop(known);
            }
            return;
        }
        if (known == null) {
            throw new MalformedMessageException("Commit Prepared message at LSN " + new Lsn(walStart)
                    + ": transaction \"" + commit.gid() + "\" (" + Integer.toUnsignedString(commit.xid())
                    + ") was prepared, but it is not in " + config.prepared() + ", and the source does not send it"
                    + " again; restore the folder, or copy the tables again");
        }
        OpenFile file = openBatch();
        file.buffer.append(StagedRecords.changes(known.changes()));
        file.buffer.append(bytes, at - RECORD_HEADER, at + length);
        file.buffer.append(StagedRecords.prepared(known.name()));
        file.announceAgain(++lastSerial);
        file.bodyIsPrepared(known.name());
        file.committed(end, known.changes());
        prepared.committed(known);
        through = end;
    }

    /** One that is not known was dropped before, or prepared before the slot. */
    private void rollbackPrepared(byte[] bytes, int at, int length, long walStart) throws MalformedMessageException {
        PgOutputMessage.RollbackPrepared rollback =
                (PgOutputMessage.RollbackPrepared) decode(bytes, at, length, walStart);
        Prepared known = prepared.get(rollback.xid(), rollback.gid());
        if (known != null) {
            prepared.drop(known);
        }
        if (rollback.rollbackEndLsn().isAfter(through)) {
            openBatch().moveThrough(rollback.rollbackEndLsn());
            through = rollback.rollbackEndLsn();
        }
    }

    private static PgOutputMessage decode(byte[] bytes, int at, int length, long walStart)
            throws MalformedMessageException {
        return StagedTransactions.DECODER.decode(bytes, at, length, walStart, false);
    }

    private static Lsn endAfter(Lsn commitLsn, byte[] bytes, int at, int length, long walStart)
            throws MalformedMessageException {
        Lsn end = new Lsn(RawMessage.endLsn(bytes, at, length, walStart));
        if (!end.isAfter(commitLsn)) {
            throw new MalformedMessageException(MessageType.name(bytes[at]) + " message at LSN " + new Lsn(walStart)
                    + ": end LSN " + end + " is not after commit LSN " + commitLsn);
        }
        return end;
    }

    /** Where a chunk ends inside a transaction. */
    private void keep(byte[] bytes, int end) {
        OpenFile spool = transaction.spool();
        (spool == null ? transaction.body : spool.buffer).append(bytes, runStart, end);
    }

    /**
     * Makes sure that the file of the transaction announces the relation before this message.
     *
     * @param at the message: what is before it may already have been in need of the same
     */
    private void use(int oid, byte[] bytes, int at, long walStart) throws MalformedMessageException {
        Announcement announcement = announced(relations.get(oid), oid, bytes, at, walStart);
        lastUsed = announcement;
        if (!transaction.isFirstUse(announcement)) {
            return;
        }
        transaction.needs(announcement);
        OpenFile spool = transaction.spool();
        if (spool != null) {
            spool.buffer.append(bytes, runStart, at - RECORD_HEADER);
            spool.buffer.append(announcement.records, 0, announcement.records.length);
            runStart = at - RECORD_HEADER;
        }
    }

    /** The same for a message of the open streamed block. */
    private void useStreamed(int oid, byte[] bytes, int at, long walStart) throws MalformedMessageException {
        Announcement announcement = announced(stream.relation(oid, relations), oid, bytes, at, walStart);
        lastUsed = announcement;
        if (stream.lacks(announcement)) {
            stream.spool.buffer.append(bytes, runStart, at - RECORD_HEADER);
            stream.append(announcement);
            runStart = at - RECORD_HEADER;
        }
    }

    private static Announcement announced(Announcement found, int oid, byte[] bytes, int at, long walStart)
            throws MalformedMessageException {
        if (found == null) {
            throw new MalformedMessageException(MessageType.name(bytes[at]) + " message at LSN " + new Lsn(walStart)
                    + ": relation with oid " + Integer.toUnsignedString(oid)
                    + " has not been announced in this session");
        }
        return found;
    }

    private void truncate(byte[] bytes, int at, int length, long walStart) throws MalformedMessageException {
        transaction.countChange();
        for (int oid : truncated(bytes, at, length, walStart, 0)) {
            use(oid, bytes, at, walStart);
        }
    }

    /**
     * @param skipped bytes between the type byte and the message's own fields
     */
    private static int[] truncated(byte[] bytes, int at, int length, long walStart, int skipped)
            throws MalformedMessageException {
        int fields = length - skipped;
        int count = fields < 6 ? 0 : (int) StagedFileFormat.INT32.get(bytes, at + skipped + 1);
        if (count <= 0 || count > (fields - 6) / 4) {
            throw new MalformedMessageException("Truncate message at LSN " + new Lsn(walStart) + ": " + count
                    + " relations in " + length + " bytes");
        }
        int[] oids = new int[count];
        for (int i = 0; i < count; i++) {
            oids[i] = (int) StagedFileFormat.INT32.get(bytes, at + skipped + 6 + 4 * i);
        }
        return oids;
    }

    /** Not transactional: counts as a transaction of its own that commits where the message is. */
    private void standaloneMessage(byte[] bytes, int at, int length, long walStart) throws MalformedMessageException {
        Lsn end = new Lsn(RawMessage.messageLsn(bytes, at, length, walStart, false));
        if (end.isAfter(through)) {
            OpenFile file = openBatch();
            file.buffer.append(bytes, at - RECORD_HEADER, at + length);
            file.committed(end, 1);
            through = end;
        }
    }

    private OpenFile openBatch() {
        if (batch == null) {
            batch = newFile("batch");
            whole.addLast(batch);
        }
        return batch;
    }

    private Spool newSpool(int xid) {
        String name = StagedFileName.received(through, Integer.toUnsignedString(xid), ++lastSerial);
        return new Spool(newHeader(), config.received(), name, config.segmentBytes(), blocks);
    }

    private StagedFileHeader newHeader() {
        return new StagedFileHeader(source, through, config.acknowledge(), clock.instant());
    }

    private OpenFile newFile(String kind) {
        long serial = ++lastSerial;
        return new OpenFile(
                serial, newHeader(), config.received().resolve(StagedFileName.received(through, kind, serial)), blocks);
    }
}
