package io.pg2any.staging;

import io.pg2any.change.Lsn;
import io.pg2any.change.SourceIdentity;
import io.pg2any.pgoutput.MalformedMessageException;
import io.pg2any.pgoutput.MessageChunk;
import io.pg2any.pgoutput.MessageChunkWriter;
import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.HashSet;
import java.util.Set;

/** The messages of one replication session, as a server sends them, collected into chunks. */
final class PgOutputBytes {
    static final SourceIdentity SOURCE = new SourceIdentity("7301234567890123456", 1, "pg2any");

    private final SourceIdentity source;
    private final long session;
    private final Lsn start;
    private final Set<Integer> streams = new HashSet<>();
    private int subtransaction;
    private final MessageChunkWriter writer = new MessageChunkWriter(1024);

    PgOutputBytes(long session, long start) {
        this(SOURCE, session, start);
    }

    PgOutputBytes(SourceIdentity source, long session, long start) {
        this.source = source;
        this.session = session;
        this.start = new Lsn(start);
    }

    PgOutputBytes begin(long commitLsn, int xid) {
        return message(
                commitLsn - 10,
                new Fields('B').int64(commitLsn).int64(1_000_000L * xid).int32(xid));
    }

    PgOutputBytes commit(long commitLsn) {
        return message(
                commitLsn + 8,
                new Fields('C').int8(0).int64(commitLsn).int64(commitLsn + 8).int64(0));
    }

    PgOutputBytes origin(String name) {
        return message(0, new Fields('O').int64(7).string(name));
    }

    PgOutputBytes type(int oid, String name) {
        return message(0, body('Y').int32(oid).string("public").string(name));
    }

    /** Every column is text, unless its name says {@code name:oid}; the first is the key. */
    PgOutputBytes relation(int oid, String name, String... columns) {
        Fields fields =
                body('R').int32(oid).string("public").string(name).int8('d').int16(columns.length);
        for (int i = 0; i < columns.length; i++) {
            String[] parts = columns[i].split(":");
            fields.int8(i == 0 ? 1 : 0)
                    .string(parts[0])
                    .int32(parts.length > 1 ? Integer.parseInt(parts[1]) : 25)
                    .int32(-1);
        }
        return message(0, fields);
    }

    PgOutputBytes insert(int oid, String... values) {
        Fields fields = body('I').int32(oid).int8('N').int16(values.length);
        for (String value : values) {
            fields.int8('t').text(value.getBytes(StandardCharsets.UTF_8));
        }
        return message(99, fields);
    }

    PgOutputBytes truncate(int... oids) {
        Fields fields = body('T').int32(oids.length).int8(0);
        for (int oid : oids) {
            fields.int32(oid);
        }
        return message(99, fields);
    }

    PgOutputBytes logicalMessage(long lsn, boolean transactional, String content) {
        return message(
                lsn - 4,
                body('M')
                        .int8(transactional ? 1 : 0)
                        .int64(lsn)
                        .string("prefix")
                        .text(content.getBytes(StandardCharsets.UTF_8)));
    }

    /** Up to {@link #streamStop} the messages carry the xid of {@link #in}, at first this one. */
    PgOutputBytes streamStart(int xid) {
        message(99, new Fields('S').int32(xid).int8(streams.add(xid) ? 1 : 0));
        subtransaction = xid;
        return this;
    }

    /** The messages that follow are of this subtransaction. */
    PgOutputBytes in(int xid) {
        subtransaction = xid;
        return this;
    }

    PgOutputBytes streamStop() {
        subtransaction = 0;
        return message(99, new Fields('E'));
    }

    PgOutputBytes streamCommit(int xid, long commitLsn) {
        return message(
                commitLsn + 8,
                new Fields('c')
                        .int32(xid)
                        .int8(0)
                        .int64(commitLsn)
                        .int64(commitLsn + 8)
                        .int64(0));
    }

    PgOutputBytes streamAbort(int xid, int aborted) {
        return message(99, new Fields('A').int32(xid).int32(aborted));
    }

    /** As with {@code streaming 'parallel'}. */
    PgOutputBytes streamAbort(int xid, int aborted, long abortLsn) {
        return message(
                abortLsn,
                new Fields('A').int32(xid).int32(aborted).int64(abortLsn).int64(0));
    }

    PgOutputBytes beginPrepare(long prepareLsn, int xid, String gid) {
        return message(
                prepareLsn - 10,
                new Fields('b')
                        .int64(prepareLsn)
                        .int64(prepareLsn + 8)
                        .int64(0)
                        .int32(xid)
                        .string(gid));
    }

    PgOutputBytes prepare(long prepareLsn, int xid, String gid) {
        return prepare('P', prepareLsn, xid, gid);
    }

    PgOutputBytes streamPrepare(long prepareLsn, int xid, String gid) {
        return prepare('p', prepareLsn, xid, gid);
    }

    private PgOutputBytes prepare(char type, long prepareLsn, int xid, String gid) {
        return message(
                prepareLsn + 8,
                new Fields(type)
                        .int8(0)
                        .int64(prepareLsn)
                        .int64(prepareLsn + 8)
                        .int64(0)
                        .int32(xid)
                        .string(gid));
    }

    PgOutputBytes commitPrepared(long commitLsn, int xid, String gid) {
        return message(
                commitLsn + 8,
                new Fields('K')
                        .int8(0)
                        .int64(commitLsn)
                        .int64(commitLsn + 8)
                        .int64(0)
                        .int32(xid)
                        .string(gid));
    }

    PgOutputBytes rollbackPrepared(long prepareEndLsn, long rollbackEndLsn, int xid, String gid) {
        return message(
                rollbackEndLsn,
                new Fields('r')
                        .int8(0)
                        .int64(prepareEndLsn)
                        .int64(rollbackEndLsn)
                        .int64(0)
                        .int64(0)
                        .int32(xid)
                        .string(gid));
    }

    /** The type byte, and the xid that belongs behind it in a streamed block. */
    private Fields body(char type) {
        Fields fields = new Fields(type);
        return subtransaction == 0 ? fields : fields.int32(subtransaction);
    }

    /** A whole transaction of one table, announced before. */
    PgOutputBytes transaction(long commitLsn, int oid, String... values) {
        begin(commitLsn, (int) commitLsn);
        for (String value : values) {
            insert(oid, value);
        }
        return commit(commitLsn);
    }

    int size() {
        return writer.size();
    }

    MessageChunk chunk() {
        return writer.toChunk(source, session, start, null);
    }

    MessageChunk chunk(long idleThrough) {
        return writer.toChunk(source, session, start, new Lsn(idleThrough));
    }

    private PgOutputBytes message(long walStart, Fields fields) {
        byte[] bytes = fields.out.toByteArray();
        try {
            writer.append(bytes, 0, bytes.length, walStart);
        } catch (MalformedMessageException e) {
            throw new AssertionError(e);
        }
        return this;
    }

    private static final class Fields {
        private final ByteArrayOutputStream out = new ByteArrayOutputStream();

        Fields(char type) {
            out.write(type);
        }

        Fields int8(int value) {
            out.write(value);
            return this;
        }

        Fields int16(int value) {
            out.writeBytes(ByteBuffer.allocate(2).putShort((short) value).array());
            return this;
        }

        Fields int32(int value) {
            out.writeBytes(ByteBuffer.allocate(4).putInt(value).array());
            return this;
        }

        Fields int64(long value) {
            out.writeBytes(ByteBuffer.allocate(8).putLong(value).array());
            return this;
        }

        Fields string(String value) {
            out.writeBytes(value.getBytes(StandardCharsets.UTF_8));
            out.write(0);
            return this;
        }

        Fields text(byte[] value) {
            int32(value.length);
            out.writeBytes(value);
            return this;
        }
    }
}
