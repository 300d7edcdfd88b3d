package io.pg2any.server;

import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.Enumeration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.jar.JarEntry;
import java.util.jar.JarFile;
import java.util.stream.Stream;

/**
 * A real MariaDB or MySQL server of its own: user {@code root} without a password, loopback only, database
 * {@code test}, packets up to 1 GiB.
 */
public final class MySqlServer implements AutoCloseable {
    private static final long START_NANOS = TimeUnit.SECONDS.toNanos(60);

    private final Installation installation;
    private final List<String> options;
    private final Path data;
    private final int port;
    private Process process;

    /** Programs of one server version. */
    interface Installation {
        /** The command that fills an empty data folder. */
        List<String> initialize(Path data) throws IOException;

        /** The server's command; more options follow. */
        List<String> server(Path data) throws IOException;

        default Map<String, String> environment() {
            return Map.of();
        }
    }

    private MySqlServer(Installation installation, List<String> options, Path data, int port) {
        this.installation = installation;
        this.options = options;
        this.data = data;
        this.port = port;
    }

    /** MariaDB 11.4 from the jar that the build has copied. */
    public static MySqlServer mariaDb() throws IOException {
        return mariaDb(List.of());
    }

    /**
     * @param options win over those that tests have by default
     */
    public static MySqlServer mariaDb(List<String> options) throws IOException {
        return start(new MavenMariaDb(unpacked()), options);
    }

    static MySqlServer start(Installation installation, List<String> options) throws IOException {
        Path data = Files.createTempDirectory("pg2any-mysql-");
        int port;
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            port = socket.getLocalPort();
        }
        MySqlServer server = new MySqlServer(installation, options, data, port);
        Path folder = data.resolve("data");
        Process initialize = server.run(asRoot(installation.initialize(folder)), "initialize.log");
        try {
            if (!initialize.waitFor(120, TimeUnit.SECONDS) || initialize.exitValue() != 0) {
                initialize.destroyForcibly();
                throw new IOException(
                        "the data folder was not made: " + Files.readString(data.resolve("initialize.log")));
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException(e);
        }
        server.start();
        return server;
    }

    /** Starts it (again) on the same data and port. */
    public void start() throws IOException {
        List<String> command = new ArrayList<>(installation.server(data.resolve("data")));
        command.addAll(List.of(
                "--port=" + port,
                "--bind-address=127.0.0.1",
                "--socket=" + data.resolve("s.sock"),
                "--pid-file=" + data.resolve("server.pid"),
                "--max-allowed-packet=1G",
                "--local-infile=1",
                // Kills of the process are survived all the same; tests do not cut the power.
                "--innodb-flush-log-at-trx-commit=2",
                "--innodb-doublewrite=OFF",
                "--innodb-buffer-pool-size=128M"));
        command.addAll(options);
        process = run(asRoot(command), "server.log");
        long end = System.nanoTime() + START_NANOS;
        while (true) {
            try (Connection connection = DriverManager.getConnection(jdbcUrl(""));
                    var statement = connection.createStatement()) {
                statement.execute("CREATE DATABASE IF NOT EXISTS test CHARACTER SET utf8mb4");
                return;
            } catch (SQLException e) {
                if (!process.isAlive() || System.nanoTime() > end) {
                    throw new IOException("the server did not start: " + log(), e);
                }
                try {
                    // Nothing tells when a server listens but trying.
                    process.waitFor(50, TimeUnit.MILLISECONDS);
                } catch (InterruptedException interrupted) {
                    Thread.currentThread().interrupt();
                    throw new IOException(interrupted);
                }
            }
        }
    }

    /** Servers refuse to run as root unless told to. */
    private static List<String> asRoot(List<String> command) {
        List<String> all = new ArrayList<>(command);
        if ("root".equals(System.getProperty("user.name"))) {
            all.add("--user=root");
        }
        return all;
    }

    private Process run(List<String> command, String log) throws IOException {
        ProcessBuilder builder = new ProcessBuilder(command)
                .directory(data.toFile())
                .redirectErrorStream(true)
                .redirectOutput(
                        ProcessBuilder.Redirect.appendTo(data.resolve(log).toFile()));
        builder.environment().putAll(installation.environment());
        return builder.start();
    }

    /** As {@code kill -9}. */
    public void kill() throws IOException {
        process.destroyForcibly();
        try {
            process.waitFor();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException(e);
        }
    }

    public int port() {
        return port;
    }

    public long pid() {
        return process.pid();
    }

    public String jdbcUrl(String database) {
        return "jdbc:mysql://root@127.0.0.1:" + port + "/" + database
                + "?allowPublicKeyRetrieval=true&tinyInt1isBit=false&characterEncoding=UTF-8";
    }

    /** In the form that users have. */
    public String url(String scheme, String database) {
        return scheme + "://root@127.0.0.1:" + port + "/" + database;
    }

    public String log() throws IOException {
        return Files.readString(data.resolve("server.log"));
    }

    @Override
    public void close() throws IOException {
        kill();
        if (!Files.exists(data)) {
            return;
        }
        try (Stream<Path> paths = Files.walk(data)) {
            for (Path path : (Iterable<Path>) paths.sorted(Comparator.reverseOrder())::iterator) {
                Files.deleteIfExists(path);
            }
        }
    }

    private static Path unpacked() throws IOException {
        Path folder = Path.of(System.getProperty("pg2any.test.mariadb", "target/mariadb"));
        Path jar;
        try (Stream<Path> jars = Files.list(folder)) {
            jar = jars.filter(file -> file.toString().endsWith(".jar"))
                    .findFirst()
                    .orElseThrow();
        }
        Path home =
                folder.resolve(jar.getFileName().toString().replace(".jar", "")).toAbsolutePath();
        if (Files.isDirectory(home)) {
            return home;
        }
        Path unfinished = Files.createTempDirectory(folder.toAbsolutePath(), "unpack");
        try (JarFile file = new JarFile(jar.toFile())) {
            for (Enumeration<JarEntry> entries = file.entries(); entries.hasMoreElements(); ) {
                JarEntry entry = entries.nextElement();
                int at = entry.getName().indexOf("/linux/");
                if (at < 0 || entry.isDirectory()) {
                    continue;
                }
                Path to = unfinished
                        .resolve(entry.getName().substring(at + "/linux/".length()))
                        .normalize();
                Files.createDirectories(to.getParent());
                try (InputStream in = file.getInputStream(entry)) {
                    Files.copy(in, to);
                }
                if (to.getParent().endsWith("bin") || to.getParent().endsWith("scripts")) {
                    Files.setPosixFilePermissions(to, PosixFilePermissions.fromString("rwxr-xr-x"));
                }
            }
        }
        Files.move(unfinished, home);
        return home;
    }

    private record MavenMariaDb(Path home) implements Installation {
        @Override
        public List<String> initialize(Path data) {
            return List.of(
                    home.resolve("scripts/mariadb-install-db").toString(),
                    "--no-defaults",
                    "--basedir=" + home,
                    "--datadir=" + data,
                    "--auth-root-authentication-method=normal",
                    "--skip-test-db");
        }

        @Override
        public List<String> server(Path data) {
            return List.of(
                    home.resolve("bin/mariadbd").toString(),
                    "--no-defaults",
                    "--basedir=" + home,
                    "--datadir=" + data,
                    "--innodb-flush-method=nosync",
                    "--skip-sync-frm",
                    "--lc-messages-dir=" + home.resolve("share"),
                    "--character-sets-dir=" + home.resolve("share/charsets"));
        }

        @Override
        public Map<String, String> environment() {
            return Map.of("LD_LIBRARY_PATH", home.resolve("libs").toString());
        }
    }
}
