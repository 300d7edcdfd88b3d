package io.pg2any.apply.jdbc;

import io.pg2any.apply.TargetException.Kind;
import java.sql.SQLException;
import java.util.Set;

/** Classes of a server's error numbers, and of the SQL states that stand for the others. */
record SqlErrorClasses(Set<Integer> retryable, Set<Integer> rejected, Set<Integer> config) {
    Kind of(SQLException error) {
        int code = error.getErrorCode();
        if (retryable.contains(code)) {
            return Kind.RETRYABLE;
        }
        if (rejected.contains(code)) {
            return Kind.REJECTED;
        }
        if (config.contains(code)) {
            return Kind.CONFIG;
        }
        String state = error.getSQLState() == null ? "" : error.getSQLState();
        if (state.startsWith("40")) {
            return Kind.RETRYABLE;
        }
        if (state.startsWith("22") || state.startsWith("23")) {
            return Kind.REJECTED;
        }
        return state.startsWith("28") || state.startsWith("42") ? Kind.CONFIG : Kind.FATAL;
    }
}
