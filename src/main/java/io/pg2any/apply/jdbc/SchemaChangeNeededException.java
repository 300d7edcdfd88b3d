package io.pg2any.apply.jdbc;

import java.util.List;

/** The target's DDL commits: roll back, run these statements on their own, and apply the batch again. */
final class SchemaChangeNeededException extends Exception {
    private static final long serialVersionUID = 1L;

    private final transient List<String> statements;

    SchemaChangeNeededException(List<String> statements) {
        super("the schema must change first", null, false, false);
        this.statements = List.copyOf(statements);
    }

    List<String> statements() {
        return statements;
    }
}
