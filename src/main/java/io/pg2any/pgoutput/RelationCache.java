package io.pg2any.pgoutput;

import io.pg2any.change.Column;
import io.pg2any.change.Relation;
import io.pg2any.change.ReplicaIdentity;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicLong;

/**
 * The relations in force: by oid the version that was announced last. Versions are immutable; a change keeps the one it
 * was bound to. One thread.
 *
 * <p>Lives as long as the messages it is fed with belong together: one replication session, or one staged file. The
 * messages inside a streamed transaction announce what is in force in that transaction only, so each gets a cache of
 * its own, which begins as a {@linkplain #RelationCache(RelationCache) copy} and is {@linkplain #merge merged} back at
 * its commit.
 */
public final class RelationCache {
    /** A relation with what every row asks of it, worked out once. */
    static final class Version {
        final Relation relation;
        /** When it was announced, counted over a cache and its copies. */
        final long arrival;

        final int columns;
        final boolean hasIdentity;
        final boolean full;

        Version(Relation relation, long arrival) {
            this.relation = relation;
            this.arrival = arrival;
            this.columns = relation.columns().size();
            this.hasIdentity = relation.hasIdentity();
            this.full = relation.replicaIdentity() == ReplicaIdentity.FULL;
        }
    }

    private static final String UNNAMED_SCHEMA = "pg_catalog";

    private final Map<Integer, String> typeNames;
    /** Open addressing with linear probing; looked up for every row, and an oid as a boxed key would be garbage. */
    private Version[] versions;

    private int size;
    /** Shared with the copies, so that {@link #merge} knows which of two versions is newer. */
    private final AtomicLong arrivals;

    public RelationCache() {
        this.typeNames = new HashMap<>();
        this.arrivals = new AtomicLong();
        this.versions = new Version[16];
    }

    /** Starts with what the other one holds now; neither sees what the other accepts afterwards. */
    public RelationCache(RelationCache other) {
        this.typeNames = new HashMap<>(other.typeNames);
        this.versions = other.versions.clone();
        this.size = other.size;
        this.arrivals = other.arrivals;
    }

    /**
     * At the commit of a streamed transaction: takes over what was announced in it, which the server does not repeat
     * outside. A version that was announced here after it stays.
     *
     * @param streamed a copy of this cache
     */
    public void merge(RelationCache streamed) {
        typeNames.putAll(streamed.typeNames);
        for (Version version : streamed.versions) {
            if (version != null) {
                Version known = find(version.relation.oid());
                if (known == null || known.arrival < version.arrival) {
                    put(version);
                }
            }
        }
    }

    public void accept(PgOutputMessage.TypeMessage message) {
        typeNames.put(message.oid(), message.name());
    }

    /**
     * @return the version that is in force from here on
     */
    public Relation accept(PgOutputMessage.RelationMessage message) {
        List<Column> columns = new ArrayList<>(message.columns().size());
        for (Column column : message.columns()) {
            columns.add(new Column(
                    column.name(),
                    column.typeOid(),
                    column.typeModifier(),
                    typeNames.getOrDefault(column.typeOid(), ""),
                    column.identity()));
        }
        Relation relation = new Relation(
                message.oid(),
                message.schema().isEmpty() ? UNNAMED_SCHEMA : message.schema(),
                message.name(),
                message.replicaIdentity(),
                columns);
        put(new Version(relation, arrivals.incrementAndGet()));
        return relation;
    }

    /**
     * @throws MalformedMessageException if no Relation message has announced the oid
     */
    public Relation get(int oid) throws MalformedMessageException {
        Version version = find(oid);
        if (version == null) {
            throw new MalformedMessageException(unknown(oid));
        }
        return version.relation;
    }

    /** Null when unknown. */
    Version find(int oid) {
        return versions[slot(versions, oid)];
    }

    static String unknown(int oid) {
        return "relation with oid " + Integer.toUnsignedString(oid) + " has not been announced by a Relation message";
    }

    private void put(Version version) {
        int slot = slot(versions, version.relation.oid());
        if (versions[slot] == null && ++size * 2 > versions.length) {
            Version[] larger = new Version[versions.length * 2];
            for (Version known : versions) {
                if (known != null) {
                    larger[slot(larger, known.relation.oid())] = known;
                }
            }
            versions = larger;
            slot = slot(versions, version.relation.oid());
        }
        versions[slot] = version;
    }

    /** Where the oid is, or the free place where it would be put; at least half of the table is free. */
    private static int slot(Version[] versions, int oid) {
        int mask = versions.length - 1;
        int slot = oid * 0x9E3779B9 >>> 16 & mask;
        while (versions[slot] != null && versions[slot].relation.oid() != oid) {
            slot = slot + 1 & mask;
        }
        return slot;
    }
}
