package io.pg2any.apply.jdbc;

import io.pg2any.apply.ApplyOptions;
import io.pg2any.apply.TargetException;
import java.time.Duration;
import java.util.List;
import java.util.StringJoiner;

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

    @Override
    String statementTime(Duration longest) {
        return ", max_statement_time = " + longest.toMillis() / 1000.0;
    }

    /** It knows no VALUES with names. */
    @Override
    String derived(List<String> columns, int rows) {
        StringJoiner first = new StringJoiner(",");
        StringJoiner others = new StringJoiner(",");
        for (String column : columns) {
            first.add("? AS " + column);
            others.add("?");
        }
        return "(SELECT " + first + (" UNION ALL SELECT " + others).repeat(rows - 1) + ") AS v";
    }
}
