package io.pg2any.camel;

import io.pg2any.apply.TargetSetBackException;

/**
 * The pipeline cannot go on: trying again would change nothing, and going on without this step would lose or repeat
 * changes. Routes must not redeliver it; the process ends with {@link #exitCode}.
 */
public class PipelineFailedException extends RuntimeException {
    private static final long serialVersionUID = 1L;

    private final boolean configuration;

    /**
     * @param message what happened and what to do, without secrets
     * @param configuration whether a setting or the surroundings must be changed before a start can succeed
     */
    public PipelineFailedException(String message, boolean configuration, Throwable cause) {
        super(message, cause);
        this.configuration = configuration;
    }

    /** Whether a new start mends it: the same process may make one. */
    public boolean startsAgain() {
        return getCause() instanceof TargetSetBackException;
    }

    /** 2 for a configuration error, 1 for everything else that is fatal. */
    public int exitCode() {
        return configuration ? 2 : 1;
    }
}
