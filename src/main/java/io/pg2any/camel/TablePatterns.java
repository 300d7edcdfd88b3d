package io.pg2any.camel;

import io.pg2any.change.Change;
import io.pg2any.change.Relation;
import io.pg2any.change.TransactionBatch;
import io.pg2any.change.TransactionCursor;
import io.pg2any.change.TransactionInfo;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;
import java.util.regex.Pattern;

/**
 * Which tables' changes pass: {@code public.*,sales.orders,!public.audit}. A table passes when some pattern includes it
 * (or there are only exclusions) and none excludes it. Immutable.
 */
public final class TablePatterns {
    private static final TablePatterns ALL = new TablePatterns(List.of(), List.of());

    private final List<Pattern> included;
    private final List<Pattern> excluded;

    private TablePatterns(List<Pattern> included, List<Pattern> excluded) {
        this.included = included;
        this.excluded = excluded;
    }

    /**
     * @param text null or blank lets every table pass
     * @throws IllegalArgumentException for a pattern without a schema
     */
    public static TablePatterns parse(String text) {
        if (text == null || text.isBlank()) {
            return ALL;
        }
        List<Pattern> included = new ArrayList<>();
        List<Pattern> excluded = new ArrayList<>();
        for (String part : text.split(",")) {
            String pattern = part.strip();
            boolean exclude = pattern.startsWith("!");
            String name = exclude ? pattern.substring(1).strip() : pattern;
            if (name.indexOf('.') <= 0 || name.endsWith(".")) {
                throw new IllegalArgumentException("tables=" + text + ": \"" + pattern
                        + "\" is not of the form schema.table (public.*, !sales.audit)");
            }
            (exclude ? excluded : included)
                    .add(Pattern.compile(Pattern.quote(name).replace("*", "\\E.*\\Q")));
        }
        return new TablePatterns(List.copyOf(included), List.copyOf(excluded));
    }

    boolean pass(Relation relation) {
        String name = relation.displayName();
        return (included.isEmpty() || matchesAny(included, name)) && !matchesAny(excluded, name);
    }

    private static boolean matchesAny(List<Pattern> patterns, String name) {
        for (Pattern pattern : patterns) {
            if (pattern.matcher(name).matches()) {
                return true;
            }
        }
        return false;
    }

    /** The same transactions with only the changes that pass; transactions that become empty stay. */
    TransactionBatch select(TransactionBatch batch) {
        return this == ALL ? batch : new Selected(batch);
    }

    private final class Selected extends ForwardingBatch {
        Selected(TransactionBatch batch) {
            super(batch);
        }

        @Override
        TransactionCursor cursor(TransactionCursor opened) {
            return new SelectedCursor(opened);
        }
    }

    private final class SelectedCursor extends ForwardingBatch.ForwardingCursor {
        // Relations repeat from change to change and keep their instance.
        private Relation last;
        private boolean lastPasses;

        SelectedCursor(TransactionCursor cursor) {
            super(cursor);
        }

        @Override
        public Change nextChange() throws IOException {
            for (Change change; (change = super.nextChange()) != null; ) {
                Change selected = select(change);
                if (selected != null) {
                    return selected;
                }
            }
            return null;
        }

        private Change select(Change change) {
            if (change instanceof Change.Insert insert) {
                return passes(insert.relation()) ? change : null;
            }
            if (change instanceof Change.Update update) {
                return passes(update.relation()) ? change : null;
            }
            if (change instanceof Change.Delete delete) {
                return passes(delete.relation()) ? change : null;
            }
            if (change instanceof Change.Truncate truncate) {
                List<Relation> kept =
                        truncate.relations().stream().filter(this::passes).toList();
                return kept.isEmpty()
                        ? null
                        : new Change.Truncate(kept, truncate.cascade(), truncate.restartIdentity());
            }
            return change;
        }

        private boolean passes(Relation relation) {
            if (relation != last) {
                last = relation;
                lastPasses = pass(relation);
            }
            return lastPasses;
        }

        /** Without the count, which is of all changes. */
        @Override
        public TransactionInfo transaction() {
            TransactionInfo all = super.transaction();
            return new TransactionInfo(all.xid(), all.commitLsn(), all.commitTime(), OptionalLong.empty());
        }
    }
}
