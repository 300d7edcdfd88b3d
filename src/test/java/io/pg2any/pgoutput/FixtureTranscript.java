package io.pg2any.pgoutput;

import static org.assertj.core.api.Assertions.assertThat;

import io.pg2any.change.Change;
import io.pg2any.change.Lsn;
import io.pg2any.change.Relation;
import io.pg2any.change.Tuple;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * Walks a fixture as a consumer would (record by record, state machine, relation caches per streamed transaction) and
 * writes one line per message, xids by their labels. On the way it compares all that both a message and the server's
 * catalog know.
 */
final class FixtureTranscript {
    private final Fixture fixture;
    private final StreamState state = new StreamState();
    private final RelationCache relations = new RelationCache();
    private final Map<Integer, RelationCache> streamed = new HashMap<>();
    private final Set<Integer> announced = new HashSet<>();
    private final List<String> lines = new ArrayList<>();
    private final Map<String, PgOutputMessage.BeginPrepare> beingPrepared = new HashMap<>();
    private Lsn lastEnd = Lsn.ZERO;

    private FixtureTranscript(Fixture fixture) {
        this.fixture = fixture;
    }

    static List<String> of(Fixture fixture) throws IOException {
        FixtureTranscript transcript = new FixtureTranscript(fixture);
        transcript.walk();
        return transcript.lines;
    }

    private void walk() throws IOException {
        RecordReader records = new RecordReader(fixture.chunk());
        PgOutputDecoder decoder = fixture.decoder();
        while (records.next()) {
            boolean inStream = state.inStream();
            state.accept(records.bytes(), records.offset(), records.length(), records.walStart());
            PgOutputMessage message =
                    decoder.decode(records.bytes(), records.offset(), records.length(), records.walStart(), inStream);
            String line = MessageType.isChange(records.type())
                    ? change(records, message, inStream)
                    : control(records, message);
            lines.add(line);
        }
        assertThat(state.state()).isEqualTo(StreamState.State.IDLE);
        assertThat(state.streamsInProgress()).isZero();
    }

    private RelationCache cache() {
        return state.inStream()
                ? streamed.computeIfAbsent(state.xid(), xid -> new RelationCache(relations))
                : relations;
    }

    private String change(RecordReader in, PgOutputMessage message, boolean inStream) throws IOException {
        Change change =
                new ChangeDecoder(cache()).decodeChange(in.bytes(), in.offset(), in.length(), in.walStart(), inStream);
        int xid = ((PgOutputMessage.Body) message).xid();
        if (inStream) {
            assertThat(RawMessage.streamedXid(in.bytes(), in.offset(), in.length(), in.walStart()))
                    .isEqualTo(xid);
        } else {
            assertThat(xid).isZero();
        }
        return (inStream ? label(xid) + ": " : "") + describe(in, message, change, inStream);
    }

    private String describe(RecordReader in, PgOutputMessage message, Change change, boolean inStream)
            throws IOException {
        if (change instanceof Change.Insert insert) {
            PgOutputMessage.Insert wire = (PgOutputMessage.Insert) message;
            assertBound(in, wire.relationOid(), insert.relation(), inStream);
            assertThat(describe(wire.row())).isEqualTo(describe(insert.row()));
            return "Insert " + insert.relation().name() + " " + describe(insert.row());
        }
        if (change instanceof Change.Update update) {
            PgOutputMessage.Update wire = (PgOutputMessage.Update) message;
            assertBound(in, wire.relationOid(), update.relation(), inStream);
            assertThat(describe(wire.row())).isEqualTo(describe(update.row()));
            assertThat(wire.oldTuple() == null).isEqualTo(update.old() == null);
            return "Update " + update.relation().name() + " "
                    + (update.old() == null ? "" : wire.oldTuple() + " " + describe(update.old()) + " -> ")
                    + describe(update.row());
        }
        if (change instanceof Change.Delete delete) {
            PgOutputMessage.Delete wire = (PgOutputMessage.Delete) message;
            assertBound(in, wire.relationOid(), delete.relation(), inStream);
            return "Delete " + delete.relation().name() + " " + wire.oldTuple() + " " + describe(delete.old());
        }
        if (change instanceof Change.Truncate truncate) {
            PgOutputMessage.Truncate wire = (PgOutputMessage.Truncate) message;
            assertThat(truncate.relations()).extracting(Relation::oid).isEqualTo(wire.relationOids());
            assertThat(truncate.cascade()).isEqualTo(wire.cascade());
            assertThat(truncate.restartIdentity()).isEqualTo(wire.restartIdentity());
            return "Truncate "
                    + truncate.relations().stream().map(Relation::name).toList()
                    + (truncate.cascade() ? " cascade" : "")
                    + (truncate.restartIdentity() ? " restart identity" : "");
        }
        Change.LogicalMessage logical = (Change.LogicalMessage) change;
        assertThat(logical.lsn().value())
                .isEqualTo(in.walStart())
                .isEqualTo(RawMessage.messageLsn(in.bytes(), in.offset(), in.length(), in.walStart(), inStream));
        return (logical.transactional() ? "Message " : "Message alone ") + logical.prefix() + " '"
                + new String(logical.content(), StandardCharsets.UTF_8) + "'";
    }

    private void assertBound(RecordReader in, int oid, Relation relation, boolean inStream) throws IOException {
        assertThat(relation.oid()).isEqualTo(oid);
        assertThat(RawMessage.oid(in.bytes(), in.offset(), in.length(), in.walStart(), inStream))
                .isEqualTo(oid);
        assertThat(relation).isSameAs(cache().get(oid));
        assertWritten(new Lsn(in.walStart()));
    }

    private String control(RecordReader in, PgOutputMessage message) throws IOException {
        if (message instanceof PgOutputMessage.RelationMessage relation) {
            return relation(in, relation);
        }
        if (message instanceof PgOutputMessage.TypeMessage type) {
            assertThat(in.walStart()).isZero();
            cache().accept(type);
            return streamedPrefix(type.xid()) + "Type " + type.schema() + "." + type.name();
        }
        if (message instanceof PgOutputMessage.Begin begin) {
            assertThat(xid(in)).isEqualTo(begin.xid()).isEqualTo(state.xid());
            assertThat(commitLsn(in)).isEqualTo(begin.finalLsn());
            return ("Begin " + label(begin.xid())).stripTrailing();
        }
        if (message instanceof PgOutputMessage.Commit commit) {
            assertThat(commitLsn(in)).isEqualTo(commit.commitLsn());
            assertEnd(in, commit.commitLsn(), commit.endLsn());
            return "Commit";
        }
        if (message instanceof PgOutputMessage.Origin origin) {
            return "Origin " + origin.name() + " " + origin.commitLsn();
        }
        return message.getClass().getSimpleName().contains("Stream")
                ? streamControl(in, message)
                : twoPhaseControl(in, message);
    }

    private String streamControl(RecordReader in, PgOutputMessage message) throws IOException {
        if (message instanceof PgOutputMessage.StreamStart start) {
            assertThat(xid(in)).isEqualTo(start.xid()).isEqualTo(state.xid());
            return "StreamStart " + label(start.xid()) + (start.firstSegment() ? " first" : "");
        }
        if (message instanceof PgOutputMessage.StreamCommit commit) {
            assertThat(xid(in)).isEqualTo(commit.xid());
            assertThat(commitLsn(in)).isEqualTo(commit.commitLsn());
            assertEnd(in, commit.commitLsn(), commit.endLsn());
            merge(commit.xid());
            return "StreamCommit " + label(commit.xid());
        }
        if (message instanceof PgOutputMessage.StreamPrepare prepare) {
            assertThat(xid(in)).isEqualTo(prepare.xid());
            assertEnd(in, prepare.prepareLsn(), prepare.endLsn());
            merge(prepare.xid());
            return "StreamPrepare " + label(prepare.xid()) + " '" + prepare.gid() + "'";
        }
        if (message instanceof PgOutputMessage.StreamAbort abort) {
            assertThat(xid(in)).isEqualTo(abort.xid());
            assertThat(RawMessage.abortedXid(in.bytes(), in.offset(), in.length(), in.walStart()))
                    .isEqualTo(abort.subxid());
            if (abort.abortLsn() != null) {
                assertWritten(abort.abortLsn());
                assertThat(abort.abortTime()).isNotNull();
            }
            if (abort.xid() == abort.subxid()) {
                streamed.remove(abort.xid());
            }
            return "StreamAbort " + label(abort.xid())
                    + (abort.xid() == abort.subxid() ? "" : " of " + label(abort.subxid()))
                    + (abort.abortLsn() == null ? "" : " with LSN");
        }
        assertThat(message).isEqualTo(new PgOutputMessage.StreamStop());
        return "StreamStop";
    }

    private String twoPhaseControl(RecordReader in, PgOutputMessage message) throws IOException {
        if (message instanceof PgOutputMessage.BeginPrepare begin) {
            assertThat(xid(in)).isEqualTo(begin.xid()).isEqualTo(state.xid());
            beingPrepared.put(begin.gid(), begin);
            return "BeginPrepare " + label(begin.xid()) + " '" + begin.gid() + "'";
        }
        if (message instanceof PgOutputMessage.Prepare prepare) {
            assertThat(beingPrepared.get(prepare.gid()))
                    .isEqualTo(new PgOutputMessage.BeginPrepare(
                            prepare.prepareLsn(),
                            prepare.endLsn(),
                            prepare.prepareTime(),
                            prepare.xid(),
                            prepare.gid()));
            assertEnd(in, prepare.prepareLsn(), prepare.endLsn());
            return "Prepare " + label(prepare.xid()) + " '" + prepare.gid() + "'";
        }
        if (message instanceof PgOutputMessage.CommitPrepared commit) {
            assertThat(xid(in)).isEqualTo(commit.xid());
            assertThat(commitLsn(in)).isEqualTo(commit.commitLsn());
            assertEnd(in, commit.commitLsn(), commit.endLsn());
            return "CommitPrepared " + label(commit.xid()) + " '" + commit.gid() + "'";
        }
        PgOutputMessage.RollbackPrepared rollback = (PgOutputMessage.RollbackPrepared) message;
        assertThat(xid(in)).isEqualTo(rollback.xid());
        assertThat(rollback.prepareEndLsn()).isEqualTo(lastEnd);
        assertThat(rollback.rollbackTime()).isAfterOrEqualTo(rollback.prepareTime());
        assertEnd(in, rollback.prepareEndLsn(), rollback.rollbackEndLsn());
        return "RollbackPrepared " + label(rollback.xid()) + " '" + rollback.gid() + "'";
    }

    private String relation(RecordReader in, PgOutputMessage.RelationMessage message) throws IOException {
        assertThat(in.walStart()).isZero();
        RelationCache.Version known = cache().find(message.oid());
        Relation relation = cache().accept(message);
        if (announced.add(relation.oid())) {
            assertThat(relation).isEqualTo(fixture.relations.get(relation.oid()));
        }
        boolean again = known != null && known.relation.equals(relation);
        return streamedPrefix(message.xid()) + "Relation " + relation.name() + (again ? " again" : "");
    }

    private void merge(int xid) {
        RelationCache local = streamed.remove(xid);
        if (local != null) {
            relations.merge(local);
        }
    }

    private void assertEnd(RecordReader in, Lsn start, Lsn end) throws IOException {
        assertThat(RawMessage.endLsn(in.bytes(), in.offset(), in.length(), in.walStart()))
                .isEqualTo(end.value())
                .isEqualTo(in.walStart());
        assertThat(end).isGreaterThan(start).isGreaterThan(lastEnd);
        assertWritten(start);
        assertWritten(end);
        lastEnd = end;
    }

    private void assertWritten(Lsn lsn) {
        assertThat(lsn).isBetween(fixture.from, fixture.to);
    }

    private static int xid(RecordReader in) throws IOException {
        return RawMessage.xid(in.bytes(), in.offset(), in.length(), in.walStart());
    }

    private static Lsn commitLsn(RecordReader in) throws IOException {
        return new Lsn(RawMessage.commitLsn(in.bytes(), in.offset(), in.length(), in.walStart()));
    }

    private String streamedPrefix(int xid) {
        return state.inStream() ? label(xid) + ": " : "";
    }

    private String label(int xid) {
        return fixture.xidLabels.getOrDefault(xid, "");
    }

    /** Text as it is, binary as hex after an x; long values by their first letter and length. */
    private static String describe(Tuple tuple) {
        List<String> values = new ArrayList<>();
        for (int i = 0; i < tuple.size(); i++) {
            values.add(
                    switch (tuple.kind(i)) {
                        case Tuple.NULL -> "null";
                        case Tuple.UNCHANGED -> "unchanged";
                        case Tuple.TEXT -> shortened(tuple.text(i));
                        default ->
                            "x"
                                    + shortened(HexFormat.of()
                                            .formatHex(
                                                    tuple.bytes(), tuple.offset(i), tuple.offset(i) + tuple.length(i)));
                    });
        }
        return values.toString();
    }

    private static String shortened(String value) {
        return value.length() > 100 ? value.charAt(0) + "*" + value.length() : value;
    }
}
