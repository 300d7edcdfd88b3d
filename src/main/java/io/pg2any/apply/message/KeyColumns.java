package io.pg2any.apply.message;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * Columns that the operator wants as message keys instead of the replica identity, by the source's
 * {@code schema.table}.
 */
public record KeyColumns(Map<String, List<String>> tables) {
    public static final KeyColumns NONE = new KeyColumns(Map.of());

    public KeyColumns {
        tables = Map.copyOf(tables);
    }

    /**
     * @param text {@code schema.table:column,column;schema.table2:column}; blank names none
     * @throws IllegalArgumentException for an entry of another form, or a table that is named twice
     */
    public static KeyColumns parse(String text) {
        if (text == null || text.isBlank()) {
            return NONE;
        }
        Map<String, List<String>> tables = new LinkedHashMap<>();
        for (String entry : text.split(";", -1)) {
            if (entry.isBlank()) {
                continue;
            }
            int colon = entry.indexOf(':');
            String table = colon < 0 ? "" : entry.substring(0, colon).strip();
            List<String> columns = colon < 0
                    ? List.of()
                    : Stream.of(entry.substring(colon + 1).split(",", -1))
                            .map(String::strip)
                            .toList();
            if (table.indexOf('.') <= 0 || columns.isEmpty() || columns.contains("")) {
                throw new IllegalArgumentException(
                        "key columns: expected schema.table:column,column entries joined by semicolons, found '"
                                + entry.strip() + "'");
            }
            if (tables.put(table, columns) != null) {
                throw new IllegalArgumentException("key columns: " + table + " is named twice");
            }
        }
        return new KeyColumns(tables);
    }

    Optional<List<String>> of(String table) {
        return Optional.ofNullable(tables.get(table));
    }
}
