package io.pg2any.pgoutput;

import io.pg2any.change.Lsn;
import io.pg2any.change.Tuple;

/**
 * The grammar of the five messages that carry data, once; a subclass says what is made of them. Each is read to its
 * end before anything is made.
 */
abstract class DataMessageReader<R> {
    private static final int TRUNCATE_CASCADE = 1;
    private static final int TRUNCATE_RESTART_IDENTITY = 2;
    private static final int MESSAGE_TRANSACTIONAL = 1;

    abstract R insert(int xid, int relationOid, Tuple row) throws MalformedMessageException;

    /**
     * @param oldTuple null, as {@code old} is, when no old row was sent
     */
    abstract R update(int xid, int relationOid, PgOutputMessage.OldTuple oldTuple, Tuple old, Tuple row)
            throws MalformedMessageException;

    abstract R delete(int xid, int relationOid, PgOutputMessage.OldTuple oldTuple, Tuple old)
            throws MalformedMessageException;

    abstract R truncate(int xid, int[] relationOids, boolean cascade, boolean restartIdentity)
            throws MalformedMessageException;

    abstract R logicalMessage(int xid, boolean transactional, Lsn lsn, String prefix, byte[] content)
            throws MalformedMessageException;

    /**
     * @param in stands after the type byte
     * @param type one of those {@link MessageType#isChange} accepts
     */
    final R read(WireReader in, byte type, boolean inStream) throws MalformedMessageException {
        int xid = inStream ? in.xid("xid") : 0;
        return switch (type) {
            case MessageType.INSERT -> readInsert(in, xid);
            case MessageType.UPDATE -> readUpdate(in, xid);
            case MessageType.DELETE -> readDelete(in, xid);
            case MessageType.TRUNCATE -> readTruncate(in, xid);
            case MessageType.LOGICAL_MESSAGE -> readLogicalMessage(in, xid);
            default -> throw in.malformed("not a message that carries data");
        };
    }

    private R readInsert(WireReader in, int xid) throws MalformedMessageException {
        int relationOid = in.oid("relation oid");
        byte kind = in.int8("new tuple marker");
        if (kind != 'N') {
            throw unknownMarker(in, "new tuple marker", kind, "N");
        }
        Tuple row = in.tuple("new tuple", false);
        in.end();
        return insert(xid, relationOid, row);
    }

    private R readUpdate(WireReader in, int xid) throws MalformedMessageException {
        int relationOid = in.oid("relation oid");
        byte kind = in.int8("tuple marker");
        PgOutputMessage.OldTuple oldTuple = null;
        Tuple old = null;
        if (kind != 'N') {
            oldTuple = oldTuple(in, kind, "K, O or N");
            old = in.tuple("old tuple", true);
            kind = in.int8("new tuple marker");
            if (kind != 'N') {
                throw unknownMarker(in, "new tuple marker", kind, "N");
            }
        }
        Tuple row = in.tuple("new tuple", false);
        in.end();
        return update(xid, relationOid, oldTuple, old, row);
    }

    private R readDelete(WireReader in, int xid) throws MalformedMessageException {
        int relationOid = in.oid("relation oid");
        PgOutputMessage.OldTuple oldTuple = oldTuple(in, in.int8("tuple marker"), "K or O");
        Tuple old = in.tuple("old tuple", true);
        in.end();
        return delete(xid, relationOid, oldTuple, old);
    }

    private R readTruncate(WireReader in, int xid) throws MalformedMessageException {
        int count = in.int32("relation count");
        if (count <= 0 || count > in.remaining() / 4) {
            throw in.malformedValue("relation count", 4, count + " relations, " + in.remaining() + " bytes left");
        }
        int flags = in.flags("truncate flags", TRUNCATE_CASCADE | TRUNCATE_RESTART_IDENTITY);
        int[] relationOids = new int[count];
        for (int i = 0; i < count; i++) {
            relationOids[i] = in.oid("relation oid");
        }
        in.end();
        return truncate(xid, relationOids, (flags & TRUNCATE_CASCADE) != 0, (flags & TRUNCATE_RESTART_IDENTITY) != 0);
    }

    private R readLogicalMessage(WireReader in, int xid) throws MalformedMessageException {
        boolean transactional = in.flags("message flags", MESSAGE_TRANSACTIONAL) != 0;
        Lsn lsn = in.lsn("message lsn");
        String prefix = in.string("prefix");
        byte[] content = in.content("content");
        in.end();
        return logicalMessage(xid, transactional, lsn, prefix, content);
    }

    private static PgOutputMessage.OldTuple oldTuple(WireReader in, byte kind, String expected)
            throws MalformedMessageException {
        return switch (kind) {
            case 'K' -> PgOutputMessage.OldTuple.KEY;
            case 'O' -> PgOutputMessage.OldTuple.FULL;
            default -> throw unknownMarker(in, "tuple marker", kind, expected);
        };
    }

    private static MalformedMessageException unknownMarker(WireReader in, String field, byte kind, String expected) {
        return in.malformedValue(field, 1, "0x" + Integer.toHexString(kind & 0xFF) + " (expected " + expected + ")");
    }
}
