package io.pg2any.apply.message;

import io.pg2any.apply.TargetException;
import io.pg2any.change.TransactionInfo;

/**
 * One event on its way out.
 *
 * @param topic where it belongs
 * @param table the source's {@code schema.table}; empty for a message about a transaction
 * @param key null when the table has no key
 * @param value null for a tombstone
 * @param otherKey of a delete that a changed key made: the key the row has now; of its create: the one it had; else null
 * @param unchanged the columns whose value the source did not send because it did not change, and which the value
 *     therefore holds a placeholder for, joined by commas; null when there is none
 * @param ordinal of the change inside its transaction, from 1. A delete, its tombstone and the create of a changed key
 *     share one
 */
public record Message(
        String topic,
        String table,
        Operation operation,
        byte[] key,
        byte[] value,
        byte[] otherKey,
        String unchanged,
        TransactionInfo transaction,
        long ordinal) {

    /** What a message is about. */
    public enum Operation {
        CREATE("c", "insert"),
        UPDATE("u", "update"),
        DELETE("d", "delete"),
        /** The end of a key, for log compaction. */
        TOMBSTONE("", "tombstone"),
        TRUNCATE("t", "truncate"),
        BEGIN("", "begin"),
        END("", "end");

        private final String code;
        private final String word;

        Operation(String code, String word) {
            this.code = code;
            this.word = word;
        }

        /** The envelope's {@code op}; empty where there is none. */
        String code() {
            return code;
        }

        /** For people, and for routes that choose by it. */
        public String word() {
            return word;
        }
    }

    /** Takes messages in order. */
    @FunctionalInterface
    public interface Receiver {
        void receive(Message message) throws TargetException;
    }
}
