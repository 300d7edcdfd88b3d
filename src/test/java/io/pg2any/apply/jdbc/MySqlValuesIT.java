package io.pg2any.apply.jdbc;

import io.pg2any.apply.ApplyOptions;
import io.pg2any.apply.TargetException;
import io.pg2any.server.DebianServers;
import io.pg2any.server.MySqlServer;
import org.junit.jupiter.api.BeforeAll;

class MySqlValuesIT extends MySqlValues {
    private static MySqlServer server;

    @BeforeAll
    static void start() throws Exception {
        server = DebianServers.mySql();
    }

    @Override
    String jdbcUrl() {
        return server.jdbcUrl("test");
    }

    @Override
    JdbcDialect dialect(ApplyOptions options) throws TargetException {
        return new MySqlDialect(server.url("mysql", "test"), options);
    }
}
