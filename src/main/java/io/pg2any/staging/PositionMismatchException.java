package io.pg2any.staging;

/**
 * What is staged, what the target has and what the source sends do not join: something between them is missing, or they
 * belong to different clusters. Fatal; going on would lose transactions in silence.
 */
public class PositionMismatchException extends IllegalStateException {
    private static final long serialVersionUID = 1L;

    public PositionMismatchException(String message) {
        super(message);
    }
}
