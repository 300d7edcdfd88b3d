package io.pg2any.apply;

import io.pg2any.change.Column;
import io.pg2any.change.Relation;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * Where the operator wants source schemas, tables and columns to go, and which are left out: exact, case-sensitive
 * names. What an unmapped schema becomes is the dialect's business.
 *
 * @param schemas {@code CDC_SCHEMA_MAPPING}
 * @param tables {@code schema.table} to {@code table} or {@code schema.table}
 * @param columns {@code schema.table.column} to {@code column}
 * @param excludedTables {@code schema.table}
 * @param excludedColumns {@code schema.table.column}
 */
public record TableMapping(
        Map<String, String> schemas,
        Map<DottedName, DottedName> tables,
        Map<DottedName, DottedName> columns,
        Set<DottedName> excludedTables,
        Set<DottedName> excludedColumns) {
    public static final TableMapping NONE = new TableMapping(Map.of(), Map.of(), Map.of(), Set.of(), Set.of());

    public TableMapping {
        schemas = Map.copyOf(schemas);
        tables = Map.copyOf(tables);
        columns = Map.copyOf(columns);
        excludedTables = Set.copyOf(excludedTables);
        excludedColumns = Set.copyOf(excludedColumns);
    }

    /**
     * @param text {@code source:target,source2:target2}; blank maps nothing
     * @throws IllegalArgumentException for a pair that is not one, or a schema that is mapped twice
     */
    public static TableMapping parse(String text) {
        Map<String, String> schemas = new LinkedHashMap<>();
        if (text == null || text.isBlank()) {
            return NONE;
        }
        for (String pair : text.split(",", -1)) {
            int colon = pair.indexOf(':');
            String from = colon < 0 ? "" : pair.substring(0, colon).strip();
            String to = colon < 0 ? "" : pair.substring(colon + 1).strip();
            if (from.isEmpty() || to.isEmpty()) {
                throw new IllegalArgumentException(
                        "schema mapping: expected source:target pairs joined by commas, found '" + pair.strip() + "'");
            }
            if (schemas.put(from, to) != null) {
                throw new IllegalArgumentException("schema mapping: source schema '" + from + "' is mapped twice");
            }
        }
        return new TableMapping(schemas, Map.of(), Map.of(), Set.of(), Set.of());
    }

    /**
     * @param text {@code schema.table:table} or {@code schema.table:schema.table} pairs
     * @throws IllegalArgumentException for anything else
     */
    public TableMapping renameTables(String text) {
        Map<DottedName, DottedName> renamed =
                DottedName.pairs(text, 2, 2, "schema.table:table or schema.table:schema.table");
        return new TableMapping(schemas, renamed, columns, excludedTables, excludedColumns);
    }

    /**
     * @param text {@code schema.table.column:column} pairs
     * @throws IllegalArgumentException for anything else
     */
    public TableMapping renameColumns(String text) {
        Map<DottedName, DottedName> renamed = DottedName.pairs(text, 3, 1, "schema.table.column:column");
        return new TableMapping(schemas, tables, renamed, excludedTables, excludedColumns);
    }

    /**
     * @param text {@code schema.table} names
     * @throws IllegalArgumentException for anything else
     */
    public TableMapping excludeTables(String text) {
        Set<DottedName> excluded = new HashSet<>(DottedName.list(text, 2, "schema.table"));
        return new TableMapping(schemas, tables, columns, excluded, excludedColumns);
    }

    /**
     * @param text {@code schema.table.column} names
     * @throws IllegalArgumentException for anything else
     */
    public TableMapping excludeColumns(String text) {
        Set<DottedName> excluded = new HashSet<>(DottedName.list(text, 3, "schema.table.column"));
        return new TableMapping(schemas, tables, columns, excludedTables, excluded);
    }

    /** Where the operator sends this source schema; empty when nothing is said about it. */
    public Optional<String> of(String sourceSchema) {
        return Optional.ofNullable(schemas.get(sourceSchema));
    }

    /** The schema that the operator wants this table in; empty when nothing is said about it. */
    public Optional<String> schema(Relation relation) {
        DottedName renamed = tables.get(name(relation));
        return renamed != null && renamed.parts().size() == 2
                ? Optional.of(renamed.parts().get(0))
                : of(relation.schema());
    }

    /** The table's name at the target. */
    public String table(Relation relation) {
        DottedName renamed = tables.get(name(relation));
        return renamed == null ? relation.name() : renamed.last();
    }

    /** The column's name at the target. */
    public String column(Relation relation, Column column) {
        DottedName renamed = columns.get(name(relation, column));
        return renamed == null ? column.name() : renamed.last();
    }

    public boolean excludes(Relation relation) {
        return excludedTables.contains(name(relation));
    }

    public boolean excludes(Relation relation, Column column) {
        return excludedColumns.contains(name(relation, column));
    }

    boolean excludesNothing() {
        return excludedTables.isEmpty() && excludedColumns.isEmpty();
    }

    /** What names a table or column that none of these has. */
    public List<String> unmatched(List<Relation> relations) {
        Set<DottedName> known = new HashSet<>();
        for (Relation relation : relations) {
            known.add(name(relation));
            relation.columns().forEach(column -> known.add(name(relation, column)));
        }
        List<String> unmatched = new ArrayList<>();
        for (Set<DottedName> named : List.of(tables.keySet(), columns.keySet(), excludedTables, excludedColumns)) {
            named.stream()
                    .filter(name -> !known.contains(name))
                    .map(DottedName::toString)
                    .sorted()
                    .forEach(unmatched::add);
        }
        return unmatched;
    }

    private static DottedName name(Relation relation) {
        return DottedName.of(relation.schema(), relation.name());
    }

    private static DottedName name(Relation relation, Column column) {
        return DottedName.of(relation.schema(), relation.name(), column.name());
    }
}
