package io.pg2any.apply.message;

import io.pg2any.apply.message.EventTable.InexpressibleColumnException;
import io.pg2any.apply.message.Message.Operation;
import io.pg2any.change.TransactionInfo;
import io.pg2any.change.Tuple;

/** How a change becomes a message's value. One thread. */
interface ValueFormat {
    /**
     * What follows belongs to this transaction.
     *
     * @param id under which events name it
     */
    void begin(TransactionInfo transaction, String id, long nowMillis);

    /**
     * @param ordinal of the change in the transaction, from 1
     * @param before null when there is none, or the source did not send it
     * @param fallback has what {@code after} says is unchanged; null when the source did not send it
     * @return the columns whose value is missing or a placeholder, null when there is none
     */
    String write(
            JsonText out,
            EventTable table,
            Operation operation,
            long ordinal,
            Tuple before,
            Tuple after,
            Tuple fallback)
            throws InexpressibleColumnException;
}
