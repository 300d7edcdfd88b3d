package io.pg2any.staging;

import io.pg2any.change.Lsn;
import io.pg2any.change.SourceIdentity;
import java.time.Clock;
import java.util.ArrayDeque;
import java.util.Collection;
import java.util.Deque;

/**
 * What has committed and waits to be sealed: a queue of files in the order of commit. A large transaction is one, a batch
 * of small ones is one, and the last batch still grows. Guarded by the log's lock.
 */
final class CommittedFiles {
    private final StagingConfig config;
    private final Clock clock;
    final FrameBuffer.Blocks blocks = new FrameBuffer.Blocks();
    private final FrameEncoder encoder;

    private final Deque<OpenFile> whole = new ArrayDeque<>();
    /** The last of them, if it still grows. */
    private OpenFile batch;

    private SourceIdentity source;
    /** Everything that committed before it is staged or was; null until a session or the target says where we are. */
    private Lsn through;
    /** Of transactions and files alike. */
    private long lastSerial;

    CommittedFiles(StagingConfig config, Clock clock) {
        this.config = config;
        this.clock = clock;
        this.encoder = new FrameEncoder(config.compression());
    }

    void startAt(SourceIdentity identity, Lsn lsn) {
        source = identity;
        through = lsn;
    }

    /** Null before anything is known. */
    SourceIdentity source() {
        return source;
    }

    Lsn through() {
        return through;
    }

    /** What waits to be sealed, in order. */
    Collection<OpenFile> all() {
        return whole;
    }

    /** Sealed next; null if there is none. */
    OpenFile first() {
        return whole.peekFirst();
    }

    /** Whether there is something to seal that does not grow any more. */
    boolean hasFinished() {
        return !whole.isEmpty() && whole.peekFirst() != batch;
    }

    /** Whole transactions, or a position that moved, to which more can be added; null if there is neither. */
    OpenFile batch() {
        return batch;
    }

    /** The batch, a new one if there is none. */
    OpenFile openBatch() {
        if (batch == null) {
            batch = newFile("batch");
            whole.addLast(batch);
        }
        return batch;
    }

    /** The records of a whole transaction are in the file: in the batch, or in one of its own. */
    void committed(OpenFile file, Lsn end, long changes) {
        file.committed(end, changes);
        if (file != batch) {
            whole.addLast(file);
            batch = null;
        }
        through = end;
    }

    /** Nothing is to be applied before it that is not here. */
    void moveThrough(Lsn end) {
        openBatch().moveThrough(end);
        through = end;
    }

    /** The first is in pending/. */
    void sealed(OpenFile file) {
        if (whole.peekFirst() == file) {
            whole.removeFirst();
        }
        if (file == batch) {
            batch = null;
        }
    }

    long nextSerial() {
        return ++lastSerial;
    }

    OpenFile newFile(String kind) {
        long serial = nextSerial();
        return new OpenFile(
                serial,
                newHeader(),
                config.received().resolve(StagedFileName.received(through, kind, serial)),
                blocks,
                encoder);
    }

    Spool newSpool(String kind) {
        String name = StagedFileName.received(through, kind, nextSerial());
        return new Spool(newHeader(), config.received(), name, config.segmentBytes(), blocks, encoder);
    }

    private StagedFileHeader newHeader() {
        return new StagedFileHeader(source, through, config.acknowledge(), config.compression(), clock.instant());
    }
}
