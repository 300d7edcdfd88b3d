package io.pg2any.apply;

import io.pg2any.change.Position;
import io.pg2any.change.Relation;
import io.pg2any.change.TransactionAbandonedException;
import io.pg2any.change.TransactionBatch;
import java.io.IOException;
import java.util.List;
import java.util.Optional;

/**
 * Takes whole transactions in commit order and makes them visible together with the position, or not at all.
 *
 * <p>One thread calls {@link #open}, {@link #apply} and {@link #close}; {@link #status} may be called from any.
 *
 * <p>After any exception nothing of the batch is half visible, and the same batch may be given again: the target reads
 * its position back under a lock first, so a commit whose answer was lost is found out and never applied twice. Only
 * under {@link ApplyOptions#maxRowsPerCommit} parts of a transaction are visible; the same batch then goes on behind
 * them.
 */
public interface Target extends AutoCloseable {
    /**
     * Connects, takes over (the epoch rises by one, which fences off every older process of this pipeline), and reads
     * the position back.
     *
     * @return empty when this pipeline has never applied anything here
     */
    Optional<Position> open() throws TargetException;

    /**
     * Reads the position without taking over; needs no {@link #open}.
     *
     * @return empty when this pipeline has never applied anything here, or the target does not exist yet
     */
    Optional<Position> position() throws TargetException;

    /**
     * Looks at the target without changing anything there: whether it can be reached, and whether tables that exist
     * fit. Needs no {@link #open}; not to be called on a target that applies.
     *
     * @param relations as the source would announce them now
     * @return every problem, each with what to do about it
     */
    List<TargetException> check(List<Relation> relations);

    /** What the last {@link #check} has seen that is worth knowing, and stands in nobody's way. */
    default List<String> notes() {
        return List.of();
    }

    /**
     * Applies a batch and its position in one target transaction, or, beyond {@link ApplyOptions#maxRowsPerCommit} rows
     * of one transaction, in parts. Transactions that the target has already are
     * skipped; a batch that starts behind a gap is refused.
     *
     * @throws TransactionAbandonedException when the source went away in the middle: rolled back, forget the batch
     * @throws IOException when the batch could not be read: rolled back
     */
    Applied apply(TransactionBatch batch) throws TargetException, IOException;

    TargetStatus status();

    /** Rolls back what is open and disconnects. Idempotent. */
    @Override
    void close();
}
