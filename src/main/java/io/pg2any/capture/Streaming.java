package io.pg2any.capture;

import java.util.Arrays;
import java.util.Locale;
import java.util.stream.Collectors;

/** Whether the server sends large transactions while they are open, instead of keeping them until their commit. */
public enum Streaming {
    /** {@link #ON} where the protocol has it: from version 2. */
    AUTO,
    /** Every transaction comes whole, after its commit. */
    OFF,
    /** What exceeds {@code logical_decoding_work_mem} is sent in blocks. */
    ON,
    /** As {@link #ON}; rollbacks carry their LSN and time. Protocol 4. */
    PARALLEL;

    /**
     * @param text a name in any case, or {@code true} or {@code false}
     * @throws IllegalArgumentException that lists what there is
     */
    public static Streaming parse(String text) {
        String name = text.strip().toUpperCase(Locale.ROOT);
        return switch (name) {
            case "TRUE" -> ON;
            case "FALSE" -> OFF;
            default ->
                Arrays.stream(values())
                        .filter(value -> value.name().equals(name))
                        .findFirst()
                        .orElseThrow(() -> new IllegalArgumentException(Arrays.stream(values())
                                        .map(value -> value.name().toLowerCase(Locale.ROOT))
                                        .collect(Collectors.joining(", "))
                                + ", not \"" + text + "\""));
        };
    }
}
