package io.pg2any.capture;

import io.pg2any.capture.CaptureException.Kind;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * What a session asks of the plug-in: what is configured, where that leaves it open the most that the server offers.
 *
 * @param protocol 1 to 4
 * @param streaming not {@link Streaming#AUTO}
 * @param twoPhase whether prepared transactions are sent at their prepare; the slot keeps this for ever
 * @param localOnly whether changes that came to the server from elsewhere are left out
 * @param messages whether logical messages are sent
 */
record PgOutputOptions(int protocol, Streaming streaming, boolean twoPhase, boolean localOnly, boolean messages) {
    private static final int FIRST_WITH_ORIGIN = 16;
    private static final int STREAMING_PROTOCOL = 2;
    private static final int TWO_PHASE_PROTOCOL = 3;
    private static final int PARALLEL_PROTOCOL = 4;

    static PgOutputOptions negotiate(CaptureConfig config, int serverMajor) {
        int protocol = config.protocolVersion() == 0 ? highestProtocol(serverMajor) : config.protocolVersion();
        Streaming streaming = config.streaming();
        if (streaming == Streaming.AUTO) {
            streaming = protocol >= STREAMING_PROTOCOL ? Streaming.ON : Streaming.OFF;
        }
        return new PgOutputOptions(protocol, streaming, config.twoPhase(), config.localOnly(), config.messages());
    }

    /** What of it this server does not offer. */
    List<Problem> problems(int serverMajor) {
        List<Problem> problems = new ArrayList<>();
        int highest = highestProtocol(serverMajor);
        if (protocol > highest) {
            problems.add(Problem.error(
                    Kind.CONFIG,
                    "PostgreSQL " + serverMajor + " speaks pgoutput protocol 1 to " + highest + ", not " + protocol,
                    "leave the protocol version unset, or set it to " + highest));
        }
        if (streaming == Streaming.PARALLEL && Math.min(protocol, highest) < PARALLEL_PROTOCOL) {
            problems.add(Problem.error(
                    Kind.CONFIG,
                    "streaming parallel needs protocol " + PARALLEL_PROTOCOL + ", which PostgreSQL 16 brought",
                    "set streaming to on: for this pipeline they differ in nothing"));
        }
        if (streaming == Streaming.ON && protocol < STREAMING_PROTOCOL) {
            problems.add(Problem.error(
                    Kind.CONFIG,
                    "streaming needs protocol " + STREAMING_PROTOCOL + ", asked for is " + protocol,
                    "leave the protocol version unset, or set streaming to off"));
        }
        if (twoPhase && Math.min(protocol, highest) < TWO_PHASE_PROTOCOL) {
            problems.add(Problem.error(
                    Kind.CONFIG,
                    "two-phase decoding needs protocol " + TWO_PHASE_PROTOCOL + ", which PostgreSQL 15 brought",
                    "set two-phase to false: prepared transactions then arrive when they are committed"));
        }
        if (localOnly && serverMajor < FIRST_WITH_ORIGIN) {
            problems.add(Problem.error(
                    Kind.CONFIG,
                    "PostgreSQL " + serverMajor + " cannot leave out changes by their origin",
                    "set origin to any, or upgrade to PostgreSQL " + FIRST_WITH_ORIGIN));
        }
        return problems;
    }

    /** For START_REPLICATION, after the options that every session has; begins with a comma or is empty. */
    String sql() {
        StringBuilder sql = new StringBuilder();
        if (streaming != Streaming.OFF) {
            sql.append(", streaming '")
                    .append(streaming.name().toLowerCase(Locale.ROOT))
                    .append('\'');
        }
        if (twoPhase) {
            sql.append(", two_phase 'on'");
        }
        if (localOnly) {
            sql.append(", origin 'none'");
        }
        if (messages) {
            sql.append(", messages 'true'");
        }
        return sql.toString();
    }

    private static int highestProtocol(int serverMajor) {
        if (serverMajor >= 16) {
            return 4;
        }
        return serverMajor >= 14 ? serverMajor - 12 : 1;
    }
}
