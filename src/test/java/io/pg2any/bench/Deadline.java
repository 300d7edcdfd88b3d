package io.pg2any.bench;

import java.util.concurrent.TimeUnit;

/** Bounded waiting by looking again; only for things outside this process, which no condition can announce. */
final class Deadline {
    private final long at;
    private final String awaited;

    private Deadline(long at, String awaited) {
        this.at = at;
        this.awaited = awaited;
    }

    static Deadline seconds(long seconds, String awaited) {
        return new Deadline(System.nanoTime() + TimeUnit.SECONDS.toNanos(seconds), awaited);
    }

    /**
     * @throws IllegalStateException when the time is over
     */
    void pause(long milliseconds) throws InterruptedException {
        if (System.nanoTime() - at > 0) {
            throw new IllegalStateException("waited in vain for " + awaited);
        }
        TimeUnit.MILLISECONDS.sleep(milliseconds);
    }
}
