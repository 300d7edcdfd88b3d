package io.pg2any.cli.quickstart;

import java.util.Arrays;
import java.util.Comparator;
import java.util.HexFormat;

/**
 * SQLite's order of values, which is also the order PostgreSQL was asked for: NULL, numbers, text by its UTF-8 bytes,
 * blobs. Values of different storage classes are never equal.
 */
enum ValueOrder implements Comparator<Object> {
    INSTANCE;

    private static final int SHOWN = 60;

    @Override
    public int compare(Object a, Object b) {
        if (a instanceof Long x && b instanceof Long y) {
            return x.compareTo(y);
        }
        if (a instanceof Double x && b instanceof Double y) {
            return x.compareTo(y);
        }
        if (a instanceof String x && b instanceof String y) {
            return compareText(x, y);
        }
        if (a instanceof byte[] x && b instanceof byte[] y) {
            return Arrays.compareUnsigned(x, y);
        }
        return Integer.compare(rank(a), rank(b));
    }

    private static int rank(Object value) {
        if (value == null) {
            return 0;
        }
        if (value instanceof Long) {
            return 1;
        }
        if (value instanceof Double) {
            return 2;
        }
        return value instanceof String ? 3 : 4;
    }

    /** By code point, which is the order of UTF-8 bytes; UTF-16 puts surrogates before U+E000. */
    private static int compareText(String a, String b) {
        int mismatch = a.length() == b.length() && a.equals(b) ? -1 : firstDifference(a, b);
        if (mismatch < 0 || mismatch == Math.min(a.length(), b.length())) {
            return Integer.compare(a.length(), b.length());
        }
        return Character.compare(byCodePoint(a.charAt(mismatch)), byCodePoint(b.charAt(mismatch)));
    }

    private static int firstDifference(String a, String b) {
        int shared = Math.min(a.length(), b.length());
        int at = 0;
        while (at < shared && a.charAt(at) == b.charAt(at)) {
            at++;
        }
        return at;
    }

    private static char byCodePoint(char c) {
        if (c < Character.MIN_SURROGATE) {
            return c;
        }
        return (char) (c <= Character.MAX_SURROGATE ? c + 0x2000 : c - 0x800);
    }

    static String show(Object value) {
        String text;
        if (value == null) {
            return "NULL";
        } else if (value instanceof byte[] bytes) {
            text = "\\x" + HexFormat.of().formatHex(bytes, 0, Math.min(bytes.length, SHOWN)) + " (" + bytes.length
                    + " bytes)";
        } else if (value instanceof String string) {
            text = "'" + string + "'";
        } else {
            text = value.toString();
        }
        return text.length() <= SHOWN ? text : text.substring(0, SHOWN) + "… (" + text.length() + " characters)";
    }
}
