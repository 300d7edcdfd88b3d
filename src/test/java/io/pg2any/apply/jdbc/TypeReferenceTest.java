package io.pg2any.apply.jdbc;

import static io.pg2any.apply.Tuples.tuple;
import static org.assertj.core.api.Assertions.assertThat;

import io.pg2any.apply.ApplyOptions;
import io.pg2any.apply.TargetException;
import io.pg2any.apply.ValuePolicy;
import io.pg2any.change.Column;
import io.pg2any.change.Relation;
import io.pg2any.change.ReplicaIdentity;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** The tables of docs/types.md are what the code says; {@code -Dpg2any.docs.write=true} writes them. */
class TypeReferenceTest {
    private static final Path PAGE = Path.of("docs/types.md");

    /** The last oid below those of users' types, with room for what a later server may have. */
    private static final int LAST_BUILT_IN = 9999;

    private static final int FIRST_USER_OID = 16_384;

    /** With what a modifier makes of them: a name for people, oid, modifier. */
    private static final List<Column> MODIFIED = List.of(
            new Column("varchar(20)", 1043, 24, "", false),
            new Column("varchar(300)", 1043, 304, "", false),
            new Column("varchar(3000)", 1043, 3004, "", false),
            new Column("char(20)", 1042, 24, "", false),
            new Column("numeric(12,2)", 1700, (12 << 16 | 2) + 4, "", false),
            new Column("numeric(38,10)", 1700, (38 << 16 | 10) + 4, "", false),
            new Column("numeric(65,30)", 1700, (65 << 16 | 30) + 4, "", false),
            new Column("numeric(1000,500)", 1700, (1000 << 16 | 500) + 4, "", false),
            new Column("numeric(2,-3)", 1700, (2 << 16 | 0x7FF & -3) + 4, "", false),
            new Column("numeric(2,5)", 1700, (2 << 16 | 5) + 4, "", false),
            new Column("bit(8)", 1560, 8, "", false),
            new Column("varbit(8)", 1562, 8, "", false),
            new Column("time(3)", 1083, 3, "", false),
            new Column("timestamp(3)", 1114, 3, "", false),
            new Column("timestamptz(0)", 1184, 0, "", false));

    private static final Map<String, String> USER_TYPES = userTypes();

    private static Map<String, String> userTypes() {
        Map<String, String> types = new LinkedHashMap<>();
        types.put("an enum", "mood");
        types.put("a composite type", "address");
        types.put("a domain over `integer`", "int4");
        types.put("a domain over `varchar(n)`", "varchar");
        types.put("a domain over `numeric(p,s)`", "numeric");
        types.put("a range or multirange of one's own", "floatrange");
        types.put("an array of any of these", "_mood");
        types.put("`citext`", "citext");
        types.put("`hstore`", "hstore");
        types.put("`ltree`, `lquery`", "ltree");
        types.put("`vector`, `halfvec`, `sparsevec` (pgvector)", "vector");
        types.put("`geometry`, `geography` (PostGIS; hexadecimal EWKB)", "geometry");
        return types;
    }

    private static Map<String, JdbcDialect> dialects(ValuePolicy values) throws TargetException {
        ApplyOptions options = ApplyOptions.builder("x").values(values).build();
        Map<String, JdbcDialect> dialects = new LinkedHashMap<>();
        dialects.put("SQLite", new SqliteDialect("x.db", values, options.lockTimeout()));
        dialects.put("PostgreSQL", new PostgresDialect("postgresql://h/d", options));
        dialects.put("MySQL, MariaDB", new MySqlDialect("mysql://h/d", options));
        dialects.put("SQL Server", new SqlServerDialect("sqlserver://h/d", options));
        return dialects;
    }

    @Test
    void thePageShowsWhatTheDialectsDeclareAndHold() throws Exception {
        String text = Files.readString(PAGE, StandardCharsets.UTF_8);
        Map<String, String> tables = Map.of("types", types(), "keys", keys(), "limits", limits());
        for (Map.Entry<String, String> table : tables.entrySet()) {
            String begin = "<!-- " + table.getKey() + ": written by TypeReferenceTest -->\n";
            String end = "<!-- end of " + table.getKey() + " -->";
            assertThat(text).contains(begin, end);
            int from = text.indexOf(begin) + begin.length();
            if (Boolean.getBoolean("pg2any.docs.write")) {
                text = text.substring(0, from) + table.getValue() + text.substring(text.indexOf(end));
                Files.writeString(PAGE, text);
            }
            assertThat(text.substring(from, text.indexOf(end))).isEqualTo(table.getValue());
        }
    }

    private static String types() throws TargetException {
        StringBuilder table = head("PostgreSQL type");
        // Types that all targets treat alike share a line.
        Map<String, List<String>> lines = new LinkedHashMap<>();
        for (int oid = 1; oid <= LAST_BUILT_IN; oid++) {
            Column column = new Column("v", oid, -1, "", false);
            String name = PostgresType.nameOf(column);
            if (!name.isEmpty() && !name.endsWith("[]")) {
                lines.computeIfAbsent(declarations(column, name), line -> new ArrayList<>())
                        .add("`" + name + "`");
            }
        }
        for (Column column : MODIFIED) {
            lines.computeIfAbsent(declarations(column, "(none)"), line -> new ArrayList<>())
                    .add("`" + column.name() + "`");
        }
        lines.computeIfAbsent(declarations(new Column("v", 1007, -1, "", false), "int4"), line -> new ArrayList<>())
                .add("an array of a built-in type");
        int oid = FIRST_USER_OID;
        for (Map.Entry<String, String> type : USER_TYPES.entrySet()) {
            lines.computeIfAbsent(
                            declarations(new Column("v", oid++, -1, type.getValue(), false), "(none)"),
                            line -> new ArrayList<>())
                    .add(type.getKey());
        }
        lines.forEach((line, names) ->
                table.append("| ").append(String.join(", ", names)).append(line));
        return table.toString();
    }

    private static String keys() throws TargetException {
        StringBuilder table = head("Column of a key");
        Relation one = relation(new Column("k", 25, -1, "", true));
        Relation three = relation(
                new Column("k", 25, -1, "", true),
                new Column("l", 1043, 104, "", true),
                new Column("m", 25, -1, "", true));
        table.append("| `text` alone").append(declarations(one, List.of("k")));
        table.append("| `text` beside `varchar(100)` and another `text`")
                .append(declarations(three, List.of("k", "l", "m")));
        table.append("| `bytea` alone").append(declarations(relation(new Column("k", 17, -1, "", true)), List.of("k")));
        table.append("| `numeric` without limits")
                .append(declarations(relation(new Column("k", 1700, -1, "", true)), List.of("k")));
        return table.toString();
    }

    private static Relation relation(Column... columns) {
        return new Relation(1, "public", "t", ReplicaIdentity.DEFAULT, List.of(columns));
    }

    private static StringBuilder head(String first) throws TargetException {
        StringBuilder table = new StringBuilder("| ").append(first).append(" | ");
        int columns = dialects(ValuePolicy.FAIL).size();
        table.append(String.join(" | ", dialects(ValuePolicy.FAIL).keySet())).append(" |\n|---");
        return table.append("|---".repeat(columns)).append("|\n");
    }

    /**
     * @param same the type's own name, which a target may declare as it is
     */
    private static String declarations(Column column, String same) throws TargetException {
        String line = declarations(relation(column), List.of());
        return line.replace("| " + same + " |", "| the same |").replace("| " + same + "[] |", "| the same |");
    }

    private static String declarations(Relation relation, List<String> key) throws TargetException {
        StringBuilder line = new StringBuilder();
        for (JdbcDialect dialect : dialects(ValuePolicy.FAIL).values()) {
            line.append(" | ").append(bare(dialect.columnType(relation, 0, key).declaration()));
        }
        return line.append(" |\n").toString();
    }

    /** Without the collation, which the page tells once. */
    private static String bare(String declaration) {
        return declaration.replaceFirst(" (CHARACTER SET \\S+ )?COLLATE \\S+$", "");
    }

    /** What some target cannot hold: how people call it, its oid, its text. */
    private record Hard(String name, int oid, int modifier, byte[] text) {
        static Hard of(String name, int oid, String text) {
            return new Hard(name, oid, -1, text.getBytes(StandardCharsets.UTF_8));
        }
    }

    private static final List<Hard> HARD = List.of(
            Hard.of("`float8` NaN", 701, "NaN"),
            Hard.of("`float8` Infinity", 701, "Infinity"),
            new Hard("`numeric(12,2)` NaN", 1700, (12 << 16 | 2) + 4, "NaN".getBytes(StandardCharsets.UTF_8)),
            Hard.of("`numeric` NaN, Infinity", 1700, "NaN"),
            Hard.of("`date` infinity", 1082, "infinity"),
            Hard.of("`date` before the year 1", 1082, "0044-03-15 BC"),
            Hard.of("`date` after the year 9999", 1082, "10000-01-01"),
            Hard.of("`time` 24:00:00", 1083, "24:00:00"),
            Hard.of("`timestamp` infinity", 1114, "infinity"),
            new Hard("`timestamp(3)` infinity", 1114, 3, "infinity".getBytes(StandardCharsets.UTF_8)),
            Hard.of("`timestamp` before the year 1", 1114, "0044-03-15 00:00:00 BC"),
            Hard.of("`timestamptz` -infinity", 1184, "-infinity"),
            new Hard("`text` that is not UTF-8 (a source in `SQL_ASCII`)", 25, -1, new byte[] {'a', (byte) 0xFF}));

    private static String limits() throws TargetException, SQLException {
        StringBuilder table = head("Value");
        for (Hard hard : HARD) {
            table.append("| ").append(hard.name());
            Relation relation = relation(new Column("v", hard.oid(), hard.modifier(), "", false));
            for (String dialect : dialects(ValuePolicy.FAIL).keySet()) {
                table.append(" | ").append(outcome(dialect, relation, hard.text()));
            }
            table.append(" |\n");
        }
        return table.toString();
    }

    private static String outcome(String dialect, Relation relation, byte[] text) throws TargetException, SQLException {
        if (!bound(dialect, ValuePolicy.FAIL, relation, text).equals("fails")) {
            return "kept";
        }
        return "`null`: " + bound(dialect, ValuePolicy.NULL, relation, text) + "; `clamp`: "
                + bound(dialect, ValuePolicy.CLAMP, relation, text) + "; `text`: "
                + bound(dialect, ValuePolicy.TEXT, relation, text);
    }

    private static String bound(String dialect, ValuePolicy policy, Relation relation, byte[] text)
            throws TargetException, SQLException {
        try {
            ColumnType type = dialects(policy).get(dialect).columnType(relation, 0, List.of());
            Object value = new BoundValue().of(type, tuple((Object) text), 0);
            return value == null ? "NULL" : "`" + value + "`";
        } catch (UnrepresentableValueException e) {
            return "fails";
        }
    }
}
