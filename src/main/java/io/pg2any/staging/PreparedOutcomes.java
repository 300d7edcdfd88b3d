package io.pg2any.staging;

import io.pg2any.change.Lsn;
import io.pg2any.pgoutput.MalformedMessageException;
import io.pg2any.pgoutput.MessageChunk;
import io.pg2any.pgoutput.PgOutputMessage;
import io.pg2any.staging.PreparedTransactions.Prepared;
import java.nio.file.Path;

/** Takes what says how a prepared transaction ended. Guarded by the log's lock. */
final class PreparedOutcomes {
    private static final int RECORD_HEADER = MessageChunk.RECORD_HEADER;

    private final CommittedFiles committed;
    private final PreparedTransactions prepared;
    private final Path folder;

    PreparedOutcomes(CommittedFiles committed, PreparedTransactions prepared, Path folder) {
        this.committed = committed;
        this.prepared = prepared;
        this.folder = folder;
    }

    /** COMMIT PREPARED: the batch refers to the body. */
    void commit(PgOutputMessage.CommitPrepared commit, Lsn end, byte[] bytes, int at, int length, long walStart)
            throws MalformedMessageException {
        Prepared known = prepared.get(commit.xid(), commit.gid());
        if (commit.commitLsn().isBefore(committed.through())) {
            if (known != null) {
                prepared.drop(known);
            }
            return;
        }
        if (known == null) {
            throw new MalformedMessageException("Commit Prepared message at LSN " + new Lsn(walStart)
                    + ": transaction \"" + commit.gid() + "\" (" + Integer.toUnsignedString(commit.xid())
                    + ") was prepared, but it is not in " + folder + ", and the source does not send it"
                    + " again; restore the folder, or copy the tables again");
        }
        OpenFile file = committed.openBatch();
        file.buffer.append(StagedRecords.changes(known.changes()));
        file.buffer.append(bytes, at - RECORD_HEADER, at + length);
        file.buffer.append(StagedRecords.prepared(known.name()));
        file.announceAgain(committed.nextSerial());
        file.bodyIsPrepared(known.name());
        committed.committed(file, end, known.changes());
        prepared.committed(known);
    }

    /** One that is not known was dropped before, or prepared before the slot. */
    void rollback(PgOutputMessage.RollbackPrepared rollback) {
        Prepared known = prepared.get(rollback.xid(), rollback.gid());
        if (known != null) {
            prepared.drop(known);
        }
        if (rollback.rollbackEndLsn().isAfter(committed.through())) {
            committed.moveThrough(rollback.rollbackEndLsn());
        }
    }
}
