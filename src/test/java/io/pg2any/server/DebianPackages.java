package io.pg2any.server;

import java.io.IOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/**
 * A Debian package with all it depends on, down to the C library, unpacked into the build folder once. Nothing of it is
 * installed, and the system's own packages are neither touched nor used, so that any release serves on any machine that
 * has Debian's package manager and archive keys.
 */
final class DebianPackages {
    private static final String ARCHIVE = "http://deb.debian.org/debian";
    private static final Path KEYRING = Path.of("/usr/share/keyrings/debian-archive-keyring.gpg");
    private static final long LIMIT_SECONDS = 180;

    private final Path root;

    /** There is no package manager, no archive, or no such package. */
    static final class UnavailableException extends Exception {
        private static final long serialVersionUID = 1L;

        UnavailableException(String message) {
            super(message);
        }
    }

    private DebianPackages(Path root) {
        this.root = root;
    }

    static synchronized DebianPackages unpacked(String release, String name) throws IOException, UnavailableException {
        Path folder = Files.createDirectories(Path.of(System.getProperty("pg2any.test.debian", "target/debian"))
                .toAbsolutePath());
        Path root = folder.resolve(release + "-" + name);
        if (!Files.isDirectory(root)) {
            if (!Files.exists(KEYRING)) {
                throw new UnavailableException("no keys of Debian's archive (" + KEYRING + ")");
            }
            Path work = Files.createTempDirectory(folder, "unpack");
            try {
                Path unpacked = unpack(work, release, name);
                Files.move(unpacked, root);
            } catch (FileAlreadyExistsException | java.nio.file.DirectoryNotEmptyException e) {
                // Another process was first, with the same packages.
            } finally {
                deleteTree(work);
            }
        }
        return new DebianPackages(root);
    }

    /** With lists, status and cache of its own: to apt this is an empty machine, on which the package lacks everything. */
    private static Path unpack(Path work, String release, String name) throws IOException, UnavailableException {
        Path lists = Files.createDirectories(work.resolve("lists/partial")).getParent();
        Path archives =
                Files.createDirectories(work.resolve("cache/archives/partial")).getParent();
        Path status = Files.createFile(work.resolve("status"));
        Path sources = Files.writeString(
                work.resolve("sources.list"), "deb [signed-by=" + KEYRING + "] " + ARCHIVE + " " + release + " main\n");
        List<String> apt = List.of(
                "apt-get",
                "-q",
                "-y",
                "-o",
                "Dir::Etc::sourcelist=" + sources,
                "-o",
                "Dir::Etc::sourceparts=/dev/null",
                "-o",
                "Dir::State::lists=" + lists,
                "-o",
                "Dir::State::status=" + status,
                "-o",
                "Dir::Cache=" + archives.getParent(),
                "-o",
                "APT::Sandbox::User=root",
                "-o",
                "APT::Install-Recommends=false",
                "-o",
                "Debug::NoLocking=true");
        run(work, apt, "update");
        run(work, apt, "--download-only", "install", name);
        Path root = Files.createDirectory(work.resolve("root"));
        try (Stream<Path> files = Files.list(archives)) {
            for (Path file : (Iterable<Path>) files.filter(f -> f.toString().endsWith(".deb"))::iterator) {
                run(work, List.of("dpkg-deb", "-x"), file.toString(), root.toString());
            }
        }
        return root;
    }

    private static void run(Path work, List<String> command, String... arguments)
            throws IOException, UnavailableException {
        List<String> all = new ArrayList<>(command);
        all.addAll(List.of(arguments));
        Path output = work.resolve("output");
        Process process;
        try {
            process = new ProcessBuilder(all)
                    .redirectErrorStream(true)
                    .redirectOutput(output.toFile())
                    .start();
        } catch (IOException e) {
            throw new UnavailableException("no package manager: " + e.getMessage());
        }
        try {
            if (!process.waitFor(LIMIT_SECONDS, TimeUnit.SECONDS)) {
                process.destroyForcibly();
                throw new UnavailableException(all + " did not end within " + LIMIT_SECONDS + " s");
            }
        } catch (InterruptedException e) {
            process.destroyForcibly();
            Thread.currentThread().interrupt();
            throw new IOException("interrupted while waiting for " + all, e);
        }
        if (process.exitValue() != 0) {
            String text = Files.readString(output);
            throw new UnavailableException(String.join(" ", command.get(0), String.join(" ", arguments))
                    + " ended with " + process.exitValue() + ": " + text.substring(Math.max(0, text.length() - 500)));
        }
    }

    Path root() {
        return root;
    }

    /** A program of these packages, started by their own loader on their own libraries. */
    List<String> program(String path) throws IOException {
        Map<String, List<String>> loaders = Map.of(
                "amd64", List.of("x86_64-linux-gnu", "ld-linux-x86-64.so.2"),
                "aarch64", List.of("aarch64-linux-gnu", "ld-linux-aarch64.so.1"));
        List<String> names = loaders.get(System.getProperty("os.arch"));
        if (names == null) {
            throw new IOException("no name of the loader on " + System.getProperty("os.arch") + " is known");
        }
        Path old = root.resolve("lib").resolve(names.get(0));
        Path merged = root.resolve("usr/lib").resolve(names.get(0));
        Path loader = Files.exists(old.resolve(names.get(1))) ? old : merged;
        return List.of(
                loader.resolve(names.get(1)).toString(),
                "--library-path",
                old + ":" + merged,
                root.resolve(path).toString());
    }

    private static void deleteTree(Path folder) throws IOException {
        try (Stream<Path> paths = Files.walk(folder)) {
            for (Path path : (Iterable<Path>) paths.sorted(java.util.Comparator.reverseOrder())::iterator) {
                Files.deleteIfExists(path);
            }
        }
    }
}
