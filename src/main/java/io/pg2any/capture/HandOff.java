package io.pg2any.capture;

import io.pg2any.pgoutput.MessageChunk;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.LockSupport;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.LongSupplier;

/**
 * Between the reader and the dispatch thread. Bounded by bytes, but never by blocking the reader: it asks
 * {@link #isFull()} before it reads on. Thread-safe.
 */
final class HandOff {
    private record Entry(MessageChunk chunk, long since) {}

    private final int limit;
    private final LongSupplier nanoClock;
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition changed = lock.newCondition();
    private final ArrayDeque<Entry> queue = new ArrayDeque<>();
    private volatile long bytes;
    private volatile boolean empty = true;
    private volatile Thread reader;
    private boolean suspended;
    private CaptureException failure;

    HandOff(int limit, LongSupplier nanoClock) {
        this.limit = limit;
        this.nanoClock = nanoClock;
    }

    /** The thread to wake when room appears; it waits by parking. */
    void reader(Thread thread) {
        reader = thread;
    }

    boolean isFull() {
        return bytes >= limit;
    }

    boolean isEmpty() {
        return empty;
    }

    long bytes() {
        return bytes;
    }

    void put(MessageChunk chunk) {
        lock.lock();
        try {
            queue.add(new Entry(chunk, nanoClock.getAsLong()));
            bytes += chunk.length();
            empty = false;
            changed.signal();
        } finally {
            lock.unlock();
        }
    }

    /** Null when nothing came in time, or while suspended. */
    MessageChunk take(Duration timeout) throws InterruptedException, CaptureException {
        long left = timeout.toNanos();
        lock.lockInterruptibly();
        try {
            while (suspended || queue.isEmpty()) {
                if (failure != null && queue.isEmpty()) {
                    throw failure;
                }
                if (left <= 0) {
                    return null;
                }
                left = changed.awaitNanos(left);
            }
            MessageChunk chunk = queue.remove().chunk();
            boolean wasFull = isFull();
            bytes -= chunk.length();
            empty = queue.isEmpty();
            if (wasFull && !isFull()) {
                LockSupport.unpark(reader);
            }
            return chunk;
        } finally {
            lock.unlock();
        }
    }

    /** While suspended nothing is handed out. */
    void suspended(boolean value) {
        lock.lock();
        try {
            suspended = value;
            changed.signalAll();
        } finally {
            lock.unlock();
        }
    }

    /** What {@link #take} throws once the queue is empty. */
    void fail(CaptureException e) {
        lock.lock();
        try {
            failure = e;
            changed.signalAll();
        } finally {
            lock.unlock();
        }
    }

    /** How long the oldest chunk has waited; zero when none does. */
    Duration oldestAge() {
        lock.lock();
        try {
            Entry oldest = queue.peek();
            return oldest == null ? Duration.ZERO : Duration.ofNanos(nanoClock.getAsLong() - oldest.since());
        } finally {
            lock.unlock();
        }
    }
}
