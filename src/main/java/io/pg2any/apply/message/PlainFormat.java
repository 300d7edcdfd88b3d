package io.pg2any.apply.message;

import io.pg2any.apply.message.EventTable.InexpressibleColumnException;
import io.pg2any.apply.message.Message.Operation;
import io.pg2any.change.TransactionInfo;
import io.pg2any.change.Tuple;

/** One flat object. */
final class PlainFormat implements ValueFormat {
    private static final byte[] TABLE = JsonText.quoted("table");
    private static final byte[] OP = JsonText.quoted("op");
    private static final byte[] LSN = JsonText.quoted("lsn");
    private static final byte[] ORDINAL = JsonText.quoted("ordinal");
    private static final byte[] COUNT = JsonText.quoted("count");
    private static final byte[] XID = JsonText.quoted("xid");
    private static final byte[] COMMITTED = JsonText.quoted("committed");
    private static final byte[] OLD = JsonText.quoted("old");
    private static final byte[] ROW = JsonText.quoted("row");

    // Of the open transaction.
    private TransactionInfo transaction;
    private String lsn;
    private String committed;

    @Override
    public void begin(TransactionInfo next, String id, long nowMillis) {
        transaction = next;
        lsn = next.commitLsn().toString();
        committed = next.commitTime().toString();
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
        out.startObject();
        out.name(TABLE).string(table.schemaName + "." + table.relation.name());
        out.name(OP).string(operation.word());
        out.name(LSN).string(lsn);
        out.name(ORDINAL).number(ordinal);
        out.name(COUNT);
        if (transaction.changes().isPresent()) {
            out.number(transaction.changes().getAsLong());
        } else {
            out.nothing(); // still arriving
        }
        out.name(XID).number(Integer.toUnsignedLong(transaction.xid()));
        out.name(COMMITTED).string(committed);
        if (before != null) {
            out.name(OLD);
            table.writeOld(out, before);
        }
        String unchanged = null;
        if (after != null) {
            out.name(ROW);
            unchanged = table.writeKnown(out, after, fallback);
        }
        out.endObject();
        return unchanged;
    }
}
