package io.pg2any.crash;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;

/** A small file system of its own that can be filled to the last byte. Linux, and only as root. */
final class TightDisk implements AutoCloseable {
    private final Path mount;

    private TightDisk(Path mount) {
        this.mount = mount;
    }

    /** Null where nothing may be mounted. */
    static TightDisk mount(Path folder, int megabytes) throws IOException, InterruptedException {
        Files.createDirectories(folder);
        return run("mount", "-t", "tmpfs", "-o", "size=" + megabytes + "m", "tmpfs", folder.toString())
                ? new TightDisk(folder)
                : null;
    }

    void fill() throws IOException {
        byte[] block = new byte[4096];
        try (OutputStream ballast = Files.newOutputStream(ballast())) {
            while (true) {
                ballast.write(block);
            }
        } catch (IOException e) {
            if (Files.getFileStore(mount).getUsableSpace() > 0) {
                throw e;
            }
        }
    }

    void free() throws IOException {
        Files.delete(ballast());
    }

    private Path ballast() {
        return mount.resolve("ballast");
    }

    private static boolean run(String... command) throws IOException, InterruptedException {
        Process process = new ProcessBuilder(command)
                .redirectErrorStream(true)
                .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                .start();
        return process.waitFor(20, TimeUnit.SECONDS) && process.exitValue() == 0;
    }

    @Override
    public void close() throws IOException, InterruptedException {
        if (!run("umount", "-l", mount.toString())) {
            throw new IOException(mount + " cannot be unmounted");
        }
    }
}
