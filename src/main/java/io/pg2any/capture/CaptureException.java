package io.pg2any.capture;

import java.util.Objects;

/** Why the source cannot be read, what kind of trouble that is, and what the operator can do. Never holds a secret. */
public final class CaptureException extends Exception {
    private static final long serialVersionUID = 1L;

    /** What follows from the trouble. */
    public enum Kind {
        /** It may pass by itself: try again with backoff, for ever, visibly. */
        RETRYABLE,
        /** Settings of this pipeline or of the server must change first. */
        CONFIG,
        /** Going on would lose or corrupt data: stop and tell the operator. */
        FATAL
    }

    private final Kind kind;
    private final String remedy;

    public CaptureException(Kind kind, String what, String remedy, Throwable cause) {
        super(what, cause);
        this.kind = Objects.requireNonNull(kind, "kind");
        this.remedy = Objects.requireNonNull(remedy, "remedy");
    }

    public CaptureException(Kind kind, String what, String remedy) {
        this(kind, what, remedy, null);
    }

    CaptureException(Problem problem) {
        this(problem.kind(), problem.what(), problem.remedy(), null);
    }

    public Kind kind() {
        return kind;
    }

    /** One sentence for the operator. */
    public String remedy() {
        return remedy;
    }
}
