package io.pg2any.staging;

import io.pg2any.change.Lsn;
import io.pg2any.pgoutput.MalformedMessageException;
import io.pg2any.pgoutput.MessageType;
import java.util.Arrays;

/**
 * The relations a replication session has announced, as the raw records of the announcement: what has to be repeated in
 * every file that uses them. By oid, without boxing: looked up whenever two neighbouring rows differ in their table.
 */
final class SessionRelations {
    /** One version of one relation. */
    static final class Announcement {
        final int oid;
        /** The records of its Type messages, then of its Relation message. */
        final byte[] records;
        /** Counted over the session. */
        private final long arrival;
        /** {@link OpenFile#announcements} of the file that was the last to hold it. */
        long file;
        /** Serial of the transaction that was the last to announce or need it. */
        long transaction;

        private Announcement(int oid, byte[] records, long arrival) {
            this.oid = oid;
            this.records = records;
            this.arrival = arrival;
        }
    }

    private static final byte[] NONE = {};

    private Announcement[] announcements = new Announcement[16];
    private int size;
    /** Of the session; unused in the relations of a streamed transaction. */
    private long arrivals;

    private byte[] types = NONE;

    void clear() {
        Arrays.fill(announcements, null);
        size = 0;
        types = NONE;
    }

    /** A Type record: belongs to the next relation. */
    void type(byte[] bytes, int from, int to) {
        types = concatenate(types, bytes, from, to);
    }

    Announcement relation(int oid, byte[] bytes, int from, int to) {
        return relation(oid, bytes, from, to, this);
    }

    /** As the method above, for what is announced in a streamed transaction. */
    Announcement relation(int oid, byte[] bytes, int from, int to, SessionRelations session) {
        Announcement announcement = new Announcement(oid, concatenate(types, bytes, from, to), ++session.arrivals);
        types = NONE;
        put(announcement);
        return announcement;
    }

    void put(Announcement announcement) {
        int oid = announcement.oid;
        int slot = slot(announcements, oid);
        if (announcements[slot] == null && ++size * 2 > announcements.length) {
            Announcement[] larger = new Announcement[announcements.length * 2];
            for (Announcement known : announcements) {
                if (known != null) {
                    larger[slot(larger, known.oid)] = known;
                }
            }
            announcements = larger;
            slot = slot(announcements, oid);
        }
        announcements[slot] = announcement;
    }

    /**
     * What a streamed transaction has announced is in force after its commit, unless the session has announced a newer
     * version meanwhile: the server does not repeat it.
     */
    void merge(SessionRelations streamed) {
        for (Announcement announcement : streamed.announcements) {
            if (announcement != null) {
                Announcement known = get(announcement.oid);
                if (known == null || known.arrival < announcement.arrival) {
                    put(announcement);
                }
            }
        }
    }

    /** The version in force; null if the session has not announced the relation. */
    Announcement get(int oid) {
        return announcements[slot(announcements, oid)];
    }

    /**
     * @param found what a message uses; null is fatal for the session
     * @param oid of the relation the message names
     * @param type of the message
     */
    static Announcement required(Announcement found, int oid, byte type, long walStart)
            throws MalformedMessageException {
        if (found == null) {
            throw new MalformedMessageException(MessageType.name(type) + " message at LSN " + new Lsn(walStart)
                    + ": relation with oid " + Integer.toUnsignedString(oid)
                    + " has not been announced in this session");
        }
        return found;
    }

    /** Where the oid is, or the free place for it; at least half of the places are free. */
    private static int slot(Announcement[] announcements, int oid) {
        int mask = announcements.length - 1;
        int slot = oid * 0x9E3779B9 >>> 16 & mask;
        while (announcements[slot] != null && announcements[slot].oid != oid) {
            slot = slot + 1 & mask;
        }
        return slot;
    }

    private static byte[] concatenate(byte[] head, byte[] bytes, int from, int to) {
        byte[] all = Arrays.copyOf(head, head.length + to - from);
        System.arraycopy(bytes, from, all, head.length, to - from);
        return all;
    }
}
