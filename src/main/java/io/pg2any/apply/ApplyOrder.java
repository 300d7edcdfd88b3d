package io.pg2any.apply;

/** In which order the rows of a batch are written ({@code pg2any.apply.order}); it is committed as a whole either way. */
public enum ApplyOrder {
    /** By table and net effect per key where nothing at the target can tell; else as {@link #STRICT}. */
    GROUPED,
    /** As the source made them. */
    STRICT
}
