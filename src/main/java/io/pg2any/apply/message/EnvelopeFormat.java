package io.pg2any.apply.message;

import io.pg2any.apply.message.EventTable.InexpressibleColumnException;
import io.pg2any.apply.message.Message.Operation;
import io.pg2any.change.TransactionInfo;
import io.pg2any.change.Tuple;
import java.nio.charset.StandardCharsets;

/**
 * Debezium's envelope. Most of it is the same in all messages of a transaction: that is made once, in pieces that end
 * where something of the message stands.
 */
final class EnvelopeFormat implements ValueFormat {
    private static final byte[] BEFORE = utf8("{\"before\":");
    private static final byte[] AFTER = utf8(",\"after\":");
    private static final byte[] END_OF_SEQUENCE = utf8("\\\"]\",");
    private static final byte[] TABLE_ORDER = utf8(",\"data_collection_order\":");

    private final String sourceBeginning;
    private final String database;

    // Of the open transaction, in the order in which a message has them.
    private byte[] fromSourceToSequence;
    private byte[] fromTxIdToTotalOrder;
    private byte[] fromEventCountToOp;
    private byte[] fromOpToEnd;

    EnvelopeFormat(MessageOptions options) {
        JsonText json = new JsonText();
        json.name("source").startObject();
        json.name("version").string(options.version());
        json.name("connector").string("pg2any");
        json.name("name").string(options.prefix());
        sourceBeginning = "," + new String(json.take(), StandardCharsets.UTF_8);
        database = new String(json.string(options.database()).take(), StandardCharsets.UTF_8);
    }

    @Override
    public void begin(TransactionInfo transaction, String id, long nowMillis) {
        long micros = TransactionEvents.commitMicros(transaction);
        long lsn = transaction.commitLsn().value();
        String count = transaction.changes().isPresent()
                ? Long.toString(transaction.changes().getAsLong())
                : "null"; // still arriving
        fromSourceToSequence = utf8(sourceBeginning + ",\"ts_ms\":" + Math.floorDiv(micros, 1000) + ",\"ts_us\":"
                + micros + ",\"snapshot\":\"false\",\"db\":" + database + ",\"sequence\":\"[\\\"" + lsn + "\\\",\\\"");
        fromTxIdToTotalOrder = utf8(",\"txId\":" + Integer.toUnsignedString(transaction.xid()) + ",\"lsn\":" + lsn
                + "},\"transaction\":{\"id\":\"" + id + "\",\"total_order\":");
        fromEventCountToOp = utf8(",\"event_count\":" + count + "},\"op\":\"");
        fromOpToEnd = utf8("\",\"ts_ms\":" + nowMillis + "}");
    }

    @Override
    public String write(
            JsonText out,
            EventTable table,
            Operation operation,
            long ordinal,
            Tuple before,
            Tuple after,
            Tuple fallback)
            throws InexpressibleColumnException {
        table.openEnvelope(out);
        out.raw(BEFORE);
        if (before == null) {
            out.nothing();
        } else {
            table.writeRow(out, before, null);
        }
        out.raw(AFTER);
        String unchanged = null;
        if (after == null) {
            out.nothing();
        } else {
            unchanged = table.writeRow(out, after, fallback);
        }
        out.raw(fromSourceToSequence).number(ordinal).raw(END_OF_SEQUENCE).raw(table.sourceNames);
        out.raw(fromTxIdToTotalOrder).number(ordinal).raw(TABLE_ORDER).number(table.inTransaction);
        out.raw(fromEventCountToOp).raw(operation.code()).raw(fromOpToEnd);
        table.closeEnvelope(out);
        return unchanged;
    }

    private static byte[] utf8(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }
}
