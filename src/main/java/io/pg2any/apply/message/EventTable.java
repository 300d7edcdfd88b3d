package io.pg2any.apply.message;

import io.pg2any.apply.TargetException;
import io.pg2any.apply.TargetException.Kind;
import io.pg2any.apply.ValuePolicy;
import io.pg2any.change.Column;
import io.pg2any.change.Relation;
import io.pg2any.change.ReplicaIdentity;
import io.pg2any.change.Tuple;
import java.util.ArrayList;
import java.util.List;

/** One version of a table: its topic, its key and how its values appear. */
final class EventTable {
    private static final byte[] NOTHING = {};
    private static final byte[] CLOSING_BRACE = {'}'};

    final Relation relation;
    final String topic;
    /** The schema under which the table appears outside. */
    final String schemaName;
    /** Positions of the key's columns; empty when the table has no key. */
    final int[] key;

    private final MessageOptions options;
    private final byte[][] names;
    private final ValueType[] types;
    /** What stands around a key and a value: with schemas {@code {"schema":…,"payload":} and a brace, else nothing. */
    private final byte[] keyOpening;

    private final byte[] valueOpening;
    private final byte[] closing;
    /** As it stands in the envelope's source: {@code "schema":"public","table":"orders"}. */
    final byte[] sourceNames;

    /** The newest announcement of this version: instances are quicker to compare than versions. */
    Relation seen;
    /** Changes of this table in the open transaction. */
    long inTransaction;

    EventTable(Relation relation, MessageOptions options) throws TargetException {
        this.relation = relation;
        this.seen = relation;
        this.options = options;
        this.schemaName = options.mapping().of(relation.schema()).orElse(relation.schema());
        this.topic = topic(options, relation);
        this.key = key(relation, options);
        ValueTypes mapping = new ValueTypes(options);
        List<Column> columns = relation.columns();
        names = new byte[columns.size()][];
        types = new ValueType[columns.size()];
        for (int i = 0; i < names.length; i++) {
            names[i] = JsonText.quoted(columns.get(i).name());
            types[i] = mapping.of(columns.get(i));
        }
        keyOpening = options.schemas() ? opening(keySchema()) : NOTHING;
        valueOpening = options.schemas() ? opening(envelopeSchema()) : NOTHING;
        closing = options.schemas() ? CLOSING_BRACE : NOTHING;
        JsonText json = new JsonText();
        json.name("schema").string(schemaName).name("table").string(relation.name());
        sourceNames = json.take();
    }

    /** {@code prefix.schema.table}; what Kafka does not allow in a topic's name becomes an underscore. */
    static String topic(MessageOptions options, Relation relation) throws TargetException {
        String schema = options.mapping().of(relation.schema()).orElse(relation.schema());
        String name = (options.prefix() + "." + schema + "." + relation.name()).replaceAll("[^a-zA-Z0-9._-]", "_");
        if (name.length() > 249) {
            throw new TargetException(
                    Kind.CONFIG,
                    relation.displayName() + ": topic " + name
                            + " is longer than the 249 characters Kafka allows; shorten the topic prefix"
                            + " (CDC_KAFKA_TOPIC_PREFIX) or leave the table out of the publication");
        }
        return name;
    }

    private static int[] key(Relation relation, MessageOptions options) throws TargetException {
        List<String> configured =
                options.keyColumns().of(relation.displayName()).orElse(null);
        if (configured != null) {
            return configuredKey(relation, configured);
        }
        boolean told = relation.replicaIdentity() == ReplicaIdentity.DEFAULT
                || relation.replicaIdentity() == ReplicaIdentity.INDEX;
        List<Integer> positions = new ArrayList<>();
        if (told) {
            for (int i = 0; i < relation.columns().size(); i++) {
                if (relation.columns().get(i).identity()) {
                    positions.add(i);
                }
            }
        } else {
            for (String name : options.keys().primaryKey(relation)) {
                int position = position(relation, name);
                if (position < 0) {
                    return new int[0]; // a column list of the publication leaves a part of the key out
                }
                positions.add(position);
            }
        }
        return positions.stream().mapToInt(Integer::intValue).toArray();
    }

    private static int[] configuredKey(Relation relation, List<String> names) throws TargetException {
        int[] positions = new int[names.size()];
        for (int i = 0; i < positions.length; i++) {
            positions[i] = position(relation, names.get(i));
            if (positions[i] < 0) {
                throw new TargetException(
                        Kind.CONFIG,
                        relation.displayName() + ": key column " + names.get(i)
                                + " is not a published column; correct CDC_KAFKA_KEY_COLUMNS");
            }
            // Without identity there are only inserts, and they bring everything.
            if (relation.hasIdentity() && !relation.columns().get(positions[i]).identity()) {
                throw new TargetException(
                        Kind.CONFIG,
                        relation.displayName() + ": key column " + names.get(i)
                                + " is not part of the replica identity, so a delete would have no key; ALTER TABLE "
                                + relation.displayName() + " REPLICA IDENTITY FULL, or correct"
                                + " CDC_KAFKA_KEY_COLUMNS");
            }
        }
        return positions;
    }

    private static int position(Relation relation, String column) {
        for (int i = 0; i < relation.columns().size(); i++) {
            if (relation.columns().get(i).name().equals(column)) {
                return i;
            }
        }
        return -1;
    }

    boolean hasKey() {
        return key.length > 0;
    }

    /**
     * @param row has the values that count
     * @param fallback for key values that {@code row} says are unchanged; may be null
     */
    byte[] key(JsonText out, Tuple row, Tuple fallback) throws InexpressibleColumnException {
        out.raw(keyOpening).startObject();
        for (int position : key) {
            Tuple from = row.isUnchanged(position) && fallback != null ? fallback : row;
            out.name(names[position]);
            writeValue(out, position, from);
        }
        return out.endObject().raw(closing).take();
    }

    /** Whether the key is another one; an unchanged value is the same. */
    boolean keyChanged(Tuple old, Tuple row) {
        for (int position : key) {
            if (!row.isUnchanged(position) && !row.sameValue(position, old, position)) {
                return true;
            }
        }
        return false;
    }

    void openEnvelope(JsonText out) {
        out.raw(valueOpening);
    }

    void closeEnvelope(JsonText out) {
        out.raw(closing);
    }

    /**
     * Every column.
     *
     * @param fallback has what {@code row} says is unchanged; null when the source did not send it
     * @return the columns that hold a placeholder, null when none does
     */
    String writeRow(JsonText out, Tuple row, Tuple fallback) throws InexpressibleColumnException {
        StringBuilder unchanged = null;
        out.startObject();
        for (int i = 0; i < types.length; i++) {
            out.name(names[i]);
            if (!row.isUnchanged(i)) {
                writeValue(out, i, row);
            } else if (fallback != null) {
                writeValue(out, i, fallback);
            } else {
                types[i].writeUnavailable(out);
                unchanged = append(unchanged, i);
            }
        }
        out.endObject();
        return unchanged == null ? null : unchanged.toString();
    }

    /** The columns the source knows of this row; an unchanged one that was not sent is left away. */
    String writeKnown(JsonText out, Tuple row, Tuple fallback) throws InexpressibleColumnException {
        StringBuilder unchanged = null;
        out.startObject();
        for (int i = 0; i < types.length; i++) {
            Tuple from = row.isUnchanged(i) ? fallback : row;
            if (from == null) {
                unchanged = append(unchanged, i);
            } else {
                out.name(names[i]);
                writeValue(out, i, from);
            }
        }
        out.endObject();
        return unchanged == null ? null : unchanged.toString();
    }

    /** What was sent of an old row: without FULL only the identity columns. */
    void writeOld(JsonText out, Tuple old) throws InexpressibleColumnException {
        out.startObject();
        for (int i = 0; i < types.length; i++) {
            if (relation.columns().get(i).identity()) {
                out.name(names[i]);
                writeValue(out, i, old);
            }
        }
        out.endObject();
    }

    private StringBuilder append(StringBuilder list, int column) {
        StringBuilder columns = list == null ? new StringBuilder() : list.append(',');
        return columns.append(relation.columns().get(column).name());
    }

    private void writeValue(JsonText out, int column, Tuple from) throws InexpressibleColumnException {
        switch (from.kind(column)) {
            case Tuple.NULL -> out.nothing();
            case Tuple.UNCHANGED -> types[column].writeUnavailable(out);
            case Tuple.TEXT -> {
                int start = out.length();
                try {
                    types[column].write(out, from.bytes(), from.offset(column), from.length(column));
                } catch (InexpressibleValueException e) {
                    out.cut(start);
                    writeInexpressible(out, column, from, e);
                }
            }
            default ->
                throw new InexpressibleColumnException(
                        relation.columns().get(column).name(),
                        new InexpressibleValueException("values in binary form have no event type"));
        }
    }

    private void writeInexpressible(JsonText out, int column, Tuple from, InexpressibleValueException reason)
            throws InexpressibleColumnException {
        ValuePolicy policy = options.values();
        if (policy == ValuePolicy.NULL) {
            out.nothing();
        } else if (policy == ValuePolicy.TEXT
                && (!options.schemas() || types[column].schema().type().equals("string"))) {
            out.string(from.text(column));
        } else {
            throw new InexpressibleColumnException(
                    relation.columns().get(column).name(), reason);
        }
    }

    private ConnectSchema keySchema() {
        ConnectSchema.Field[] fields = new ConnectSchema.Field[key.length];
        for (int i = 0; i < fields.length; i++) {
            fields[i] = new ConnectSchema.Field(relation.columns().get(key[i]).name(), types[key[i]].schema(), false);
        }
        return ConnectSchema.struct(topic + ".Key", 1, fields);
    }

    private ConnectSchema envelopeSchema() {
        ConnectSchema.Field[] columns = new ConnectSchema.Field[types.length];
        for (int i = 0; i < columns.length; i++) {
            // Whether a column may be NULL is not in the stream; and a delete knows only the identity.
            columns[i] = new ConnectSchema.Field(relation.columns().get(i).name(), types[i].schema(), true);
        }
        return EnvelopeSchema.of(topic, ConnectSchema.struct(topic + ".Value", 1, columns));
    }

    private static byte[] opening(ConnectSchema schema) {
        JsonText json = new JsonText();
        json.startObject().name("schema");
        schema.write(json, false, null);
        return json.name("payload").take();
    }

    /** Names the column of a value that has no form. */
    static final class InexpressibleColumnException extends Exception {
        private static final long serialVersionUID = 1L;

        InexpressibleColumnException(String column, InexpressibleValueException reason) {
            super("column " + column + ": " + reason.getMessage(), reason);
        }
    }
}
