package io.pg2any.staging;

import io.pg2any.staging.SessionRelations.Announcement;

/**
 * A transaction that the server sends while it is still open, in blocks between those of others. Every change in its
 * spool comes after the relation version it was bound to when it was received: what is announced elsewhere meanwhile
 * cannot change it. Guarded by the log's lock.
 */
final class StreamedTransaction {
    final int xid;
    final Spool spool;
    final Subtransactions subtransactions = new Subtransactions();
    /** In the order of the wire, without the xid of the block. */
    private final SessionRelations announced = new SessionRelations();
    /** Versions announced outside, as the spool last got them. */
    private final SessionRelations borrowed = new SessionRelations();

    StreamedTransaction(int xid, Spool spool) {
        this.xid = xid;
        this.spool = spool;
    }

    /** What it has announced itself. */
    SessionRelations announced() {
        return announced;
    }

    /** The version in force in it; null if there is none. */
    Announcement relation(int oid, SessionRelations session) {
        Announcement own = announced.get(oid);
        return own == null ? session.get(oid) : own;
    }

    /** Whether the spool has to be given the announcement before a change that uses it. */
    boolean lacks(Announcement announcement) {
        return announced.get(announcement.oid) != announcement && borrowed.get(announcement.oid) != announcement;
    }

    void append(Announcement announcement) {
        byte[] records = StagedRecords.inStream(announcement.records, xid);
        spool.buffer.append(records, 0, records.length);
        borrowed.put(announcement);
    }
}
