package io.pg2any.apply.message;

/** How the values of one column appear in events. Immutable. */
interface ValueType {
    /** What stands for a value that the source did not send because it did not change. */
    String UNAVAILABLE = "__debezium_unavailable_value";

    ConnectSchema schema();

    /**
     * Writes a value given in PostgreSQL's text form.
     *
     * @throws InexpressibleValueException with a part of the value written
     */
    void write(JsonText out, byte[] bytes, int offset, int length) throws InexpressibleValueException;

    /** Stands for an unchanged value that was not sent; null where the type has no room for a placeholder. */
    default void writeUnavailable(JsonText out) {
        if (schema().type().equals("string")) {
            out.string(UNAVAILABLE);
        } else {
            out.nothing();
        }
    }
}
