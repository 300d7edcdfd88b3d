package io.pg2any.crash;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/** A small file system of its own that can be filled to the last byte. Linux, and only as root. */
final class TightDisk implements AutoCloseable {
    private final Path mount;
    private Thread filler;

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

    /** Takes all there is, and whatever is given back from now on. */
    void fill() throws InterruptedException {
        CountDownLatch full = new CountDownLatch(1);
        filler = new Thread(() -> {
            while (!Thread.currentThread().isInterrupted()) {
                takeAll();
                full.countDown();
                LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(2));
            }
        });
        filler.start();
        full.await();
    }

    private void takeAll() {
        byte[] block = new byte[4096];
        try (OutputStream ballast =
                Files.newOutputStream(ballast(), StandardOpenOption.CREATE, StandardOpenOption.APPEND)) {
            while (true) {
                ballast.write(block);
            }
        } catch (IOException e) {
            assertThat(e).hasMessageContaining("No space left");
        }
    }

    void free() throws IOException, InterruptedException {
        filler.interrupt();
        filler.join();
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
        if (filler != null) {
            filler.interrupt();
            filler.join();
        }
        if (!run("umount", "-l", mount.toString())) {
            throw new IOException(mount + " cannot be unmounted");
        }
    }
}
