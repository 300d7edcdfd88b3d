package io.pg2any.apply.kafka;

import io.pg2any.apply.TargetException;
import io.pg2any.change.Lsn;

/** The brokers, or the client for them, will never take a message of this change. */
final class RefusedRecordException extends TargetException {
    private static final long serialVersionUID = 1L;

    /** The change's place in the source. */
    record Place(Lsn commitLsn, long ordinal) {}

    private final transient Place place;

    RefusedRecordException(Place place, TargetException refusal) {
        super(Kind.REJECTED, refusal.getMessage(), refusal);
        this.place = place;
    }

    Place place() {
        return place;
    }
}
