package io.pg2any.change;

import java.util.List;
import java.util.Objects;

/**
 * One version of a table as the source announced it. A changed table is announced again as a new version; a change
 * keeps the version that was in force when it was received, so instances are compared by identity in hot paths.
 *
 * @param oid the table's oid at the source
 * @param schema never empty: the wire's empty name is {@code pg_catalog}
 */
public record Relation(int oid, String schema, String name, ReplicaIdentity replicaIdentity, List<Column> columns) {
    public Relation {
        Objects.requireNonNull(schema, "schema");
        Objects.requireNonNull(name, "name");
        Objects.requireNonNull(replicaIdentity, "replicaIdentity");
        columns = List.copyOf(columns);
    }

    /** Whether updates and deletes can be told apart row by row; without it the source sends only inserts. */
    public boolean hasIdentity() {
        for (Column column : columns) {
            if (column.identity()) {
                return true;
            }
        }
        return false;
    }

    /** {@code schema.name} for messages to people; not quoted, never to be put into SQL. */
    public String displayName() {
        return schema + "." + name;
    }
}
