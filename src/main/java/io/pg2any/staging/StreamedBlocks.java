package io.pg2any.staging;

import io.pg2any.change.Lsn;
import io.pg2any.pgoutput.MalformedMessageException;
import io.pg2any.pgoutput.MessageChunk;
import io.pg2any.pgoutput.MessageType;
import io.pg2any.pgoutput.RawMessage;
import io.pg2any.staging.SessionRelations.Announcement;

/**
 * Takes the messages of transactions that the server streams while they are open: blocks, Stream Start through Stream
 * Stop, in any order, and what ends such a transaction. Guarded by the log's lock.
 */
final class StreamedBlocks {
    private static final int RECORD_HEADER = MessageChunk.RECORD_HEADER;

    private final CommittedFiles committed;
    /** What the session has announced outside of blocks. */
    private final SessionRelations relations;

    private final OpenStreams streams = new OpenStreams();
    /** Whose block is open; null outside. */
    private StreamedTransaction stream;
    /** What its last change used; null if that is not known. */
    private Announcement lastUsed;
    /** From here on the chunk's records belong to the open block and are not in its spool. */
    private int runStart;

    StreamedBlocks(CommittedFiles committed, SessionRelations relations) {
        this.committed = committed;
        this.relations = relations;
    }

    OpenStreams streams() {
        return streams;
    }

    /** Between Stream Start and Stream Stop. */
    boolean inBlock() {
        return stream != null;
    }

    /** The session has ended. */
    void drop() {
        stream = null;
        lastUsed = null;
        streams.discardAll();
    }

    /** The records of the next chunk start at 0. */
    void chunkBegins() {
        runStart = 0;
    }

    /** Where a chunk ends inside a block. */
    void chunkEnds(byte[] bytes, int end) {
        stream.spool.buffer.append(bytes, runStart, end);
    }

    void start(byte[] bytes, int at, int length, long walStart) throws MalformedMessageException {
        int xid = RawMessage.xid(bytes, at, length, walStart);
        stream = streams.get(xid);
        if (stream == null) {
            stream = new StreamedTransaction(xid, committed.newSpool(Integer.toUnsignedString(xid)));
            streams.begin(stream);
        }
        runStart = at + length;
        lastUsed = null;
    }

    /** A message of the open block. */
    void scan(byte[] bytes, int at, int length, long walStart) throws MalformedMessageException {
        switch (bytes[at]) {
            case MessageType.INSERT, MessageType.UPDATE, MessageType.DELETE -> {
                stream.subtransactions.countChange(RawMessage.streamedXid(bytes, at, length, walStart));
                int oid = RawMessage.oid(bytes, at, length, walStart, true);
                if (lastUsed == null || lastUsed.oid != oid) {
                    use(oid, bytes, at, walStart);
                }
            }
            case MessageType.TRUNCATE -> {
                stream.subtransactions.countChange(RawMessage.streamedXid(bytes, at, length, walStart));
                for (int oid : RawMessage.truncatedOids(bytes, at, length, walStart, true)) {
                    use(oid, bytes, at, walStart);
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

    /** Makes sure that the spool has the version of the relation that this message is bound to, before it. */
    private void use(int oid, byte[] bytes, int at, long walStart) throws MalformedMessageException {
        Announcement announcement =
                SessionRelations.required(stream.relation(oid, relations), oid, bytes[at], walStart);
        lastUsed = announcement;
        if (stream.lacks(announcement)) {
            stream.spool.buffer.append(bytes, runStart, at - RECORD_HEADER);
            stream.append(announcement);
            runStart = at - RECORD_HEADER;
        }
    }

    /** Of a transaction or subtransaction we know nothing of too: what it changed need not have been sent. */
    void abort(byte[] bytes, int at, int length, long walStart) throws MalformedMessageException {
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

    /**
     * @param commitLsn of the message
     * @param end of the message
     */
    void commit(Lsn commitLsn, Lsn end, byte[] bytes, int at, int length, long walStart)
            throws MalformedMessageException {
        StreamedTransaction streamed = end(RawMessage.xid(bytes, at, length, walStart));
        if (commitLsn.isBefore(committed.through())) {
            // Staged in an earlier session.
            streams.discard(streamed);
            return;
        }
        long changes = streamed.subtransactions.surviving();
        if (changes == 0) {
            committed.moveThrough(end);
            streams.discard(streamed);
        } else {
            OpenFile file = streamed.spool.inMemory() ? committed.openBatch() : committed.newFile("streamed");
            file.buffer.append(StagedRecords.changes(changes));
            file.buffer.append(bytes, at - RECORD_HEADER, at + length);
            appendTo(file, streamed);
            committed.committed(file, end, changes);
        }
    }

    /** It is in progress no more, and what it has announced is in force outside. */
    StreamedTransaction end(int xid) {
        StreamedTransaction streamed = streams.remove(xid);
        relations.merge(streamed.announced());
        return streamed;
    }

    /** Everything of the transaction but the message that ended it. */
    void appendTo(OpenFile file, StreamedTransaction streamed) {
        file.buffer.append(StagedRecords.aborted(streamed.subtransactions.aborted()));
        file.buffer.append(StagedRecords.streamStart(streamed.xid));
        if (streamed.spool.inMemory()) {
            file.buffer.take(streamed.spool.buffer);
            file.announceAgain(committed.nextSerial());
        } else {
            file.bodyIn(streamed.spool);
        }
        byte[] stop = StagedRecords.streamStop();
        file.append(stop, 0, stop.length);
    }
}
