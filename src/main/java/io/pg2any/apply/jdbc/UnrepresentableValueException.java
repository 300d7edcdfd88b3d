package io.pg2any.apply.jdbc;

/** A value the target's column cannot hold, under a policy that does not allow another. The text says why, not what. */
public class UnrepresentableValueException extends Exception {
    private static final long serialVersionUID = 1L;

    public UnrepresentableValueException(String message) {
        super(message);
    }
}
