package io.pg2any.crash;

import io.pg2any.cli.EmbeddedPostgres;
import io.pg2any.cli.EmbeddedPostgres.StopMode;
import io.pg2any.server.MySqlServer;
import io.pg2any.server.NamedServers;
import java.io.IOException;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A database server that the crash suite has as its target.
 *
 * @param type for {@code CDC_DEST_TYPE}
 * @param url for {@code CDC_DEST_URI}
 * @param jdbcUrl for readers
 * @param connectionClass of the driver
 * @param settings more of the pipeline's
 * @param life of a server that may be killed; others belong to somebody else
 */
record TargetServer(
        String type,
        String url,
        String jdbcUrl,
        String connectionClass,
        Map<String, String> settings,
        Optional<Life> life) {
    static final String MYSQL_CONNECTION = "com.mysql.cj.jdbc.ConnectionImpl";
    static final String POSTGRES_CONNECTION = "org.postgresql.jdbc.PgConnection";
    static final String SQL_SERVER_CONNECTION = "com.microsoft.sqlserver.jdbc.SQLServerConnection";

    /** User and password, host, port. */
    private static final Pattern PLACE = Pattern.compile("(?<=://)([^@/;]*@)?([^:/;?]+)(?::([0-9]+))?");

    private static final Pattern PLAIN = Pattern.compile("[?&;](sslMode=DISABLED|sslmode=disable|encrypt=false)\\b");

    interface Life {
        void kill() throws IOException;

        void start() throws IOException;
    }

    static TargetServer mariaDb(MySqlServer server) {
        return new TargetServer(
                "MariaDB",
                server.url("mariadb", "test") + "?sslMode=DISABLED",
                server.jdbcUrl("test"),
                MYSQL_CONNECTION,
                Map.of(),
                Optional.of(new Life() {
                    @Override
                    public void kill() throws IOException {
                        server.kill();
                    }

                    @Override
                    public void start() throws IOException {
                        server.start();
                    }
                }));
    }

    static TargetServer postgres(EmbeddedPostgres server) {
        return new TargetServer(
                "PostgreSQL",
                // A prepared COMMIT would go by its number, which the proxy does not know.
                "postgresql://postgres@127.0.0.1:" + server.port() + "/postgres?prepareThreshold=0&sslmode=disable",
                server.jdbcUrl("postgres"),
                POSTGRES_CONNECTION,
                Map.of(),
                Optional.of(new Life() {
                    @Override
                    public void kill() throws IOException {
                        server.stop(StopMode.IMMEDIATE);
                    }

                    @Override
                    public void start() throws IOException {
                        server.start();
                    }
                }));
    }

    /** What is in its database of the suite's tables is dropped. */
    static TargetServer namedMySql() throws SQLException {
        String url = System.getenv(NamedServers.MYSQL);
        boolean mariaDb;
        try (Connection connection = DriverManager.getConnection(url)) {
            mariaDb = connection.getMetaData().getDatabaseProductVersion().contains("MariaDB");
        }
        return named(mariaDb ? "MariaDB" : "MySQL", url, MYSQL_CONNECTION, Map.of());
    }

    /** As {@link #namedMySql}. */
    static TargetServer namedSqlServer() throws SQLException {
        Map<String, String> settings =
                NamedServers.copiesWithoutConversion() ? Map.of("CDC_BULK_INSERT_THRESHOLD", "1000000000") : Map.of();
        TargetServer server =
                named("SqlServer", System.getenv(NamedServers.SQL_SERVER), SQL_SERVER_CONNECTION, settings);
        if (NamedServers.tolerates("text-conversion")) {
            try (Connection connection = DriverManager.getConnection(server.jdbcUrl())) {
                Scenario.execute(
                        connection,
                        "CREATE TABLE account (id int NOT NULL PRIMARY KEY, name nvarchar(max)"
                                + " COLLATE Latin1_General_100_BIN2, balance decimal(12,2), at nvarchar(40))");
            }
        }
        return server;
    }

    private static TargetServer named(String type, String url, String connectionClass, Map<String, String> settings)
            throws SQLException {
        try (Connection connection = DriverManager.getConnection(url)) {
            Scenario.execute(connection, "DROP TABLE IF EXISTS account, bag, ledger, pg2any_position, pg2any_tables");
        }
        return new TargetServer(type, url, url, connectionClass, settings, Optional.empty());
    }

    /** Whether who stands between can read what goes by. */
    boolean isPlain() {
        return PLAIN.matcher(url).find();
    }

    CommitCuttingProxy proxy() throws IOException {
        Matcher place = place();
        String port = place.group(3);
        int standard = type.equals("SqlServer") ? 1433 : 3306;
        return new CommitCuttingProxy(place.group(2), port == null ? standard : Integer.parseInt(port));
    }

    /** The URL, with the proxy in the server's place. */
    String through(CommitCuttingProxy proxy) {
        Matcher place = place();
        return url.substring(0, place.start(2)) + "127.0.0.1:" + proxy.port() + url.substring(place.end());
    }

    private Matcher place() {
        Matcher place = PLACE.matcher(url);
        if (!place.find()) {
            throw new IllegalArgumentException("the URL of the " + type + " target names no host");
        }
        return place;
    }
}
