package io.pg2any.apply.jdbc;

import io.pg2any.apply.TargetException;
import io.pg2any.apply.TargetException.Kind;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;

/**
 * The mark by which a PostgreSQL target knows what came by replication: whoever reads its changes with {@code origin =
 * 'none'} is not sent them. The server's own progress of an origin is not used: what is rolled back moves it, too.
 *
 * <p>Origins belong to a cluster, and one session at a time has one.
 */
final class ReplicationOrigin {
    private static final String STATE = """
            SELECT EXISTS (SELECT FROM pg_replication_origin WHERE roname = ?),
                   has_function_privilege('pg_replication_origin_create(text)', 'EXECUTE'),
                   has_function_privilege('pg_replication_origin_session_setup(text)', 'EXECUTE')
            """;

    private final String name;
    /** The session that has it. */
    private Connection marked;

    ReplicationOrigin(String database, String pipeline) {
        this.name = "pg2any/" + database + "/" + pipeline;
    }

    /**
     * @throws TargetException when the role may not mark its session
     */
    void check(Connection connection) throws SQLException, TargetException {
        exists(connection);
    }

    /** At the beginning of a transaction; from here on all that the session commits is marked. */
    void enter(Connection connection) throws SQLException, TargetException {
        if (marked == connection) {
            return;
        }
        if (!exists(connection)) {
            call(connection, "SELECT pg_replication_origin_create(?)");
            // The session's own mark is not taken back with its transaction: neither may the origin be.
            connection.commit();
        }
        call(connection, "SELECT pg_replication_origin_session_setup(?)");
        marked = connection;
    }

    private boolean exists(Connection connection) throws SQLException, TargetException {
        try (PreparedStatement select = connection.prepareStatement(STATE)) {
            select.setString(1, name);
            try (ResultSet row = select.executeQuery()) {
                row.next();
                boolean exists = row.getBoolean(1);
                if ((!exists && !row.getBoolean(2)) || !row.getBoolean(3)) {
                    throw new TargetException(
                            Kind.CONFIG,
                            "PostgreSQL target: the role may not mark its changes with the replication origin " + name
                                    + ", without which they would come back from a pipeline in the other direction;"
                                    + " as a superuser: GRANT EXECUTE ON FUNCTION pg_replication_origin_create(text),"
                                    + " pg_replication_origin_session_setup(text) TO the role");
                }
                return exists;
            }
        }
    }

    private void call(Connection connection, String sql) throws SQLException {
        try (PreparedStatement select = connection.prepareStatement(sql)) {
            select.setString(1, name);
            select.execute();
        }
    }
}
