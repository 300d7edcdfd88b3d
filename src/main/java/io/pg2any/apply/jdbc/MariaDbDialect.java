package io.pg2any.apply.jdbc;

import io.pg2any.apply.ApplyOptions;
import io.pg2any.apply.TargetException;
import java.util.List;

/** MariaDB 10.6 and newer, through MySQL's driver: what differs from MySQL. */
public final class MariaDbDialect extends MySqlDialect {
    /**
     * @param url {@code mariadb://user:password@host:port/database?…}, {@code mysql://…} or their JDBC URLs
     */
    public MariaDbDialect(String url, ApplyOptions options) throws TargetException {
        super(DatabaseLocation.parse("MariaDB", url, List.of("mariadb", "mysql")), options, "utf8mb4_nopad_bin");
    }

    @Override
    public String name() {
        return "MariaDB";
    }

    @Override
    boolean fits(String version) {
        return version.contains("MariaDB");
    }
}
