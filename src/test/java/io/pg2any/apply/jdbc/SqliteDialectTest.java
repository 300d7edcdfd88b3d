package io.pg2any.apply.jdbc;

import io.pg2any.apply.ApplyOptions;
import io.pg2any.apply.TargetException;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import org.junit.jupiter.api.io.TempDir;

class SqliteDialectTest extends TablesContract {
    @TempDir
    Path folder;

    @Override
    JdbcDialect dialect(ApplyOptions options) throws TargetException {
        return new SqliteDialect(folder.resolve("target.db").toString(), options.values(), options.lockTimeout());
    }

    /** Every test has its own file. */
    @Override
    void emptyTarget() {}

    @Override
    Connection reader() throws SQLException {
        return DriverManager.getConnection("jdbc:sqlite:" + folder.resolve("target.db"));
    }

    @Override
    String createTrigger(String name, String table) {
        return "CREATE TRIGGER " + name + " AFTER INSERT ON " + table + " BEGIN SELECT 1; END";
    }
}
