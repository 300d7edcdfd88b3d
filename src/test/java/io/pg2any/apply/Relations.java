package io.pg2any.apply;

import io.pg2any.change.Column;
import io.pg2any.change.Relation;
import io.pg2any.change.ReplicaIdentity;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** Relations in a short notation. */
public final class Relations {
    private static final Map<String, Integer> OIDS = Map.ofEntries(
            Map.entry("bool", 16),
            Map.entry("bytea", 17),
            Map.entry("int8", 20),
            Map.entry("int2", 21),
            Map.entry("int4", 23),
            Map.entry("text", 25),
            Map.entry("oid", 26),
            Map.entry("json", 114),
            Map.entry("float4", 700),
            Map.entry("float8", 701),
            Map.entry("money", 790),
            Map.entry("bpchar", 1042),
            Map.entry("varchar", 1043),
            Map.entry("date", 1082),
            Map.entry("timestamptz", 1184),
            Map.entry("interval", 1186),
            Map.entry("numeric", 1700),
            Map.entry("int4[]", 1007),
            Map.entry("uuid", 2950),
            Map.entry("jsonb", 3802));

    private Relations() {}

    /**
     * @param columns {@code "name type"}, an asterisk after the name of an identity column
     */
    public static Relation relation(int oid, String schema, String name, ReplicaIdentity identity, String... columns) {
        List<Column> list = new ArrayList<>();
        for (String column : columns) {
            int space = column.lastIndexOf(' ');
            String columnName = column.substring(0, space);
            String type = column.substring(space + 1);
            boolean marked = columnName.endsWith("*");
            columnName = marked ? columnName.substring(0, columnName.length() - 1) : columnName;
            boolean isIdentity = marked || identity == ReplicaIdentity.FULL;
            Integer builtIn = OIDS.get(type);
            list.add(new Column(
                    columnName, builtIn == null ? 16400 : builtIn, -1, builtIn == null ? type : "", isIdentity));
        }
        return new Relation(oid, schema, name, identity, list);
    }

    /** In schema public, replica identity DEFAULT. */
    public static Relation keyed(int oid, String name, String... columns) {
        return relation(oid, "public", name, ReplicaIdentity.DEFAULT, columns);
    }

    /** In schema public, replica identity FULL. */
    public static Relation full(int oid, String name, String... columns) {
        return relation(oid, "public", name, ReplicaIdentity.FULL, columns);
    }
}
