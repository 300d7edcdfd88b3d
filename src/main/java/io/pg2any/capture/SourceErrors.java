package io.pg2any.capture;

import io.pg2any.capture.CaptureException.Kind;
import java.sql.SQLException;
import org.postgresql.util.PSQLException;

/** From what the driver throws to what follows from it, by SQLSTATE; texts differ between server versions. */
final class SourceErrors {
    private SourceErrors() {}

    /**
     * @param doing what was tried, as in "cannot ... "
     */
    static CaptureException classify(SQLException e, CaptureConfig config, String doing) {
        String text = config.connection().mask("cannot " + doing + ": " + describe(e));
        String state = e.getSQLState() == null ? "" : e.getSQLState();
        switch (state) {
            case "42501":
                return new CaptureException(
                        Kind.CONFIG,
                        text,
                        "give the role " + config.connection().user().orElse("that connects")
                                + " the privilege (ALTER ROLE ... REPLICATION; CREATE on the database and ownership"
                                + " of the tables for a publication, superuser for FOR ALL TABLES)",
                        e);
            case "55006":
                return new CaptureException(
                        Kind.RETRYABLE,
                        text,
                        "another process reads slot " + config.slot() + "; stop it or use a slot of its own",
                        e);
            case "55000":
                // The driver says it too, of a copy that the server has ended in order: a shutdown.
                return isFromServer(e) ? slotUseless(config, text, e) : byClass(e, state, text);
            case "58P01":
                // "requested WAL segment ... has already been removed"
                return slotUseless(config, text, e);
            case "53400":
                return new CaptureException(Kind.CONFIG, text, "drop an unused slot or raise max_replication_slots", e);
            case "3D000":
                return new CaptureException(Kind.CONFIG, text, "name an existing database", e);
            case "0A000", "22023", "42601", "42602":
                return new CaptureException(
                        Kind.CONFIG, text, "the server or the driver does not understand a setting; correct it", e);
            default:
                return byClass(e, state, text);
        }
    }

    private static boolean isFromServer(SQLException e) {
        return e instanceof PSQLException driverError && driverError.getServerErrorMessage() != null;
    }

    private static CaptureException byClass(SQLException e, String state, String text) {
        if (isLogin(state)) {
            return new CaptureException(Kind.RETRYABLE, text, "check user, password and pg_hba.conf", e);
        }
        if (state.equals("53300")) {
            return new CaptureException(
                    Kind.RETRYABLE, text, "raise max_wal_senders or max_connections, or end other connections", e);
        }
        if (state.startsWith("08") || state.startsWith("57P")) {
            return new CaptureException(
                    Kind.RETRYABLE, text, "it is tried again; check that the server runs and can be reached", e);
        }
        return new CaptureException(Kind.RETRYABLE, text, "it is tried again; see the server's log", e);
    }

    /** Whether the login failed: at run time someone may be rotating passwords, in preflight it is wrong. */
    static boolean isAuthentication(CaptureException e) {
        return e.getCause() instanceof SQLException cause
                && cause.getSQLState() != null
                && isLogin(cause.getSQLState());
    }

    /** 08004 is the driver's own, for a server that asks for what it was not given: a password, no TLS. */
    private static boolean isLogin(String state) {
        return state.startsWith("28") || state.equals("08004");
    }

    static CaptureException publicationMissing(CaptureConfig config, String text, Throwable cause) {
        return new CaptureException(
                Kind.CONFIG,
                config.connection().mask(oneLine(text)),
                "create the publication again and rebuild the target, or correct the name; changes made while it was"
                        + " missing cannot be decoded",
                cause);
    }

    private static CaptureException slotUseless(CaptureConfig config, String text, SQLException e) {
        return new CaptureException(
                Kind.FATAL,
                text,
                "slot " + config.slot() + " cannot deliver what comes next: drop it and rebuild the target from a fresh"
                        + " copy",
                e);
    }

    private static String describe(SQLException e) {
        StringBuilder text = new StringBuilder(oneLine(e.getMessage()));
        for (Throwable cause = e.getCause(); cause != null; cause = cause.getCause()) {
            if (cause.getMessage() != null && text.indexOf(cause.getMessage()) < 0) {
                text.append(" (").append(cause.getMessage()).append(')');
            }
        }
        if (e.getSQLState() != null) {
            text.append(" [").append(e.getSQLState()).append(']');
        }
        return text.toString();
    }

    private static String oneLine(String text) {
        return String.valueOf(text).replaceAll("\\s*\\R\\s*", "; ");
    }
}
