package io.pg2any.apply.jdbc;

import io.pg2any.change.Column;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;

/**
 * Names of PostgreSQL's types. Built-in types come without a name on the wire, under oids that never change
 * ({@code pg_type.dat}); all others bring theirs, a domain its base type's. An array's name is its element's with
 * {@code []}.
 */
final class PostgresType {
    /** oid:name:oid of the array, from the catalog of PostgreSQL 18, which has all of those before. */
    private static final String CATALOG = """
            16:bool:1000 17:bytea:1001 18:char:1002 19:name:1003 20:int8:1016 21:int2:1005 23:int4:1007
            24:regproc:1008 25:text:1009 26:oid:1028 27:tid:1010 28:xid:1011 29:cid:1012 114:json:199
            142:xml:143 194:pg_node_tree:0 600:point:1017 601:lseg:1018 602:path:1019 603:box:1020
            604:polygon:1027 628:line:629 650:cidr:651 700:float4:1021 701:float8:1022 718:circle:719
            774:macaddr8:775 790:money:791 829:macaddr:1040 869:inet:1041 1033:aclitem:1034 1042:bpchar:1014
            1043:varchar:1015 1082:date:1182 1083:time:1183 1114:timestamp:1115 1184:timestamptz:1185
            1186:interval:1187 1266:timetz:1270 1560:bit:1561 1562:varbit:1563 1700:numeric:1231
            1790:refcursor:2201 2202:regprocedure:2207 2203:regoper:2208 2204:regoperator:2209
            2205:regclass:2210 2206:regtype:2211 2950:uuid:2951 2970:txid_snapshot:2949 3220:pg_lsn:3221
            3361:pg_ndistinct:0 3402:pg_dependencies:0 3614:tsvector:3643 3615:tsquery:3645 3642:gtsvector:3644
            3734:regconfig:3735 3769:regdictionary:3770 3802:jsonb:3807 3904:int4range:3905 3906:numrange:3907
            3908:tsrange:3909 3910:tstzrange:3911 3912:daterange:3913 3926:int8range:3927 4072:jsonpath:4073
            4089:regnamespace:4090 4096:regrole:4097 4191:regcollation:4192 4451:int4multirange:6150
            4532:nummultirange:6151 4533:tsmultirange:6152 4534:tstzmultirange:6153 4535:datemultirange:6155
            4536:int8multirange:6157 4600:pg_brin_bloom_summary:0 4601:pg_brin_minmax_multi_summary:0
            5017:pg_mcv_list:0 5038:pg_snapshot:5039 5069:xid8:271
            """;

    private static final Map<Integer, String> BUILT_IN = builtIn();

    private static final int FIRST_USER_OID = 10000;

    /** What a length modifier counts beside the length: the size of a varlena header. */
    private static final int HEADER = 4;

    private PostgresType() {}

    private static Map<Integer, String> builtIn() {
        Map<Integer, String> names = new HashMap<>();
        for (String entry : CATALOG.strip().split("\\s+")) {
            String[] parts = entry.split(":");
            names.put(Integer.valueOf(parts[0]), parts[1]);
            if (!parts[2].equals("0")) {
                names.put(Integer.valueOf(parts[2]), parts[1] + "[]");
            }
        }
        return Map.copyOf(names);
    }

    /** Every built-in type's name, arrays included. */
    static Set<String> builtInNames() {
        return new TreeSet<>(BUILT_IN.values());
    }

    /** Whether the oid is one that every server has under the same name. */
    static boolean isBuiltIn(Column column) {
        return column.typeName().isEmpty() && BUILT_IN.containsKey(column.typeOid());
    }

    /** The base type's name; empty for a type that nothing is known about. */
    static String nameOf(Column column) {
        if (!column.typeName().isEmpty()) {
            return column.typeName();
        }
        if (column.typeOid() >= 0 && column.typeOid() < FIRST_USER_OID) {
            return BUILT_IN.getOrDefault(column.typeOid(), "");
        }
        return "";
    }

    /** The n of {@code varchar(n)}, {@code char(n)}, {@code bit(n)} and {@code varbit(n)}; -1 without one. */
    static int length(Column column) {
        int modifier = column.typeModifier();
        if (modifier < 0) {
            return -1;
        }
        String name = nameOf(column);
        boolean header = name.equals("varchar") || name.equals("bpchar");
        return header ? modifier - HEADER : modifier;
    }

    /** The p of {@code numeric(p,s)}; -1 for one without limits. */
    static int precision(Column column) {
        return column.typeModifier() < HEADER ? -1 : (column.typeModifier() - HEADER) >> 16 & 0xFFFF;
    }

    /** The s of {@code numeric(p,s)}: 11 bits with a sign, since PostgreSQL 15 from -1000 to 1000. */
    static int scale(Column column) {
        return column.typeModifier() < HEADER ? 0 : (((column.typeModifier() - HEADER) & 0x7FF) ^ 1024) - 1024;
    }

    /** Digits of a second that {@code time}, {@code timestamp} and their zoned forms keep. */
    static int fraction(Column column) {
        return column.typeModifier() < 0 ? 6 : column.typeModifier();
    }
}
