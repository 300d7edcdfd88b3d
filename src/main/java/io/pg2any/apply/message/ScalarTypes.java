package io.pg2any.apply.message;

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
        public void write(JsonText out, byte[] bytes, int offset, int length) throws InexpressibleValueException {
            if (!out.string(bytes, offset, length)) {
                requireUtf8(bytes, offset, length);
            }
        }

        private static void requireUtf8(byte[] bytes, int offset, int length) throws InexpressibleValueException {
            // The replacement character shows a broken sequence, but may also be what was stored.
            String text = new String(bytes, offset, length, StandardCharsets.UTF_8);
            if (text.indexOf('\uFFFD') >= 0 && !sameBytes(text, bytes, offset, length)) {
                throw new InexpressibleValueException("the text is not UTF-8");
            }
        }

        private static boolean sameBytes(String text, byte[] bytes, int offset, int length) {
            byte[] encoded = text.getBytes(StandardCharsets.UTF_8);
            return Arrays.equals(encoded, 0, encoded.length, bytes, offset, offset + length);
        }
    }

    record BooleanType(ConnectSchema schema) implements ValueType {
        @Override
        public void write(JsonText out, byte[] bytes, int offset, int length) throws InexpressibleValueException {
            if (length != 1) {
                throw new InexpressibleValueException("not a boolean in PostgreSQL's text form");
            }
            out.bool(bytes[offset] == 't' || bytes[offset] == '1');
        }
    }

    record IntegerType(ConnectSchema schema) implements ValueType {
        @Override
        public void write(JsonText out, byte[] bytes, int offset, int length) throws InexpressibleValueException {
            out.number(parseLong(bytes, offset, length));
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
        public void write(JsonText out, byte[] bytes, int offset, int length) {
            if (isNumber(bytes, offset, length)) {
                out.value(bytes, offset, length);
            } else {
                out.string(bytes, offset, length);
            }
        }
    }

    /** NaN and the infinities begin with a letter, after a sign. */
    private static boolean isNumber(byte[] bytes, int offset, int length) {
        byte last = length > 0 ? bytes[offset + length - 1] : 0;
        return last >= '0' && last <= '9';
    }

    private static void writeBase64(JsonText out, byte[] value) {
        out.string(Base64.getEncoder().encodeToString(value));
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
        public void write(JsonText out, byte[] bytes, int offset, int length) throws InexpressibleValueException {
            writeBase64(
                    out,
                    finite(bytes, offset, length)
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
        public void write(JsonText out, byte[] bytes, int offset, int length) throws InexpressibleValueException {
            BigDecimal value = finite(bytes, offset, length);
            out.startObject().name("scale").number(value.scale()).name("value");
            writeBase64(out, value.unscaledValue().toByteArray());
            out.endObject();
        }
    }

    private static BigDecimal finite(byte[] bytes, int offset, int length) throws InexpressibleValueException {
        String text = ascii(bytes, offset, length);
        if (!isNumber(bytes, offset, length)) {
            throw new InexpressibleValueException(
                    text + " has no exact decimal form; write decimals as strings (pg2any.events.decimals=string)");
        }
        return new BigDecimal(text);
    }

    record BinaryType(ConnectSchema schema, MessageOptions.Binaries mode) implements ValueType {
        @Override
        public void write(JsonText out, byte[] bytes, int offset, int length) throws InexpressibleValueException {
            if (length < 2 || bytes[offset] != '\\' || bytes[offset + 1] != 'x') {
                throw new InexpressibleValueException("not a bytea in hex form (the session needs bytea_output = hex)");
            }
            if (mode == MessageOptions.Binaries.HEX) {
                out.string(bytes, offset + 2, length - 2);
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
        public void writeUnavailable(JsonText out) {
            byte[] placeholder = UNAVAILABLE.getBytes(StandardCharsets.US_ASCII);
            if (mode == MessageOptions.Binaries.HEX) {
                out.string(HexFormat.of().formatHex(placeholder));
            } else {
                writeBytes(out, placeholder);
            }
        }

        private void writeBytes(JsonText out, byte[] value) {
            if (mode == MessageOptions.Binaries.BASE64_URL_SAFE) {
                out.string(Base64.getUrlEncoder().encodeToString(value));
            } else {
                writeBase64(out, value);
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
        public void write(JsonText out, byte[] bytes, int offset, int length) throws InexpressibleValueException {
            byte[] value = new byte[(length + 7) / 8];
            for (int bit = 0; bit < length; bit++) {
                byte digit = bytes[offset + length - 1 - bit];
                if (digit == '1') {
                    value[bit >>> 3] |= (byte) (1 << (bit & 7));
                } else if (digit != '0') {
                    throw new InexpressibleValueException("not a bit string in PostgreSQL's text form");
                }
            }
            writeBase64(out, value);
        }
    }

    /** hstore as a string that holds a JSON object of strings and nulls. */
    record HstoreType(ConnectSchema schema) implements ValueType {
        @Override
        public void write(JsonText out, byte[] bytes, int offset, int length) throws InexpressibleValueException {
            out.string(HstoreText.toJson(new String(bytes, offset, length, StandardCharsets.UTF_8)));
        }

        @Override
        public void writeUnavailable(JsonText out) {
            out.string("{\"" + UNAVAILABLE + "\":\"" + UNAVAILABLE + "\"}");
        }
    }
}
