package io.pg2any.apply.jdbc;

import io.pg2any.apply.TargetException;

/**
 * Rows that were sent together were not taken. Which of them, or whether only the grouping is to blame, shows when the
 * whole batch is applied again in strict order, row by row.
 */
final class GroupRefusedException extends TargetException {
    private static final long serialVersionUID = 1L;

    GroupRefusedException(String message, Throwable cause) {
        super(Kind.REJECTED, message, cause);
    }
}
