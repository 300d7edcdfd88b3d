package io.pg2any.apply.message;

import com.fasterxml.jackson.core.JsonGenerator;
import java.io.IOException;

/** How the values of one column appear in events. Immutable. */
interface ValueType {
    /** What stands for a value that the source did not send because it did not change. */
    String UNAVAILABLE = "__debezium_unavailable_value";

    ConnectSchema schema();

    /**
     * Writes a value given in PostgreSQL's text form.
     *
     * @throws InexpressibleValueException before anything was written
     */
    void write(JsonGenerator out, byte[] bytes, int offset, int length) throws IOException, InexpressibleValueException;

    /** Stands for an unchanged value that was not sent; null where the type has no room for a placeholder. */
    default void writeUnavailable(JsonGenerator out) throws IOException {
        if (schema().type().equals("string")) {
            out.writeString(UNAVAILABLE);
        } else {
            out.writeNull();
        }
    }
}
