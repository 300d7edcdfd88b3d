package io.pg2any.apply;

import java.util.Objects;

/**
 * The target did not take a batch; nothing of it is visible. The message names table, column and place in the source,
 * and what to do; it never holds values of rows or secrets.
 */
public class TargetException extends Exception {
    private static final long serialVersionUID = 1L;

    /** What the caller can do about it. */
    public enum Kind {
        /** Goes away by itself or by an operator's work at the target: back off and give the same batch again. */
        RETRYABLE,
        /** This change can never apply as it is: stop, or put it aside. */
        REJECTED,
        /** Going on would lose or repeat changes: stop the process. */
        FATAL,
        /** The target or the settings do not fit: stop and have the operator change them. */
        CONFIG
    }

    private final Kind kind;

    public TargetException(Kind kind, String message) {
        super(message);
        this.kind = Objects.requireNonNull(kind, "kind");
    }

    public TargetException(Kind kind, String message, Throwable cause) {
        super(message, cause);
        this.kind = Objects.requireNonNull(kind, "kind");
    }

    public Kind kind() {
        return kind;
    }
}
