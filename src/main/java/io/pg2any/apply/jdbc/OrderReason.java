package io.pg2any.apply.jdbc;

import java.util.Locale;

/**
 * What at the target, beside a table's key, relates its rows to one another or to those of other tables.
 *
 * @param name as the target's catalog has it; empty where there is none
 */
record OrderReason(Kind kind, String name) {
    enum Kind {
        UNIQUE_INDEX,
        /** One that is enforced; of the table, or to it. */
        FOREIGN_KEY,
        TRIGGER,
        RULE,
        ROW_SECURITY,
        /** Not a table of rows: a view, a foreign table. */
        OTHER_THAN_TABLE
    }

    /** For people: {@code unique index t_u_key}. */
    @Override
    public String toString() {
        String words = kind.name().toLowerCase(Locale.ROOT).replace('_', ' ');
        return name.isEmpty() ? words : words + " " + name;
    }
}
