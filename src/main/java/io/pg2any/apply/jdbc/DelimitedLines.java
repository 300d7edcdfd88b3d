package io.pg2any.apply.jdbc;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.util.Arrays;

/**
 * A buffer of lines as {@code COPY} and {@code LOAD DATA} read them: a tab ends a field, a newline a line, a backslash
 * escapes the byte after it, {@code \N} alone is NULL.
 *
 * @see <a href="https://www.postgresql.org/docs/current/sql-copy.html#id-1.9.3.55.9.2">COPY, text format</a>
 */
final class DelimitedLines {
    private static final VarHandle LONG = MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.nativeOrder());
    private static final long EACH = 0x0101010101010101L;
    private static final long HIGH = 0x8080808080808080L;

    /** By the byte that must not stand for itself: the one that stands behind the backslash. */
    private static final byte[] ESCAPES = new byte[128];

    static {
        ESCAPES['\\'] = '\\';
        ESCAPES['\t'] = 't';
        ESCAPES['\n'] = 'n';
        ESCAPES['\r'] = 'r';
        ESCAPES[0] = '0';
    }

    private byte[] bytes;
    private int size;

    DelimitedLines(int capacity) {
        bytes = new byte[capacity];
    }

    byte[] bytes() {
        return bytes;
    }

    int size() {
        return size;
    }

    /** Forgets what was put behind this. */
    void truncate(int to) {
        size = to;
    }

    void endField() {
        put('\t');
    }

    void endLine() {
        put('\n');
    }

    void putNull() {
        put('\\');
        put('N');
    }

    void put(char ascii) {
        require(1);
        bytes[size++] = (byte) ascii;
    }

    /** Bytes of which none needs an escape. */
    void putPlain(byte[] from, int offset, int length) {
        require(length);
        System.arraycopy(from, offset, bytes, size, length);
        size += length;
    }

    /** @return whether all of it is ASCII */
    boolean putText(byte[] from, int offset, int length) {
        require(2 * length);
        long seen = 0;
        int end = offset + length;
        int run = offset;
        int at = offset;
        while (at < end) {
            if (end - at >= Long.BYTES) {
                long eight = (long) LONG.get(from, at);
                seen |= eight;
                if (standForThemselves(eight)) {
                    at += Long.BYTES;
                    continue;
                }
            }
            byte b = from[at++];
            seen |= b;
            if (b >= 0 && ESCAPES[b] != 0) {
                copy(from, run, at - 1);
                bytes[size++] = '\\';
                bytes[size++] = ESCAPES[b];
                run = at;
            }
        }
        copy(from, run, end);
        return (seen & HIGH) == 0;
    }

    /** Whether no byte is below 16 or a backslash: the borrow of a subtraction shows in the high bit of such a byte. */
    private static boolean standForThemselves(long eight) {
        long low = eight - 0x10 * EACH & ~eight;
        long backslashes = eight ^ '\\' * EACH;
        return ((low | backslashes - EACH & ~backslashes) & HIGH) == 0;
    }

    private void copy(byte[] from, int start, int end) {
        System.arraycopy(from, start, bytes, size, end - start);
        size += end - start;
    }

    private void require(int more) {
        if (bytes.length - size < more) {
            bytes = Arrays.copyOf(bytes, Math.max(2 * bytes.length, size + more));
        }
    }
}
