package io.pg2any.apply.message;

import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * A schema as Kafka Connect's JSON converter writes it.
 *
 * @param name of a semantic type or struct; null when the type says all
 * @param items of an array, else null
 * @param fields of a struct, else empty
 */
record ConnectSchema(
        String type,
        String name,
        Map<String, String> parameters,
        ConnectSchema items,
        List<Field> fields,
        int version) {

    record Field(String name, ConnectSchema schema, boolean optional) {}

    static ConnectSchema of(String type) {
        return new ConnectSchema(type, null, Map.of(), null, List.of(), 1);
    }

    static ConnectSchema named(String type, String name) {
        return new ConnectSchema(type, name, Map.of(), null, List.of(), 1);
    }

    static ConnectSchema named(String type, String name, Map<String, String> parameters) {
        return new ConnectSchema(type, name, parameters, null, List.of(), 1);
    }

    static ConnectSchema array(ConnectSchema items) {
        return new ConnectSchema("array", null, Map.of(), items, List.of(), 1);
    }

    static ConnectSchema struct(String name, int version, Field... fields) {
        return new ConnectSchema("struct", name, Map.of(), null, List.of(fields), version);
    }

    /**
     * @param field the name of the field that has this schema, null at the top and for an array's items
     */
    void write(JsonText out, boolean optional, String field) {
        out.startObject();
        out.name("type").string(type);
        if (items != null) {
            out.name("items");
            items.write(out, true, null);
        }
        if (type.equals("struct")) {
            out.name("fields").startArray();
            for (Field each : fields) {
                each.schema().write(out, each.optional(), each.name());
            }
            out.endArray();
        }
        out.name("optional").bool(optional);
        if (name != null) {
            out.name("name").string(name);
            out.name("version").number(version);
        }
        if (!parameters.isEmpty()) {
            out.name("parameters").startObject();
            for (Map.Entry<String, String> parameter : new TreeMap<>(parameters).entrySet()) {
                out.name(parameter.getKey()).string(parameter.getValue());
            }
            out.endObject();
        }
        if (field != null) {
            out.name("field").string(field);
        }
        out.endObject();
    }
}
