package io.pg2any.apply.jdbc;

import io.pg2any.change.Column;
import java.util.Map;

/**
 * Names of PostgreSQL's types. Built-in types come without a name on the wire, under oids that never change
 * ({@code pg_type.dat}); all others bring theirs, a domain its base type's.
 */
final class PostgresType {
    private static final Map<Integer, String> BUILT_IN = Map.ofEntries(
            Map.entry(16, "bool"),
            Map.entry(17, "bytea"),
            Map.entry(18, "char"),
            Map.entry(19, "name"),
            Map.entry(20, "int8"),
            Map.entry(21, "int2"),
            Map.entry(23, "int4"),
            Map.entry(25, "text"),
            Map.entry(26, "oid"),
            Map.entry(27, "tid"),
            Map.entry(28, "xid"),
            Map.entry(29, "cid"),
            Map.entry(114, "json"),
            Map.entry(142, "xml"),
            Map.entry(650, "cidr"),
            Map.entry(700, "float4"),
            Map.entry(701, "float8"),
            Map.entry(774, "macaddr8"),
            Map.entry(790, "money"),
            Map.entry(829, "macaddr"),
            Map.entry(869, "inet"),
            Map.entry(1042, "bpchar"),
            Map.entry(1043, "varchar"),
            Map.entry(1082, "date"),
            Map.entry(1083, "time"),
            Map.entry(1114, "timestamp"),
            Map.entry(1184, "timestamptz"),
            Map.entry(1186, "interval"),
            Map.entry(1266, "timetz"),
            Map.entry(1560, "bit"),
            Map.entry(1562, "varbit"),
            Map.entry(1700, "numeric"),
            Map.entry(2950, "uuid"),
            Map.entry(3220, "pg_lsn"),
            Map.entry(3802, "jsonb"),
            Map.entry(5069, "xid8"));

    private static final int FIRST_USER_OID = 10000;

    private PostgresType() {}

    /** The base type's name; empty for a built-in type that has no mapping of its own and travels as text. */
    static String nameOf(Column column) {
        if (!column.typeName().isEmpty()) {
            return column.typeName();
        }
        if (column.typeOid() >= 0 && column.typeOid() < FIRST_USER_OID) {
            return BUILT_IN.getOrDefault(column.typeOid(), "");
        }
        return "";
    }
}
