package io.pg2any.apply;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;

/**
 * Where the operator wants a source schema to go ({@code CDC_SCHEMA_MAPPING}): exact, case-sensitive schema names.
 * What an unmapped schema becomes is the dialect's business.
 */
public record TableMapping(Map<String, String> schemas) {
    public static final TableMapping NONE = new TableMapping(Map.of());

    public TableMapping {
        schemas = Map.copyOf(schemas);
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
        return new TableMapping(schemas);
    }

    /** Where the operator sends this source schema; empty when nothing is said about it. */
    public Optional<String> of(String sourceSchema) {
        return Optional.ofNullable(schemas.get(sourceSchema));
    }
}
