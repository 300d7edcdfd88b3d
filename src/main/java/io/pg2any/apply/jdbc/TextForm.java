package io.pg2any.apply.jdbc;

import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.HexFormat;

/**
 * Reads PostgreSQL's text output forms from bytes, exactly or not at all. The replication session pins the settings
 * they depend on: {@code bytea_output = hex}, {@code extra_float_digits} at its shortest exact form, UTF-8.
 */
final class TextForm {
    /** Up to here a decimal significand is an exact double, and so are these powers of ten: one division rounds once. */
    private static final int EXACT_DIGITS = 15;

    private static final double[] POWERS_OF_TEN = {
        1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15
    };

    private TextForm() {}

    static long integer(byte[] bytes, int offset, int length) throws UnrepresentableValueException {
        int at = offset;
        int end = offset + length;
        boolean negative = length > 1 && bytes[at] == '-';
        if (negative) {
            at++;
        }
        if (at == end || end - at > 19) {
            throw notA("integer");
        }
        long value = 0;
        for (; at < end; at++) {
            int digit = bytes[at] - '0';
            if (digit < 0 || digit > 9) {
                throw notA("integer");
            }
            // Down, since Long.MIN_VALUE has no positive twin; overflow shows as a turned sign.
            value = value * 10 - digit;
            if (value > 0) {
                throw notA("64-bit integer");
            }
        }
        if (!negative && value == Long.MIN_VALUE) {
            throw notA("64-bit integer");
        }
        return negative ? value : -value;
    }

    static boolean bool(byte[] bytes, int offset, int length) throws UnrepresentableValueException {
        if (length == 1 && bytes[offset] == 't') {
            return true;
        }
        if (length == 1 && bytes[offset] == 'f') {
            return false;
        }
        throw notA("boolean");
    }

    /** The double nearest to the decimal, as {@link Double#parseDouble}; Infinity and NaN included. */
    static double float8(byte[] bytes, int offset, int length) throws UnrepresentableValueException {
        long significand = 0;
        int digits = 0;
        int fraction = -1;
        int at = offset;
        int end = offset + length;
        boolean negative = length > 0 && bytes[at] == '-';
        if (negative) {
            at++;
        }
        for (; at < end; at++) {
            int digit = bytes[at] - '0';
            if (digit >= 0 && digit <= 9) {
                significand = significand * 10 + digit;
                digits++;
                if (fraction >= 0) {
                    fraction++;
                }
            } else if (bytes[at] == '.' && fraction < 0) {
                fraction = 0;
            } else {
                return parseDouble(bytes, offset, length);
            }
        }
        if (digits == 0 || digits > EXACT_DIGITS) {
            return parseDouble(bytes, offset, length);
        }
        double value = fraction > 0 ? significand / POWERS_OF_TEN[fraction] : significand;
        return negative ? -value : value;
    }

    /**
     * The double that prints like the float, unless narrowing it would give another float (rounding twice): then the
     * float's own value.
     */
    static double float4(byte[] bytes, int offset, int length) throws UnrepresentableValueException {
        double wide = float8(bytes, offset, length);
        if (Double.isNaN(wide) || Double.isInfinite(wide)) {
            return wide;
        }
        float exact = Float.parseFloat(new String(bytes, offset, length, StandardCharsets.ISO_8859_1));
        return (float) wide == exact ? wide : exact;
    }

    private static double parseDouble(byte[] bytes, int offset, int length) throws UnrepresentableValueException {
        String text = new String(bytes, offset, length, StandardCharsets.ISO_8859_1);
        // Double.parseDouble also takes "1f", "0x1p3" and blanks, which PostgreSQL never prints.
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if (!(c >= '0' && c <= '9') && ".-+eINafinty".indexOf(c) < 0) {
                throw notA("floating-point number");
            }
        }
        try {
            return Double.parseDouble(text);
        } catch (NumberFormatException e) {
            UnrepresentableValueException error = notA("floating-point number");
            error.initCause(e);
            throw error;
        }
    }

    static byte[] bytea(byte[] bytes, int offset, int length) throws UnrepresentableValueException {
        if (length < 2 || bytes[offset] != '\\' || bytes[offset + 1] != 'x' || (length & 1) != 0) {
            throw new UnrepresentableValueException("not a bytea in hex form (the session needs bytea_output = hex)");
        }
        byte[] value = new byte[length / 2 - 1];
        for (int i = 0, at = offset + 2; i < value.length; i++, at += 2) {
            int high = nibble(bytes[at]);
            int low = nibble(bytes[at + 1]);
            if ((high | low) < 0) {
                throw notA("hexadecimal digit");
            }
            value[i] = (byte) (high << 4 | low);
        }
        return value;
    }

    private static int nibble(byte digit) {
        return digit >= '0' && digit <= '9' ? digit - '0' : digit >= 'a' && digit <= 'f' ? digit - 'a' + 10 : -1;
    }

    /** Null when the bytes are not UTF-8, which a source with encoding SQL_ASCII may send. */
    static String text(byte[] bytes, int offset, int length) {
        for (int at = offset, end = offset + length; at < end; at++) {
            if (bytes[at] < 0) {
                return wideText(bytes, offset, length);
            }
        }
        return new String(bytes, offset, length, StandardCharsets.ISO_8859_1);
    }

    private static String wideText(byte[] bytes, int offset, int length) {
        String text = new String(bytes, offset, length, StandardCharsets.UTF_8);
        // The replacement character is how a broken sequence shows, but it may also be what was stored.
        if (text.indexOf('\uFFFD') >= 0) {
            try {
                StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes, offset, length));
            } catch (CharacterCodingException e) {
                return null;
            }
        }
        return text;
    }

    static String hex(byte[] bytes, int offset, int length) {
        return "\\x" + HexFormat.of().formatHex(bytes, offset, offset + length);
    }

    private static UnrepresentableValueException notA(String what) {
        return new UnrepresentableValueException("not a " + what + " in PostgreSQL's text form");
    }
}
