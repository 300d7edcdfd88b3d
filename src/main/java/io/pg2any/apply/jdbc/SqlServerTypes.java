package io.pg2any.apply.jdbc;

import io.pg2any.apply.ValuePolicy;
import io.pg2any.change.Column;
import io.pg2any.change.Relation;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.sql.Types;
import java.util.List;
import java.util.Locale;
import java.util.Set;

/**
 * PostgreSQL's types in SQL Server. Times are bound as text, which the driver does not shift, and so are decimals: the
 * driver declares a NULL as DECIMAL(38,0), and in a list of VALUES the other rows of its column would be given the type
 * that follows from both, without a fraction. Text is compared by code points. Under every collation of the server
 * {@code 'b'} and {@code 'b '} are the same key: the second one is refused.
 */
final class SqlServerTypes {
    private static final String TEXT_COLLATION = " COLLATE Latin1_General_100_BIN2";
    private static final int KEY_BYTES = 900;
    private static final int LONGEST_NVARCHAR = 4000;
    private static final int DECIMAL_DIGITS = 38;

    private static final Set<String> INTEGERS = Set.of("tinyint", "smallint", "int", "bigint");

    private final ValuePolicy values;
    private final TypedBindings typed;
    private final TimeBindings times;

    SqlServerTypes(ValuePolicy values) {
        this.values = values;
        this.typed = new TypedBindings(values);
        this.times = new TimeBindings(values, typed, Types.NVARCHAR);
    }

    ColumnType of(Relation relation, int index, List<String> key) {
        Column column = relation.columns().get(index);
        switch (PostgresType.nameOf(column)) {
            case "bool":
                return new ColumnType("BIT", Types.BIT, SqlServerTypes::bindBool);
            case "int2":
                return new ColumnType("SMALLINT", Types.BIGINT, TypedBindings::integer);
            case "int4":
                return new ColumnType("INT", Types.BIGINT, TypedBindings::integer);
            case "int8", "oid", "xid", "cid":
                return new ColumnType("BIGINT", Types.BIGINT, TypedBindings::integer);
            case "xid8":
                return new ColumnType("DECIMAL(20,0)", Types.NVARCHAR, this::bindDecimal);
            case "float4":
                return new ColumnType("FLOAT(53)", Types.DOUBLE, typed::float4);
            case "float8":
                return new ColumnType("FLOAT(53)", Types.DOUBLE, typed::float8);
            case "numeric":
                return numeric(relation, column, key);
            case "money":
                return new ColumnType("DECIMAL(19,2)", Types.NVARCHAR, SqlServerTypes::bindMoney);
            case "bytea":
                String length = key.contains(column.name()) ? Integer.toString(KEY_BYTES / key.size()) : "MAX";
                return new ColumnType("VARBINARY(" + length + ")", Types.LONGVARBINARY, TypedBindings::bytea);
            case "date":
                return new ColumnType("DATE", Types.NVARCHAR, times.date());
            case "time":
                return new ColumnType(
                        "TIME(" + PostgresType.fraction(column) + ")",
                        Types.NVARCHAR,
                        times.timeOfDay(PostgresType.fraction(column)));
            case "timestamp":
                return new ColumnType(
                        "DATETIME2(" + PostgresType.fraction(column) + ")",
                        Types.NVARCHAR,
                        times.timestamp(PostgresType.fraction(column)));
            case "timestamptz":
                return new ColumnType(
                        "DATETIMEOFFSET(" + PostgresType.fraction(column) + ")",
                        Types.NVARCHAR,
                        times.instant(PostgresType.fraction(column), " +00:00"));
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
        return new ColumnType("DECIMAL(" + digits + "," + Math.max(0, scale) + ")", Types.NVARCHAR, this::bindDecimal);
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
        return new ColumnType(withCollation("NVARCHAR(" + declared + ")"), Types.NVARCHAR, this::bindText);
    }

    /** The declaration of a column that pg2any makes, from its bare type. */
    static String withCollation(String type) {
        boolean bare = base(type).equals("nvarchar") && !type.contains("COLLATE");
        return bare ? type + TEXT_COLLATION : type;
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

    private static void bindMoney(PreparedStatement statement, int parameter, byte[] bytes, int offset, int length)
            throws SQLException, UnrepresentableValueException {
        statement.setNString(parameter, TypedBindings.amount(bytes, offset, length));
    }

    private void bindDecimal(PreparedStatement statement, int parameter, byte[] bytes, int offset, int length)
            throws SQLException, UnrepresentableValueException {
        if (TypedBindings.isNumber(bytes, offset, length)) {
            statement.setNString(parameter, TypedBindings.ascii(bytes, offset, length));
        } else {
            typed.nullOr(statement, parameter, Types.NVARCHAR, TypedBindings.NO_NUMBER);
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
            typed.nullOr(statement, parameter, Types.NVARCHAR, "the bytes are not UTF-8 text");
        }
    }
}
