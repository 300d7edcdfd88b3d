package io.pg2any.staging;

import java.io.IOException;
import java.nio.file.Path;

/**
 * A staged file is not what was written: cut off, changed, or missing from the chain. Fatal: nothing of it, and nothing
 * after it, may be applied.
 */
public class CorruptStagedFileException extends IOException {
    private static final long serialVersionUID = 1L;

    private final transient Path file;
    private final long offset;

    public CorruptStagedFileException(Path file, long offset, String expected, String found) {
        super("staged file " + file + " is damaged at offset " + offset + ": expected " + expected + ", found "
                + found);
        this.file = file;
        this.offset = offset;
    }

    /** The same damage with what follows from it. */
    CorruptStagedFileException(CorruptStagedFileException damage, String consequence) {
        super(damage.getMessage() + consequence, damage);
        this.file = damage.file;
        this.offset = damage.offset;
    }

    public Path file() {
        return file;
    }

    /** Byte in the file where what is damaged begins. */
    public long offset() {
        return offset;
    }
}
