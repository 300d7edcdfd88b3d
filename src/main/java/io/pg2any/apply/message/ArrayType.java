package io.pg2any.apply.message;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * PostgreSQL's arrays from {@code {a,"b",NULL}}. Lower bounds are left away. A schema knows arrays of one dimension
 * only; where none is written, the others are nested.
 *
 * @param nests whether arrays of several dimensions may be written
 */
record ArrayType(ValueType element, ConnectSchema schema, boolean nests) implements ValueType {
    static ArrayType of(ValueType element, boolean nests) {
        return new ArrayType(element, ConnectSchema.array(element.schema()), nests);
    }

    @Override
    public void write(JsonText out, byte[] bytes, int offset, int length) throws InexpressibleValueException {
        Reader reader = new Reader(bytes, offset, offset + length);
        Object array = reader.array();
        reader.requireEnd();
        write(out, array);
    }

    private void write(JsonText out, Object value) throws InexpressibleValueException {
        if (value == null) {
            out.nothing();
        } else if (value instanceof List<?> elements) {
            out.startArray();
            for (Object each : elements) {
                write(out, each);
            }
            out.endArray();
        } else {
            byte[] text = (byte[]) value;
            element.write(out, text, 0, text.length);
        }
    }

    /** One element that no array would hold: its text, or its text's bytes where elements are numbers. */
    @Override
    public void writeUnavailable(JsonText out) {
        switch (element.schema().type()) {
            case "string", "bytes" -> {
                out.startArray();
                element.writeUnavailable(out);
                out.endArray();
            }
            case "int16", "int32", "int64" -> {
                out.startArray();
                for (byte each : UNAVAILABLE.getBytes(StandardCharsets.US_ASCII)) {
                    out.number(each);
                }
                out.endArray();
            }
            default -> out.nothing();
        }
    }

    private final class Reader {
        private final byte[] bytes;
        private final int end;
        private int at;

        Reader(byte[] bytes, int from, int end) {
            this.bytes = bytes;
            this.at = from;
            this.end = end;
        }

        /** Lists for arrays, byte arrays for elements, nulls. */
        List<Object> array() throws InexpressibleValueException {
            if (peek() == '[') {
                while (peek() != '=') {
                    at++;
                }
                at++;
            }
            return elements();
        }

        private List<Object> elements() throws InexpressibleValueException {
            expect('{');
            List<Object> elements = new ArrayList<>();
            while (peek() != '}') {
                if (!elements.isEmpty()) {
                    expect(',');
                }
                elements.add(element());
            }
            at++;
            return elements;
        }

        private Object element() throws InexpressibleValueException {
            if (peek() == '{') {
                if (!nests) {
                    throw new InexpressibleValueException("an array of several dimensions has no Connect schema;"
                            + " write values without schemas (pg2any.events.schemas=false)");
                }
                return elements();
            }
            return peek() == '"' ? quoted() : bare();
        }

        private byte[] quoted() throws InexpressibleValueException {
            ByteArrayOutputStream value = new ByteArrayOutputStream();
            at++;
            while (peek() != '"') {
                if (peek() == '\\') {
                    at++;
                }
                value.write(peek());
                at++;
            }
            at++;
            return value.toByteArray();
        }

        private byte[] bare() throws InexpressibleValueException {
            int start = at;
            while (peek() != ',' && peek() != '}') {
                at++;
            }
            String text = new String(bytes, start, at - start, StandardCharsets.ISO_8859_1);
            return text.equals("NULL") ? null : Arrays.copyOfRange(bytes, start, at);
        }

        private byte peek() throws InexpressibleValueException {
            if (at >= end) {
                throw notAnArray();
            }
            return bytes[at];
        }

        private void expect(char c) throws InexpressibleValueException {
            if (peek() != c) {
                throw notAnArray();
            }
            at++;
        }

        private void requireEnd() throws InexpressibleValueException {
            if (at != end) {
                throw notAnArray();
            }
        }

        private InexpressibleValueException notAnArray() {
            return new InexpressibleValueException("not an array in PostgreSQL's text form");
        }
    }
}
