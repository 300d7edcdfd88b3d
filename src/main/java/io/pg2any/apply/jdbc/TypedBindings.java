package io.pg2any.apply.jdbc;

import io.pg2any.apply.ValuePolicy;
import java.math.BigDecimal;
import java.nio.charset.StandardCharsets;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.sql.Types;

/** Bindings of values that every driver takes in the same Java type. What the target cannot hold follows the policy. */
final class TypedBindings {
    static final String NO_NUMBER = "the target cannot hold NaN or an infinity";

    private final ValuePolicy values;

    TypedBindings(ValuePolicy values) {
        this.values = values;
    }

    static void integer(PreparedStatement statement, int parameter, byte[] bytes, int offset, int length)
            throws SQLException, UnrepresentableValueException {
        statement.setLong(parameter, TextForm.integer(bytes, offset, length));
    }

    static void bytea(PreparedStatement statement, int parameter, byte[] bytes, int offset, int length)
            throws SQLException, UnrepresentableValueException {
        statement.setBytes(parameter, TextForm.bytea(bytes, offset, length));
    }

    static void money(PreparedStatement statement, int parameter, byte[] bytes, int offset, int length)
            throws SQLException, UnrepresentableValueException {
        statement.setBigDecimal(parameter, new BigDecimal(amount(bytes, offset, length)));
    }

    /** Of money as {@code lc_monetary = C} prints it: {@code -$1,234.50}. */
    static String amount(byte[] bytes, int offset, int length) throws UnrepresentableValueException {
        String digits = ascii(bytes, offset, length).replace("$", "").replace(",", "");
        if (!digits.matches("-?\\d+\\.\\d\\d")) {
            throw new UnrepresentableValueException("not an amount of money in the form of lc_monetary = C");
        }
        return digits;
    }

    void float4(PreparedStatement statement, int parameter, byte[] bytes, int offset, int length)
            throws SQLException, UnrepresentableValueException {
        finite(statement, parameter, TextForm.float4(bytes, offset, length));
    }

    void float8(PreparedStatement statement, int parameter, byte[] bytes, int offset, int length)
            throws SQLException, UnrepresentableValueException {
        finite(statement, parameter, TextForm.float8(bytes, offset, length));
    }

    private void finite(PreparedStatement statement, int parameter, double value)
            throws SQLException, UnrepresentableValueException {
        if (!Double.isNaN(value) && !Double.isInfinite(value)) {
            statement.setDouble(parameter, value);
        } else if (values == ValuePolicy.CLAMP && !Double.isNaN(value)) {
            statement.setDouble(parameter, Math.copySign(Double.MAX_VALUE, value));
        } else {
            nullOr(statement, parameter, Types.DOUBLE, NO_NUMBER);
        }
    }

    void decimal(PreparedStatement statement, int parameter, byte[] bytes, int offset, int length)
            throws SQLException, UnrepresentableValueException {
        if (isNumber(bytes, offset, length)) {
            statement.setBigDecimal(parameter, new BigDecimal(ascii(bytes, offset, length)));
        } else {
            nullOr(statement, parameter, Types.DECIMAL, NO_NUMBER);
        }
    }

    /** Whether a numeric is none of NaN and the infinities. */
    static boolean isNumber(byte[] bytes, int offset, int length) {
        return bytes[offset + length - 1] <= '9';
    }

    /** NULL, if that is the policy. */
    void nullOr(PreparedStatement statement, int parameter, int jdbcType, String reason)
            throws SQLException, UnrepresentableValueException {
        if (values != ValuePolicy.NULL) {
            throw new UnrepresentableValueException(reason);
        }
        statement.setNull(parameter, jdbcType);
    }

    static String ascii(byte[] bytes, int offset, int length) {
        return new String(bytes, offset, length, StandardCharsets.ISO_8859_1);
    }
}
