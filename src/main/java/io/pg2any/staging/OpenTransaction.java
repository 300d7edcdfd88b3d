package io.pg2any.staging;

import io.pg2any.staging.SessionRelations.Announcement;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * The transaction between Begin and Commit. Small ones stay in memory and go to the open batch at Commit; a large one
 * is given a file of its own while it arrives. One object serves all transactions of a log, one after the other.
 */
final class OpenTransaction {
    final FrameBuffer body;
    private byte[] head = new byte[128];
    private int headLength;
    /** Versions it uses that were announced before it began: the file it ends up in may not have them. */
    private final List<Announcement> needed = new ArrayList<>();
    /** Versions it announces itself. */
    private final List<Announcement> announced = new ArrayList<>();

    private long serial;
    private long commitLsn;
    private long changes;
    private OpenFile spool;

    OpenTransaction(FrameBuffer.Blocks blocks) {
        this.body = new FrameBuffer(blocks);
    }

    void begin(long newSerial, long newCommitLsn) {
        clear();
        serial = newSerial;
        commitLsn = newCommitLsn;
    }

    void clear() {
        body.clear();
        headLength = 0;
        needed.clear();
        announced.clear();
        changes = 0;
        spool = null;
    }

    /** The Begin record, and Origin if one follows: nothing may come between the two. */
    void appendHead(byte[] bytes, int from, int to) {
        int length = to - from;
        if (head.length - headLength < length) {
            head = Arrays.copyOf(head, Math.max(head.length * 2, headLength + length));
        }
        System.arraycopy(bytes, from, head, headLength, length);
        headLength += length;
    }

    long commitLsn() {
        return commitLsn;
    }

    void countChange() {
        changes++;
    }

    long changes() {
        return changes;
    }

    /** Bytes held in memory. */
    long memoryBytes() {
        return body.size();
    }

    /** Its own file; null while it is in memory. */
    OpenFile spool() {
        return spool;
    }

    void announces(Announcement announcement) {
        announcement.transaction = serial;
        if (spool != null) {
            announcement.file = spool.announcements();
        } else {
            announced.add(announcement);
        }
    }

    /** Whether this is the transaction's first use of a version that it has not announced itself. */
    boolean isFirstUse(Announcement announcement) {
        return announcement.transaction != serial;
    }

    /** Notes a first use; a file the transaction already has must be given the announcement at once. */
    void needs(Announcement announcement) {
        announcement.transaction = serial;
        if (spool != null) {
            announcement.file = spool.announcements();
        } else {
            needed.add(announcement);
        }
    }

    /** Moves what has arrived to the file, with announcements of everything used that the file does not have. */
    void moveTo(OpenFile file) {
        file.buffer.append(head, 0, headLength);
        FrameBuffer to = file.body();
        for (Announcement announcement : needed) {
            if (announcement.file != file.announcements()) {
                to.append(announcement.records, 0, announcement.records.length);
                announcement.file = file.announcements();
            }
        }
        to.take(body);
        for (Announcement announcement : announced) {
            announcement.file = file.announcements();
        }
        needed.clear();
        announced.clear();
        headLength = 0;
    }

    /** From now on everything of this transaction goes to that file. */
    void spoolTo(OpenFile file) {
        spool = file;
        moveTo(file);
    }
}
