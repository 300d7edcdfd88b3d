package io.pg2any.staging;

import java.util.Arrays;

/**
 * How many changes each (sub)transaction of one streamed transaction has made, and which of them were rolled back. A
 * transaction may have a million of them, so nothing is boxed. Guarded by the log's lock.
 */
final class Subtransactions {
    /** Open addressing; 0 is no xid and marks a free place. At least half of the places are free. */
    private int[] xids = new int[8];
    /** By place; of what was rolled back the complement, which is negative. */
    private long[] changes = new long[8];

    private int size;
    private int lastXid;
    private int lastPlace;
    private long surviving;
    private int aborted;

    void countChange(int xid) {
        if (xid != lastXid) {
            lastPlace = placeOf(xid);
            lastXid = xid;
        }
        changes[lastPlace]++;
        surviving++;
    }

    /** What it has changed never happened; one that has changed nothing we know of is none of our business. */
    void abort(int xid) {
        int place = find(xids, xid);
        if (xids[place] == xid && changes[place] >= 0) {
            surviving -= changes[place];
            changes[place] = ~changes[place];
            aborted++;
        }
    }

    /** Changes of the transaction, without those that were rolled back. */
    long surviving() {
        return surviving;
    }

    /** Those rolled back that had changed something. */
    int[] aborted() {
        int[] found = new int[aborted];
        int count = 0;
        for (int place = 0; place < xids.length && count < aborted; place++) {
            if (changes[place] < 0) {
                found[count++] = xids[place];
            }
        }
        return found;
    }

    private int placeOf(int xid) {
        int place = find(xids, xid);
        if (xids[place] == 0) {
            if (++size * 2 > xids.length) {
                grow();
                place = find(xids, xid);
            }
            xids[place] = xid;
        }
        return place;
    }

    private void grow() {
        int[] oldXids = xids;
        long[] oldChanges = changes;
        xids = new int[oldXids.length * 2];
        changes = new long[xids.length];
        for (int i = 0; i < oldXids.length; i++) {
            if (oldXids[i] != 0) {
                int place = find(xids, oldXids[i]);
                xids[place] = oldXids[i];
                changes[place] = oldChanges[i];
            }
        }
    }

    private static int find(int[] xids, int xid) {
        int mask = xids.length - 1;
        int place = (xid * 0x9E3779B9 >>> 8) & mask;
        while (xids[place] != 0 && xids[place] != xid) {
            place = place + 1 & mask;
        }
        return place;
    }

    /** The xids that a reader leaves out; immutable. */
    static final class Aborted {
        static final Aborted NONE = new Aborted(new int[0]);

        private final int[] sorted;

        Aborted(int[] xids) {
            sorted = xids.clone();
            Arrays.sort(sorted);
        }

        int size() {
            return sorted.length;
        }

        /** Of {@link #xids}; negative if the xid was not rolled back. */
        int indexOf(int xid) {
            return Arrays.binarySearch(sorted, xid);
        }

        int[] xids() {
            return sorted.clone();
        }
    }
}
