package io.pg2any.staging;

import java.io.Closeable;
import java.io.File;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.stream.Stream;

/**
 * Files of the local file system. Not through {@link FileChannel}: an interrupt would close it under its other users.
 */
final class LocalStagingFiles implements StagingFiles {
    /** What one system call carries: RandomAccessFile copies through memory of that size outside the heap. */
    private static final int SLICE = 64 * 1024;

    private static final boolean FOLDERS_CAN_BE_FORCED = File.separatorChar == '/';

    @Override
    public StagedFile create(Path file) throws IOException {
        RandomAccessFile opened = new RandomAccessFile(file.toFile(), "rw");
        try {
            opened.setLength(0);
        } catch (IOException e) {
            opened.close();
            throw e;
        }
        return new LocalFile(opened);
    }

    @Override
    public StagedFile openForWriting(Path file) throws IOException {
        if (!Files.exists(file)) {
            throw new NoSuchFileException(file.toString());
        }
        return new LocalFile(new RandomAccessFile(file.toFile(), "rw"));
    }

    @Override
    public StagedFile openForReading(Path file) throws IOException {
        return new LocalFile(new RandomAccessFile(file.toFile(), "r"));
    }

    @Override
    public void rename(Path from, Path to) throws IOException {
        Files.move(from, to, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    }

    @Override
    public void delete(Path file) throws IOException {
        Files.deleteIfExists(file);
    }

    @Override
    public void createFolder(Path folder) throws IOException {
        Files.createDirectories(folder);
    }

    @Override
    public List<Path> list(Path folder) throws IOException {
        try (Stream<Path> files = Files.list(folder)) {
            return files.sorted().toList();
        }
    }

    @Override
    public void forceFolder(Path folder) throws IOException {
        // Windows cannot open a folder, and NTFS writes its own journal of renames.
        if (FOLDERS_CAN_BE_FORCED) {
            try (FileChannel channel = FileChannel.open(folder, StandardOpenOption.READ)) {
                channel.force(true);
            }
        }
    }

    @Override
    public long usableSpace(Path folder) throws IOException {
        return Files.getFileStore(folder).getUsableSpace();
    }

    @Override
    public Closeable lock(Path lockFile) throws IOException {
        FileChannel channel = FileChannel.open(
                lockFile, StandardOpenOption.CREATE, StandardOpenOption.WRITE, StandardOpenOption.READ);
        FileLock lock = null;
        try {
            lock = channel.tryLock();
        } catch (OverlappingFileLockException heldByThisProcess) {
            return null;
        } finally {
            if (lock == null) {
                channel.close();
            }
        }
        // The file stays: deleting it would let two processes lock two files of one name.
        return lock == null ? null : channel;
    }

    private static final class LocalFile implements StagedFile {
        private final RandomAccessFile file;

        LocalFile(RandomAccessFile file) {
            this.file = file;
        }

        @Override
        public void write(long position, byte[] bytes, int offset, int length) throws IOException {
            file.seek(position);
            for (int done = 0; done < length; done += SLICE) {
                file.write(bytes, offset + done, Math.min(SLICE, length - done));
            }
        }

        @Override
        public int read(long position, byte[] bytes, int offset, int length) throws IOException {
            file.seek(position);
            int done = 0;
            while (done < length) {
                int read = file.read(bytes, offset + done, Math.min(SLICE, length - done));
                if (read < 0) {
                    break;
                }
                done += read;
            }
            return done;
        }

        @Override
        public long size() throws IOException {
            return file.length();
        }

        @Override
        public void truncate(long position) throws IOException {
            file.setLength(position);
        }

        @Override
        public void force() throws IOException {
            file.getFD().sync();
        }

        @Override
        public void close() throws IOException {
            file.close();
        }
    }
}
