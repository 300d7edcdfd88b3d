package io.pg2any.capture;

import io.pg2any.change.Lsn;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.SQLWarning;
import java.sql.Statement;
import java.time.Duration;
import java.util.Properties;
import java.util.Set;
import java.util.TreeSet;
import java.util.UUID;
import java.util.stream.Collectors;
import org.postgresql.Driver;
import org.postgresql.copy.CopyDual;
import org.postgresql.core.BaseConnection;

/**
 * A pgjdbc connection to the source: with {@link #replication} a walsender, which understands SQL and replication
 * commands, with {@link #sql} an ordinary session. Used by one thread; {@link Abort} works from any.
 */
final class SourceConnection implements AutoCloseable {
    /**
     * The formats values arrive in must not depend on the role, the database or this machine's time zone. SET comes
     * after the driver's own startup parameters, which would win over {@code options}. Warnings must reach us: PostgreSQL
     * 18 says with one that it skips a missing publication.
     */
    private static final String SESSION_FORMATS = "SET datestyle = 'ISO, MDY'; SET intervalstyle = 'postgres';"
            + " SET timezone = 'UTC'; SET extra_float_digits = 3; SET bytea_output = 'hex'; SET xmloption = 'content';"
            + " SET lc_monetary = 'C'; SET client_min_messages = 'warning'; SET statement_timeout = 0;"
            + " SET idle_in_transaction_session_timeout = 0";

    private static final Duration LONGEST_SILENCE = Duration.ofSeconds(60);

    /** A way to cut the connection from another thread, while it is being made too. */
    static final class Abort {
        private final String token = UUID.randomUUID().toString();
        private volatile boolean aborted;

        void abort() {
            aborted = true;
            ReplicationSocket socket = ReplicationSocketFactory.latest(token);
            if (socket != null) {
                socket.cut();
            }
        }
    }

    private final Connection connection;
    private final Abort abort;
    private final ReplicationSocket socket;

    private SourceConnection(Connection connection, Abort abort) {
        this.connection = connection;
        this.abort = abort;
        this.socket = ReplicationSocketFactory.latest(abort.token);
    }

    static SourceConnection replication(CaptureConfig config, Abort abort) throws SQLException {
        Properties properties = properties(config, abort);
        properties.setProperty("replication", "database");
        properties.setProperty("preferQueryMode", "simple");
        return open(config, properties, abort);
    }

    static SourceConnection sql(CaptureConfig config, Abort abort) throws SQLException {
        return open(config, properties(config, abort), abort);
    }

    private static SourceConnection open(CaptureConfig config, Properties properties, Abort abort) throws SQLException {
        try {
            Connection connection = new Driver().connect(config.connection().jdbcUrl(), properties);
            if (connection == null) {
                throw new SQLException("the driver refuses the address", "22023");
            }
            SourceConnection source = new SourceConnection(connection, abort);
            try (Statement statement = connection.createStatement()) {
                if (abort.aborted) {
                    throw new SQLException("closed while connecting", "08003");
                }
                statement.execute(SESSION_FORMATS);
                return source;
            } catch (SQLException e) {
                source.close();
                throw e;
            }
        } catch (SQLException e) {
            ReplicationSocketFactory.forget(abort.token);
            throw e;
        }
    }

    private static Properties properties(CaptureConfig config, Abort abort) {
        Properties properties = new Properties();
        properties.setProperty("assumeMinServerVersion", "10");
        properties.setProperty("tcpKeepAlive", "true");
        properties.setProperty("ApplicationName", "pg2any-" + config.slot());
        properties.setProperty("targetServerType", "primary");
        long connectSeconds = Math.max(1, config.connectTimeout().toSeconds());
        properties.setProperty("connectTimeout", Long.toString(connectSeconds));
        properties.putAll(config.connection().driverProperties());
        properties.putAll(config.driverProperties());
        // A timeout inside a message would put the driver out of step with the stream.
        properties.remove("socketTimeout");
        String userFactory = properties.getProperty("socketFactory");
        if (userFactory != null) {
            properties.setProperty(ReplicationSocketFactory.USER_FACTORY, userFactory);
        }
        properties.setProperty("socketFactory", ReplicationSocketFactory.class.getName());
        properties.setProperty(ReplicationSocketFactory.TOKEN, abort.token);
        return properties;
    }

    Connection jdbc() {
        return connection;
    }

    ReplicationSocket socket() {
        return socket;
    }

    /** What {@code IDENTIFY_SYSTEM} says; {@code walEnd} is where the server's WAL ends now. */
    record Identity(String systemIdentifier, int timeline, Lsn walEnd, String database) {}

    Identity identify() throws SQLException {
        try (Statement statement = connection.createStatement();
                ResultSet row = statement.executeQuery("IDENTIFY_SYSTEM")) {
            row.next();
            return new Identity(
                    row.getString("systemid"),
                    row.getInt("timeline"),
                    Lsn.parse(row.getString("xlogpos")),
                    row.getString("dbname"));
        }
    }

    TimelineHistory timelineHistory(int timeline) throws SQLException {
        if (timeline == 1) {
            return TimelineHistory.parse(""); // the first one has no file
        }
        try (Statement statement = connection.createStatement();
                ResultSet row = statement.executeQuery("TIMELINE_HISTORY " + timeline)) {
            row.next();
            return TimelineHistory.parse(row.getString(2));
        }
    }

    String setting(String name) throws SQLException {
        try (PreparedStatement statement =
                connection.prepareStatement("SELECT setting FROM pg_catalog.pg_settings WHERE name = ?")) {
            statement.setString(1, name);
            try (ResultSet row = statement.executeQuery()) {
                return row.next() ? row.getString(1) : "";
            }
        }
    }

    int serverMajor() throws SQLException {
        return connection.getMetaData().getDatabaseMajorVersion();
    }

    String serverVersion() throws SQLException {
        return connection.getMetaData().getDatabaseProductVersion();
    }

    Set<String> publications() throws SQLException {
        try (Statement statement = connection.createStatement();
                ResultSet rows = statement.executeQuery("SELECT pubname FROM pg_catalog.pg_publication")) {
            Set<String> names = new TreeSet<>();
            while (rows.next()) {
                names.add(rows.getString(1));
            }
            return names;
        }
    }

    void createPublication(String name) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            statement.execute("CREATE PUBLICATION " + identifier(name) + " FOR ALL TABLES");
        }
    }

    /** May wait for hours: until every write transaction that runs now has ended. */
    Lsn createSlot(String name, boolean twoPhase) throws SQLException {
        socket.longestSilence(Duration.ofDays(365));
        try {
            return ReplicationSlot.create(connection, name, serverMajor(), twoPhase);
        } finally {
            socket.longestSilence(LONGEST_SILENCE);
        }
    }

    CopyDual startReplication(CaptureConfig config, PgOutputOptions options, Lsn start) throws SQLException {
        String publications =
                config.publications().stream().map(SourceConnection::identifier).collect(Collectors.joining(","));
        String sql = "START_REPLICATION SLOT \"" + config.slot() + "\" LOGICAL " + start + " (proto_version '"
                + options.protocol() + "', publication_names '" + publications.replace("'", "''") + "'" + options.sql()
                + ")";
        return (CopyDual) ((BaseConnection) connection).getQueryExecutor().startCopy(sql, true);
    }

    /** Warnings since the last call, or null. The driver chains them without bound, so they must be fetched. */
    SQLWarning takeWarnings() throws SQLException {
        SQLWarning warnings = connection.getWarnings();
        if (warnings != null) {
            connection.clearWarnings();
        }
        return warnings;
    }

    @Override
    public void close() throws SQLException {
        try {
            connection.close();
        } finally {
            socket.cut();
            ReplicationSocketFactory.forget(abort.token);
        }
    }

    static String identifier(String name) {
        return "\"" + name.replace("\"", "\"\"") + "\"";
    }
}
