package io.pg2any.apply.jdbc;

import io.pg2any.change.Column;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * PostgreSQL's types as SQL spells them ({@code format_type}), and which of them hold every value of which others. What
 * the target refuses loudly may pass here; what it would alter in silence may not.
 */
final class PostgresTypeName {
    private static final Map<String, String> SPELLINGS = Map.ofEntries(
            Map.entry("bool", "boolean"),
            Map.entry("char", "\"char\""),
            Map.entry("int2", "smallint"),
            Map.entry("int4", "integer"),
            Map.entry("int8", "bigint"),
            Map.entry("float4", "real"),
            Map.entry("float8", "double precision"),
            Map.entry("varchar", "character varying"),
            Map.entry("varbit", "bit varying"),
            Map.entry("timestamptz", "timestamp with time zone"),
            Map.entry("timestamp", "timestamp without time zone"),
            Map.entry("timetz", "time with time zone"),
            Map.entry("time", "time without time zone"));

    /** Text of these reads back as it is from a wider one. */
    private static final Map<String, Set<String>> WIDER = Map.of(
            "smallint", Set.of("integer", "bigint", "numeric", "oid"),
            "integer", Set.of("smallint", "bigint", "numeric", "oid"),
            "bigint", Set.of("smallint", "integer", "numeric", "oid"),
            "oid", Set.of("bigint", "numeric"),
            "real", Set.of(),
            "bit", Set.of("bit varying"),
            "bpchar", Set.of("character"),
            "character", Set.of("bpchar"));

    private static final Set<String> TEXTS = Set.of("text", "character varying");

    private PostgresTypeName() {}

    /** The column's declared type with its modifier, as {@code format_type} prints it. */
    static String of(Column column) {
        String name = PostgresType.nameOf(column);
        boolean array = name.endsWith("[]");
        String element = array ? name.substring(0, name.length() - 2) : name;
        String spelled = SPELLINGS.getOrDefault(element, element);
        return switch (element) {
                    case "varchar", "varbit" -> limited(spelled, PostgresType.length(column));
                    // Without a length these two would mean a length of one.
                    case "bpchar" ->
                        PostgresType.length(column) < 0 ? "bpchar" : limited("character", PostgresType.length(column));
                    case "bit" ->
                        PostgresType.length(column) < 0 ? "bit varying" : limited(spelled, PostgresType.length(column));
                    case "numeric" -> {
                        int precision = PostgresType.precision(column);
                        yield precision < 0
                                ? spelled
                                : spelled + "(" + precision + "," + PostgresType.scale(column) + ")";
                    }
                    case "time", "timetz", "timestamp", "timestamptz" ->
                        column.typeModifier() < 0
                                ? spelled
                                : spelled.replaceFirst("^(time(stamp)?)", "$1(" + column.typeModifier() + ")");
                    default -> spelled;
                }
                + (array ? "[]" : "");
    }

    /**
     * A type that a text can be cast to without being cut: the modifier is left to the assignment, and the types that
     * mean a length of one without it have others in their place.
     */
    static String unlimited(String declaration) {
        String array = declaration.endsWith("[]") ? "[]" : "";
        String base = base(declaration.substring(0, declaration.length() - array.length()));
        return switch (base) {
                    case "character" -> "bpchar";
                    case "bit" -> "bit varying";
                    default -> base;
                }
                + array;
    }

    private static String limited(String type, int length) {
        return length < 0 ? type : type + "(" + length + ")";
    }

    static boolean keeps(String existing, String wanted) {
        if (existing.equals(wanted)) {
            return true;
        }
        String found = base(existing);
        String needed = base(wanted);
        if (TEXTS.contains(found)) {
            return true; // too long a value is refused, none is altered
        }
        if (found.equals(needed)) {
            return holds(numbers(existing), numbers(wanted), needed);
        }
        if (WIDER.getOrDefault(needed, Set.of()).contains(found)) {
            return true;
        }
        boolean known = PostgresType.builtInNames().stream()
                .anyMatch(name -> SPELLINGS.getOrDefault(name, name).equals(found));
        // A type of the target's own (an enum, citext) reads the text by its own rules and refuses what it does not
        // know.
        return !known && !found.equals("character");
    }

    private static boolean holds(List<Integer> existing, List<Integer> wanted, String type) {
        if (existing.isEmpty()) {
            return true;
        }
        if (type.startsWith("numeric")) {
            // A digit too many before the point is refused, one after it is rounded away.
            int scale = existing.size() > 1 ? existing.get(1) : 0;
            return !wanted.isEmpty() && scale >= (wanted.size() > 1 ? wanted.get(1) : 0);
        }
        if (type.startsWith("time")) {
            return existing.get(0) >= (wanted.isEmpty() ? 6 : wanted.get(0));
        }
        return type.equals("character varying")
                || type.equals("bit varying")
                || !wanted.isEmpty() && existing.get(0) >= wanted.get(0);
    }

    /** Without modifier; an array stays one. */
    private static String base(String type) {
        return type.replaceFirst("\\([^)]*\\)", "");
    }

    private static List<Integer> numbers(String type) {
        int open = type.indexOf('(');
        if (open < 0) {
            return List.of();
        }
        String inside = type.substring(open + 1, type.indexOf(')', open));
        if (!inside.matches("-?\\d+(,-?\\d+)?")) {
            return List.of();
        }
        return java.util.Arrays.stream(inside.split(",")).map(Integer::valueOf).toList();
    }
}
