package io.pg2any.apply.jdbc;

import io.pg2any.change.Column;
import io.pg2any.change.Tuple;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Optional;

/**
 * Rows as the lines that LOAD DATA reads. Lines are made while the driver reads, so that the server works on the first
 * ones while the last are still to be made.
 *
 * <p>A value that has no exact form here ends the stream early; {@link #whole} tells, once it was read.
 */
final class LoadDataStream extends InputStream {
    private static final int CHUNK = 64 << 10;

    /** How a value's text becomes a field. */
    enum Field {
        /** Digits, as they are; NaN and the infinities have no form. */
        NUMBER,
        BOOL,
        FLOAT4,
        MONEY,
        DATE,
        TIMESTAMP,
        INSTANT,
        TEXT,
        /** Hexadecimal digits, of which the statement makes bytes. */
        BYTES
    }

    private final List<Tuple> rows;
    private final Field[] fields;
    private int nextRow;
    private boolean whole = true;
    private final DelimitedLines lines = new DelimitedLines(CHUNK + (CHUNK >> 1));
    private int from;

    LoadDataStream(List<Tuple> rows, Field[] fields) {
        this.rows = rows;
        this.fields = fields;
    }

    /** The fields of a table whose columns all have the type that they would have been given; empty for any other. */
    static Optional<Field[]> fields(TargetTable table) {
        Field[] fields = new Field[table.columnNames().size()];
        for (int column = 0; column < fields.length; column++) {
            String wanted = MySqlTypes.base(table.types()[column].declaration());
            if (!wanted.equals(MySqlTypes.base(table.declarations().get(column)))) {
                return Optional.empty();
            }
            fields[column] = field(table.relation().columns().get(column), wanted);
        }
        return Optional.of(fields);
    }

    private static Field field(Column column, String declared) {
        switch (declared) {
            case "tinyint":
                return Field.BOOL;
            case "smallint", "int", "bigint":
                return Field.NUMBER;
            case "double":
                return PostgresType.nameOf(column).equals("float4") ? Field.FLOAT4 : Field.NUMBER;
            case "decimal":
                return PostgresType.nameOf(column).equals("money") ? Field.MONEY : Field.NUMBER;
            case "date":
                return Field.DATE;
            case "datetime":
                return PostgresType.nameOf(column).equals("timestamptz") ? Field.INSTANT : Field.TIMESTAMP;
            case "longblob", "varbinary":
                return Field.BYTES;
            default:
                return Field.TEXT;
        }
    }

    /** Whether every row was given. */
    boolean whole() {
        return whole && nextRow == rows.size() && from == lines.size();
    }

    @Override
    public int read() {
        byte[] one = new byte[1];
        return read(one, 0, 1) < 0 ? -1 : one[0] & 0xFF;
    }

    @Override
    public int read(byte[] into, int offset, int length) {
        if (from == lines.size()) {
            fill();
        }
        if (from == lines.size()) {
            return -1;
        }
        int count = Math.min(length, lines.size() - from);
        System.arraycopy(lines.bytes(), from, into, offset, count);
        from += count;
        return count;
    }

    private void fill() {
        from = 0;
        lines.truncate(0);
        while (whole && nextRow < rows.size() && lines.size() < CHUNK) {
            int start = lines.size();
            if (line(rows.get(nextRow))) {
                nextRow++;
            } else {
                lines.truncate(start);
                whole = false;
            }
        }
    }

    private boolean line(Tuple row) {
        for (int column = 0; column < fields.length; column++) {
            if (column > 0) {
                lines.endField();
            }
            byte kind = row.kind(column);
            if (kind == Tuple.NULL) {
                lines.putNull();
            } else if (kind != Tuple.TEXT
                    || !field(fields[column], row.bytes(), row.offset(column), row.length(column))) {
                return false;
            }
        }
        lines.endLine();
        return true;
    }

    private boolean field(Field field, byte[] bytes, int offset, int length) {
        switch (field) {
            case NUMBER:
                return length > 0 && bytes[offset + length - 1] <= '9' && plain(bytes, offset, length);
            case BOOL:
                lines.put(bytes[offset] == 't' ? '1' : '0');
                return length == 1 && (bytes[offset] == 't' || bytes[offset] == 'f');
            case FLOAT4:
                return float4(bytes, offset, length);
            case MONEY:
                return money(bytes, offset, length);
            case DATE:
                return TimeBindings.isDate(bytes, offset, length) && plain(bytes, offset, length);
            case TIMESTAMP:
                return TimeBindings.isTimestamp(bytes, offset, length) && plain(bytes, offset, length);
            case INSTANT:
                int withoutZone = TimeBindings.lengthWithoutUtc(bytes, offset, length);
                return TimeBindings.isTimestamp(bytes, offset, withoutZone) && plain(bytes, offset, withoutZone);
            case BYTES:
                return hex(bytes, offset, length);
            default:
                return text(bytes, offset, length);
        }
    }

    private boolean plain(byte[] bytes, int offset, int length) {
        lines.putPlain(bytes, offset, length);
        return true;
    }

    private boolean float4(byte[] bytes, int offset, int length) {
        double value;
        try {
            value = TextForm.float4(bytes, offset, length);
        } catch (UnrepresentableValueException e) {
            return false;
        }
        byte[] digits = Double.toString(value).getBytes(StandardCharsets.ISO_8859_1);
        return Double.isFinite(value) && plain(digits, 0, digits.length);
    }

    /** Without currency sign and thousands' separators. */
    private boolean money(byte[] bytes, int offset, int length) {
        for (int at = offset; at < offset + length; at++) {
            byte b = bytes[at];
            if (b >= '0' && b <= '9' || b == '-' || b == '.') {
                lines.put((char) b);
            } else if (b != '$' && b != ',') {
                return false;
            }
        }
        return true;
    }

    private boolean hex(byte[] bytes, int offset, int length) {
        if (length < 2 || bytes[offset] != '\\' || bytes[offset + 1] != 'x' || (length & 1) != 0) {
            return false;
        }
        for (int at = offset + 2; at < offset + length; at++) {
            byte b = bytes[at];
            if (!(b >= '0' && b <= '9' || b >= 'a' && b <= 'f')) {
                return false;
            }
        }
        return plain(bytes, offset + 2, length - 2);
    }

    private boolean text(byte[] bytes, int offset, int length) {
        return lines.putText(bytes, offset, length) || TextForm.text(bytes, offset, length) != null;
    }
}
