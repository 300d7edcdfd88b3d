package io.pg2any.staging;

import io.pg2any.change.Lsn;
import io.pg2any.change.SourceIdentity;
import io.pg2any.pgoutput.MalformedMessageException;
import io.pg2any.pgoutput.MessageChunk;
import io.pg2any.pgoutput.MessageChunkWriter;
import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;

/** The messages of one replication session, as a server of protocol 1 sends them, collected into chunks. */
final class PgOutputBytes {
    static final SourceIdentity SOURCE = new SourceIdentity("7301234567890123456", 1, "pg2any");

    private final SourceIdentity source;
    private final long session;
    private final Lsn start;
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
        return message(0, new Fields('Y').int32(oid).string("public").string(name));
    }

    /** Every column is text, unless its name says {@code name:oid}; the first is the key. */
    PgOutputBytes relation(int oid, String name, String... columns) {
        Fields fields = new Fields('R')
                .int32(oid)
                .string("public")
                .string(name)
                .int8('d')
                .int16(columns.length);
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
        Fields fields = new Fields('I').int32(oid).int8('N').int16(values.length);
        for (String value : values) {
            fields.int8('t').text(value.getBytes(StandardCharsets.UTF_8));
        }
        return message(99, fields);
    }

    PgOutputBytes truncate(int... oids) {
        Fields fields = new Fields('T').int32(oids.length).int8(0);
        for (int oid : oids) {
            fields.int32(oid);
        }
        return message(99, fields);
    }

    PgOutputBytes logicalMessage(long lsn, boolean transactional, String content) {
        return message(
                lsn - 4,
                new Fields('M')
                        .int8(transactional ? 1 : 0)
                        .int64(lsn)
                        .string("prefix")
                        .text(content.getBytes(StandardCharsets.UTF_8)));
    }

    PgOutputBytes streamStart(int xid) {
        return message(99, new Fields('S').int32(xid).int8(1));
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
