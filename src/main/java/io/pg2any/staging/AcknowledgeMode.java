package io.pg2any.staging;

/** When the source may forget its WAL. */
public enum AcknowledgeMode {
    /** When the target has committed. Staged files may be lost in a crash: the source sends them again. */
    APPLIED('A'),
    /** When the staged file is forced to disk: a target that is down costs local disk, not the source's. */
    STAGED('S');

    private final char code;

    AcknowledgeMode(char code) {
        this.code = code;
    }

    /** The letter in the header of a staged file. */
    char code() {
        return code;
    }
}
