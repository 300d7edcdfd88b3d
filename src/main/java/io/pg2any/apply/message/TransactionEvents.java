package io.pg2any.apply.message;

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
    private final MessageOptions options;
    private final Clock clock;
    private final Message.Receiver receiver;
    private final Selection selection;
    private final ValueFormat format;
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
    private long ordinal;
    /** Messages made of the last change. */
    private final List<Message> parts = new ArrayList<>();

    public TransactionEvents(MessageOptions options, Clock clock, Message.Receiver receiver) {
        this.options = options;
        this.clock = clock;
        this.receiver = receiver;
        this.selection = new Selection(options.mapping());
        this.format = options.format() == Format.PLAIN ? new PlainFormat() : new EnvelopeFormat(options);
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
        format.begin(next, id, clock.millis());
        ordinal = 0;
        for (EventTable table : touched) {
            table.inTransaction = 0;
        }
        touched.clear();
        boundary(Operation.BEGIN);
    }

    /**
     * Its messages are handed out when all of them have been made.
     *
     * @throws TargetException REJECTED for a value that has no form, naming table, column and place
     */
    public void change(Change received) throws TargetException {
        Change change = selection.of(received);
        if (change == null) {
            return; // and not counted: consumers wait for as many events as END says
        }
        ordinal++;
        parts.clear();
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
        } catch (Refused e) {
            json.forget();
            throw e.rejection();
        }
        for (int i = 0; i < parts.size(); i++) {
            receiver.receive(parts.get(i));
        }
    }

    /** Counts a change that is left out. */
    public void leaveOut() {
        ordinal++;
    }

    /** Of the last change in its transaction, from 1. */
    public long ordinal() {
        return ordinal;
    }

    private void update(Change.Update update) throws TargetException, Refused {
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

    private void delete(EventTable table, byte[] key, Tuple old, byte[] newKey) throws TargetException, Refused {
        send(table, Operation.DELETE, key, old, null, null, newKey);
        if (key != null && options.tombstones()) {
            parts.add(new Message(
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
                    parts.size() + 1));
        }
    }

    private void send(Change.LogicalMessage message) throws TargetException {
        Optional<MessageTopics.Rule> rule = options.topics().of(message.prefix());
        if (rule.isPresent()) {
            parts.add(new Message(
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
                    parts.size() + 1));
        }
    }

    private byte[] keyOf(EventTable table, Tuple row, Tuple fallback) throws Refused {
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
            throws TargetException, Refused {
        String unchanged;
        try {
            unchanged = format.write(json, table, operation, ordinal, before, after, fallback);
        } catch (InexpressibleColumnException e) {
            throw new Refused(table, e);
        }
        parts.add(new Message(
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
                parts.size() + 1));
    }

    public void end() throws TargetException {
        boundary(Operation.END);
    }

    /** As Debezium's transaction topic has it; schemas are never written here. A lone message is no transaction. */
    private void boundary(Operation operation) throws TargetException {
        if (!options.boundaries() || transaction.isLoneMessage()) {
            return;
        }
        byte[] key = json.startObject().name("id").string(id).endObject().take();
        json.startObject();
        json.name("status").string(operation.name());
        json.name("id").string(id);
        if (operation == Operation.BEGIN) {
            json.name("event_count").nothing();
            json.name("data_collections").nothing();
        } else {
            writeCounts();
        }
        json.name("ts_ms").number(Math.floorDiv(commitMicros(transaction), 1000));
        json.endObject();
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
                parts.size() + 1));
    }

    private void writeCounts() {
        Map<String, Long> counts = new TreeMap<>();
        for (EventTable table : touched) {
            counts.merge(table.schemaName + "." + table.relation.name(), table.inTransaction, Long::sum);
        }
        json.name("event_count").number(ordinal);
        json.name("data_collections").startArray();
        for (Map.Entry<String, Long> count : counts.entrySet()) {
            json.startObject();
            json.name("data_collection").string(count.getKey());
            json.name("event_count").number(count.getValue());
            json.endObject();
        }
        json.endArray();
    }

    /** Microseconds since 1970. */
    static long commitMicros(TransactionInfo transaction) {
        Instant time = transaction.commitTime();
        return Math.addExact(Math.multiplyExact(time.getEpochSecond(), 1_000_000L), time.getNano() / 1000);
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
