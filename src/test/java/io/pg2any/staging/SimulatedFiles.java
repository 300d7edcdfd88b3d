package io.pg2any.staging;

import java.io.Closeable;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.NoSuchElementException;
import java.util.Random;
import java.util.TreeMap;

/**
 * A disk in memory that remembers what has been forced, refuses what it is told to, and can lose its power. What was not
 * forced is lost then: contents of files, and names in folders.
 */
class SimulatedFiles implements StagingFiles {
    /** One thing the disk was asked to do. */
    record Operation(String kind, Path path) {
        @Override
        public String toString() {
            return kind + " " + path.getParent().getFileName();
        }
    }

    /** Decides whether an operation fails. */
    interface Fault {
        void before(Operation operation) throws IOException;
    }

    private static final class Content {
        private byte[] bytes = {};
        private byte[] forced = {};
    }

    final List<Operation> operations = new ArrayList<>();
    private final TreeMap<Path, Content> files = new TreeMap<>();
    private final TreeMap<Path, Content> forcedNames = new TreeMap<>();
    private Fault fault = operation -> {};
    private boolean locked;
    private int openFiles;

    void failWith(Fault newFault) {
        fault = newFault;
    }

    void failNever() {
        fault = operation -> {};
    }

    /** Every operation from the n-th on, counted from now, as a full disk would. */
    void failFrom(int operation) {
        int from = operations.size() + operation;
        fault = next -> {
            if (operations.size() > from && !next.kind().equals("delete")) {
                throw new IOException("No space left on device");
            }
        };
    }

    /** The process is gone; everything it wrote is there. */
    synchronized void crash() {
        locked = false;
        openFiles = 0;
    }

    /** The machine is gone, and with it everything not forced. */
    synchronized void losePower() {
        crash();
        files.clear();
        files.putAll(forcedNames);
        files.values().forEach(content -> content.bytes = content.forced);
    }

    /** As {@link #losePower()}, but of what was not forced some is there all the same: names, and beginnings of contents. */
    synchronized void losePower(Random random) {
        crash();
        TreeMap<Path, Content> written = new TreeMap<>(files);
        files.clear();
        files.putAll(forcedNames);
        written.forEach((path, content) -> {
            if (random.nextBoolean() && !files.containsValue(content)) {
                files.putIfAbsent(path, content);
            }
        });
        files.values().forEach(content -> {
            int kept = Math.min(content.forced.length, content.bytes.length);
            content.bytes = Arrays.copyOf(content.bytes, kept + random.nextInt(content.bytes.length - kept + 1));
        });
    }

    synchronized List<Path> paths(Path folder) {
        return files.keySet().stream()
                .filter(path -> path.getParent().equals(folder))
                .toList();
    }

    synchronized byte[] bytes(Path file) {
        return content(file).bytes.clone();
    }

    synchronized void put(Path file, byte[] bytes) {
        Content content = new Content();
        content.bytes = bytes.clone();
        content.forced = content.bytes;
        files.put(file, content);
        forcedNames.put(file, content);
    }

    synchronized int openFiles() {
        return openFiles;
    }

    private void operation(String kind, Path path) throws IOException {
        Operation operation = new Operation(kind, path);
        operations.add(operation);
        fault.before(operation);
    }

    private Content content(Path file) {
        Content content = files.get(file);
        if (content == null) {
            throw new NoSuchElementException(file.toString());
        }
        return content;
    }

    @Override
    public synchronized StagedFile create(Path file) throws IOException {
        operation("create", file);
        Content content = new Content();
        files.put(file, content);
        return opened(file, content);
    }

    @Override
    public synchronized StagedFile openForWriting(Path file) throws IOException {
        operation("open", file);
        return openForReading(file);
    }

    @Override
    public synchronized StagedFile openForReading(Path file) throws IOException {
        if (!files.containsKey(file)) {
            throw new FileNotFoundException(file.toString());
        }
        return opened(file, files.get(file));
    }

    private StagedFile opened(Path file, Content content) {
        openFiles++;
        return new StagedFile() {
            private boolean closed;

            @Override
            public void write(long position, byte[] bytes, int offset, int length) throws IOException {
                synchronized (SimulatedFiles.this) {
                    int end = (int) position + length;
                    byte[] grown = Arrays.copyOf(content.bytes, Math.max(content.bytes.length, end));
                    try {
                        operation("write", file);
                    } catch (IOException e) {
                        // Half of it is there all the same.
                        int half = length / 2;
                        grown = Arrays.copyOf(content.bytes, Math.max(content.bytes.length, (int) position + half));
                        System.arraycopy(bytes, offset, grown, (int) position, half);
                        content.bytes = grown;
                        throw e;
                    }
                    System.arraycopy(bytes, offset, grown, (int) position, length);
                    content.bytes = grown;
                }
            }

            @Override
            public int read(long position, byte[] bytes, int offset, int length) {
                synchronized (SimulatedFiles.this) {
                    int read = Math.max(0, Math.min(length, content.bytes.length - (int) position));
                    System.arraycopy(content.bytes, (int) position, bytes, offset, read);
                    return read;
                }
            }

            @Override
            public long size() {
                synchronized (SimulatedFiles.this) {
                    return content.bytes.length;
                }
            }

            @Override
            public void truncate(long position) throws IOException {
                synchronized (SimulatedFiles.this) {
                    operation("truncate", file);
                    content.bytes = Arrays.copyOf(content.bytes, Math.min(content.bytes.length, (int) position));
                }
            }

            @Override
            public void force() throws IOException {
                synchronized (SimulatedFiles.this) {
                    operation("force", file);
                    content.forced = content.bytes.clone();
                }
            }

            @Override
            public void close() {
                synchronized (SimulatedFiles.this) {
                    if (!closed) {
                        closed = true;
                        openFiles--;
                    }
                }
            }
        };
    }

    @Override
    public synchronized void rename(Path from, Path to) throws IOException {
        operation("rename", to);
        if (!files.containsKey(from)) {
            throw new FileNotFoundException(from.toString());
        }
        files.put(to, files.remove(from));
    }

    @Override
    public synchronized void delete(Path file) throws IOException {
        operation("delete", file);
        files.remove(file);
    }

    @Override
    public void createFolder(Path folder) {}

    @Override
    public synchronized List<Path> list(Path folder) {
        return paths(folder);
    }

    @Override
    public synchronized void forceFolder(Path folder) throws IOException {
        operation("forceFolder", folder.resolve("."));
        forcedNames.keySet().removeIf(path -> path.getParent().equals(folder));
        files.forEach((path, content) -> {
            if (path.getParent().equals(folder)) {
                forcedNames.put(path, content);
            }
        });
    }

    @Override
    public long usableSpace(Path folder) {
        return 1L << 40;
    }

    @Override
    public synchronized Closeable lock(Path lockFile) {
        if (locked) {
            return null;
        }
        locked = true;
        return () -> {
            synchronized (this) {
                locked = false;
            }
        };
    }
}
