package io.pg2any.apply.jdbc;

import io.pg2any.apply.ApplyOptions;
import io.pg2any.apply.TargetException;
import io.pg2any.server.NamedServers;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import org.junit.jupiter.api.condition.EnabledIfEnvironmentVariable;

/**
 * The contract on the MySQL or MariaDB server that {@code PG2ANY_TEST_MYSQL_URL} names, in its database {@code test},
 * which is dropped and made again.
 */
@EnabledIfEnvironmentVariable(
        named = NamedServers.MYSQL,
        matches = ".+",
        disabledReason =
                "no further server is at hand: set PG2ANY_TEST_MYSQL_URL to jdbc:mysql://user:password@host/test")
class MySqlUrlIT extends MySqlContract {
    private static final String URL = System.getenv(NamedServers.MYSQL);

    @Override
    String jdbcUrl() {
        return URL;
    }

    @Override
    JdbcDialect dialect(ApplyOptions options) throws TargetException {
        try (Connection connection = DriverManager.getConnection(URL)) {
            boolean mariaDb =
                    connection.getMetaData().getDatabaseProductVersion().contains("MariaDB");
            return mariaDb ? new MariaDbDialect(URL, options) : new MySqlDialect(URL, options);
        } catch (SQLException e) {
            throw new IllegalStateException(e);
        }
    }
}
