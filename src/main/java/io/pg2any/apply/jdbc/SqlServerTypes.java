package io.pg2any.apply.jdbc;

import io.pg2any.apply.ValuePolicy;
import io.pg2any.change.Column;
import io.pg2any.change.Relation;
import java.math.BigDecimal;
import java.nio.charset.StandardCharsets;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.sql.Types;
import java.util.List;
import java.util.Locale;
import java.util.Set;

/**
 * PostgreSQL's types in SQL Server. Times are bound as text, which the driver does not shift; text is compared by code
 * points. Under every collation of the server {@code 'b'} and {@code 'b '} are the same key: the second one is refused.
 */
final class SqlServerTypes {
    private static final String TEXT_COLLATION = " COLLATE Latin1_General_100_BIN2";
    private static final int KEY_BYTES = 900;
    private static final int LONGEST_NVARCHAR = 4000;
    private static final int DECIMAL_DIGITS = 38;

    private static final Set<String> INTEGERS = Set.of("tinyint", "smallint", "int", "bigint");

    private final ValuePolicy values;

    SqlServerTypes(ValuePolicy values) {
        this.values = values;
    }

    ColumnType of(Relation relation, int index, List<String> key) {
        Column column = relation.columns().get(index);
        switch (PostgresType.nameOf(column)) {
            case "bool":
                return new ColumnType("BIT", Types.BIT, SqlServerTypes::bindBool);
            case "int2":
                return new ColumnType("SMALLINT", Types.BIGINT, SqlServerTypes::bindInteger);
            case "int4":
                return new ColumnType("INT", Types.BIGINT, SqlServerTypes::bindInteger);
            case "int8", "oid", "xid", "cid":
                return new ColumnType("BIGINT", Types.BIGINT, SqlServerTypes::bindInteger);
            case "xid8":
                return new ColumnType("DECIMAL(20,0)", Types.DECIMAL, this::bindDecimal);
            case "float4":
                return new ColumnType("FLOAT(53)", Types.DOUBLE, this::bindFloat4);
            case "float8":
                return new ColumnType("FLOAT(53)", Types.DOUBLE, this::bindFloat8);
            case "numeric":
                return numeric(relation, column, key);
            case "money":
                return new ColumnType("DECIMAL(19,2)", Types.DECIMAL, SqlServerTypes::bindMoney);
            case "bytea":
                String length = key.contains(column.name()) ? Integer.toString(KEY_BYTES / key.size()) : "MAX";
                return new ColumnType("VARBINARY(" + length + ")", Types.LONGVARBINARY, SqlServerTypes::bindBytea);
            case "date":
                return new ColumnType("DATE", Types.NVARCHAR, this::bindDate);
            case "time":
                return new ColumnType("TIME(6)", Types.NVARCHAR, this::bindTimeOfDay);
            case "timestamp":
                return new ColumnType("DATETIME2(6)", Types.NVARCHAR, this::bindTimestamp);
            case "timestamptz":
                return new ColumnType("DATETIMEOFFSET(6)", Types.NVARCHAR, this::bindInstant);
            case "uuid":
                return new ColumnType("UNIQUEIDENTIFIER", Types.NVARCHAR, this::bindText);
            default:
                return text(column, key);
        }
    }

    private ColumnType numeric(Relation relation, Column column, List<String> key) {
        int precision = PostgresType.precision(column);
        int scale = PostgresType.scale(column);
        int digits = scale < 0 ? precision - scale : Math.max(precision, scale);
        if (precision < 0 || digits > DECIMAL_DIGITS) {
            return text(column, key);
        }
        return new ColumnType("DECIMAL(" + digits + "," + Math.max(0, scale) + ")", Types.DECIMAL, this::bindDecimal);
    }

    /** A character of PostgreSQL's may take two of the server's. */
    private ColumnType text(Column column, List<String> key) {
        String name = PostgresType.nameOf(column);
        int length = switch (name) {
            case "varchar", "bpchar" -> PostgresType.length(column) * 2;
            case "name" -> 126;
            default -> -1;
        };
        String declared;
        if (key.contains(column.name())) {
            int most = KEY_BYTES / 2 / key.size();
            declared = Integer.toString(length <= 0 ? most : Math.min(most, length));
        } else {
            declared = length > 0 && length <= LONGEST_NVARCHAR ? Integer.toString(length) : "MAX";
        }
        return new ColumnType("NVARCHAR(" + declared + ")" + TEXT_COLLATION, Types.NVARCHAR, this::bindText);
    }

    /** What the server would round, cut or pad in silence is refused. */
    static boolean keeps(String existing, String wanted) {
        String found = base(existing);
        String needed = base(wanted);
        if (found.equals("nvarchar")) {
            return !needed.equals("varbinary");
        }
        if (INTEGERS.contains(found)) {
            return INTEGERS.contains(needed) || needed.equals("bit");
        }
        if (found.equals("decimal") || found.equals("numeric")) {
            return INTEGERS.contains(needed) || needed.equals("decimal") && scale(existing) >= scale(wanted);
        }
        if (found.equals("datetime2") || found.equals("datetimeoffset") || found.equals("time")) {
            return found.equals(needed) && scale(existing) >= scale(wanted);
        }
        return found.equals(needed);
    }

    private static String base(String type) {
        return type.toLowerCase(Locale.ROOT).split("[ (]", 2)[0];
    }

    /** The last number in parentheses. */
    private static int scale(String type) {
        String inside = type.substring(type.indexOf('(') + 1, type.indexOf(')'));
        return Integer.parseInt(inside.substring(inside.indexOf(',') + 1).strip());
    }

    private static void bindBool(PreparedStatement statement, int parameter, byte[] bytes, int offset, int length)
            throws SQLException, UnrepresentableValueException {
        statement.setBoolean(parameter, TextForm.bool(bytes, offset, length));
    }

    private static void bindInteger(PreparedStatement statement, int parameter, byte[] bytes, int offset, int length)
            throws SQLException, UnrepresentableValueException {
        statement.setLong(parameter, TextForm.integer(bytes, offset, length));
    }

    private void bindFloat4(PreparedStatement statement, int parameter, byte[] bytes, int offset, int length)
            throws SQLException, UnrepresentableValueException {
        bindDouble(statement, parameter, TextForm.float4(bytes, offset, length));
    }

    private void bindFloat8(PreparedStatement statement, int parameter, byte[] bytes, int offset, int length)
            throws SQLException, UnrepresentableValueException {
        bindDouble(statement, parameter, TextForm.float8(bytes, offset, length));
    }

    private void bindDouble(PreparedStatement statement, int parameter, double value)
            throws SQLException, UnrepresentableValueException {
        if (!Double.isNaN(value) && !Double.isInfinite(value)) {
            statement.setDouble(parameter, value);
        } else if (values == ValuePolicy.CLAMP && !Double.isNaN(value)) {
            statement.setDouble(parameter, Math.copySign(Double.MAX_VALUE, value));
        } else {
            nullOr(statement, parameter, Types.DOUBLE, "the target cannot hold NaN or an infinity");
        }
    }

    private void bindDecimal(PreparedStatement statement, int parameter, byte[] bytes, int offset, int length)
            throws SQLException, UnrepresentableValueException {
        if (bytes[offset + length - 1] > '9') {
            nullOr(statement, parameter, Types.DECIMAL, "the target cannot hold NaN or an infinity");
            return;
        }
        statement.setBigDecimal(parameter, new BigDecimal(ascii(bytes, offset, length)));
    }

    /** As {@code lc_monetary = C} prints it: {@code -$1,234.50}. */
    private static void bindMoney(PreparedStatement statement, int parameter, byte[] bytes, int offset, int length)
            throws SQLException, UnrepresentableValueException {
        String digits = ascii(bytes, offset, length).replace("$", "").replace(",", "");
        if (!digits.matches("-?\\d+\\.\\d\\d")) {
            throw new UnrepresentableValueException("not an amount of money in the form of lc_monetary = C");
        }
        statement.setBigDecimal(parameter, new BigDecimal(digits));
    }

    private static void bindBytea(PreparedStatement statement, int parameter, byte[] bytes, int offset, int length)
            throws SQLException, UnrepresentableValueException {
        statement.setBytes(parameter, TextForm.bytea(bytes, offset, length));
    }

    private void bindDate(PreparedStatement statement, int parameter, byte[] bytes, int offset, int length)
            throws SQLException, UnrepresentableValueException {
        String text = ascii(bytes, offset, length);
        bindTime(statement, parameter, text, text.length() == 10, "0001-01-01", "9999-12-31", "");
    }

    private void bindTimeOfDay(PreparedStatement statement, int parameter, byte[] bytes, int offset, int length)
            throws SQLException, UnrepresentableValueException {
        String text = ascii(bytes, offset, length);
        bindTime(statement, parameter, text, !text.startsWith("24"), "00:00:00", "23:59:59.999999", "");
    }

    private void bindTimestamp(PreparedStatement statement, int parameter, byte[] bytes, int offset, int length)
            throws SQLException, UnrepresentableValueException {
        bindTimestamp(statement, parameter, ascii(bytes, offset, length), "");
    }

    /** The session pins UTC: the text ends with {@code +00}. */
    private void bindInstant(PreparedStatement statement, int parameter, byte[] bytes, int offset, int length)
            throws SQLException, UnrepresentableValueException {
        String text = ascii(bytes, offset, length);
        bindTimestamp(
                statement, parameter, text.endsWith("+00") ? text.substring(0, text.length() - 3) : text, " +00:00");
    }

    private void bindTimestamp(PreparedStatement statement, int parameter, String text, String zone)
            throws SQLException, UnrepresentableValueException {
        boolean fits = text.length() >= 19
                && text.length() <= 26
                && text.charAt(4) == '-'
                && text.charAt(10) == ' '
                && text.charAt(text.length() - 1) <= '9';
        bindTime(statement, parameter, text, fits, "0001-01-01 00:00:00", "9999-12-31 23:59:59.999999", zone);
    }

    private void bindTime(
            PreparedStatement statement,
            int parameter,
            String text,
            boolean fits,
            String first,
            String last,
            String zone)
            throws SQLException, UnrepresentableValueException {
        if (fits && text.charAt(0) <= '9') {
            statement.setNString(parameter, text + zone);
        } else if (values == ValuePolicy.CLAMP) {
            boolean early = text.startsWith("-") || text.endsWith("BC");
            statement.setNString(parameter, (early ? first : last) + zone);
        } else {
            nullOr(
                    statement,
                    parameter,
                    Types.NVARCHAR,
                    "the target holds the years 1 to 9999 and times before 24:00, and no infinity");
        }
    }

    private void bindText(PreparedStatement statement, int parameter, byte[] bytes, int offset, int length)
            throws SQLException, UnrepresentableValueException {
        String text = TextForm.text(bytes, offset, length);
        if (text != null) {
            statement.setNString(parameter, text);
        } else if (values == ValuePolicy.TEXT) {
            statement.setNString(parameter, TextForm.hex(bytes, offset, length));
        } else {
            nullOr(statement, parameter, Types.NVARCHAR, "the bytes are not UTF-8 text");
        }
    }

    private void nullOr(PreparedStatement statement, int parameter, int jdbcType, String reason)
            throws SQLException, UnrepresentableValueException {
        if (values != ValuePolicy.NULL) {
            throw new UnrepresentableValueException(reason);
        }
        statement.setNull(parameter, jdbcType);
    }

    private static String ascii(byte[] bytes, int offset, int length) {
        return new String(bytes, offset, length, StandardCharsets.ISO_8859_1);
    }
}
