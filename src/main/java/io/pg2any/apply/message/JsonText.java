package io.pg2any.apply.message;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/**
 * Writes one JSON text after the other into arrays of their own. A value goes from the bytes it arrived in into the text
 * without becoming characters in between: most of the time of a pipeline into Kafka is spent here. That names and values
 * come in an order that is JSON is the caller's to see to. One thread.
 */
final class JsonText {
    private static final int FIRST_ROOM = 4096;
    /** A buffer that one large value made longer than this is not kept. */
    private static final int KEPT_ROOM = 256 << 10;

    private static final byte[] HEX = ascii("0123456789ABCDEF");
    private static final byte[] TRUE = ascii("true");
    private static final byte[] FALSE = ascii("false");
    private static final byte[] NULL = ascii("null");

    private byte[] bytes = new byte[FIRST_ROOM];
    private int size;
    /** Whether a comma parts what comes next from what is there. */
    private boolean comma;

    private final byte[] digits = new byte[20];

    /** A name as {@link #name(byte[])} wants it, made once for many texts. */
    static byte[] quoted(String name) {
        return new JsonText().string(name).put(':').take();
    }

    JsonText startObject() {
        return start('{');
    }

    JsonText endObject() {
        return end('}');
    }

    JsonText startArray() {
        return start('[');
    }

    JsonText endArray() {
        return end(']');
    }

    private JsonText start(char bracket) {
        part();
        comma = false;
        return put(bracket);
    }

    private JsonText end(char bracket) {
        comma = true;
        return put(bracket);
    }

    /**
     * @param quoted by {@link #quoted}
     */
    JsonText name(byte[] quoted) {
        part();
        comma = false;
        return put(quoted, 0, quoted.length);
    }

    JsonText name(String name) {
        string(name).put(':');
        comma = false;
        return this;
    }

    /**
     * @param value without lone surrogates
     */
    JsonText string(String value) {
        byte[] utf8 = value.getBytes(StandardCharsets.UTF_8);
        string(utf8, 0, utf8.length);
        return this;
    }

    /**
     * @param utf8 written as it is but for the characters that JSON escapes, which are single bytes
     * @return whether all of it is ASCII; what is not ASCII is not looked at
     */
    boolean string(byte[] utf8, int offset, int length) {
        part();
        put('"');
        int end = offset + length;
        int from = offset;
        int all = 0;
        for (int at = offset; at < end; at++) {
            byte each = utf8[at];
            all |= each;
            if (each < ' ' ? each >= 0 : each == '"' || each == '\\') {
                put(utf8, from, at - from);
                escape(each);
                from = at + 1;
            }
        }
        put(utf8, from, end - from);
        put('"');
        return all >= 0;
    }

    private void escape(byte character) {
        put('\\');
        switch (character) {
            case '"', '\\' -> put((char) character);
            case '\b' -> put('b');
            case '\t' -> put('t');
            case '\n' -> put('n');
            case '\f' -> put('f');
            case '\r' -> put('r');
            default ->
                put('u').put('0').put('0').put((char) HEX[character >> 4]).put((char) HEX[character & 0xF]);
        }
    }

    JsonText number(long value) {
        part();
        int at = digits.length;
        long rest = Math.min(value, -value); // negative, where there is room for one more
        do {
            digits[--at] = (byte) ('0' - rest % 10);
            rest /= 10;
        } while (rest != 0);
        if (value < 0) {
            put('-');
        }
        return put(digits, at, digits.length - at);
    }

    JsonText bool(boolean value) {
        return value(value ? TRUE : FALSE);
    }

    JsonText nothing() {
        return value(NULL);
    }

    /**
     * @param json a whole value
     */
    JsonText value(byte[] json) {
        return value(json, 0, json.length);
    }

    JsonText value(byte[] json, int offset, int length) {
        part();
        return put(json, offset, length);
    }

    /**
     * @param json any part of a text; what comes next begins without a comma
     */
    JsonText raw(byte[] json) {
        comma = false;
        return put(json, 0, json.length);
    }

    /** Before a value or a name; after it comes another, if nothing else is said. */
    private void part() {
        if (comma) {
            put(',');
        }
        comma = true;
    }

    private JsonText put(char character) {
        if (size == bytes.length) {
            makeRoom(1);
        }
        bytes[size++] = (byte) character;
        return this;
    }

    private JsonText put(byte[] from, int offset, int length) {
        if (bytes.length - size < length) {
            makeRoom(length);
        }
        System.arraycopy(from, offset, bytes, size, length);
        size += length;
        return this;
    }

    private void makeRoom(int more) {
        bytes = Arrays.copyOf(bytes, Math.max(Math.addExact(size, more), bytes.length + (bytes.length >> 1)));
    }

    /** How much is written; where {@link #cut} goes back to. */
    int length() {
        return size;
    }

    /** Takes back the value that was begun at this length, as the first after a name or bracket. */
    void cut(int length) {
        size = length;
        comma = false;
    }

    /** The text written since the last call. */
    byte[] take() {
        byte[] text = Arrays.copyOf(bytes, size);
        forget();
        return text;
    }

    /** After an error in the middle of a text. */
    void forget() {
        size = 0;
        comma = false;
        if (bytes.length > KEPT_ROOM) {
            bytes = new byte[FIRST_ROOM];
        }
    }

    private static byte[] ascii(String text) {
        return text.getBytes(StandardCharsets.US_ASCII);
    }
}
