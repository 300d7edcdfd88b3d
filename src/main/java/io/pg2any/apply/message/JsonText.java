package io.pg2any.apply.message;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;

/** Writes one JSON text after the other into arrays of their own. One thread. */
final class JsonText {
    private static final JsonFactory FACTORY = JsonFactory.builder().build();

    private final ByteArrayOutputStream bytes = new ByteArrayOutputStream(4096);
    private JsonGenerator out = generator(bytes);

    /** Where the next text goes; taken by {@link #take}. */
    JsonGenerator out() {
        return out;
    }

    /** The text written since the last call. */
    byte[] take() throws IOException {
        out.flush();
        byte[] text = bytes.toByteArray();
        bytes.reset();
        return text;
    }

    /** After an error in the middle of a text. */
    void forget() {
        out = generator(bytes);
        bytes.reset();
    }

    /** For finding out whether something can be written. */
    static JsonGenerator nowhere() {
        return generator(OutputStream.nullOutputStream());
    }

    private static JsonGenerator generator(OutputStream to) {
        try {
            JsonGenerator generator = FACTORY.createGenerator(to);
            // Texts stand alone, not in a sequence.
            generator.setRootValueSeparator(null);
            return generator;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
