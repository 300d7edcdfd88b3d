package io.pg2any.pgoutput;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;

/** Writes a message by hand, field by field, as a server would. */
final class Wire {
    private final ByteArrayOutputStream out = new ByteArrayOutputStream();

    private Wire(char type) {
        out.write(type);
    }

    static Wire message(char type) {
        return new Wire(type);
    }

    static byte[] begin(long finalLsn, int xid) {
        return message('B').int64(finalLsn).int64(0).int32(xid).bytes();
    }

    static byte[] commit(long commitLsn) {
        return message('C')
                .int8(0)
                .int64(commitLsn)
                .int64(commitLsn + 40)
                .int64(0)
                .bytes();
    }

    static byte[] beginPrepare(long prepareLsn, int xid, String gid) {
        return message('b')
                .int64(prepareLsn)
                .int64(prepareLsn + 40)
                .int64(0)
                .int32(xid)
                .string(gid)
                .bytes();
    }

    static byte[] prepare(char type, long prepareLsn, int xid, String gid) {
        return message(type)
                .int8(0)
                .int64(prepareLsn)
                .int64(prepareLsn + 40)
                .int64(0)
                .int32(xid)
                .string(gid)
                .bytes();
    }

    static byte[] rollbackPrepared(int xid, String gid) {
        return message('r')
                .int8(0)
                .int64(140)
                .int64(200)
                .int64(0)
                .int64(1)
                .int32(xid)
                .string(gid)
                .bytes();
    }

    static byte[] streamStart(int xid, boolean first) {
        return message('S').int32(xid).int8(first ? 1 : 0).bytes();
    }

    static byte[] streamStop() {
        return message('E').bytes();
    }

    static byte[] streamCommit(int xid, long commitLsn) {
        return message('c')
                .int32(xid)
                .int8(0)
                .int64(commitLsn)
                .int64(commitLsn + 40)
                .int64(0)
                .bytes();
    }

    static byte[] streamAbort(int xid, int subxid) {
        return message('A').int32(xid).int32(subxid).bytes();
    }

    static byte[] origin(String name) {
        return message('O').int64(7).string(name).bytes();
    }

    static byte[] logicalMessage(boolean transactional, String prefix, String content) {
        return message('M')
                .int8(transactional ? 1 : 0)
                .int64(500)
                .string(prefix)
                .text(content)
                .bytes();
    }

    /** Columns as {@code name:typeOid}, those of the identity with a star in front. */
    static byte[] relation(int oid, String schema, String name, char identity, String... columns) {
        Wire wire = message('R')
                .int32(oid)
                .string(schema)
                .string(name)
                .int8(identity)
                .int16(columns.length);
        for (String column : columns) {
            String[] parts = column.replace("*", "").split(":");
            wire.int8(column.startsWith("*") ? 1 : 0)
                    .string(parts[0])
                    .int32(Integer.parseInt(parts[1]))
                    .int32(-1);
        }
        return wire.bytes();
    }

    static byte[] insert(int oid, String... values) {
        return message('I').int32(oid).int8('N').tuple(values).bytes();
    }

    /** The same message as it arrives inside a streamed block. */
    static byte[] streamed(int xid, byte[] message) {
        Wire wire = message((char) message[0]).int32(xid);
        wire.out.write(message, 1, message.length - 1);
        return wire.bytes();
    }

    Wire int8(int value) {
        out.write(value);
        return this;
    }

    Wire int16(int value) {
        out.writeBytes(ByteBuffer.allocate(2).putShort((short) value).array());
        return this;
    }

    Wire int32(int value) {
        out.writeBytes(ByteBuffer.allocate(4).putInt(value).array());
        return this;
    }

    Wire int64(long value) {
        out.writeBytes(ByteBuffer.allocate(8).putLong(value).array());
        return this;
    }

    Wire string(String value) {
        out.writeBytes(value.getBytes(StandardCharsets.UTF_8));
        out.write(0);
        return this;
    }

    Wire text(String value) {
        byte[] bytes = value.getBytes(StandardCharsets.UTF_8);
        int32(bytes.length);
        out.writeBytes(bytes);
        return this;
    }

    /** Null is NULL, {@code "u"} is an unchanged TOASTed value, everything else text. */
    Wire tuple(String... values) {
        int16(values.length);
        for (String value : values) {
            if (value == null) {
                int8('n');
            } else if (value.equals("u")) {
                int8('u');
            } else {
                int8('t').text(value);
            }
        }
        return this;
    }

    byte[] bytes() {
        return out.toByteArray();
    }
}
