package io.pg2any.apply.jdbc;

import io.pg2any.change.Tuple;

/** Sizes and combinations of tuples, by the layout that {@link Tuple} documents. */
final class Tuples {
    private static final int KIND = 1;
    private static final int LENGTH = 4;

    private Tuples() {}

    /** Bytes of a value with its kind and length. */
    static int size(Tuple tuple, int column) {
        byte kind = tuple.kind(column);
        return kind == Tuple.TEXT || kind == Tuple.BINARY ? KIND + LENGTH + tuple.length(column) : KIND;
    }

    /** Copies a value with its kind and length; gives the place after it. */
    static int copy(Tuple tuple, int column, byte[] to, int at) {
        int size = size(tuple, column);
        // A value's kind stands right before its length, which stands right before its first byte.
        System.arraycopy(tuple.bytes(), tuple.offset(column) - KIND - LENGTH, to, at, size);
        return at + size;
    }

    /** Bytes of all values. */
    static int size(Tuple tuple) {
        int last = tuple.size() - 1;
        return last < 0 ? 0 : Math.max(0, tuple.offset(last) - tuple.offset(0) + size(tuple, last));
    }

    static boolean hasUnchanged(Tuple tuple) {
        for (int column = 0; column < tuple.size(); column++) {
            if (tuple.isUnchanged(column)) {
                return true;
            }
        }
        return false;
    }

    /** The newer tuple, with what it says is unchanged taken from the older one. */
    static Tuple overlay(Tuple older, Tuple newer) {
        if (!hasUnchanged(newer)) {
            return newer;
        }
        int size = 0;
        for (int column = 0; column < newer.size(); column++) {
            size += size(newer.isUnchanged(column) ? older : newer, column);
        }
        byte[] bytes = new byte[size];
        int[] starts = new int[newer.size()];
        int at = 0;
        for (int column = 0; column < newer.size(); column++) {
            starts[column] = at;
            at = copy(newer.isUnchanged(column) ? older : newer, column, bytes, at);
        }
        return new Tuple(bytes, starts);
    }
}
