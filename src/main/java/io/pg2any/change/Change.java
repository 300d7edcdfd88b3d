package io.pg2any.change;

import java.util.List;

/** One change of a transaction, in the order the source made it. */
public sealed interface Change {
    /** The tables it changes: several of a TRUNCATE, none of a logical message. */
    List<Relation> relations();

    record Insert(Relation relation, Tuple row) implements Change {
        @Override
        public List<Relation> relations() {
            return List.of(relation);
        }
    }

    /**
     * @param old null when no identity column changed and the identity is not FULL. Under FULL it holds every column;
     *     otherwise only the identity columns mean something, and every other column is NULL because it was not sent.
     *     Its presence does not prove that the key changed: an out-of-line key arrives here while {@code row} says
     *     UNCHANGED
     */
    record Update(Relation relation, Tuple old, Tuple row) implements Change {
        @Override
        public List<Relation> relations() {
            return List.of(relation);
        }
    }

    /**
     * @param old every column under FULL; otherwise only the identity columns mean something
     */
    record Delete(Relation relation, Tuple old) implements Change {
        @Override
        public List<Relation> relations() {
            return List.of(relation);
        }
    }

    /** All relations of one statement, cascaded ones included: one unit. */
    record Truncate(List<Relation> relations, boolean cascade, boolean restartIdentity) implements Change {
        public Truncate {
            relations = List.copyOf(relations);
        }
    }

    /**
     * {@code pg_logical_emit_message}.
     *
     * @param lsn the end of the message's WAL record
     */
    record LogicalMessage(boolean transactional, Lsn lsn, String prefix, byte[] content) implements Change {
        @Override
        public List<Relation> relations() {
            return List.of();
        }
    }
}
