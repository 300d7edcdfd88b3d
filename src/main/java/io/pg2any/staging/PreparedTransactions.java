package io.pg2any.staging;

import io.pg2any.change.Lsn;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Deque;
import java.util.List;

/**
 * The transactions that are prepared: the server sends the body once, at the prepare, and after that only how it ended.
 * So a body is on disk, forced whatever the acknowledge mode, before anything that comes after its prepare can be
 * acknowledged, and it stays until the target has it for good. Guarded by the log's lock.
 */
final class PreparedTransactions {
    /** One of them; an identifier may come again, but not with the same xid. */
    static final class Prepared {
        private final int xid;
        private final String gid;
        private final Lsn prepareEnd;
        private final long changes;
        /** Null once it is on disk. */
        private OpenFile unwritten;
        /** Null until it is on disk. */
        private PendingFile body;
        /** Whether a staged file refers to it. */
        private boolean committed;

        private Prepared(int xid, String gid, Lsn prepareEnd, long changes) {
            this.xid = xid;
            this.gid = gid;
            this.prepareEnd = prepareEnd;
            this.changes = changes;
        }

        static Prepared recovered(int xid, String gid, PendingFile body) {
            Prepared prepared =
                    new Prepared(xid, gid, body.through(), body.footer().changes());
            prepared.body = body;
            return prepared;
        }

        /** Of its file in prepared/. */
        String name() {
            return new StagedFileName(prepareEnd).toString();
        }

        long changes() {
            return changes;
        }

        @Override
        public String toString() {
            return "\"" + gid + "\" (transaction " + Integer.toUnsignedString(xid) + ")";
        }
    }

    private final Path folder;
    private final List<Prepared> known = new ArrayList<>();
    private final Deque<Prepared> unwritten = new ArrayDeque<>();
    private final Deque<Prepared> discarded = new ArrayDeque<>();

    /**
     * @param committed names of those that staged files refer to
     */
    PreparedTransactions(Path folder, List<Prepared> recovered, Collection<String> committed) {
        this.folder = folder;
        known.addAll(recovered);
        known.forEach(prepared -> prepared.committed = committed.contains(prepared.name()));
    }

    /** Null if there is none. */
    Prepared get(int xid, String gid) {
        for (Prepared prepared : known) {
            if (prepared.xid == xid && prepared.gid.equals(gid)) {
                return prepared;
            }
        }
        return null;
    }

    void prepared(int xid, String gid, OpenFile body, long changes) {
        Prepared prepared = new Prepared(xid, gid, body.through(), changes);
        prepared.unwritten = body;
        known.add(prepared);
        unwritten.add(prepared);
    }

    void committed(Prepared prepared) {
        prepared.committed = true;
    }

    /** It was rolled back, or committed in what is staged already: nobody will ask for it, unless a file refers to it. */
    void drop(Prepared prepared) {
        if (!prepared.committed) {
            known.remove(prepared);
            unwritten.remove(prepared);
            discarded.add(prepared);
        }
    }

    /** The staged files that referred to them are given up: the source will commit them again. */
    void uncommit(Collection<String> names) {
        known.stream()
                .filter(prepared -> names.contains(prepared.name()))
                .forEach(prepared -> prepared.committed = false);
    }

    /**
     * Returns when every body that may be asked for is on disk for good, and every other one is gone for good. May be
     * repeated after a failure.
     */
    void settle(StagingFiles files) throws IOException {
        for (Prepared prepared; (prepared = unwritten.peekFirst()) != null; unwritten.removeFirst()) {
            prepared.body = prepared.unwritten.seal(files, folder, true);
            prepared.unwritten = null;
        }
        for (Prepared prepared; (prepared = discarded.peekFirst()) != null; discarded.removeFirst()) {
            if (prepared.unwritten != null) {
                prepared.unwritten.abandon(files);
            } else {
                prepared.body.delete(files);
                files.forceFolder(folder);
            }
        }
    }

    /** The target has them for good. May be repeated after a failure. */
    void deleteApplied(StagingFiles files, List<String> names) throws IOException {
        for (Prepared prepared : List.copyOf(known)) {
            if (names.contains(prepared.name())) {
                prepared.body.delete(files);
                files.forceFolder(folder);
                known.remove(prepared);
            }
        }
    }

    /** What was not written is not acknowledged: the source sends it again. */
    void close(StagingFiles files) throws IOException {
        for (Prepared prepared : unwritten) {
            prepared.unwritten.abandon(files);
        }
        unwritten.clear();
    }

    long bytes() {
        long bytes = 0;
        for (Prepared prepared : known) {
            bytes += prepared.body == null ? prepared.unwritten.stored() : prepared.body.bytes();
        }
        return bytes;
    }
}
