package io.pg2any.apply.message;

import io.pg2any.apply.TargetException;
import io.pg2any.change.TransactionInfo;
import java.nio.charset.StandardCharsets;

/**
 * One event on its way out.
 *
 * @param topic where it belongs
 * @param table the source's {@code schema.table}; empty for a message about a transaction, and for a logical message
 * @param key null when the table has no key
 * @param value null for a tombstone
 * @param otherKey of a delete that a changed key made: the key the row has now; of its create: the one it had; else null
 * @param unchanged the columns whose value the source did not send because it did not change, and which the value
 *     therefore holds a placeholder for, joined by commas; null when there is none
 * @param prefix of a logical message, whose content is the value; else null
 * @param ordinal of the change inside its transaction, from 1
 * @param part number of the message among those of its change, from 1: a delete and its tombstone, and the create of a
 *     changed key; and the tables of a truncate
 */
public record Message(
        String topic,
        String table,
        Operation operation,
        byte[] key,
        byte[] value,
        byte[] otherKey,
        String unchanged,
        String prefix,
        TransactionInfo transaction,
        long ordinal,
        int part) {

    /** What a message is about. */
    public enum Operation {
        CREATE("c", "insert"),
        UPDATE("u", "update"),
        DELETE("d", "delete"),
        /** The end of a key, for log compaction. */
        TOMBSTONE("", "tombstone"),
        TRUNCATE("t", "truncate"),
        /** A logical message, as it was emitted. */
        MESSAGE("m", "message"),
        BEGIN("", "begin"),
        END("", "end");

        private final byte[] code;
        private final String word;

        Operation(String code, String word) {
            this.code = code.getBytes(StandardCharsets.US_ASCII);
            this.word = word;
        }

        /** The envelope's {@code op}; empty where there is none. */
        byte[] code() {
            return code;
        }

        /** For people, and for routes that choose by it. */
        public String word() {
            return word;
        }
    }

    /** Where the message is from, for errors: table, or prefix, and place in the source. */
    public String place() {
        return place(table, prefix, transaction, ordinal);
    }

    /** The same, for one whose bytes nobody needs any more. */
    public static String place(String table, String prefix, TransactionInfo transaction, long ordinal) {
        String where = "change " + ordinal + " of transaction " + Integer.toUnsignedString(transaction.xid())
                + " committed at " + transaction.commitLsn();
        if (prefix != null) {
            return "logical message of prefix " + prefix + ": " + where;
        }
        return table.isEmpty() ? where : table + ": " + where;
    }

    /** Takes messages in order. */
    @FunctionalInterface
    public interface Receiver {
        void receive(Message message) throws TargetException;
    }
}
