package io.pg2any.capture;

import io.pg2any.capture.CaptureException.Kind;
import java.util.Objects;

/**
 * One thing that is wrong at the source.
 *
 * @param what names the slot, publication, table, role or setting; never a secret
 * @param remedy what to do about it
 */
public record Problem(Severity severity, String what, String remedy, Kind kind) {
    public enum Severity {
        /** Capture cannot work. */
        ERROR,
        /** Capture works; something else may not. */
        WARN
    }

    public Problem {
        Objects.requireNonNull(severity, "severity");
        Objects.requireNonNull(what, "what");
        Objects.requireNonNull(remedy, "remedy");
        Objects.requireNonNull(kind, "kind");
    }

    static Problem error(Kind kind, String what, String remedy) {
        return new Problem(Severity.ERROR, what, remedy, kind);
    }

    static Problem warning(String what, String remedy) {
        return new Problem(Severity.WARN, what, remedy, Kind.CONFIG);
    }

    static Problem of(CaptureException e, Kind kind) {
        return error(kind, e.getMessage(), e.remedy());
    }
}
