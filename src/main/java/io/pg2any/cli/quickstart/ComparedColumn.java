package io.pg2any.cli.quickstart;

/**
 * A column and how both sides write, read and sort it.
 *
 * @param type the base type's name in {@code pg_type}
 * @param key part of the key, or of a table without one
 */
record ComparedColumn(String name, String type, boolean key) {
    /** The storage class that SQLite must have used. */
    enum Storage {
        INTEGER,
        FLOAT4,
        FLOAT8,
        BLOB,
        TEXT
    }

    Storage storage() {
        return switch (type) {
            case "bool", "int2", "int4", "int8", "oid", "xid", "cid" -> Storage.INTEGER;
            case "float4" -> Storage.FLOAT4;
            case "float8" -> Storage.FLOAT8;
            case "bytea" -> Storage.BLOB;
            default -> Storage.TEXT;
        };
    }

    /**
     * What PostgreSQL sends and sorts by. {@code format} gives the type's output function, which a cast to text does
     * not always (it trims {@code char(n)}); the C collation sorts by bytes as SQLite does.
     */
    String sourceExpression() {
        String column = quoted(name);
        return switch (storage()) {
            case INTEGER ->
                switch (type) {
                    case "bool" -> column + "::int";
                    case "xid", "cid" -> column + "::text::int8";
                    default -> column + "::int8";
                };
            case FLOAT4, FLOAT8 -> column + "::float8";
            case BLOB -> column + "::bytea";
            case TEXT ->
                "(CASE WHEN " + column + " IS DISTINCT FROM NULL THEN format('%s', " + column + ") END) COLLATE \"C\"";
        };
    }

    static String quoted(String identifier) {
        return '"' + identifier.replace("\"", "\"\"") + '"';
    }
}
