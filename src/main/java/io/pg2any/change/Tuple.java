package io.pg2any.change;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/**
 * The column values of one row, in relation order, as a view of the bytes they arrived in.
 *
 * <p>Layout of a value in {@link #bytes()}, from its start: one kind byte, then for TEXT and BINARY an Int32 length
 * and that many bytes (the tuple data of
 * <a href="https://www.postgresql.org/docs/current/protocol-logicalrep-message-formats.html">pgoutput</a>).
 * Immutable as long as nobody writes to the array; safe to hand between threads.
 */
public final class Tuple {
    public static final byte NULL = 'n';
    /** A TOASTed value that did not change and was therefore not sent: unknown here, never NULL. */
    public static final byte UNCHANGED = 'u';

    public static final byte TEXT = 't';
    public static final byte BINARY = 'b';

    private final byte[] bytes;
    private final int[] starts;

    /**
     * @param bytes holds the values; kept, not copied
     * @param starts the offset of each column's kind byte; kept, not copied
     */
    public Tuple(byte[] bytes, int[] starts) {
        this.bytes = bytes;
        this.starts = starts;
    }

    /** Number of columns. */
    public int size() {
        return starts.length;
    }

    public byte kind(int column) {
        return bytes[starts[column]];
    }

    public boolean isNull(int column) {
        return kind(column) == NULL;
    }

    public boolean isUnchanged(int column) {
        return kind(column) == UNCHANGED;
    }

    /** The array that {@link #offset} points into; must not be written to. */
    public byte[] bytes() {
        return bytes;
    }

    /** Offset of the first byte of a TEXT or BINARY value. */
    public int offset(int column) {
        return starts[column] + 5;
    }

    /** Length in bytes of a TEXT or BINARY value. */
    public int length(int column) {
        int at = starts[column] + 1;
        return (bytes[at] & 0xFF) << 24
                | (bytes[at + 1] & 0xFF) << 16
                | (bytes[at + 2] & 0xFF) << 8
                | (bytes[at + 3] & 0xFF);
    }

    /** The value decoded as UTF-8, the client encoding of the replication session; TEXT values only. */
    public String text(int column) {
        return new String(bytes, offset(column), length(column), StandardCharsets.UTF_8);
    }

    /** A row of only these columns, as a view of the same bytes. */
    public Tuple select(int[] columns) {
        int[] selected = new int[columns.length];
        for (int i = 0; i < selected.length; i++) {
            selected[i] = starts[columns[i]];
        }
        return new Tuple(bytes, selected);
    }

    /** Whether both columns hold the same kind and the same bytes. */
    public boolean sameValue(int column, Tuple other, int otherColumn) {
        byte kind = kind(column);
        if (kind != other.kind(otherColumn)) {
            return false;
        }
        if (kind == NULL || kind == UNCHANGED) {
            return true;
        }
        int from = offset(column);
        int otherFrom = other.offset(otherColumn);
        return Arrays.equals(
                bytes, from, from + length(column), other.bytes, otherFrom, otherFrom + other.length(otherColumn));
    }
}
