package io.pg2any.pgoutput;

import io.pg2any.change.Lsn;
import io.pg2any.change.Tuple;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.Objects;

/**
 * Reads one message front to back and never beyond its end. Every read names its field, for the error only. Integers
 * are big-endian. One thread; {@link #open} starts over on another message.
 */
final class WireReader {
    /** 2000-01-01 00:00 UTC, where PostgreSQL's timestamps count from, in Unix seconds. */
    private static final long POSTGRES_EPOCH_SECONDS = 946_684_800L;

    private static final long MICROS = 1_000_000L;
    private static final VarHandle INT16 = MethodHandles.byteArrayViewVarHandle(short[].class, ByteOrder.BIG_ENDIAN);
    static final VarHandle INT32 = MethodHandles.byteArrayViewVarHandle(int[].class, ByteOrder.BIG_ENDIAN);
    static final VarHandle INT64 = MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.BIG_ENDIAN);

    private byte[] bytes;
    private int start;
    private int at;
    private int end;
    private long walStart;

    /**
     * @return the type byte, which has been read
     */
    byte open(byte[] bytes, int offset, int length, long walStart) throws MalformedMessageException {
        Objects.checkFromIndexSize(offset, length, bytes.length);
        if (length == 0) {
            throw new MalformedMessageException("message at LSN " + new Lsn(walStart) + ": empty, it has no type byte");
        }
        this.bytes = bytes;
        this.start = offset;
        this.at = offset + 1;
        this.end = offset + length;
        this.walStart = walStart;
        return bytes[offset];
    }

    byte int8(String field) throws MalformedMessageException {
        need(1, field);
        return bytes[at++];
    }

    short int16(String field) throws MalformedMessageException {
        need(2, field);
        short value = (short) INT16.get(bytes, at);
        at += 2;
        return value;
    }

    int int32(String field) throws MalformedMessageException {
        need(4, field);
        int value = (int) INT32.get(bytes, at);
        at += 4;
        return value;
    }

    long int64(String field) throws MalformedMessageException {
        need(8, field);
        long value = (long) INT64.get(bytes, at);
        at += 8;
        return value;
    }

    /** Never 0, which is no transaction. */
    int xid(String field) throws MalformedMessageException {
        int value = int32(field);
        if (value == 0) {
            throw malformed(field, at - 4, "0 is not a transaction id");
        }
        return value;
    }

    /** Never 0, which is no object. */
    int oid(String field) throws MalformedMessageException {
        int value = int32(field);
        if (value == 0) {
            throw malformed(field, at - 4, "0 is not an oid");
        }
        return value;
    }

    Lsn lsnOrZero(String field) throws MalformedMessageException {
        return new Lsn(int64(field));
    }

    Lsn lsn(String field) throws MalformedMessageException {
        long value = int64(field);
        if (value == 0) {
            throw malformed(field, at - 8, "0/0 is not a position");
        }
        return new Lsn(value);
    }

    Instant timestamp(String field) throws MalformedMessageException {
        long micros = int64(field);
        return Instant.ofEpochSecond(
                POSTGRES_EPOCH_SECONDS + Math.floorDiv(micros, MICROS), Math.floorMod(micros, MICROS) * 1000);
    }

    /**
     * @param known the bits that have a meaning
     */
    int flags(String field, int known) throws MalformedMessageException {
        int value = int8(field) & 0xFF;
        if ((value & ~known) != 0) {
            throw malformed(field, at - 1, "unknown bits 0x" + Integer.toHexString(value & ~known));
        }
        return value;
    }

    /** NUL-terminated UTF-8; a name that is not must not be mended, it would be the name of something else. */
    String string(String field) throws MalformedMessageException {
        int from = at;
        int to = from;
        while (to < end && bytes[to] != 0) {
            to++;
        }
        if (to == end) {
            throw malformed(field, from, "no terminating NUL before the end of the message");
        }
        at = to + 1;
        try {
            return StandardCharsets.UTF_8
                    .newDecoder()
                    .decode(ByteBuffer.wrap(bytes, from, to - from))
                    .toString();
        } catch (CharacterCodingException e) {
            MalformedMessageException malformed = malformed(field, from, "not valid UTF-8");
            malformed.initCause(e);
            throw malformed;
        }
    }

    /** Int32 length and that many bytes, copied. */
    byte[] content(String field) throws MalformedMessageException {
        int length = int32(field);
        if (length < 0 || length > end - at) {
            throw badLength(field, at - 4, length);
        }
        byte[] content = new byte[length];
        System.arraycopy(bytes, at, content, 0, length);
        at += length;
        return content;
    }

    /**
     * Tuple data as a view: Int16 columns, then one value each, whose layout {@link Tuple} shows.
     *
     * @param old whether it is an old row, whose values the server never leaves out as unchanged
     */
    Tuple tuple(String field, boolean old) throws MalformedMessageException {
        int columns = int16(field);
        if (columns < 0 || columns > end - at) {
            throw malformed(field, at - 2, columns + " columns, " + (end - at) + " bytes left");
        }
        byte[] bytes = this.bytes;
        int end = this.end;
        int at = this.at;
        int[] starts = new int[columns];
        for (int column = 0; column < columns; column++) {
            if (at >= end) {
                throw malformed(ofColumn("kind", column, field), at, "1 byte needed, none left");
            }
            starts[column] = at;
            byte kind = bytes[at++];
            if (kind == Tuple.TEXT || kind == Tuple.BINARY) {
                if (end - at < 4) {
                    throw malformed(ofColumn("length", column, field), at, "4 bytes needed, " + (end - at) + " left");
                }
                int length = (int) INT32.get(bytes, at);
                at += 4;
                if (length < 0 || length > end - at) {
                    throw badLength(ofColumn("length", column, field), at - 4, length);
                }
                at += length;
            } else if (kind != Tuple.NULL && (kind != Tuple.UNCHANGED || old)) {
                throw malformed(
                        ofColumn("kind", column, field),
                        at - 1,
                        "0x" + Integer.toHexString(kind & 0xFF)
                                + (old ? " (expected n, t or b)" : " (expected n, u, t or b)"));
            }
        }
        this.at = at;
        return new Tuple(bytes, starts);
    }

    private static String ofColumn(String what, int column, String field) {
        return what + " of column " + (column + 1) + " of " + field;
    }

    /** Bytes not yet read. */
    int remaining() {
        return end - at;
    }

    /** Asserts that the message has been read to its end. */
    void end() throws MalformedMessageException {
        if (at != end) {
            throw malformed("end of message", at, (end - at) + " bytes too many");
        }
    }

    private void need(int size, String field) throws MalformedMessageException {
        if (end - at < size) {
            throw malformed(field, at, size + (size == 1 ? " byte" : " bytes") + " needed, " + (end - at) + " left");
        }
    }

    private MalformedMessageException badLength(String field, int at, int length) {
        return malformed(field, at, "length " + length + ", " + (end - at - 4) + " bytes left");
    }

    /** For the value that has just been read and took {@code size} bytes. */
    MalformedMessageException malformedValue(String field, int size, String problem) {
        return malformed(field, at - size, problem);
    }

    /** For what the message as a whole says. */
    MalformedMessageException malformed(String problem) {
        return MalformedMessageException.of(bytes[start], walStart, problem);
    }

    private MalformedMessageException malformed(String field, int at, String problem) {
        return malformed(field + " at byte " + (at - start) + ": " + problem);
    }
}
