package io.pg2any.apply;

import io.pg2any.change.Change;
import io.pg2any.change.Relation;
import io.pg2any.change.TransactionInfo;
import java.io.IOException;
import java.util.List;

/**
 * Which changes are set aside as dead letters when the target refuses them for good, and where they are kept. All others
 * stop the pipeline.
 *
 * <p>A dead letter belongs to the target transaction that leaves its change out, and is kept before that one commits.
 * Until the target's position has passed the change, it may be of a try that was rolled back: the next try {@linkplain
 * #retract retracts} it. So whatever crashes when, there is in the end one dead letter of every change that the position
 * has passed and the target does not have, and none of any other.
 *
 * <p>Called by the thread that applies.
 */
public interface RejectedChanges {
    /** Every refused change stops the pipeline. */
    RejectedChanges STOP = new RejectedChanges() {
        @Override
        public boolean parksAny() {
            return false;
        }

        @Override
        public boolean parks(Relation relation) {
            return false;
        }

        @Override
        public void retract(TransactionInfo transaction, long ordinal) {
            // Nothing is kept.
        }

        @Override
        public void park(RejectedChange change) {
            throw new IllegalStateException("no table sets rejected changes aside");
        }
    };

    /** Whether some table's changes are set aside. */
    boolean parksAny();

    /** Whether this table's changes are set aside. */
    boolean parks(Relation relation);

    /** A TRUNCATE is one unit: all of its tables must agree. A logical message has no table that could. */
    default boolean parks(Change change) {
        List<Relation> relations = change.relations();
        return !relations.isEmpty() && relations.stream().allMatch(this::parks);
    }

    /**
     * The target is about to apply the changes of this transaction that come after an ordinal (0: all of it). What is
     * kept of them comes from a try that was rolled back, and is gone when this returns, also after a power failure.
     */
    void retract(TransactionInfo transaction, long ordinal) throws IOException;

    /**
     * Keeps a change; it is on disk when this returns. The caller's transaction then goes on without it.
     *
     * @throws TargetException REJECTED when no more may wait: stop
     * @throws IOException when it could not be kept: roll back and try again
     */
    void park(RejectedChange change) throws TargetException, IOException;
}
