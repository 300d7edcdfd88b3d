package io.pg2any.apply.jdbc;

/**
 * A table's place in the target.
 *
 * @param container schema or database; null for the connection's default
 */
public record TableName(String container, String name) {
    /** For messages to people; not quoted, never to be put into SQL. */
    public String displayName() {
        return container == null ? name : container + "." + name;
    }
}
