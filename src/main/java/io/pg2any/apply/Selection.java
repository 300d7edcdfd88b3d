package io.pg2any.apply;

import io.pg2any.apply.TargetException.Kind;
import io.pg2any.change.Change;
import io.pg2any.change.Column;
import io.pg2any.change.Relation;
import io.pg2any.change.ReplicaIdentity;
import io.pg2any.change.Tuple;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Leaves out the tables and columns that a mapping excludes: a target sees a relation without them, and rows that are
 * views of the same bytes. Under REPLICA IDENTITY FULL rows that differ only in excluded columns become equal ones, of
 * which one is as good as the other.
 *
 * <p>For one thread.
 */
public final class Selection {
    /** What is left of a relation; no columns when all of it is excluded. */
    private record Part(Relation whole, Relation relation, int[] columns) {}

    private final TableMapping mapping;
    private final boolean everything;
    private final Map<Integer, Part> parts = new HashMap<>();
    private Part last;

    public Selection(TableMapping mapping) {
        this.mapping = mapping;
        this.everything = mapping.excludesNothing();
    }

    /**
     * The change as the target is to see it; null when it is of an excluded table.
     *
     * @throws TargetException CONFIG when an excluded column belongs to the key
     */
    public Change of(Change change) throws TargetException {
        if (everything) {
            return change;
        }
        if (change instanceof Change.Insert insert) {
            Part part = part(insert.relation());
            return isWhole(part)
                    ? change
                    : isNone(part) ? null : new Change.Insert(part.relation, of(part, insert.row()));
        }
        if (change instanceof Change.Update update) {
            Part part = part(update.relation());
            if (isWhole(part) || isNone(part)) {
                return isWhole(part) ? change : null;
            }
            Tuple old = update.old() == null ? null : of(part, update.old());
            return new Change.Update(part.relation, old, of(part, update.row()));
        }
        if (change instanceof Change.Delete delete) {
            Part part = part(delete.relation());
            return isWhole(part)
                    ? change
                    : isNone(part) ? null : new Change.Delete(part.relation, of(part, delete.old()));
        }
        if (change instanceof Change.Truncate truncate) {
            List<Relation> kept = new ArrayList<>();
            for (Relation relation : truncate.relations()) {
                Part part = part(relation);
                if (!isNone(part)) {
                    kept.add(part.relation);
                }
            }
            return kept.isEmpty() ? null : new Change.Truncate(kept, truncate.cascade(), truncate.restartIdentity());
        }
        return change;
    }

    /**
     * The relation as the target is to see it; null when it is excluded.
     *
     * @throws TargetException CONFIG when an excluded column belongs to the key
     */
    public Relation of(Relation relation) throws TargetException {
        Part part = part(relation);
        return isNone(part) ? null : part.relation;
    }

    private static boolean isWhole(Part part) {
        return part.relation == part.whole;
    }

    private static boolean isNone(Part part) {
        return part.relation == null;
    }

    /** A view of the same bytes. */
    private static Tuple of(Part part, Tuple tuple) {
        return tuple.select(part.columns);
    }

    private Part part(Relation relation) throws TargetException {
        if (last == null || last.whole != relation) {
            last = parts.get(relation.oid());
            if (last == null || last.whole != relation) {
                last = select(relation);
                parts.put(relation.oid(), last);
            }
        }
        return last;
    }

    private Part select(Relation relation) throws TargetException {
        if (mapping.excludes(relation)) {
            return new Part(relation, null, new int[0]);
        }
        List<Column> columns = new ArrayList<>();
        int[] kept = new int[relation.columns().size()];
        for (int i = 0; i < kept.length; i++) {
            Column column = relation.columns().get(i);
            if (!mapping.excludes(relation, column)) {
                kept[columns.size()] = i;
                columns.add(column);
            } else if (column.identity() && relation.replicaIdentity() != ReplicaIdentity.FULL) {
                throw refused(relation, "column " + column.name() + " belongs to its key and cannot be excluded");
            }
        }
        if (columns.size() == kept.length) {
            return new Part(relation, relation, kept);
        }
        if (columns.isEmpty()) {
            throw refused(relation, "no column of it is left; exclude the table");
        }
        Relation left =
                new Relation(relation.oid(), relation.schema(), relation.name(), relation.replicaIdentity(), columns);
        return new Part(relation, left, Arrays.copyOf(kept, columns.size()));
    }

    private static TargetException refused(Relation relation, String problem) {
        return new TargetException(
                Kind.CONFIG,
                "source table " + relation.displayName() + ": " + problem + "; correct pg2any.columns.exclude");
    }
}
