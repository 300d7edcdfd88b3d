package io.pg2any.apply;

import io.pg2any.change.Tuple;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;

/** Tuples as they come off the wire. */
public final class Tuples {
    /** Stands for an unchanged TOASTed value. */
    public static final Object UNCHANGED = new Object();

    private Tuples() {}

    /** Strings become TEXT, byte arrays TEXT of these bytes, null NULL. */
    public static Tuple tuple(Object... values) {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        // A tuple is a view into a larger message.
        bytes.write('N');
        int[] starts = new int[values.length];
        for (int i = 0; i < values.length; i++) {
            starts[i] = bytes.size();
            if (values[i] == null) {
                bytes.write(Tuple.NULL);
            } else if (values[i] == UNCHANGED) {
                bytes.write(Tuple.UNCHANGED);
            } else {
                byte[] value = values[i] instanceof byte[] raw
                        ? raw
                        : values[i].toString().getBytes(StandardCharsets.UTF_8);
                bytes.write(Tuple.TEXT);
                bytes.write(value.length >>> 24);
                bytes.write(value.length >>> 16);
                bytes.write(value.length >>> 8);
                bytes.write(value.length);
                bytes.writeBytes(value);
            }
        }
        bytes.writeBytes(new byte[8]);
        return new Tuple(bytes.toByteArray(), starts);
    }
}
