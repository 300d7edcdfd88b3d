package io.pg2any.apply.jdbc;

/**
 * How much may wait in the folded tables of a connection before it is written: rows and bytes over all of them, so that
 * memory is bounded whatever the size of a transaction. One thread.
 */
final class ChangeWindow {
    private static final int BYTES = 8 << 20;

    private final int maxRows;
    private int rows;
    private long bytes;

    ChangeWindow(int maxRows) {
        this.maxRows = maxRows;
    }

    void add(int size) {
        rows++;
        bytes += size;
    }

    boolean isFull() {
        return rows >= maxRows || bytes >= BYTES;
    }

    void clear() {
        rows = 0;
        bytes = 0;
    }
}
