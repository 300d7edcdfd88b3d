package io.pg2any.apply.message;

/** A value that its event type has no form for. The text says why, not what. Thrown before anything was written. */
final class InexpressibleValueException extends Exception {
    private static final long serialVersionUID = 1L;

    InexpressibleValueException(String message) {
        super(message);
    }
}
