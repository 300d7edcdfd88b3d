package io.pg2any.pgoutput;

import io.pg2any.change.Change;
import io.pg2any.change.Lsn;
import io.pg2any.change.Relation;
import io.pg2any.change.Tuple;
import java.util.ArrayList;
import java.util.List;

/**
 * The bytes of one data message straight to one {@link Change}, bound to the relation version in force. Makes nothing
 * per row but the change and its tuples, which are views of the bytes given. One thread.
 */
public final class ChangeDecoder {
    private final RelationCache relations;
    private final WireReader in = new WireReader();
    private final Changes changes = new Changes();

    /**
     * @param relations may learn new versions between calls; they count from then on
     */
    public ChangeDecoder(RelationCache relations) {
        this.relations = relations;
    }

    /**
     * Decodes an Insert, Update, Delete, Truncate or logical Message ({@link MessageType#isChange}).
     *
     * @param walStart of the message's XLogData header, for errors
     * @param inStream whether the message comes from a streamed block, where an xid precedes its fields
     * @throws MalformedMessageException as {@link PgOutputDecoder#decode}; also if the message is of another type, its
     *     relation is unknown or of another shape, or the relation has no identity to update and delete by
     */
    public Change decodeChange(byte[] bytes, int offset, int length, long walStart, boolean inStream)
            throws MalformedMessageException {
        byte type = in.open(bytes, offset, length, walStart);
        return changes.read(in, type, inStream);
    }

    private final class Changes extends DataMessageReader<Change> {
        @Override
        Change insert(int xid, int relationOid, Tuple row) throws MalformedMessageException {
            RelationCache.Version version = version(relationOid);
            requireShape(version, row);
            return new Change.Insert(version.relation, row);
        }

        @Override
        Change update(int xid, int relationOid, PgOutputMessage.OldTuple oldTuple, Tuple old, Tuple row)
                throws MalformedMessageException {
            RelationCache.Version version = version(relationOid);
            requireIdentity(version);
            if (old != null) {
                requireOldTuple(version, oldTuple);
                requireShape(version, old);
            }
            requireShape(version, row);
            return new Change.Update(version.relation, old, row);
        }

        @Override
        Change delete(int xid, int relationOid, PgOutputMessage.OldTuple oldTuple, Tuple old)
                throws MalformedMessageException {
            RelationCache.Version version = version(relationOid);
            requireIdentity(version);
            requireOldTuple(version, oldTuple);
            requireShape(version, old);
            return new Change.Delete(version.relation, old);
        }

        @Override
        Change truncate(int xid, int[] relationOids, boolean cascade, boolean restartIdentity)
                throws MalformedMessageException {
            List<Relation> truncated = new ArrayList<>(relationOids.length);
            for (int relationOid : relationOids) {
                truncated.add(version(relationOid).relation);
            }
            return new Change.Truncate(truncated, cascade, restartIdentity);
        }

        @Override
        Change logicalMessage(int xid, boolean transactional, Lsn lsn, String prefix, byte[] content) {
            return new Change.LogicalMessage(transactional, lsn, prefix, content);
        }

        private RelationCache.Version version(int oid) throws MalformedMessageException {
            RelationCache.Version version = relations.find(oid);
            if (version == null) {
                throw in.malformed(RelationCache.unknown(oid));
            }
            return version;
        }

        private void requireShape(RelationCache.Version version, Tuple tuple) throws MalformedMessageException {
            if (tuple.size() != version.columns) {
                throw in.malformed("tuple has " + tuple.size() + " columns, relation " + version.relation.displayName()
                        + " was announced with " + version.columns);
            }
        }

        private void requireIdentity(RelationCache.Version version) throws MalformedMessageException {
            if (!version.hasIdentity) {
                throw in.malformed("relation " + version.relation.displayName()
                        + " was announced without identity columns, its rows cannot be told apart; give it (or, when"
                        + " partitions are published through their root, the root too) a primary key or a REPLICA"
                        + " IDENTITY");
            }
        }

        /** The K of a relation under FULL would pass off columns that were not sent as NULL. */
        private void requireOldTuple(RelationCache.Version version, PgOutputMessage.OldTuple oldTuple)
                throws MalformedMessageException {
            if ((oldTuple == PgOutputMessage.OldTuple.FULL) != version.full) {
                throw in.malformed("old tuple is " + oldTuple + ", but the replica identity of relation "
                        + version.relation.displayName() + " is " + version.relation.replicaIdentity());
            }
        }
    }
}
