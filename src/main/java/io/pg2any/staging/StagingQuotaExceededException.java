package io.pg2any.staging;

/** One transaction alone needs more disk than the quota allows: waiting cannot help. */
public class StagingQuotaExceededException extends IllegalStateException {
    private static final long serialVersionUID = 1L;

    public StagingQuotaExceededException(String message) {
        super(message);
    }
}
