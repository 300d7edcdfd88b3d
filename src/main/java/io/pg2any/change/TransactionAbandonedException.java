package io.pg2any.change;

import java.io.IOException;

/**
 * The source connection ended while this transaction was arriving. Not an error of the target or the data: what was
 * applied of it must be rolled back, and the source sends the whole transaction again.
 */
public class TransactionAbandonedException extends IOException {
    private static final long serialVersionUID = 1L;

    public TransactionAbandonedException(String message) {
        super(message);
    }
}
