package io.pg2any.camel;

import io.pg2any.apply.RejectedChange;
import io.pg2any.apply.RejectedChanges;
import io.pg2any.apply.TargetException;
import io.pg2any.change.Relation;
import io.pg2any.change.TransactionInfo;
import io.pg2any.staging.RejectedFiles;
import io.pg2any.staging.Rejection;
import java.io.IOException;
import java.util.Optional;

/**
 * Sets the changes of some tables aside, in the pipeline's staging folder. What an earlier try has left there is retracted
 * even if none are any more.
 */
final class RejectedTables implements RejectedChanges {
    /** Null: of no table. */
    private final TablePatterns tables;

    private final Pipeline pipeline;

    private RejectedTables(TablePatterns tables, Pipeline pipeline) {
        this.tables = tables;
        this.pipeline = pipeline;
    }

    /**
     * @param policy {@code stop} or {@code park}
     * @param tables patterns; null or blank lets every table opt in
     * @throws IllegalArgumentException for a policy or pattern that means nothing
     */
    static RejectedChanges of(String policy, String tables, Pipeline pipeline) {
        return switch (policy) {
            case "stop" -> new RejectedTables(null, pipeline);
            case "park" -> new RejectedTables(TablePatterns.parse(tables), pipeline);
            default -> throw new IllegalArgumentException("rejected=" + policy + " is neither stop nor park");
        };
    }

    @Override
    public boolean parksAny() {
        return tables != null;
    }

    @Override
    public boolean parks(Relation relation) {
        return tables != null && tables.pass(relation);
    }

    @Override
    public void retract(TransactionInfo transaction, long ordinal) throws IOException {
        Optional<RejectedFiles> letters = pipeline.rejected();
        if (letters.isPresent()) {
            letters.get().retract(transaction.commitLsn(), ordinal);
        }
    }

    @Override
    public void park(RejectedChange change) throws TargetException, IOException {
        RejectedFiles letters = pipeline.rejected()
                .orElseThrow(() -> new TargetException(
                        TargetException.Kind.REJECTED,
                        change.error() + "; it cannot be set aside, because pipeline " + pipeline.name()
                                + " has no staging folder"));
        Rejection rejection = new Rejection(change.ordinal(), change.rejectedAt(), change.error());
        if (!letters.keep(change.source(), change.transaction(), change.change(), rejection)) {
            throw new TargetException(
                    TargetException.Kind.REJECTED,
                    change.error() + "; no more changes may be set aside (pg2any.rejected.maxBytes): see to them with"
                            + " 'pg2any rejected'");
        }
    }
}
