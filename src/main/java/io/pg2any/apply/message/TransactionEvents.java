package io.pg2any.apply.message;

import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.io.SerializedString;
import io.pg2any.apply.Selection;
import io.pg2any.apply.TargetException;
import io.pg2any.apply.TargetException.Kind;
import io.pg2any.apply.message.EventTable.InexpressibleColumnException;
import io.pg2any.apply.message.Message.Operation;
import io.pg2any.apply.message.MessageOptions.Format;
import io.pg2any.change.Change;
import io.pg2any.change.Relation;
import io.pg2any.change.ReplicaIdentity;
import io.pg2any.change.TransactionInfo;
import io.pg2any.change.Tuple;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/**
 * Turns the changes of transactions into messages, in order: {@link #begin}, {@link #change} for each, {@link #end}.
 * One thread. After an exception the transaction may be begun again.
 *
 * <p>An insert, update or truncate (per table) is one message. A delete is one, and a tombstone if the table has a key.
 * An update that changes the key is a delete of the old key, its tombstone, and a create of the new one. A logical
 * message is one as it was emitted, if a rule names its prefix.
 */
public final class TransactionEvents {
    private static final SerializedString BEFORE = new SerializedString("before");
    private static final SerializedString AFTER = new SerializedString("after");
    private static final SerializedString SOURCE = new SerializedString("source");
    private static final SerializedString VERSION = new SerializedString("version");
    private static final SerializedString CONNECTOR = new SerializedString("connector");
    private static final SerializedString PG2ANY = new SerializedString("pg2any");
    private static final SerializedString NAME = new SerializedString("name");
    private static final SerializedString SNAPSHOT = new SerializedString("snapshot");
    private static final SerializedString FALSE = new SerializedString("false");
    private static final SerializedString DB = new SerializedString("db");
    private static final SerializedString SEQUENCE = new SerializedString("sequence");
    private static final SerializedString SCHEMA = new SerializedString("schema");
    private static final SerializedString TABLE = new SerializedString("table");
    private static final SerializedString TX_ID = new SerializedString("txId");
    private static final SerializedString LSN = new SerializedString("lsn");
    private static final SerializedString TRANSACTION = new SerializedString("transaction");
    private static final SerializedString ID = new SerializedString("id");
    private static final SerializedString TOTAL_ORDER = new SerializedString("total_order");
    private static final SerializedString TABLE_ORDER = new SerializedString("data_collection_order");
    private static final SerializedString OP = new SerializedString("op");
    private static final SerializedString EVENT_COUNT = new SerializedString("event_count");
    private static final SerializedString TS_MS = new SerializedString("ts_ms");
    private static final SerializedString TS_US = new SerializedString("ts_us");
    private static final SerializedString ORDINAL = new SerializedString("ordinal");
    private static final SerializedString COUNT = new SerializedString("count");
    private static final SerializedString XID = new SerializedString("xid");
    private static final SerializedString COMMITTED = new SerializedString("committed");
    private static final SerializedString OLD = new SerializedString("old");
    private static final SerializedString ROW = new SerializedString("row");

    private final MessageOptions options;
    private final Clock clock;
    private final Message.Receiver receiver;
    private final SerializedString version;
    private final SerializedString database;
    private final SerializedString prefix;
    private final Selection selection;
    private final JsonText json = new JsonText();
    /** The newest version of each table, by its oid. */
    private final Map<Integer, EventTable> tables = new HashMap<>();

    private final Map<String, String> tableOfTopic = new HashMap<>();
    /** Those with changes in the open transaction. */
    private final List<EventTable> touched = new ArrayList<>();

    /** Of the last change: the next is mostly of the same. */
    private EventTable last;

    // Of the open transaction.
    private TransactionInfo transaction;
    private String id;
    private long commitMicros;
    private long nowMillis;
    private long ordinal;
    /** Messages made of the last change. */
    private int part;

    /** Below 0 while it is still arriving. */
    private long count;

    private String committed;

    public TransactionEvents(MessageOptions options, Clock clock, Message.Receiver receiver) {
        this.options = options;
        this.clock = clock;
        this.receiver = receiver;
        this.version = new SerializedString(options.version());
        this.database = new SerializedString(options.database());
        this.prefix = new SerializedString(options.prefix());
        this.selection = new Selection(options.mapping());
    }

    /**
     * The topic of a table's events.
     *
     * @throws TargetException CONFIG when the name is too long or another table's, or the key cannot be made
     */
    public String topicOf(Relation relation) throws TargetException {
        return table(relation).topic;
    }

    public void begin(TransactionInfo next) throws TargetException {
        transaction = next;
        // As Debezium: number of the transaction, colon, LSN.
        id = Integer.toUnsignedString(next.xid()) + ":" + next.commitLsn().value();
        Instant time = next.commitTime();
        commitMicros = Math.addExact(Math.multiplyExact(time.getEpochSecond(), 1_000_000L), time.getNano() / 1000);
        committed = options.format() == Format.PLAIN ? time.toString() : null;
        nowMillis = clock.millis();
        ordinal = 0;
        count = next.changes().orElse(-1);
        for (EventTable table : touched) {
            table.inTransaction = 0;
        }
        touched.clear();
        boundary(Operation.BEGIN);
    }

    /**
     * @throws TargetException REJECTED for a value that has no form, naming table, column and place
     */
    public void change(Change received) throws TargetException {
        Change change = selection.of(received);
        if (change == null) {
            return; // and not counted: consumers wait for as many events as END says
        }
        ordinal++;
        part = 0;
        try {
            if (change instanceof Change.Insert insert) {
                EventTable table = counted(insert.relation());
                send(table, Operation.CREATE, keyOf(table, insert.row(), null), null, insert.row(), null, null);
            } else if (change instanceof Change.Update update) {
                update(update);
            } else if (change instanceof Change.Delete delete) {
                EventTable table = counted(delete.relation());
                delete(table, keyOf(table, delete.old(), null), delete.old(), null);
            } else if (change instanceof Change.Truncate truncate) {
                for (Relation relation : truncate.relations()) {
                    send(counted(relation), Operation.TRUNCATE, null, null, null, null, null);
                }
            } else if (change instanceof Change.LogicalMessage message) {
                send(message);
            }
        } catch (IOException e) {
            json.forget();
            throw new IllegalStateException("writing to memory", e);
        } catch (Refused e) {
            json.forget();
            throw e.rejection();
        }
    }

    private void update(Change.Update update) throws IOException, TargetException, Refused {
        EventTable table = counted(update.relation());
        Tuple old = update.old();
        boolean full = update.relation().replicaIdentity() == ReplicaIdentity.FULL;
        byte[] newKey = keyOf(table, update.row(), old);
        if (old != null && table.hasKey() && table.keyChanged(old, update.row())) {
            byte[] oldKey = keyOf(table, old, null);
            delete(table, oldKey, old, newKey);
            send(table, Operation.CREATE, newKey, null, update.row(), full ? old : null, oldKey);
        } else {
            send(table, Operation.UPDATE, newKey, old, update.row(), full ? old : null, null);
        }
    }

    private void delete(EventTable table, byte[] key, Tuple old, byte[] newKey)
            throws IOException, TargetException, Refused {
        send(table, Operation.DELETE, key, old, null, null, newKey);
        if (key != null && options.tombstones()) {
            receiver.receive(new Message(
                    table.topic,
                    table.relation.displayName(),
                    Operation.TOMBSTONE,
                    key,
                    null,
                    null,
                    null,
                    null,
                    transaction,
                    ordinal,
                    ++part));
        }
    }

    private void send(Change.LogicalMessage message) throws TargetException {
        Optional<MessageTopics.Rule> rule = options.topics().of(message.prefix());
        if (rule.isPresent()) {
            receiver.receive(new Message(
                    rule.get().topic(),
                    "",
                    Operation.MESSAGE,
                    rule.get().key(message.prefix()).getBytes(StandardCharsets.UTF_8),
                    message.content(),
                    null,
                    null,
                    message.prefix(),
                    transaction,
                    ordinal,
                    ++part));
        }
    }

    private byte[] keyOf(EventTable table, Tuple row, Tuple fallback) throws IOException, Refused {
        if (!table.hasKey()) {
            return null;
        }
        try {
            return table.key(json, row, fallback);
        } catch (InexpressibleColumnException e) {
            throw new Refused(table, e);
        }
    }

    private void send(
            EventTable table,
            Operation operation,
            byte[] key,
            Tuple before,
            Tuple after,
            Tuple fallback,
            byte[] otherKey)
            throws IOException, TargetException, Refused {
        String unchanged;
        try {
            unchanged = options.format() == Format.PLAIN
                    ? writePlain(table, operation, before, after, fallback)
                    : writeEnvelope(table, operation, before, after, fallback);
        } catch (InexpressibleColumnException e) {
            throw new Refused(table, e);
        }
        receiver.receive(new Message(
                table.topic,
                table.relation.displayName(),
                operation,
                key,
                json.take(),
                otherKey,
                unchanged,
                null,
                transaction,
                ordinal,
                ++part));
    }

    private String writeEnvelope(EventTable table, Operation operation, Tuple before, Tuple after, Tuple fallback)
            throws IOException, InexpressibleColumnException {
        JsonGenerator out = json.out();
        table.openEnvelope(out);
        out.writeStartObject();
        out.writeFieldName(BEFORE);
        if (before == null) {
            out.writeNull();
        } else {
            table.writeRow(out, before, null);
        }
        out.writeFieldName(AFTER);
        String unchanged = null;
        if (after == null) {
            out.writeNull();
        } else {
            unchanged = table.writeRow(out, after, fallback);
        }
        writeSource(out, table);
        out.writeFieldName(TRANSACTION);
        out.writeStartObject();
        out.writeFieldName(ID);
        out.writeString(id);
        out.writeFieldName(TOTAL_ORDER);
        out.writeNumber(ordinal);
        out.writeFieldName(TABLE_ORDER);
        out.writeNumber(table.inTransaction);
        writeCount(out, EVENT_COUNT);
        out.writeEndObject();
        out.writeFieldName(OP);
        out.writeString(operation.code());
        out.writeFieldName(TS_MS);
        out.writeNumber(nowMillis);
        out.writeEndObject();
        table.closeEnvelope(out);
        return unchanged;
    }

    private void writeCount(JsonGenerator out, SerializedString name) throws IOException {
        out.writeFieldName(name);
        if (count < 0) {
            out.writeNull();
        } else {
            out.writeNumber(count);
        }
    }

    private void writeSource(JsonGenerator out, EventTable table) throws IOException {
        long lsn = transaction.commitLsn().value();
        out.writeFieldName(SOURCE);
        out.writeStartObject();
        out.writeFieldName(VERSION);
        out.writeString(version);
        out.writeFieldName(CONNECTOR);
        out.writeString(PG2ANY);
        out.writeFieldName(NAME);
        out.writeString(prefix);
        out.writeFieldName(TS_MS);
        out.writeNumber(Math.floorDiv(commitMicros, 1000));
        out.writeFieldName(TS_US);
        out.writeNumber(commitMicros);
        out.writeFieldName(SNAPSHOT);
        out.writeString(FALSE);
        out.writeFieldName(DB);
        out.writeString(database);
        out.writeFieldName(SEQUENCE);
        out.writeString("[\"" + lsn + "\",\"" + ordinal + "\"]");
        out.writeFieldName(SCHEMA);
        out.writeString(table.schemaName);
        out.writeFieldName(TABLE);
        out.writeString(table.relation.name());
        out.writeFieldName(TX_ID);
        out.writeNumber(Integer.toUnsignedLong(transaction.xid()));
        out.writeFieldName(LSN);
        out.writeNumber(lsn);
        out.writeEndObject();
    }

    private String writePlain(EventTable table, Operation operation, Tuple before, Tuple after, Tuple fallback)
            throws IOException, InexpressibleColumnException {
        JsonGenerator out = json.out();
        out.writeStartObject();
        out.writeFieldName(TABLE);
        out.writeString(table.schemaName + "." + table.relation.name());
        out.writeFieldName(OP);
        out.writeString(operation.word());
        out.writeFieldName(LSN);
        out.writeString(transaction.commitLsn().toString());
        out.writeFieldName(ORDINAL);
        out.writeNumber(ordinal);
        writeCount(out, COUNT);
        out.writeFieldName(XID);
        out.writeNumber(Integer.toUnsignedLong(transaction.xid()));
        out.writeFieldName(COMMITTED);
        out.writeString(committed);
        if (before != null) {
            out.writeFieldName(OLD);
            table.writeOld(out, before);
        }
        String unchanged = null;
        if (after != null) {
            out.writeFieldName(ROW);
            unchanged = table.writeKnown(out, after, fallback);
        }
        out.writeEndObject();
        return unchanged;
    }

    public void end() throws TargetException {
        boundary(Operation.END);
    }

    /** As Debezium's transaction topic has it; schemas are never written here. A lone message is no transaction. */
    private void boundary(Operation operation) throws TargetException {
        if (!options.boundaries() || transaction.isLoneMessage()) {
            return;
        }
        try {
            JsonGenerator out = json.out();
            out.writeStartObject();
            out.writeStringField("id", id);
            out.writeEndObject();
            byte[] key = json.take();
            out.writeStartObject();
            out.writeStringField("status", operation.name());
            out.writeStringField("id", id);
            if (operation == Operation.BEGIN) {
                out.writeNullField("event_count");
                out.writeNullField("data_collections");
            } else {
                writeCounts(out);
            }
            out.writeNumberField("ts_ms", Math.floorDiv(commitMicros, 1000));
            out.writeEndObject();
            receiver.receive(new Message(
                    options.transactionTopic(),
                    "",
                    operation,
                    key,
                    json.take(),
                    null,
                    null,
                    null,
                    transaction,
                    ordinal,
                    ++part));
        } catch (IOException e) {
            json.forget();
            throw new IllegalStateException("writing to memory", e);
        }
    }

    private void writeCounts(JsonGenerator out) throws IOException {
        Map<String, Long> counts = new TreeMap<>();
        for (EventTable table : touched) {
            counts.merge(table.schemaName + "." + table.relation.name(), table.inTransaction, Long::sum);
        }
        out.writeNumberField("event_count", ordinal);
        out.writeArrayFieldStart("data_collections");
        for (Map.Entry<String, Long> count : counts.entrySet()) {
            out.writeStartObject();
            out.writeStringField("data_collection", count.getKey());
            out.writeNumberField("event_count", count.getValue());
            out.writeEndObject();
        }
        out.writeEndArray();
    }

    private EventTable counted(Relation relation) throws TargetException {
        EventTable table = table(relation);
        if (table.inTransaction++ == 0) {
            touched.add(table);
        }
        return table;
    }

    private EventTable table(Relation relation) throws TargetException {
        if (last != null && last.seen == relation) {
            return last;
        }
        EventTable known = tables.get(relation.oid());
        if (known != null && (known.seen == relation || known.relation.equals(relation))) {
            known.seen = relation;
        } else {
            EventTable table = new EventTable(relation, options);
            requireOwnTopic(table);
            if (known != null && known.inTransaction > 0) {
                table.inTransaction = known.inTransaction;
                touched.set(touched.indexOf(known), table);
            }
            tables.put(relation.oid(), table);
            known = table;
        }
        last = known;
        return known;
    }

    private void requireOwnTopic(EventTable table) throws TargetException {
        String name = table.relation.displayName();
        String owner = tableOfTopic.putIfAbsent(table.topic, name);
        if (options.topics().topics().contains(table.topic)) {
            throw new TargetException(
                    Kind.CONFIG,
                    "table " + name + " and logical messages would share topic " + table.topic
                            + "; correct PG2ANY_EVENTS_MESSAGES (pg2any.events.messages)");
        }
        if (owner != null && !owner.equals(name)) {
            throw new TargetException(
                    Kind.CONFIG,
                    "tables " + owner + " and " + name + " would share topic " + table.topic
                            + "; rename one, map its schema (CDC_SCHEMA_MAPPING), or publish them through"
                            + " different pipelines");
        }
    }

    /** A change that has no message; its place in the source is added here. */
    private final class Refused extends Exception {
        private static final long serialVersionUID = 1L;

        private final transient EventTable table;

        Refused(EventTable table, InexpressibleColumnException cause) {
            super(cause.getMessage(), cause);
            this.table = table;
        }

        TargetException rejection() {
            return new TargetException(
                    Kind.REJECTED,
                    Message.place(table.relation.displayName(), null, transaction, ordinal) + ", " + getMessage()
                            + "; or set pg2any.values.unrepresentable",
                    this);
        }
    }
}
