package io.pg2any.staging;

import java.io.IOException;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.Collection;
import java.util.Comparator;
import java.util.Deque;
import java.util.HashMap;
import java.util.Map;

/**
 * The streamed transactions in progress, and what is left of those that will never complete. What they hold in memory is
 * bounded together, however many there are. Guarded by the log's lock.
 */
final class OpenStreams {
    /** Files of streams that stay open; with more streams each is opened when it is written to. */
    private static final int OPEN_FILES = 32;

    private final Map<Integer, StreamedTransaction> byXid = new HashMap<>();
    private final Deque<Spool> discarded = new ArrayDeque<>();

    /** Null if there is none. */
    StreamedTransaction get(int xid) {
        return byXid.get(xid);
    }

    void begin(StreamedTransaction transaction) {
        byXid.put(transaction.xid, transaction);
    }

    /** Null if there was none. */
    StreamedTransaction remove(int xid) {
        return byXid.remove(xid);
    }

    Collection<StreamedTransaction> inProgress() {
        return byXid.values();
    }

    /** It will not be applied; what it has on disk goes with {@link #deleteDiscarded}. */
    void discard(StreamedTransaction transaction) {
        transaction.spool.buffer.clear();
        if (!transaction.spool.inMemory()) {
            discarded.add(transaction.spool);
        }
    }

    void discardAll() {
        byXid.values().forEach(this::discard);
        byXid.clear();
    }

    /** May be repeated after a failure. */
    void deleteDiscarded(StagingFiles files) throws IOException {
        for (Spool spool; (spool = discarded.peekFirst()) != null; discarded.removeFirst()) {
            spool.abandon(files);
        }
    }

    /**
     * When nobody can be asked to repeat it: what remains is deleted with the next chunk.
     *
     * @return why something remains; null if nothing does
     */
    String tryToDeleteDiscarded(StagingFiles files) {
        try {
            deleteDiscarded(files);
            return null;
        } catch (IOException e) {
            return e.toString();
        }
    }

    long memoryBytes() {
        long bytes = 0;
        for (StreamedTransaction transaction : byXid.values()) {
            bytes += transaction.spool.memoryBytes();
        }
        return bytes;
    }

    /** On disk, of those in progress and those that are being deleted. */
    long written() {
        long bytes = 0;
        for (StreamedTransaction transaction : byXid.values()) {
            bytes += transaction.spool.written();
        }
        for (Spool spool : discarded) {
            bytes += spool.written();
        }
        return bytes;
    }

    /**
     * Writes what need not be in memory: the largest first, until half of the limit is free.
     *
     * @param durable whether segments that become whole are forced
     */
    void makeRoom(StagingFiles files, long memoryLimit, boolean durable) throws IOException {
        long memory = memoryBytes();
        if (memory <= memoryLimit) {
            return;
        }
        StreamedTransaction[] largestFirst = byXid.values().toArray(StreamedTransaction[]::new);
        Arrays.sort(
                largestFirst,
                Comparator.comparingLong((StreamedTransaction t) -> t.spool.memoryBytes())
                        .reversed());
        for (StreamedTransaction transaction : largestFirst) {
            if (memory <= memoryLimit / 2) {
                break;
            }
            memory -= transaction.spool.memoryBytes();
            transaction.spool.flush(files, true, durable);
            if (byXid.size() > OPEN_FILES) {
                transaction.spool.release();
            }
        }
    }
}
