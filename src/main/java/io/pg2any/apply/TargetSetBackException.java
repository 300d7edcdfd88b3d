package io.pg2any.apply;

/**
 * The target has lost commits that it had shown, but none that it had said to be durable: its server crashed before they
 * were on its disk. What it lacks now, the source still has; a new start goes on from the target's position.
 */
public final class TargetSetBackException extends TargetException {
    private static final long serialVersionUID = 1L;

    public TargetSetBackException(String message) {
        super(Kind.FATAL, message);
    }
}
