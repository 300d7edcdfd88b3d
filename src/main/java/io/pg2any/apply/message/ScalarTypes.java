package io.pg2any.apply.message;

import com.fasterxml.jackson.core.Base64Variants;
import com.fasterxml.jackson.core.JsonGenerator;
import java.io.IOException;
import java.math.BigDecimal;
import java.math.RoundingMode;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Base64;
import java.util.HexFormat;
import java.util.Map;

/** Value types of one value each: what PostgreSQL prints for it, and what the event says. */
final class ScalarTypes {
    private ScalarTypes() {}

    /** Text as it is; the session's encoding is UTF-8, but a source with encoding SQL_ASCII sends any bytes. */
    record TextType(ConnectSchema schema) implements ValueType {
        @Override
        public void write(JsonGenerator out, byte[] bytes, int offset, int length)
                throws IOException, InexpressibleValueException {
            requireUtf8(bytes, offset, length);
            out.writeUTF8String(bytes, offset, length);
        }

        private static void requireUtf8(byte[] bytes, int offset, int length) throws InexpressibleValueException {
            for (int at = offset, end = offset + length; at < end; at++) {
                if (bytes[at] < 0) {
                    // The replacement character shows a broken sequence, but may also be what was stored.
                    String text = new String(bytes, offset, length, StandardCharsets.UTF_8);
                    if (text.indexOf('\uFFFD') >= 0 && !sameBytes(text, bytes, offset, length)) {
                        throw new InexpressibleValueException("the text is not UTF-8");
                    }
                    return;
                }
            }
        }

        private static boolean sameBytes(String text, byte[] bytes, int offset, int length) {
            byte[] encoded = text.getBytes(StandardCharsets.UTF_8);
            return Arrays.equals(encoded, 0, encoded.length, bytes, offset, offset + length);
        }
    }

    record BooleanType(ConnectSchema schema) implements ValueType {
        @Override
        public void write(JsonGenerator out, byte[] bytes, int offset, int length)
                throws IOException, InexpressibleValueException {
            if (length != 1) {
                throw new InexpressibleValueException("not a boolean in PostgreSQL's text form");
            }
            out.writeBoolean(bytes[offset] == 't' || bytes[offset] == '1');
        }
    }

    record IntegerType(ConnectSchema schema) implements ValueType {
        @Override
        public void write(JsonGenerator out, byte[] bytes, int offset, int length)
                throws IOException, InexpressibleValueException {
            out.writeNumber(parseLong(bytes, offset, length));
        }
    }

    static long parseLong(byte[] bytes, int offset, int length) throws InexpressibleValueException {
        boolean negative = length > 0 && bytes[offset] == '-';
        int at = negative ? offset + 1 : offset;
        int end = offset + length;
        if (at == end || end - at > 19) {
            throw new InexpressibleValueException("not an integer of 64 bits");
        }
        long value = 0; // negative, where there is room for one more
        for (; at < end; at++) {
            int digit = bytes[at] - '0';
            if (digit < 0 || digit > 9) {
                throw new InexpressibleValueException("not an integer in PostgreSQL's text form");
            }
            value = value * 10 - digit;
        }
        if (value > 0 || (!negative && value == Long.MIN_VALUE)) {
            throw new InexpressibleValueException("not an integer of 64 bits");
        }
        return negative ? value : -value;
    }

    /** PostgreSQL's shortest exact form is a JSON number, but for the three values that are none. */
    record FloatType(ConnectSchema schema) implements ValueType {
        @Override
        public void write(JsonGenerator out, byte[] bytes, int offset, int length) throws IOException {
            String text = ascii(bytes, offset, length);
            if (isNumber(text)) {
                out.writeNumber(text);
            } else {
                out.writeString(text);
            }
        }
    }

    /** NaN and the infinities begin with a letter, after a sign. */
    static boolean isNumber(String text) {
        char last = text.charAt(text.length() - 1);
        return last >= '0' && last <= '9';
    }

    static String ascii(byte[] bytes, int offset, int length) {
        return new String(bytes, offset, length, StandardCharsets.ISO_8859_1);
    }

    /** NUMERIC with a declared scale, as Connect's Decimal. */
    record DecimalType(ConnectSchema schema, int scale) implements ValueType {
        static DecimalType of(int precision, int scale) {
            return new DecimalType(
                    ConnectSchema.named(
                            "bytes",
                            "org.apache.kafka.connect.data.Decimal",
                            Map.of(
                                    "scale",
                                    Integer.toString(scale),
                                    "connect.decimal.precision",
                                    Integer.toString(precision))),
                    scale);
        }

        @Override
        public void write(JsonGenerator out, byte[] bytes, int offset, int length)
                throws IOException, InexpressibleValueException {
            out.writeBinary(finite(bytes, offset, length)
                    .setScale(scale, RoundingMode.UNNECESSARY)
                    .unscaledValue()
                    .toByteArray());
        }
    }

    /** NUMERIC without a declared scale: every value brings its own. */
    record VariableScaleDecimalType(ConnectSchema schema) implements ValueType {
        static final VariableScaleDecimalType INSTANCE = new VariableScaleDecimalType(ConnectSchema.struct(
                "io.debezium.data.VariableScaleDecimal",
                1,
                new ConnectSchema.Field("scale", ConnectSchema.of("int32"), false),
                new ConnectSchema.Field("value", ConnectSchema.of("bytes"), false)));

        @Override
        public void write(JsonGenerator out, byte[] bytes, int offset, int length)
                throws IOException, InexpressibleValueException {
            BigDecimal value = finite(bytes, offset, length);
            out.writeStartObject();
            out.writeNumberField("scale", value.scale());
            out.writeBinaryField("value", value.unscaledValue().toByteArray());
            out.writeEndObject();
        }
    }

    private static BigDecimal finite(byte[] bytes, int offset, int length) throws InexpressibleValueException {
        String text = ascii(bytes, offset, length);
        if (!isNumber(text)) {
            throw new InexpressibleValueException(
                    text + " has no exact decimal form; write decimals as strings (pg2any.events.decimals=string)");
        }
        return new BigDecimal(text);
    }

    record BinaryType(ConnectSchema schema, MessageOptions.Binaries mode) implements ValueType {
        @Override
        public void write(JsonGenerator out, byte[] bytes, int offset, int length)
                throws IOException, InexpressibleValueException {
            if (length < 2 || bytes[offset] != '\\' || bytes[offset + 1] != 'x') {
                throw new InexpressibleValueException("not a bytea in hex form (the session needs bytea_output = hex)");
            }
            if (mode == MessageOptions.Binaries.HEX) {
                out.writeUTF8String(bytes, offset + 2, length - 2);
                return;
            }
            byte[] value;
            try {
                value = HexFormat.of().parseHex(ascii(bytes, offset + 2, length - 2));
            } catch (IllegalArgumentException e) {
                throw new InexpressibleValueException("not a bytea in hex form: " + e.getMessage());
            }
            writeBytes(out, value);
        }

        @Override
        public void writeUnavailable(JsonGenerator out) throws IOException {
            byte[] placeholder = UNAVAILABLE.getBytes(StandardCharsets.US_ASCII);
            if (mode == MessageOptions.Binaries.HEX) {
                out.writeString(HexFormat.of().formatHex(placeholder));
            } else {
                writeBytes(out, placeholder);
            }
        }

        private void writeBytes(JsonGenerator out, byte[] value) throws IOException {
            if (mode == MessageOptions.Binaries.BASE64_URL_SAFE) {
                out.writeString(Base64.getUrlEncoder().encodeToString(value));
            } else {
                out.writeBinary(Base64Variants.MIME_NO_LINEFEEDS, value, 0, value.length);
            }
        }
    }

    /** Bit strings: the last bit printed is the lowest bit of the first byte. */
    record BitsType(ConnectSchema schema) implements ValueType {
        static BitsType of(int length) {
            return new BitsType(
                    ConnectSchema.named("bytes", "io.debezium.data.Bits", Map.of("length", Integer.toString(length))));
        }

        @Override
        public void write(JsonGenerator out, byte[] bytes, int offset, int length)
                throws IOException, InexpressibleValueException {
            byte[] value = new byte[(length + 7) / 8];
            for (int bit = 0; bit < length; bit++) {
                byte digit = bytes[offset + length - 1 - bit];
                if (digit == '1') {
                    value[bit >>> 3] |= (byte) (1 << (bit & 7));
                } else if (digit != '0') {
                    throw new InexpressibleValueException("not a bit string in PostgreSQL's text form");
                }
            }
            out.writeBinary(value);
        }
    }

    /** hstore as a string that holds a JSON object of strings and nulls. */
    record HstoreType(ConnectSchema schema) implements ValueType {
        @Override
        public void write(JsonGenerator out, byte[] bytes, int offset, int length)
                throws IOException, InexpressibleValueException {
            out.writeString(HstoreText.toJson(new String(bytes, offset, length, StandardCharsets.UTF_8)));
        }

        @Override
        public void writeUnavailable(JsonGenerator out) throws IOException {
            out.writeString("{\"" + UNAVAILABLE + "\":\"" + UNAVAILABLE + "\"}");
        }
    }
}
