package io.pg2any.apply.jdbc;

import io.pg2any.change.Tuple;
import java.util.Arrays;

/** The bytes of a row's key columns, for finding the row again among those that wait. */
final class RowKey {
    private final byte[] bytes;
    private final int hash;

    private RowKey(byte[] bytes) {
        this.bytes = bytes;
        this.hash = Arrays.hashCode(bytes);
    }

    /** Each value with its kind and length, so that no two keys run together to the same bytes. */
    static RowKey of(Tuple tuple, int[] key) {
        int size = 0;
        for (int column : key) {
            size += Tuples.size(tuple, column);
        }
        byte[] bytes = new byte[size];
        int at = 0;
        for (int column : key) {
            at = Tuples.copy(tuple, column, bytes, at);
        }
        return new RowKey(bytes);
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof RowKey that && hash == that.hash && Arrays.equals(bytes, that.bytes);
    }

    @Override
    public int hashCode() {
        return hash;
    }
}
