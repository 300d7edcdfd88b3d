package io.pg2any.pgoutput;

import io.pg2any.change.Column;
import io.pg2any.change.Lsn;
import io.pg2any.change.ReplicaIdentity;
import io.pg2any.change.Tuple;
import java.time.Instant;
import java.util.List;

/**
 * One message of the pgoutput plug-in, protocol 1 to 4, field by field as in
 * <a href="https://www.postgresql.org/docs/current/protocol-logicalrep-message-formats.html">Logical Replication
 * Message Formats</a>. Immutable; tuples are views of the bytes that were decoded.
 *
 * <p>{@code xid} of the messages that may arrive inside a streamed block is the (sub)transaction that made the change,
 * and 0 outside such a block, where the wire does not carry it. Oids and xids are unsigned.
 */
public sealed interface PgOutputMessage {
    /** A message of a transaction's body: legal only after something has opened one. */
    sealed interface Body extends PgOutputMessage
            permits RelationMessage, TypeMessage, Insert, Update, Delete, Truncate, LogicalMessage {
        int xid();
    }

    /** What the old tuple of an UPDATE or DELETE holds. */
    enum OldTuple {
        /** The identity columns; the others are NULL because they were not sent. */
        KEY,
        /** Every column: the replica identity is FULL. */
        FULL
    }

    /**
     * @param finalLsn the start of the commit record, as {@link Commit#commitLsn}
     */
    record Begin(Lsn finalLsn, Instant commitTime, int xid) implements PgOutputMessage {}

    /**
     * @param commitLsn the start of the commit record; orders transactions
     * @param endLsn the first byte after the commit record
     */
    record Commit(Lsn commitLsn, Lsn endLsn, Instant commitTime) implements PgOutputMessage {}

    /**
     * Where the transaction came from before it reached this source; directly after what opens the transaction.
     *
     * @param commitLsn the commit at the origin, {@code 0/0} in streamed transactions
     */
    record Origin(Lsn commitLsn, String name) implements PgOutputMessage {}

    /**
     * @param schema as on the wire: empty means {@code pg_catalog}
     * @param columns without type names, which the wire sends apart ({@link TypeMessage}); {@link RelationCache} joins
     *     them
     */
    record RelationMessage(
            int xid, int oid, String schema, String name, ReplicaIdentity replicaIdentity, List<Column> columns)
            implements Body {
        public RelationMessage {
            columns = List.copyOf(columns);
        }
    }

    /**
     * A type that is not built in, ahead of the relations that use it.
     *
     * @param schema as on the wire: empty means {@code pg_catalog}
     * @param name for a domain the name of its base type
     */
    record TypeMessage(int xid, int oid, String schema, String name) implements Body {}

    record Insert(int xid, int relationOid, Tuple row) implements Body {}

    /**
     * @param oldTuple null, as {@code old} is, when the server had no need to send the old row
     */
    record Update(int xid, int relationOid, OldTuple oldTuple, Tuple old, Tuple row) implements Body {}

    record Delete(int xid, int relationOid, OldTuple oldTuple, Tuple old) implements Body {}

    record Truncate(int xid, List<Integer> relationOids, boolean cascade, boolean restartIdentity) implements Body {
        public Truncate {
            relationOids = List.copyOf(relationOids);
        }
    }

    /**
     * {@code pg_logical_emit_message}.
     *
     * @param xid inside a streamed block the top-level transaction, even when a subtransaction emitted it
     * @param lsn the end of the message's WAL record
     */
    record LogicalMessage(int xid, boolean transactional, Lsn lsn, String prefix, byte[] content) implements Body {}

    /**
     * Opens a block of a transaction that is still in progress.
     *
     * @param xid the top-level transaction
     * @param firstSegment whether this is its first block on this connection
     */
    record StreamStart(int xid, boolean firstSegment) implements PgOutputMessage {}

    record StreamStop() implements PgOutputMessage {}

    record StreamCommit(int xid, Lsn commitLsn, Lsn endLsn, Instant commitTime) implements PgOutputMessage {}

    /**
     * @param xid the top-level transaction
     * @param subxid what is rolled back; equal to {@code xid} when all of it is
     * @param abortLsn null unless the session streams with {@code streaming 'parallel'}
     * @param abortTime as {@code abortLsn}
     */
    record StreamAbort(int xid, int subxid, Lsn abortLsn, Instant abortTime) implements PgOutputMessage {}

    /**
     * @param prepareLsn the start of the prepare record
     * @param endLsn the first byte after the prepare record
     */
    record BeginPrepare(Lsn prepareLsn, Lsn endLsn, Instant prepareTime, int xid, String gid)
            implements PgOutputMessage {}

    record Prepare(Lsn prepareLsn, Lsn endLsn, Instant prepareTime, int xid, String gid) implements PgOutputMessage {}

    record CommitPrepared(Lsn commitLsn, Lsn endLsn, Instant commitTime, int xid, String gid)
            implements PgOutputMessage {}

    /**
     * @param prepareEndLsn {@link Prepare#endLsn} of what is rolled back
     * @param rollbackEndLsn the first byte after the rollback record
     */
    record RollbackPrepared(
            Lsn prepareEndLsn, Lsn rollbackEndLsn, Instant prepareTime, Instant rollbackTime, int xid, String gid)
            implements PgOutputMessage {}

    /** {@link Prepare} of a transaction that was streamed. */
    record StreamPrepare(Lsn prepareLsn, Lsn endLsn, Instant prepareTime, int xid, String gid)
            implements PgOutputMessage {}
}
