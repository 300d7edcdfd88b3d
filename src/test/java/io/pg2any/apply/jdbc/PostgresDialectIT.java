package io.pg2any.apply.jdbc;

import io.pg2any.apply.ApplyOptions;
import io.pg2any.apply.TargetException;
import io.pg2any.cli.EmbeddedPostgres;
import io.pg2any.server.TestPostgres;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import org.junit.jupiter.params.AfterParameterizedClassInvocation;
import org.junit.jupiter.params.BeforeParameterizedClassInvocation;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.ValueSource;

@ParameterizedClass(name = "PostgreSQL {0}")
@ValueSource(ints = {14, 15, 16, 17, 18})
class PostgresDialectIT extends TablesContract {
    private static EmbeddedPostgres server;

    @Parameter
    int version;

    @BeforeParameterizedClassInvocation
    static void start(int version) throws Exception {
        server = TestPostgres.start(version);
    }

    @AfterParameterizedClassInvocation
    static void stop() throws Exception {
        server.close();
    }

    @Override
    void emptyTarget() throws SQLException {
        execute("DROP SCHEMA IF EXISTS public, x, sales, \"it's \"\"odd\"\"\" CASCADE; CREATE SCHEMA public");
    }

    @Override
    JdbcDialect dialect(ApplyOptions options) throws TargetException {
        return new PostgresDialect(server.jdbcUrl("postgres"), options);
    }

    @Override
    Connection reader() throws SQLException {
        return DriverManager.getConnection(server.jdbcUrl("postgres"));
    }
}
