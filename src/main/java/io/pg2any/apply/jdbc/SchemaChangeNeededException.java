package io.pg2any.apply.jdbc;

import java.util.List;

/** The target's DDL commits: roll back, run these statements on their own, and apply the batch again. */
final class SchemaChangeNeededException extends Exception {
    private static final long serialVersionUID = 1L;

    private final String table;
    private final transient List<String> statements;

    /**
     * @param table for messages
     */
    SchemaChangeNeededException(String table, List<String> statements) {
        super("the schema must change first", null, false, false);
        this.table = table;
        this.statements = List.copyOf(statements);
    }

    String table() {
        return table;
    }

    List<String> statements() {
        return statements;
    }
}
