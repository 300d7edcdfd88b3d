package io.pg2any.pgoutput;

import io.pg2any.change.Column;
import io.pg2any.change.Lsn;
import io.pg2any.change.ReplicaIdentity;
import io.pg2any.change.Tuple;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * The bytes of one message to one {@link PgOutputMessage}. A message is consumed exactly: whatever is missing, left
 * over or not defined by the protocol is a {@link MalformedMessageException} that names message, field, byte and LSN.
 *
 * <p>Immutable, safe for any number of threads.
 */
public final class PgOutputDecoder {
    private static final DataMessageReader<PgOutputMessage> DATA = new DataMessages();

    private final boolean abortCarriesLsn;

    /**
     * @param parallelStreaming whether the session asked for {@code streaming 'parallel'}: then, whatever the protocol
     *     version, a Stream Abort also carries LSN and time of the abort
     */
    public PgOutputDecoder(boolean parallelStreaming) {
        this.abortCarriesLsn = parallelStreaming;
    }

    /**
     * @param walStart of the message's XLogData header, for errors
     * @param inStream whether a streamed block is open ({@link StreamState#inStream}): its messages carry an xid more
     */
    public PgOutputMessage decode(byte[] bytes, int offset, int length, long walStart, boolean inStream)
            throws MalformedMessageException {
        WireReader in = new WireReader();
        byte type = in.open(bytes, offset, length, walStart);
        if (MessageType.isChange(type)) {
            return DATA.read(in, type, inStream);
        }
        PgOutputMessage message = switch (type) {
            case MessageType.BEGIN ->
                new PgOutputMessage.Begin(in.lsn("final lsn"), in.timestamp("commit time"), in.xid("xid"));
            case MessageType.COMMIT -> commit(in);
            case MessageType.ORIGIN ->
                new PgOutputMessage.Origin(in.lsnOrZero("origin commit lsn"), in.string("origin name"));
            case MessageType.RELATION -> relation(in, inStream);
            case MessageType.TYPE ->
                new PgOutputMessage.TypeMessage(
                        inStream ? in.xid("xid") : 0, in.oid("type oid"), in.string("schema"), in.string("type name"));
            case MessageType.STREAM_START ->
                new PgOutputMessage.StreamStart(in.xid("xid"), in.flags("first segment", 1) != 0);
            case MessageType.STREAM_STOP -> new PgOutputMessage.StreamStop();
            case MessageType.STREAM_COMMIT -> streamCommit(in);
            case MessageType.STREAM_ABORT -> streamAbort(in);
            case MessageType.BEGIN_PREPARE ->
                new PgOutputMessage.BeginPrepare(
                        in.lsn("prepare lsn"),
                        in.lsn("end lsn"),
                        in.timestamp("prepare time"),
                        in.xid("xid"),
                        in.string("gid"));
            case MessageType.PREPARE -> prepare(in);
            case MessageType.COMMIT_PREPARED -> commitPrepared(in);
            case MessageType.ROLLBACK_PREPARED -> rollbackPrepared(in);
            case MessageType.STREAM_PREPARE -> streamPrepare(in);
            default -> throw in.malformed("no such message in protocol 1 to 4");
        };
        in.end();
        return message;
    }

    private static PgOutputMessage commit(WireReader in) throws MalformedMessageException {
        in.flags("flags", 0);
        return new PgOutputMessage.Commit(in.lsn("commit lsn"), in.lsn("end lsn"), in.timestamp("commit time"));
    }

    private static PgOutputMessage streamCommit(WireReader in) throws MalformedMessageException {
        int xid = in.xid("xid");
        in.flags("flags", 0);
        return new PgOutputMessage.StreamCommit(
                xid, in.lsn("commit lsn"), in.lsn("end lsn"), in.timestamp("commit time"));
    }

    private PgOutputMessage streamAbort(WireReader in) throws MalformedMessageException {
        int xid = in.xid("xid");
        int subxid = in.xid("subtransaction xid");
        // The LSN is 0/0 when the server learns of the abort only by restarting, without an abort record.
        Lsn abortLsn = abortCarriesLsn ? in.lsnOrZero("abort lsn") : null;
        Instant abortTime = abortCarriesLsn ? in.timestamp("abort time") : null;
        return new PgOutputMessage.StreamAbort(xid, subxid, abortLsn, abortTime);
    }

    private static PgOutputMessage prepare(WireReader in) throws MalformedMessageException {
        in.flags("flags", 0);
        return new PgOutputMessage.Prepare(
                in.lsn("prepare lsn"),
                in.lsn("end lsn"),
                in.timestamp("prepare time"),
                in.xid("xid"),
                in.string("gid"));
    }

    private static PgOutputMessage streamPrepare(WireReader in) throws MalformedMessageException {
        in.flags("flags", 0);
        return new PgOutputMessage.StreamPrepare(
                in.lsn("prepare lsn"),
                in.lsn("end lsn"),
                in.timestamp("prepare time"),
                in.xid("xid"),
                in.string("gid"));
    }

    private static PgOutputMessage commitPrepared(WireReader in) throws MalformedMessageException {
        in.flags("flags", 0);
        return new PgOutputMessage.CommitPrepared(
                in.lsn("commit lsn"), in.lsn("end lsn"), in.timestamp("commit time"), in.xid("xid"), in.string("gid"));
    }

    private static PgOutputMessage rollbackPrepared(WireReader in) throws MalformedMessageException {
        in.flags("flags", 0);
        return new PgOutputMessage.RollbackPrepared(
                in.lsn("prepare end lsn"),
                in.lsn("rollback end lsn"),
                in.timestamp("prepare time"),
                in.timestamp("rollback time"),
                in.xid("xid"),
                in.string("gid"));
    }

    private static PgOutputMessage relation(WireReader in, boolean inStream) throws MalformedMessageException {
        int xid = inStream ? in.xid("xid") : 0;
        int oid = in.oid("relation oid");
        String schema = in.string("schema");
        String name = in.string("relation name");
        ReplicaIdentity replicaIdentity = replicaIdentity(in);
        int count = in.int16("column count");
        if (count < 0 || count > in.remaining()) {
            throw in.malformedValue("column count", 2, count + " columns, " + in.remaining() + " bytes left");
        }
        List<Column> columns = new ArrayList<>(count);
        for (int i = 0; i < count; i++) {
            boolean identity = in.flags("column flags", 1) != 0;
            String column = in.string("column name");
            columns.add(new Column(column, in.oid("column type oid"), in.int32("column type modifier"), "", identity));
        }
        return new PgOutputMessage.RelationMessage(xid, oid, schema, name, replicaIdentity, columns);
    }

    private static ReplicaIdentity replicaIdentity(WireReader in) throws MalformedMessageException {
        byte code = in.int8("replica identity");
        return switch (code) {
            case 'd' -> ReplicaIdentity.DEFAULT;
            case 'n' -> ReplicaIdentity.NOTHING;
            case 'f' -> ReplicaIdentity.FULL;
            case 'i' -> ReplicaIdentity.INDEX;
            default ->
                throw in.malformedValue(
                        "replica identity", 1, "0x" + Integer.toHexString(code & 0xFF) + " (expected d, n, f or i)");
        };
    }

    private static final class DataMessages extends DataMessageReader<PgOutputMessage> {
        @Override
        PgOutputMessage insert(int xid, int relationOid, Tuple row) {
            return new PgOutputMessage.Insert(xid, relationOid, row);
        }

        @Override
        PgOutputMessage update(int xid, int relationOid, PgOutputMessage.OldTuple oldTuple, Tuple old, Tuple row) {
            return new PgOutputMessage.Update(xid, relationOid, oldTuple, old, row);
        }

        @Override
        PgOutputMessage delete(int xid, int relationOid, PgOutputMessage.OldTuple oldTuple, Tuple old) {
            return new PgOutputMessage.Delete(xid, relationOid, oldTuple, old);
        }

        @Override
        PgOutputMessage truncate(int xid, int[] relationOids, boolean cascade, boolean restartIdentity) {
            return new PgOutputMessage.Truncate(
                    xid, Arrays.stream(relationOids).boxed().toList(), cascade, restartIdentity);
        }

        @Override
        PgOutputMessage logicalMessage(int xid, boolean transactional, Lsn lsn, String prefix, byte[] content) {
            return new PgOutputMessage.LogicalMessage(xid, transactional, lsn, prefix, content);
        }
    }
}
