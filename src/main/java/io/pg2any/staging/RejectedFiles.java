package io.pg2any.staging;

import io.pg2any.change.Change;
import io.pg2any.change.Lsn;
import io.pg2any.change.Relation;
import io.pg2any.change.SourceIdentity;
import io.pg2any.change.TransactionInfo;
import io.pg2any.pgoutput.ChangeEncoder;
import java.io.Closeable;
import java.io.IOException;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;

/**
 * The dead letters of a staging folder: one staged file of one change each, in rejected/. What a call has written or
 * removed is so after a power failure too.
 *
 * <p>Thread-safe. Another process may remove files at any time.
 */
public final class RejectedFiles {
    public static final long DEFAULT_MAX_BYTES = 1L << 30;

    /** What a file takes at least, and the reason why even the smallest are limited in number. */
    private static final int DISK_BLOCK = 4096;

    private static final String UNFINISHED = ".new";

    /**
     * @param tables of the change, {@code schema.table}
     */
    private record Kept(List<String> tables, long bytes) {}

    private final Path folder;
    private final StagingFiles files;
    private final long maxBytes;
    private final NavigableMap<RejectedFileName, Kept> kept = new TreeMap<>();
    private long bytes;

    private RejectedFiles(Path folder, StagingFiles files, long maxBytes) {
        this.folder = folder;
        this.files = files;
        this.maxBytes = maxBytes;
    }

    /**
     * For the one who has the staging folder: what an earlier process was about to write is removed.
     *
     * @param maxBytes all files together, counted in blocks of 4 KiB
     */
    public static RejectedFiles open(Path stagingFolder, StagingFiles files, long maxBytes) throws IOException {
        RejectedFiles opened = look(stagingFolder, files, maxBytes);
        for (Path file : files.list(opened.folder)) {
            if (file.getFileName().toString().endsWith(UNFINISHED)) {
                files.delete(file);
            }
        }
        return opened;
    }

    /** For others, beside a pipeline that may run. */
    public static RejectedFiles look(Path stagingFolder) throws IOException {
        return look(stagingFolder, StagingFiles.local(), DEFAULT_MAX_BYTES);
    }

    private static RejectedFiles look(Path stagingFolder, StagingFiles files, long maxBytes) throws IOException {
        RejectedFiles opened = new RejectedFiles(stagingFolder.resolve("rejected"), files, maxBytes);
        files.createFolder(opened.folder);
        for (Path file : files.list(opened.folder)) {
            Optional<RejectedFileName> name = RejectedFileName.parse(file);
            if (name.isPresent()) {
                opened.put(name.get(), opened.tables(file), opened.size(file));
            }
        }
        return opened;
    }

    private List<String> tables(Path file) throws IOException {
        return tables(RejectedFile.read(file, files).change());
    }

    private static List<String> tables(Change change) {
        return change.relations().stream().map(Relation::displayName).toList();
    }

    private long size(Path file) throws IOException {
        try (StagingFiles.StagedFile opened = files.openForReading(file)) {
            return opened.size();
        }
    }

    /**
     * Keeps a pipeline from starting in the folder until it is closed.
     *
     * @return empty while one runs
     */
    public static Optional<Closeable> lock(Path stagingFolder) throws IOException {
        StagingFiles files = StagingFiles.local();
        files.createFolder(stagingFolder);
        return Optional.ofNullable(files.lock(StagingConfig.of(stagingFolder).lockFile()));
    }

    /**
     * Writes a change, over what is there of the same one.
     *
     * @return false when there is no room: nothing was written
     */
    public synchronized boolean keep(
            SourceIdentity source, TransactionInfo transaction, Change change, Rejection rejection) throws IOException {
        RejectedFileName name = new RejectedFileName(transaction.commitLsn(), rejection.ordinal(), 0);
        byte[] records = ChangeEncoder.transaction(transaction, change);
        remove(name);
        if (bytes + blocks(records.length) > maxBytes && bytes > 0) {
            refresh();
            if (bytes + blocks(records.length) > maxBytes && bytes > 0) {
                return false;
            }
        }
        // One change fills no more than a block of the disk, as a rule.
        Compression compression = Compression.NONE;
        StagedFileHeader header = new StagedFileHeader(
                source, transaction.commitLsn(), AcknowledgeMode.STAGED, compression, rejection.rejectedAt());
        FrameBuffer buffer = new FrameBuffer(new FrameBuffer.Blocks(), DISK_BLOCK);
        buffer.append(StagedRecords.rejected(rejection));
        transaction.changes().ifPresent(count -> buffer.append(StagedRecords.changes(count)));
        buffer.append(records);
        FrameWriter writer = new FrameWriter(
                folder.resolve(name + UNFINISHED), StagedFileFormat.encode(header), new FrameEncoder(compression));
        try {
            writer.write(files, buffer, true);
            StagedFileFooter footer = new StagedFileFooter(transaction.commitLsn(), 1, 1, writer.frames());
            long whole = writer.writeFooter(files, footer, true);
            writer.moveTo(files, folder.resolve(name.toString()));
            files.forceFolder(folder);
            put(name, tables(change), whole);
        } finally {
            writer.close();
        }
        return true;
    }

    /** Removes what is kept of a transaction behind this ordinal. */
    public synchronized void retract(Lsn commitLsn, long ordinal) throws IOException {
        RejectedFileName from = new RejectedFileName(commitLsn, ordinal + 1, 0);
        boolean removed = false;
        for (RejectedFileName name = kept.ceilingKey(from);
                name != null && name.commitLsn().equals(commitLsn);
                name = kept.ceilingKey(from)) {
            remove(name);
            removed = true;
        }
        if (removed) {
            files.forceFolder(folder);
        }
    }

    /** In the order of the source. */
    public synchronized List<RejectedFileName> names() throws IOException {
        refresh();
        return List.copyOf(kept.keySet());
    }

    /** How many changes wait, by table; of a TRUNCATE one with each of its tables. */
    public synchronized Map<String, Long> waiting() throws IOException {
        refresh();
        Map<String, Long> waiting = new HashMap<>();
        kept.values().forEach(file -> file.tables().forEach(table -> waiting.merge(table, 1L, Long::sum)));
        return waiting;
    }

    public Path path(RejectedFileName name) {
        return folder.resolve(name.toString());
    }

    public synchronized void delete(RejectedFileName name) throws IOException {
        remove(name);
        files.forceFolder(folder);
    }

    /**
     * Marks a letter as being replayed, or no more.
     *
     * @param number of the replay, 0 for none
     * @return its name from now on
     */
    public synchronized RejectedFileName mark(RejectedFileName name, long number) throws IOException {
        RejectedFileName marked = name.replaying(number);
        files.rename(path(name), path(marked));
        files.forceFolder(folder);
        Kept moved = kept.remove(name);
        kept.put(marked, moved);
        return marked;
    }

    private void put(RejectedFileName name, List<String> tables, long size) {
        kept.put(name, new Kept(tables, blocks(size)));
        bytes += blocks(size);
    }

    private void remove(RejectedFileName name) throws IOException {
        Kept removed = kept.get(name);
        if (removed != null) {
            files.delete(path(name));
            kept.remove(name);
            bytes -= removed.bytes();
        }
    }

    /** Forgets what others have removed. */
    private void refresh() throws IOException {
        if (kept.isEmpty()) {
            return;
        }
        Set<RejectedFileName> there = new HashSet<>();
        files.list(folder).forEach(file -> RejectedFileName.parse(file).ifPresent(there::add));
        kept.entrySet().removeIf(entry -> {
            boolean gone = !there.contains(entry.getKey());
            bytes -= gone ? entry.getValue().bytes() : 0;
            return gone;
        });
    }

    private static long blocks(long size) {
        return (size + DISK_BLOCK - 1) / DISK_BLOCK * DISK_BLOCK;
    }
}
