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
import io.pg2any.staging.SessionRelations.Announcement;

/**
 * Turns the messages of a session into whole committed transactions. {@link #scan} works in memory alone, so a chunk is
 * taken or it is not; when something has to be written or sealed is decided by {@link StagingLog}, before and after.
 *
 * <p>Besides what has committed, {@link CommittedFiles}, there are the transaction between Begin and Commit, and streamed
 * transactions in any number, which come after everything that has committed. Guarded by the log's lock.
 */
final class TransactionAggregator {
    private static final int RECORD_HEADER = MessageChunk.RECORD_HEADER;

    private final StagingConfig config;
    private final CommittedFiles committed;
    private final PreparedTransactions prepared;
    private final RecordReader records = new RecordReader();
    private final SessionRelations relations = new SessionRelations();
    private final StreamedBlocks streamed;
    private final PreparedOutcomes outcomes;
    private final OpenTransaction transaction;

    private long session;
    /** Null before the first session. */
    private StreamState state;

    private MalformedMessageException failure;
    /** A pipeline's very first position is nowhere yet: it must be staged even though nothing has moved. */
    private boolean freshStart;

    private boolean inTransaction;
    /** Whether it ends with a Prepare. */
    private boolean preparing;
    /** The transaction between Begin and Commit was staged before: nothing of it is kept. */
    private boolean skipping;
    /** What its last change used; null if that is not known. */
    private Announcement lastUsed;
    /** From here on the chunk's records belong to it and have not been kept. */
    private int runStart;

    TransactionAggregator(StagingConfig config, CommittedFiles committed, PreparedTransactions prepared) {
        this.config = config;
        this.committed = committed;
        this.prepared = prepared;
        this.streamed = new StreamedBlocks(committed, relations);
        this.outcomes = new PreparedOutcomes(committed, prepared, config.prepared());
        this.transaction = new OpenTransaction(committed.blocks);
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
        Lsn through = committed.through();
        return inTransaction && !skipping && !preparing ? Lsn.max(through, new Lsn(transaction.commitLsn())) : through;
    }

    OpenStreams streams() {
        return streamed.streams();
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

    /** Gives the arriving transaction a file and segments of its own; everything before it must have been sealed. */
    void spoolTransaction() {
        OpenFile file = committed.newFile("transaction");
        file.bodyIn(committed.newSpool("transaction"));
        transaction.spoolTo(file);
    }

    /** The session has ended, and what was in progress with it. A file it has must have been abandoned before. */
    void dropTransaction() {
        inTransaction = false;
        skipping = false;
        transaction.clear();
        streamed.drop();
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
        SourceIdentity source = committed.source();
        if (source != null && !source.systemIdentifier().equals(identity.systemIdentifier())) {
            throw new PositionMismatchException("the source is cluster " + identity.systemIdentifier() + ", staged in "
                    + config.folder() + " is cluster " + source.systemIdentifier());
        }
        Lsn through = committed.through();
        if (through != null && first.start().isAfter(through)) {
            throw new PositionMismatchException("the session starts at " + first.start() + ", but staged is only what"
                    + " committed before " + through + ": what lies between would be lost");
        }
    }

    /** What was in progress is dropped; a file it has must have been abandoned before. */
    void beginSession(MessageChunk first) {
        dropTransaction();
        if (committed.through() == null) {
            freshStart = true;
        }
        committed.startAt(first.source(), committed.through() == null ? first.start() : committed.through());
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
        Lsn through = committed.through();
        if (idle != null && !state.inTransaction() && (idle.isAfter(through) || (freshStart && idle.equals(through)))) {
            committed.moveThrough(idle);
            freshStart = false;
        }
    }

    private void scanRecords(MessageChunk chunk) throws MalformedMessageException {
        byte[] bytes = chunk.bytes();
        records.open(bytes, 0, chunk.length());
        runStart = 0;
        streamed.chunkBegins();
        int end = 0;
        while (records.next()) {
            int at = records.offset();
            int length = records.length();
            long walStart = records.walStart();
            end = at + length;
            state.accept(bytes, at, length, walStart);
            if (streamed.inBlock()) {
                streamed.scan(bytes, at, length, walStart);
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
                case MessageType.STREAM_START -> streamed.start(bytes, at, length, walStart);
                case MessageType.STREAM_ABORT -> streamed.abort(bytes, at, length, walStart);
                case MessageType.STREAM_COMMIT -> streamCommit(bytes, at, length, walStart);
                case MessageType.BEGIN_PREPARE -> beginPrepare(bytes, at, length, walStart);
                case MessageType.PREPARE -> prepare(bytes, at, length, walStart);
                case MessageType.STREAM_PREPARE -> streamPrepare(bytes, at, length, walStart);
                case MessageType.COMMIT_PREPARED -> commitPrepared(bytes, at, length, walStart);
                case MessageType.ROLLBACK_PREPARED ->
                    outcomes.rollback((PgOutputMessage.RollbackPrepared) decode(bytes, at, length, walStart));
                default ->
                    throw new MalformedMessageException(MessageType.name(bytes[at]) + " message at LSN "
                            + new Lsn(walStart) + " does not belong here");
            }
        }
        if (streamed.inBlock()) {
            streamed.chunkEnds(bytes, end);
        } else if (inTransaction && !skipping) {
            keep(bytes, end);
        }
    }

    private void begin(byte[] bytes, int at, int length, long walStart) throws MalformedMessageException {
        long commitLsn = RawMessage.commitLsn(bytes, at, length, walStart);
        inTransaction = true;
        preparing = false;
        skipping = Long.compareUnsigned(commitLsn, committed.through().value()) < 0;
        if (!skipping) {
            transaction.begin(committed.nextSerial(), commitLsn);
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
            end(spool, bytes, at, length);
            committed.committed(spool, end, transaction.changes());
        } else if (transaction.changes() == 0) {
            // PostgreSQL 14 sends transactions that are empty after filtering: they only move the position.
            committed.moveThrough(end);
        } else {
            OpenFile file = committed.openBatch();
            file.buffer.append(StagedRecords.changes(transaction.changes()));
            transaction.moveTo(file);
            end(file, bytes, at, length);
            committed.committed(file, end, transaction.changes());
        }
        transaction.clear();
    }

    private void streamCommit(byte[] bytes, int at, int length, long walStart) throws MalformedMessageException {
        Lsn commitLsn = new Lsn(RawMessage.commitLsn(bytes, at, length, walStart));
        streamed.commit(commitLsn, endAfter(commitLsn, bytes, at, length, walStart), bytes, at, length, walStart);
        lastUsed = null;
    }

    /** One that is known comes again; its LSN decides nothing, an old prepare may come when it is committed. */
    private void beginPrepare(byte[] bytes, int at, int length, long walStart) throws MalformedMessageException {
        PgOutputMessage.BeginPrepare begin = (PgOutputMessage.BeginPrepare) decode(bytes, at, length, walStart);
        inTransaction = true;
        preparing = true;
        skipping = prepared.get(begin.xid(), begin.gid()) != null;
        if (!skipping) {
            transaction.begin(committed.nextSerial(), begin.prepareLsn().value());
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
                file = committed.newFile("prepared");
                transaction.moveTo(file);
            }
            end(file, bytes, at, length);
            file.committed(prepare.endLsn(), transaction.changes());
            prepared.prepared(prepare.xid(), prepare.gid(), file, transaction.changes());
            transaction.clear();
        }
    }

    private void streamPrepare(byte[] bytes, int at, int length, long walStart) throws MalformedMessageException {
        PgOutputMessage.StreamPrepare prepare = (PgOutputMessage.StreamPrepare) decode(bytes, at, length, walStart);
        StreamedTransaction body = streamed.end(prepare.xid());
        lastUsed = null;
        if (prepared.get(prepare.xid(), prepare.gid()) != null) {
            streams().discard(body);
            return;
        }
        OpenFile file = committed.newFile("prepared");
        file.buffer.append(bytes, at - RECORD_HEADER, at + length);
        streamed.appendTo(file, body);
        long changes = body.subtransactions.surviving();
        file.committed(prepare.endLsn(), changes);
        prepared.prepared(prepare.xid(), prepare.gid(), file, changes);
    }

    private void commitPrepared(byte[] bytes, int at, int length, long walStart) throws MalformedMessageException {
        PgOutputMessage.CommitPrepared commit = (PgOutputMessage.CommitPrepared) decode(bytes, at, length, walStart);
        Lsn end = endAfter(commit.commitLsn(), bytes, at, length, walStart);
        outcomes.commit(commit, end, bytes, at, length, walStart);
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
        (spool == null ? transaction.body : spool.body()).append(bytes, runStart, end);
    }

    /** The rest of the transaction's body, and the message that ends it. */
    private void end(OpenFile file, byte[] bytes, int at, int length) {
        file.body().append(bytes, runStart, at - RECORD_HEADER);
        file.append(bytes, at - RECORD_HEADER, at + length);
    }

    /**
     * Makes sure that the file of the transaction announces the relation before this message.
     *
     * @param at the message: what is before it may already have been in need of the same
     */
    private void use(int oid, byte[] bytes, int at, long walStart) throws MalformedMessageException {
        Announcement announcement = SessionRelations.required(relations.get(oid), oid, bytes[at], walStart);
        lastUsed = announcement;
        if (!transaction.isFirstUse(announcement)) {
            return;
        }
        transaction.needs(announcement);
        OpenFile spool = transaction.spool();
        if (spool != null) {
            spool.body().append(bytes, runStart, at - RECORD_HEADER);
            spool.body().append(announcement.records, 0, announcement.records.length);
            runStart = at - RECORD_HEADER;
        }
    }

    private void truncate(byte[] bytes, int at, int length, long walStart) throws MalformedMessageException {
        transaction.countChange();
        for (int oid : RawMessage.truncatedOids(bytes, at, length, walStart, false)) {
            use(oid, bytes, at, walStart);
        }
    }

    /** Not transactional: counts as a transaction of its own that commits where the message is. */
    private void standaloneMessage(byte[] bytes, int at, int length, long walStart) throws MalformedMessageException {
        Lsn end = new Lsn(RawMessage.messageLsn(bytes, at, length, walStart, false));
        if (end.isAfter(committed.through())) {
            OpenFile file = committed.openBatch();
            file.buffer.append(bytes, at - RECORD_HEADER, at + length);
            committed.committed(file, end, 1);
        }
    }
}
