package io.pg2any.apply.jdbc;

import io.pg2any.apply.ApplyOptions;
import io.pg2any.apply.TargetException;
import io.pg2any.server.MySqlServer;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;

class MariaDbValuesIT extends MySqlValues {
    private static MySqlServer server;

    @BeforeAll
    static void start() throws Exception {
        server = MySqlServer.mariaDb();
    }

    @AfterAll
    static void stop() throws Exception {
        server.close();
    }

    @Override
    String jdbcUrl() {
        return server.jdbcUrl("test");
    }

    @Override
    JdbcDialect dialect(ApplyOptions options) throws TargetException {
        return new MariaDbDialect(server.url("mariadb", "test"), options);
    }
}
