package io.pg2any.server;

import io.pg2any.server.DebianPackages.UnavailableException;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Assumptions;

/**
 * Servers that no Maven artifact has, from Debian's packages. Each is started once for all tests of this process. Where
 * the packages cannot be had, the tests that ask are skipped and say why.
 */
public final class DebianServers {
    private static MySqlServer mySql;
    private static MySqlServer mariaDb;

    private DebianServers() {}

    /** Oracle's MySQL, 9 at the time of writing: what Debian's unstable release has. */
    public static synchronized MySqlServer mySql() throws IOException {
        if (mySql == null) {
            mySql = start(new MySql(packages("sid", "mysql-server-core")));
        }
        return mySql;
    }

    /** MariaDB 10.11. */
    public static synchronized MySqlServer mariaDb() throws IOException {
        if (mariaDb == null) {
            mariaDb = start(new MariaDb(packages("bookworm", "mariadb-server-core")));
        }
        return mariaDb;
    }

    private static MySqlServer start(MySqlServer.Installation installation) throws IOException {
        MySqlServer server = MySqlServer.start(installation, List.of());
        Runtime.getRuntime()
                .addShutdownHook(new Thread(
                        () -> {
                            try {
                                server.close();
                            } catch (IOException e) {
                                System.err.println("a server's folder stays behind: " + e.getMessage());
                            }
                        },
                        "server-clean-up"));
        return server;
    }

    private static DebianPackages packages(String release, String name) throws IOException {
        try {
            return DebianPackages.unpacked(release, name);
        } catch (UnavailableException e) {
            String reason = name + " of Debian " + release + " is not at hand: " + e.getMessage();
            System.out.println("SKIPPED: " + reason);
            return Assumptions.abort(reason);
        }
    }

    private record MySql(DebianPackages packages) implements MySqlServer.Installation {
        @Override
        public List<String> initialize(Path data) throws IOException {
            List<String> command = new ArrayList<>(server(data));
            command.add("--initialize-insecure");
            return command;
        }

        @Override
        public List<String> server(Path data) throws IOException {
            Path usr = packages.root().resolve("usr");
            List<String> command = new ArrayList<>(packages.program("usr/sbin/mysqld"));
            command.addAll(List.of(
                    "--no-defaults",
                    "--basedir=" + usr,
                    "--datadir=" + data,
                    "--plugin-dir=" + usr.resolve("lib/mysql/plugin"),
                    "--lc-messages-dir=" + usr.resolve("share/mysql"),
                    "--character-sets-dir=" + usr.resolve("share/mysql/charsets"),
                    "--secure-file-priv=NULL",
                    "--mysqlx=OFF",
                    "--sync-binlog=0"));
            return command;
        }
    }

    private record MariaDb(DebianPackages packages) implements MySqlServer.Installation {
        /** What {@code mariadb-install-db} does, which needs programs of further packages. */
        @Override
        public List<String> initialize(Path data) throws IOException {
            List<String> bootstrap = new ArrayList<>(server(data));
            bootstrap.addAll(List.of("--bootstrap", "--log-warnings=0", "--enforce-storage-engine="));
            String scripts = packages.root().resolve("usr/share/mysql").toString();
            List<String> command = new ArrayList<>(List.of("sh", "-c", """
                    mkdir -p "$1" && scripts=$2 && shift 2 && {
                        printf '%s;\\n' "CREATE DATABASE mysql" "USE mysql" "SET @auth_root_socket = NULL"
                        cd "$scripts" && cat mysql_system_tables.sql mysql_performance_tables.sql \\
                            mysql_system_tables_data.sql maria_add_gis_sp_bootstrap.sql
                    } | "$@"
                    """, "initialize", data.toString(), scripts));
            command.addAll(bootstrap);
            return command;
        }

        @Override
        public List<String> server(Path data) throws IOException {
            Path usr = packages.root().resolve("usr");
            List<String> command = new ArrayList<>(packages.program("usr/sbin/mariadbd"));
            command.addAll(List.of(
                    "--no-defaults",
                    "--basedir=" + usr,
                    "--datadir=" + data,
                    "--lc-messages-dir=" + usr.resolve("share/mysql"),
                    "--character-sets-dir=" + usr.resolve("share/mysql/charsets"),
                    "--innodb-flush-method=nosync"));
            return command;
        }
    }
}
