package io.pg2any.staging;

import java.io.Closeable;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;

/**
 * All that staging asks of a file system: the place where tests put a full disk, a failing rename, a lost write. Every
 * call either did what it says or throws and may be repeated. Safe for several threads; a {@link StagedFile} is not.
 */
public interface StagingFiles {
    /** The real ones. */
    static StagingFiles local() {
        return new LocalStagingFiles();
    }

    /** One open file. */
    interface StagedFile extends Closeable {
        /** Writes all of it at the position, which may lie behind the end of what was written before. */
        void write(long position, byte[] bytes, int offset, int length) throws IOException;

        /**
         * Reads until {@code length} bytes or the end of the file.
         *
         * @return how many bytes were read, less than {@code length} only at the end
         */
        int read(long position, byte[] bytes, int offset, int length) throws IOException;

        long size() throws IOException;

        /** Cuts off what is behind the position. */
        void truncate(long position) throws IOException;

        /** Returns when everything written is on the disk, a power loss survives it. */
        void force() throws IOException;
    }

    /** Opens for writing and reading; an existing file is emptied. */
    StagedFile create(Path file) throws IOException;

    /** Opens an existing file for writing and reading, and leaves what is in it. */
    StagedFile openForWriting(Path file) throws IOException;

    StagedFile openForReading(Path file) throws IOException;

    /** Atomic, within one file system; replaces an existing target. */
    void rename(Path from, Path to) throws IOException;

    /** Gone afterwards, whether it was there or not. */
    void delete(Path file) throws IOException;

    /** With its parents; nothing happens if it exists. */
    void createFolder(Path folder) throws IOException;

    /** The files in the folder, sorted by name. */
    List<Path> list(Path folder) throws IOException;

    /** Returns when renames and deletions in this folder are on the disk. */
    void forceFolder(Path folder) throws IOException;

    /** Bytes this process may still write below the folder. */
    long usableSpace(Path folder) throws IOException;

    /**
     * Takes the lock file until it is closed.
     *
     * @return null if another process, or another log of this one, holds it
     */
    Closeable lock(Path lockFile) throws IOException;
}
