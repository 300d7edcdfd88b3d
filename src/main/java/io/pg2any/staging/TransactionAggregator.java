package io.pg2any.staging;

import io.pg2any.change.Lsn;
import io.pg2any.change.SourceIdentity;
import io.pg2any.pgoutput.MalformedMessageException;
import io.pg2any.pgoutput.MessageChunk;
import io.pg2any.pgoutput.MessageType;
import io.pg2any.pgoutput.RawMessage;
import io.pg2any.pgoutput.RecordReader;
import io.pg2any.pgoutput.StreamState;
import io.pg2any.staging.SessionRelations.Announcement;
import java.time.Clock;
import java.time.Instant;

/**
 * Turns the messages of a session into whole committed transactions. {@link #scan} works in memory alone, so a chunk is
 * taken or it is not; when something has to be written or sealed is decided by {@link StagingLog}, before and after.
 *
 * <p>At most three things exist at a time, in this order of commit: a large transaction that has committed and waits to
 * be sealed, the batch of small transactions after it, the transaction that is arriving. Guarded by the log's lock.
 */
final class TransactionAggregator {
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

    private OpenFile committedSpool;
    private OpenFile batch;
    private boolean inTransaction;
    /** The transaction between Begin and Commit was staged before: nothing of it is kept. */
    private boolean skipping;

    private Announcement lastUsed;
    /** Of transactions and files alike. */
    private long lastSerial;

    private int runStart;

    TransactionAggregator(StagingConfig config, Clock clock) {
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
        return inTransaction && !skipping ? Lsn.max(through, new Lsn(transaction.commitLsn())) : through;
    }

    /** Sealed first; null if there is none. */
    OpenFile committedSpool() {
        return committedSpool;
    }

    /** Whole transactions, or a position that moved; null if there is neither. */
    OpenFile batch() {
        return batch;
    }

    /** One of the two is in pending/. */
    void sealed(OpenFile file) {
        if (file == committedSpool) {
            committedSpool = null;
        } else if (file == batch) {
            batch = null;
        }
    }

    /** The file of a large transaction that is still arriving; null if there is none. */
    OpenFile arriving() {
        return inTransaction ? transaction.spool() : null;
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
        if (idle != null && !inTransaction && (idle.isAfter(through) || (freshStart && idle.equals(through)))) {
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
                default ->
                    throw new MalformedMessageException(MessageType.name(bytes[at]) + " message at LSN "
                            + new Lsn(walStart) + ": streamed and prepared transactions are not enabled");
            }
        }
        if (inTransaction && !skipping) {
            keep(bytes, end);
        }
    }

    private void begin(byte[] bytes, int at, int length, long walStart) throws MalformedMessageException {
        long commitLsn = RawMessage.commitLsn(bytes, at, length, walStart);
        inTransaction = true;
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
        Lsn end = new Lsn(RawMessage.endLsn(bytes, at, length, walStart));
        if (end.value() == transaction.commitLsn() || end.isBefore(new Lsn(transaction.commitLsn()))) {
            throw new MalformedMessageException("Commit message at LSN " + new Lsn(walStart) + ": end LSN " + end
                    + " is not after commit LSN " + new Lsn(transaction.commitLsn()));
        }
        OpenFile spool = transaction.spool();
        if (spool != null) {
            spool.buffer.append(bytes, runStart, at + length);
            spool.committed(end, transaction.changes());
            committedSpool = spool;
        } else if (transaction.changes() == 0) {
            // PostgreSQL 14 sends transactions that are empty after filtering: they only move the position.
            openBatch().moveThrough(end);
        } else {
            OpenFile file = openBatch();
            transaction.moveTo(file);
            file.buffer.append(bytes, runStart, at + length);
            file.committed(end, transaction.changes());
        }
        transaction.clear();
        through = end;
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
        Announcement announcement = relations.get(oid);
        if (announcement == null) {
            throw new MalformedMessageException(MessageType.name(bytes[at]) + " message at LSN " + new Lsn(walStart)
                    + ": relation with oid " + Integer.toUnsignedString(oid)
                    + " has not been announced in this session");
        }
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

    private void truncate(byte[] bytes, int at, int length, long walStart) throws MalformedMessageException {
        transaction.countChange();
        int count = length < 6 ? 0 : (int) StagedFileFormat.INT32.get(bytes, at + 1);
        if (count <= 0 || count > (length - 6) / 4) {
            throw new MalformedMessageException("Truncate message at LSN " + new Lsn(walStart) + ": " + count
                    + " relations in " + length + " bytes");
        }
        for (int i = 0; i < count; i++) {
            use((int) StagedFileFormat.INT32.get(bytes, at + 6 + 4 * i), bytes, at, walStart);
        }
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
        }
        return batch;
    }

    private OpenFile newFile(String kind) {
        long serial = ++lastSerial;
        Instant now = clock.instant();
        return new OpenFile(
                serial,
                new StagedFileHeader(source, through, config.acknowledge(), now),
                config.received().resolve(StagedFileName.received(through, kind, serial)),
                blocks);
    }
}
