package io.pg2any.staging;

import io.pg2any.change.Relation;
import io.pg2any.pgoutput.MalformedMessageException;
import io.pg2any.pgoutput.PgOutputDecoder;
import io.pg2any.pgoutput.PgOutputMessage;
import io.pg2any.pgoutput.RelationCache;
import java.io.ByteArrayOutputStream;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;

/**
 * The relations in force while staged files are read, across files: every file announces its relations again, and what
 * is announced with the same bytes stays the same {@link Relation}, so that a target's prepared statements, which are
 * kept by identity, survive from file to file. One thread.
 */
final class AnnouncedRelations {
    final RelationCache cache = new RelationCache();
    private static final int XID = 4;

    private final PgOutputDecoder decoder;
    private final Map<Integer, byte[]> announced = new HashMap<>();
    private final ByteArrayOutputStream types = new ByteArrayOutputStream();

    AnnouncedRelations(PgOutputDecoder decoder) {
        this.decoder = decoder;
    }

    /** A Type message: it belongs to the next relation. */
    void type(byte[] bytes, int offset, int length, long walStart, boolean inStream) throws MalformedMessageException {
        cache.accept((PgOutputMessage.TypeMessage) decoder.decode(bytes, offset, length, walStart, inStream));
        announce(bytes, offset, length, inStream);
    }

    void relation(byte[] bytes, int offset, int length, long walStart, boolean inStream)
            throws MalformedMessageException {
        announce(bytes, offset, length, inStream);
        byte[] announcement = types.toByteArray();
        types.reset();
        PgOutputMessage.RelationMessage message =
                (PgOutputMessage.RelationMessage) decoder.decode(bytes, offset, length, walStart, inStream);
        if (!Arrays.equals(announcement, announced.put(message.oid(), announcement))) {
            cache.accept(message);
        }
    }

    /** Without the xid, which says nothing of the relation. */
    private void announce(byte[] bytes, int offset, int length, boolean inStream) {
        int skipped = inStream ? XID : 0;
        types.write(bytes[offset]);
        types.write(bytes, offset + 1 + skipped, length - 1 - skipped);
    }
}
