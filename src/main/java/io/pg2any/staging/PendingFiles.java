package io.pg2any.staging;

import io.pg2any.change.Lsn;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The whole files that wait for the target, and those it has that the disk did not let go yet. Files are deleted in
 * commit order, so that what a crash leaves is a chain. Guarded by the log's lock.
 */
final class PendingFiles {
    private static final Logger LOG = LoggerFactory.getLogger(PendingFiles.class);

    private final StagingFiles files;
    private final PreparedTransactions prepared;
    private final Deque<PendingFile> waiting;
    private final Deque<PendingFile> completed = new ArrayDeque<>();
    private long bytes;
    private long transactions;
    private String lastError;

    PendingFiles(StagingFiles files, PreparedTransactions prepared, List<PendingFile> recovered) {
        this.files = files;
        this.prepared = prepared;
        this.waiting = new ArrayDeque<>();
        recovered.forEach(this::add);
    }

    void add(PendingFile file) {
        waiting.addLast(file);
        bytes += file.bytes();
        transactions += file.footer().transactions();
    }

    /** On disk, also of files that only wait to be deleted. */
    long bytes() {
        return bytes;
    }

    /** Applied, and kept until the target has them for good. */
    long completedBytes() {
        return completed.stream().mapToLong(PendingFile::bytes).sum();
    }

    boolean allOf(AcknowledgeMode mode) {
        return waiting.stream().allMatch(file -> file.header().acknowledge() == mode);
    }

    /** Not applied. */
    long transactions() {
        return transactions;
    }

    /** Not applied. */
    int size() {
        return waiting.size();
    }

    /** Null if none waits. */
    PendingFile first() {
        return waiting.peekFirst();
    }

    /** The first that a target at this position does not have whole; null if it has all. */
    PendingFile firstAfter(Lsn position) {
        for (PendingFile file : waiting) {
            if (file.through().isAfter(position)) {
                return file;
            }
        }
        return null;
    }

    /** Files of one source that make a batch: the first, and those after it as long as all fit. */
    List<PendingFile> firstUpTo(long maxBytes) {
        List<PendingFile> batch = new ArrayList<>();
        long sum = 0;
        for (PendingFile file : waiting) {
            sum += file.bytes();
            if (!batch.isEmpty()
                    && (sum > maxBytes
                            || !file.header()
                                    .source()
                                    .equals(batch.get(0).header().source()))) {
                break;
            }
            batch.add(file);
        }
        return batch;
    }

    /** The target has these. */
    void completeThrough(Lsn position) {
        while (!waiting.isEmpty() && !waiting.peekFirst().through().isAfter(position)) {
            PendingFile file = waiting.removeFirst();
            transactions -= file.footer().transactions();
            completed.addLast(file);
        }
    }

    /** Gives up all files, which the source sends again; prepared bodies, which it does not, stay. */
    void drop() {
        completed.addAll(waiting);
        waiting.clear();
        transactions = 0;
        for (PendingFile file; (file = completed.peekLast()) != null; completed.removeLast()) {
            prepared.uncommit(file.prepared());
            try {
                file.delete(files);
            } catch (IOException e) {
                throw new UncheckedIOException("cannot drop staged file " + file.path(), e);
            }
            bytes -= file.bytes();
        }
    }

    /**
     * Deletes completed files that nobody needs any more. Never fails: the target has them even when the disk does not
     * delete them.
     *
     * <p>The newest file of all stays when its loss would cost the position: in STAGED a start must not need the target
     * to know where to go on.
     *
     * @param position nobody needs what came before it; null for nothing
     * @param durable the target holds everything before it for good; the source does not send what was prepared again
     */
    void deleteCompleted(Lsn position, Lsn durable) {
        try {
            for (PendingFile file;
                    (file = completed.peekFirst()) != null
                            && position != null
                            && !file.through().isAfter(position)
                            && (file.prepared().isEmpty() || isDurable(file, durable))
                            && !isAnchor(file);
                    completed.removeFirst()) {
                // Before the file: afterwards nobody would know that they are not needed.
                prepared.deleteApplied(files, file.prepared());
                file.delete(files);
                bytes -= file.bytes();
            }
            lastError = null;
        } catch (IOException e) {
            if (lastError == null) {
                LOG.warn("cannot delete an applied staged file, it is tried again with the next one", e);
            }
            lastError = e.toString();
        }
    }

    private static boolean isDurable(PendingFile file, Lsn durable) {
        return durable != null && !file.through().isAfter(durable);
    }

    private boolean isAnchor(PendingFile file) {
        return waiting.isEmpty() && completed.size() == 1 && file.header().acknowledge() == AcknowledgeMode.STAGED;
    }

    /** Why applied files are still there; null if none is. */
    String lastError() {
        return lastError;
    }
}
