package io.pg2any.server;

import java.util.Optional;
import java.util.Set;

/** Servers that environment variables name, by JDBC URLs. Tests drop what is in their databases. */
public final class NamedServers {
    public static final String MYSQL = "PG2ANY_TEST_MYSQL_URL";
    public static final String SQL_SERVER = "PG2ANY_TEST_SQLSERVER_URL";

    /** How the server at {@link #SQL_SERVER} differs from Microsoft's, by name; see CONTRIBUTING. */
    private static final Set<String> TOLERATED =
            Set.of(Optional.ofNullable(System.getenv("PG2ANY_TEST_SQLSERVER_TOLERATE"))
                    .orElse("")
                    .split(","));

    private NamedServers() {}

    /** Whether the server at {@link #SQL_SERVER} is said to differ in this from Microsoft's. */
    public static boolean tolerates(String difference) {
        return TOLERATED.contains(difference);
    }

    /** A bulk copy stores times and identifiers that come as text without converting them. */
    public static boolean copiesWithoutConversion() {
        return tolerates("bulk-conversion");
    }
}
