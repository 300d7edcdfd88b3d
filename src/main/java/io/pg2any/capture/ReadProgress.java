package io.pg2any.capture;

import io.pg2any.capture.CaptureStatus.Totals;
import java.time.Instant;

/**
 * What the reader thread has seen, over all its sessions. Only that thread writes; {@link #publish} makes the counts
 * visible to others.
 */
final class ReadProgress {
    private final long[] countByType = new long[128];
    private long messages;
    private long bytes;

    private volatile Totals totals = Totals.NONE;
    private volatile long received;
    private volatile long serverWalEnd;
    private volatile long confirmed;
    private volatile Instant lastMessageAt;

    void count(byte type, int size) {
        messages++;
        bytes += size;
        countByType[type & 0x7F]++;
    }

    void publish(Instant now) {
        long commits = countByType['C'] + countByType['c'] + countByType['K'];
        totals = new Totals(
                messages,
                bytes,
                commits,
                countByType['B'] + countByType['c'] + countByType['K'],
                commits,
                countByType['I'],
                countByType['U'],
                countByType['D'],
                countByType['T']);
        lastMessageAt = now;
    }

    Totals totals() {
        return totals;
    }

    Instant lastMessageAt() {
        return lastMessageAt;
    }

    long received() {
        return received;
    }

    void received(long lsn) {
        received = lsn;
    }

    long serverWalEnd() {
        return serverWalEnd;
    }

    void serverWalEnd(long lsn) {
        serverWalEnd = lsn;
    }

    long confirmed() {
        return confirmed;
    }

    void confirmed(long lsn) {
        confirmed = lsn;
    }
}
