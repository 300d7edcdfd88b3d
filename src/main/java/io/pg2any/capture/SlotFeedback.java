package io.pg2any.capture;

import io.pg2any.change.Lsn;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicLong;

/**
 * The LSN that PostgreSQL may be told is safe: everything that committed before it is persisted downstream. It only
 * ever rises; a lower value is ignored, because a slot cannot go back. Thread-safe, lock-free.
 */
public final class SlotFeedback {
    private final AtomicLong lsn = new AtomicLong();

    /** Everything that committed before this position is persisted. */
    public void safe(Lsn persisted) {
        Objects.requireNonNull(persisted, "persisted");
        lsn.accumulateAndGet(persisted.value(), (a, b) -> Long.compareUnsigned(a, b) >= 0 ? a : b);
    }

    /** {@link Lsn#ZERO} as long as nothing may be confirmed. */
    public Lsn confirmable() {
        return new Lsn(lsn.get());
    }

    long value() {
        return lsn.get();
    }
}
