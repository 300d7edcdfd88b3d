package io.pg2any.apply.jdbc;

import io.pg2any.apply.ValuePolicy;
import io.pg2any.change.Column;
import io.pg2any.change.Relation;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.sql.Types;
import java.util.List;
import java.util.Locale;
import java.util.Set;

/**
 * PostgreSQL's types in MySQL and MariaDB. Numbers are bound as numbers (a number compared with text is compared as a
 * double), times as text (drivers shift or shorten the others), everything that has no exact type as PostgreSQL's text.
 */
final class MySqlTypes {
    /** Bytes that an InnoDB key may have. */
    private static final int KEY_BYTES = 3072;

    private static final int BYTES_PER_CHARACTER = 4;
    private static final int LONGEST_KEY_TEXT = KEY_BYTES / BYTES_PER_CHARACTER;

    /** A table's declared lengths together must stay below 65,535 bytes; beyond this they go out of line. */
    private static final int VARCHAR_BYTES = 32_768;

    private static final int LONGEST_VARCHAR = 255;
    private static final int DECIMAL_DIGITS = 65;
    private static final int DECIMAL_SCALE = 30;

    private static final Set<String> INTEGERS = Set.of("tinyint", "smallint", "mediumint", "int", "bigint");
    private static final Set<String> TEXTS = Set.of("varchar", "tinytext", "text", "mediumtext", "longtext");
    private static final Set<String> BYTES = Set.of("varbinary", "tinyblob", "blob", "mediumblob", "longblob");

    private final ValuePolicy values;
    private final TypedBindings typed;
    private final TimeBindings times;
    private final String collation;

    MySqlTypes(ValuePolicy values, String collation) {
        this.values = values;
        this.typed = new TypedBindings(values);
        this.times = new TimeBindings(values, typed, Types.VARCHAR);
        this.collation = collation;
    }

    ColumnType of(Relation relation, int index, List<String> key) {
        Column column = relation.columns().get(index);
        boolean isKey = key.contains(column.name());
        switch (PostgresType.nameOf(column)) {
            case "bool":
                return new ColumnType("TINYINT(1)", Types.TINYINT, MySqlTypes::bindBool);
            case "int2":
                return new ColumnType("SMALLINT", Types.BIGINT, TypedBindings::integer);
            case "int4":
                return new ColumnType("INT", Types.BIGINT, TypedBindings::integer);
            case "int8", "oid", "xid", "cid":
                return new ColumnType("BIGINT", Types.BIGINT, TypedBindings::integer);
            case "xid8":
                return new ColumnType("BIGINT UNSIGNED", Types.BIGINT, MySqlTypes::bindUnsigned);
            case "float4":
                return new ColumnType("DOUBLE", Types.DOUBLE, typed::float4);
            case "float8":
                return new ColumnType("DOUBLE", Types.DOUBLE, typed::float8);
            case "numeric":
                return numeric(relation, column, key);
            case "money":
                return new ColumnType("DECIMAL(19,2)", Types.DECIMAL, TypedBindings::money);
            case "bytea":
                String bytes =
                        isKey ? "VARBINARY(" + keyCharacters(relation, key) * BYTES_PER_CHARACTER + ")" : "LONGBLOB";
                return new ColumnType(bytes, Types.LONGVARBINARY, TypedBindings::bytea);
            case "date":
                return new ColumnType("DATE", Types.VARCHAR, times.date());
            case "time":
                return new ColumnType("TIME(" + PostgresType.fraction(column) + ")", Types.VARCHAR, this::bindText);
            case "timestamp":
                return new ColumnType(
                        "DATETIME(" + PostgresType.fraction(column) + ")",
                        Types.VARCHAR,
                        times.timestamp(PostgresType.fraction(column)));
            case "timestamptz":
                return new ColumnType(
                        "DATETIME(" + PostgresType.fraction(column) + ")",
                        Types.VARCHAR,
                        times.instant(PostgresType.fraction(column), ""));
            default:
                return text(relation, column, key);
        }
    }

    private ColumnType numeric(Relation relation, Column column, List<String> key) {
        int precision = PostgresType.precision(column);
        int scale = PostgresType.scale(column);
        int digits = scale < 0 ? precision - scale : Math.max(precision, scale);
        if (precision < 0 || digits > DECIMAL_DIGITS || scale > DECIMAL_SCALE) {
            return text(relation, column, key);
        }
        return new ColumnType("DECIMAL(" + digits + "," + Math.max(0, scale) + ")", Types.DECIMAL, typed::decimal);
    }

    private ColumnType text(Relation relation, Column column, List<String> key) {
        String type;
        int length = textLength(column);
        if (key.contains(column.name())) {
            int most = keyCharacters(relation, key);
            type = "VARCHAR(" + (length < 0 ? most : Math.min(most, length)) + ")";
        } else if (length >= 0 && length <= LONGEST_VARCHAR && declaredBytes(relation) <= VARCHAR_BYTES) {
            type = "VARCHAR(" + length + ")";
        } else {
            type = "LONGTEXT";
        }
        return new ColumnType(withCollation(type), Types.VARCHAR, this::bindText);
    }

    /** The declaration of a column that pg2any makes, from its bare type. */
    String withCollation(String type) {
        boolean bare = TEXTS.contains(base(type)) && !type.contains("COLLATE");
        return bare ? type + " CHARACTER SET utf8mb4 COLLATE " + collation : type;
    }

    /** Most characters that the type's text can have; -1 where there is no such number. */
    private static int textLength(Column column) {
        return switch (PostgresType.nameOf(column)) {
            case "varchar", "bpchar", "bit", "varbit" -> PostgresType.length(column);
            case "uuid" -> 36;
            case "name" -> 63;
            case "timetz" -> 24;
            case "pg_lsn" -> 17;
            case "inet", "cidr" -> 43;
            case "macaddr" -> 17;
            case "macaddr8" -> 23;
            default -> -1;
        };
    }

    private static int declaredBytes(Relation relation) {
        int bytes = 0;
        for (Column column : relation.columns()) {
            int length = textLength(column);
            bytes += length >= 0 && length <= LONGEST_VARCHAR ? length * BYTES_PER_CHARACTER : 0;
        }
        return bytes;
    }

    /** What is left of a key's bytes for each of its columns without a length. */
    private static int keyCharacters(Relation relation, List<String> key) {
        int fixed = 0;
        int open = 0;
        for (Column column : relation.columns()) {
            if (key.contains(column.name())) {
                int length = textLength(column);
                if (isOpen(column, length)) {
                    open++;
                } else {
                    fixed += length >= 0 ? length * BYTES_PER_CHARACTER : DECIMAL_SCALE;
                }
            }
        }
        return Math.max(1, Math.min(LONGEST_KEY_TEXT, (KEY_BYTES - fixed) / BYTES_PER_CHARACTER / Math.max(1, open)));
    }

    private static boolean isOpen(Column column, int length) {
        switch (PostgresType.nameOf(column)) {
            case "bool", "int2", "int4", "int8", "oid", "xid", "cid", "xid8", "float4", "float8", "money":
                return false;
            case "date", "time", "timestamp", "timestamptz":
                return false;
            case "numeric":
                return PostgresType.precision(column) < 0 || PostgresType.precision(column) > DECIMAL_DIGITS;
            default:
                return length < 0 || length > LONGEST_KEY_TEXT;
        }
    }

    /**
     * Strict mode refuses what is too long or out of range, but rounds digits after the point and of a second, cuts the
     * time off a date and blanks off a CHAR, all in silence.
     */
    static boolean keeps(String existing, String wanted) {
        String found = base(existing);
        String needed = base(wanted);
        if (TEXTS.contains(found) || found.equals("json") || found.equals("enum")) {
            return !BYTES.contains(needed);
        }
        if (found.equals("char")) {
            return INTEGERS.contains(needed) || needed.equals("varchar");
        }
        if (BYTES.contains(found)) {
            return BYTES.contains(needed);
        }
        if (INTEGERS.contains(found)) {
            return INTEGERS.contains(needed);
        }
        if (found.equals("decimal")) {
            return INTEGERS.contains(needed) || needed.equals("decimal") && scale(existing) >= scale(wanted);
        }
        if (found.equals("uuid") || found.equals("inet6") || found.equals("inet4")) {
            return needed.equals("varchar");
        }
        if (found.equals("timestamp")) {
            return needed.equals("datetime") && scaleOfOne(existing) >= scaleOfOne(wanted);
        }
        return found.equals(needed) && scaleOfOne(existing) >= scaleOfOne(wanted);
    }

    /** The type's own name, without length or attributes. */
    static String base(String type) {
        String lower = type.toLowerCase(Locale.ROOT);
        String base = lower.split("[ (]", 2)[0];
        return switch (base) {
            case "integer" -> "int";
            case "numeric" -> "decimal";
            default -> base;
        };
    }

    /** The s of {@code decimal(p,s)}. */
    private static int scale(String type) {
        int comma = type.indexOf(',');
        return comma < 0
                ? 0
                : Integer.parseInt(type.substring(comma + 1, type.indexOf(')')).strip());
    }

    /** The n of {@code datetime(n)}. */
    private static int scaleOfOne(String type) {
        int open = type.indexOf('(');
        return open < 0 || type.indexOf(',') > 0
                ? 0
                : Integer.parseInt(type.substring(open + 1, type.indexOf(')')).strip());
    }

    private static void bindBool(PreparedStatement statement, int parameter, byte[] bytes, int offset, int length)
            throws SQLException, UnrepresentableValueException {
        statement.setInt(parameter, TextForm.bool(bytes, offset, length) ? 1 : 0);
    }

    private static void bindUnsigned(PreparedStatement statement, int parameter, byte[] bytes, int offset, int length)
            throws SQLException {
        statement.setBigDecimal(parameter, new BigDecimal(new BigInteger(TypedBindings.ascii(bytes, offset, length))));
    }

    private void bindText(PreparedStatement statement, int parameter, byte[] bytes, int offset, int length)
            throws SQLException, UnrepresentableValueException {
        String text = TextForm.text(bytes, offset, length);
        if (text != null) {
            statement.setString(parameter, text);
        } else if (values == ValuePolicy.TEXT) {
            statement.setString(parameter, TextForm.hex(bytes, offset, length));
        } else {
            typed.nullOr(statement, parameter, Types.VARCHAR, "the bytes are not UTF-8 text");
        }
    }
}
