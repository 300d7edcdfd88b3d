package io.pg2any.apply;

import io.pg2any.change.Lsn;
import io.pg2any.change.Relation;
import io.pg2any.change.TransactionInfo;
import java.io.IOException;
import java.util.Collection;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Predicate;

/** Keeps rejected changes of some tables in memory. */
public final class KeptChanges implements RejectedChanges {
    private record Place(Lsn commitLsn, long ordinal) {}

    private final Predicate<Relation> parked;
    private final Map<Place, RejectedChange> kept =
            new TreeMap<>(Comparator.comparing(Place::commitLsn).thenComparing(Place::ordinal));
    private boolean full;

    private KeptChanges(Predicate<Relation> parked) {
        this.parked = parked;
    }

    public static KeptChanges of(Predicate<Relation> parked) {
        return new KeptChanges(parked);
    }

    /** The disk takes no more. */
    public void full(boolean now) {
        full = now;
    }

    public Collection<RejectedChange> kept() {
        return List.copyOf(kept.values());
    }

    @Override
    public boolean parksAny() {
        return true;
    }

    @Override
    public boolean parks(Relation relation) {
        return parked.test(relation);
    }

    @Override
    public void retract(TransactionInfo transaction, long ordinal) {
        kept.keySet().removeIf(place -> place.commitLsn().equals(transaction.commitLsn()) && place.ordinal() > ordinal);
    }

    @Override
    public void park(RejectedChange change) throws IOException {
        if (full) {
            throw new IOException("No space left on device");
        }
        kept.put(new Place(change.transaction().commitLsn(), change.ordinal()), change);
    }
}
