package io.pg2any.apply.jdbc;

import java.net.SocketTimeoutException;
import java.sql.SQLException;
import java.time.Duration;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * How long a statement may go on before it is taken for one that hangs. It may only be slow, and would be ended again and
 * again: each one that was ended doubles what the next connection's may take, as long as the process lives. Used by one
 * thread.
 */
final class StatementLimit {
    private static final Logger LOG = LoggerFactory.getLogger(JdbcTarget.class);

    /** Within what servers and drivers can count in milliseconds. */
    private static final Duration LONGEST = Duration.ofDays(7);

    private static final String POSTGRES_CANCELED = "57014";
    private static final int MARIADB_STATEMENT_TIME = 1969;

    private Duration next;
    private Duration current;

    StatementLimit(Duration first) {
        next = first.compareTo(LONGEST) < 0 ? first : LONGEST;
        current = next;
    }

    /** For a new connection's statements, where the server can be told. */
    Duration ofNewConnection() {
        current = next;
        return current;
    }

    /** How long the server may say nothing: where it knows the limit, it has the first word. */
    int silenceMillis() {
        return (int) current.multipliedBy(3).dividedBy(2).toMillis();
    }

    /**
     * @param error of an open connection, which is given up now if it was the limit
     */
    void failed(SQLException error) {
        if (isTimeout(error) && next.equals(current)) {
            Duration doubled = current.multipliedBy(2);
            next = doubled.compareTo(LONGEST) < 0 ? doubled : LONGEST;
            LOG.warn(
                    "The target did not finish a statement within {} ms: it hangs, waits or is slow, or its server is gone."
                            + " The next try may take {} ms",
                    current.toMillis(),
                    next.toMillis());
        }
    }

    private static boolean isTimeout(SQLException error) {
        if (POSTGRES_CANCELED.equals(error.getSQLState()) || error.getErrorCode() == MARIADB_STATEMENT_TIME) {
            return true;
        }
        for (Throwable cause = error; cause != null; cause = cause.getCause()) {
            if (cause instanceof SocketTimeoutException) {
                return true;
            }
        }
        return false;
    }
}
