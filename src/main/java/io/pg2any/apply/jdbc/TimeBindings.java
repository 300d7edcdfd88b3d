package io.pg2any.apply.jdbc;

import io.pg2any.apply.ValuePolicy;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.sql.Types;

/**
 * Dates and times as text, for targets that hold the years 1 to 9999 and no infinity: drivers shift or shorten other
 * forms. What is outside follows the policy; the nearest value has no more digits than the column, which would round it
 * out of its range.
 */
final class TimeBindings {
    private static final String REASON = "the target holds the years 1 to 9999, and no infinity";

    private final ValuePolicy values;
    private final TypedBindings typed;
    private final int textType;

    /**
     * @param textType VARCHAR or NVARCHAR
     */
    TimeBindings(ValuePolicy values, TypedBindings typed, int textType) {
        this.values = values;
        this.typed = typed;
        this.textType = textType;
    }

    ValueBinding date() {
        return (statement, parameter, bytes, offset, length) -> {
            String text = TypedBindings.ascii(bytes, offset, length);
            bind(statement, parameter, text, isDate(bytes, offset, length), "0001-01-01", "9999-12-31", REASON);
        };
    }

    /** For targets whose day ends before 24:00. */
    ValueBinding timeOfDay(int fraction) {
        return (statement, parameter, bytes, offset, length) -> {
            String text = TypedBindings.ascii(bytes, offset, length);
            String last = "23:59:59" + nines(fraction);
            bind(statement, parameter, text, !text.startsWith("24"), "00:00:00", last, "the target holds no 24:00");
        };
    }

    ValueBinding timestamp(int fraction) {
        return (statement, parameter, bytes, offset, length) ->
                bindTimestamp(statement, parameter, bytes, offset, length, fraction, "");
    }

    /**
     * @param zone how the target writes UTC
     */
    ValueBinding instant(int fraction, String zone) {
        return (statement, parameter, bytes, offset, length) -> bindTimestamp(
                statement, parameter, bytes, offset, lengthWithoutUtc(bytes, offset, length), fraction, zone);
    }

    private void bindTimestamp(
            PreparedStatement statement, int parameter, byte[] bytes, int offset, int length, int fraction, String zone)
            throws SQLException, UnrepresentableValueException {
        String text = TypedBindings.ascii(bytes, offset, length);
        boolean fits = isTimestamp(bytes, offset, length);
        String first = "0001-01-01 00:00:00" + zone;
        String last = "9999-12-31 23:59:59" + nines(fraction) + zone;
        bind(statement, parameter, fits ? text + zone : text, fits, first, last, REASON);
    }

    /** Whether it is a day of the years 1 to 9999. */
    static boolean isDate(byte[] bytes, int offset, int length) {
        return length == 10 && bytes[offset] <= '9' && bytes[offset + 4] == '-';
    }

    /** Whether it is a time of the years 1 to 9999. */
    static boolean isTimestamp(byte[] bytes, int offset, int length) {
        return length >= 19
                && length <= 26
                && bytes[offset] <= '9'
                && bytes[offset + 4] == '-'
                && bytes[offset + 10] == ' '
                && bytes[offset + length - 1] <= '9';
    }

    /** The session pins UTC: an instant ends with {@code +00}, which is left away. */
    static int lengthWithoutUtc(byte[] bytes, int offset, int length) {
        int end = offset + length;
        boolean utc = length > 3 && bytes[end - 3] == '+' && bytes[end - 2] == '0' && bytes[end - 1] == '0';
        return utc ? length - 3 : length;
    }

    private static String nines(int fraction) {
        return fraction == 0 ? "" : "." + "9".repeat(fraction);
    }

    private void bind(
            PreparedStatement statement,
            int parameter,
            String text,
            boolean fits,
            String first,
            String last,
            String reason)
            throws SQLException, UnrepresentableValueException {
        if (fits) {
            set(statement, parameter, text);
        } else if (values == ValuePolicy.CLAMP) {
            boolean early = text.startsWith("-") || text.endsWith("BC");
            set(statement, parameter, early ? first : last);
        } else {
            typed.nullOr(statement, parameter, textType, reason);
        }
    }

    private void set(PreparedStatement statement, int parameter, String text) throws SQLException {
        if (textType == Types.NVARCHAR) {
            statement.setNString(parameter, text);
        } else {
            statement.setString(parameter, text);
        }
    }
}
