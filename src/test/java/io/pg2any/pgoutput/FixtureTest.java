package io.pg2any.pgoutput;

import static org.assertj.core.api.Assertions.assertThat;

import io.pg2any.change.Change;
import io.pg2any.change.Lsn;
import io.pg2any.change.Tuple;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Predicate;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What real servers sent, decoded; {@link FixtureTranscript} compares oids, xids, LSNs and columns on the way. */
class FixtureTest {
    private static final String ALL_VERSIONS_MESSAGES = "ABCDEIMOPRSTUYbcKpr";

    @ParameterizedTest
    @ValueSource(ints = {14, 15, 16, 17, 18})
    void rowsArriveAsTheServerWroteThem(int version) throws Exception {
        List<String> lines = rows(Fixture.load(version, FixtureScenario.PROTO1_TEXT));

        // Only version 14 sends transactions that changed nothing of the publication.
        assertThat(dropEmptyTransactions(lines)).isEqualTo(version == 14 ? 2 : 0);
        assertThat(lines).containsExactlyElementsOf("""
                Begin first
                Relation item
                Insert item [1, one, happy, 5, 1.50, null]
                Insert item [2, , null, null, null, ]
                Commit
                Begin
                Update item [1, one, happy, 5, 1.50, n*2100]
                Commit
                Begin
                Update item [1, uno, happy, 5, 1.50, unchanged]
                Commit
                Begin
                Update item KEY [1, null, null, null, null, null] -> [10, uno, happy, 5, 1.50, unchanged]
                Commit
                Begin
                Delete item KEY [10, null, null, null, null, null]
                Commit
                Begin
                Relation Mixed Case
                Insert Mixed Case [-9223372036854775808, \\x00ff, 2024-03-01 00:00:00.123456+00, 1 day 02:00:00, 0.1, \
                00000000-0000-0000-0000-0000000000ff, {"k": 1}, {1,NULL}, t]
                Commit
                Begin
                Relation full_row
                Insert full_row [1, null]
                Commit
                Begin
                Update full_row FULL [1, null] -> [1, x]
                Commit
                Begin
                Delete full_row FULL [1, x]
                Commit
                Begin
                Relation by_index
                Insert by_index [1, one, 1]
                Commit
                Begin
                Update by_index [1, one, 2]
                Commit
                Begin
                Update by_index KEY [null, one, null] -> [1, uno, 2]
                Commit
                Begin
                Delete by_index KEY [null, uno, null]
                Commit
                Begin
                Relation no_identity
                Insert no_identity [line]
                Commit
                Begin
                Relation long_key
                Insert long_key [k*2200, 1]
                Commit
                Begin
                Update long_key KEY [k*2200, null] -> [unchanged, 2]
                Commit
                Begin
                Relation parent
                Insert parent [1]
                Commit
                Begin
                Relation child
                Truncate [parent, child] restart identity
                Commit
                Begin
                Truncate [parent, child] cascade
                Commit
                Begin
                Message outbox 'inside'
                Commit
                Message alone alone 'outside'
                Message alone alone 'rolled back'
                Begin
                Origin upstream 0/ABC
                Insert item [3, null, null, null, null, null]
                Commit
                Begin
                Relation item
                Insert item [4, null, null, null, null, 7]
                Commit
                """.lines().toList());
    }

    @ParameterizedTest
    @ValueSource(ints = {14, 15, 16, 17, 18})
    void binaryRowsAreTheSameRowsInAnotherForm(int version) throws Exception {
        List<String> text = rows(Fixture.load(version, FixtureScenario.PROTO1_TEXT));
        List<String> binary = rows(Fixture.load(version, FixtureScenario.PROTO1_BINARY));

        Predicate<String> noRow = line -> !line.contains(" [") || line.startsWith("Truncate");
        assertThat(binary.stream().filter(noRow))
                .containsExactlyElementsOf(text.stream().filter(noRow).toList());
        assertThat(binary)
                .hasSameSizeAs(text)
                .contains(
                        "Insert item [x00000001, x6f6e65, x6861707079, x00000005, x000200000000000200011388, null]",
                        "Update item [x00000001, x756e6f, x6861707079, x00000005, x000200000000000200011388,"
                                + " unchanged]",
                        "Delete by_index KEY [null, x756e6f, null]",
                        "Update full_row FULL [x00000001, null] -> [x00000001, x78]");
    }

    @ParameterizedTest
    @ValueSource(ints = {14, 15, 16, 17, 18})
    void binaryValuesAreReadInPlace(int version) throws Exception {
        Change.Insert insert = changes(Fixture.load(version, FixtureScenario.PROTO1_BINARY)).stream()
                .filter(change -> change instanceof Change.Insert candidate
                        && candidate.relation().name().equals("Mixed Case"))
                .map(Change.Insert.class::cast)
                .findFirst()
                .orElseThrow();
        Tuple row = insert.row();

        assertThat(insert.relation().columns().get(0).name()).isEqualTo("Ключ");
        assertThat(value(row, 0).getLong()).isEqualTo(Long.MIN_VALUE);
        assertThat(value(row, 1).getShort()).isEqualTo((short) 0x00FF);
        assertThat(Instant.parse("2000-01-01T00:00:00Z").plusNanos(value(row, 2).getLong() * 1000))
                .isEqualTo(Instant.parse("2024-03-01T00:00:00.123456Z"));
        assertThat(value(row, 4).getDouble()).isEqualTo(0.1);
        assertThat(row.kind(8)).isEqualTo(Tuple.BINARY);
    }

    @ParameterizedTest
    @ValueSource(ints = {14, 15, 16, 17, 18})
    void streamedTransactionsArriveInPiecesUnderTheirXids(int version) throws Exception {
        assertStreams(version, FixtureScenario.PROTO2_STREAMING, "");
    }

    @ParameterizedTest
    @ValueSource(ints = {16, 17, 18})
    void parallelStreamingAddsTheLsnOfAnAbort(int version) throws Exception {
        assertStreams(version, FixtureScenario.PROTO4_PARALLEL, " with LSN");
    }

    private static void assertStreams(int version, FixtureScenario scenario, String abortSuffix) throws IOException {
        List<String> lines = FixtureTranscript.of(Fixture.load(version, scenario));

        assertThat(lines).as("an empty block").containsSequence("StreamStart empty first", "StreamStop");
        assertThat(lines)
                .as("relations are announced again after a subtransaction's abort")
                .containsSequence(
                        "StreamAbort a of a-undone" + abortSuffix,
                        "StreamStart a",
                        "a: Type public.mood",
                        "a: Type .int4",
                        "a: Relation item again");
        // Where a setting forces streaming, it does so for the smallest transaction.
        String small = version < 16
                ? "Begin small\nInsert item [30, null, null, null, null, null]\nCommit\n"
                : "StreamStart small first\nsmall: Insert item [30, null, null, null, null, null]\nStreamCommit small\n";
        assertThat(lines.stream()
                        .filter(line -> !line.equals("StreamStop")
                                && !line.matches("StreamStart [a-z]+")
                                && !line.matches("([a-z]+: )?(Type|Relation) .*")))
                .containsExactlyElementsOf("""
                        StreamStart a first
                        a: Insert item [1, null, ok, null, null, null]
                        a-kept: Insert item [2, null, null, null, null, null]
                        a-undone: Insert item [3, null, null, null, null, null]
                        a: Message outbox 'in a savepoint'
                        StreamStart b first
                        b: Insert parent [1]
                        StreamAbort a of a-undone#
                        a: Update item KEY [2, null, null, null, null, null] -> [20, null, null, null, null, null]
                        a: Delete item KEY [1, null, null, null, null, null]
                        a: Truncate [full_row]
                        StreamAbort b#
                        StreamCommit a
                        small
                        StreamStart empty first
                        StreamCommit empty
                        StreamStart origin first
                        Origin upstream 0/0
                        origin: Insert item [40, null, null, null, null, null]
                        StreamCommit origin
                        """.replace("#", abortSuffix)
                        .replace("small\n", small)
                        .lines()
                        .toList());
    }

    @ParameterizedTest
    @ValueSource(ints = {15, 16, 17, 18})
    void preparedTransactionsArriveWhenTheyArePrepared(int version) throws Exception {
        assertThat(FixtureTranscript.of(Fixture.load(version, FixtureScenario.PROTO3_TWO_PHASE)))
                .containsExactlyElementsOf("""
                        Begin
                        Type public.mood
                        Type .int4
                        Relation item
                        Insert item [1, null, null, null, null, null]
                        Commit
                        BeginPrepare committed 'one's gid'
                        Insert item [2, null, null, null, null, null]
                        Prepare committed 'one's gid'
                        Begin
                        Insert item [3, null, null, null, null, null]
                        Commit
                        CommitPrepared committed 'one's gid'
                        BeginPrepare rolled-back 'undone'
                        Delete item KEY [1, null, null, null, null, null]
                        Prepare rolled-back 'undone'
                        RollbackPrepared rolled-back 'undone'
                        BeginPrepare empty ''
                        Prepare empty ''
                        CommitPrepared empty ''
                        BeginPrepare origin 'from upstream'
                        Origin upstream 0/ABC
                        Insert item [4, null, null, null, null, null]
                        Prepare origin 'from upstream'
                        CommitPrepared origin 'from upstream'
                        """.lines().toList());
    }

    @ParameterizedTest
    @ValueSource(ints = {15, 16, 17, 18})
    void streamedTransactionsCanBePrepared(int version) throws Exception {
        assertThat(FixtureTranscript.of(Fixture.load(version, FixtureScenario.PROTO3_STREAMING)).stream()
                        .filter(line -> !line.matches("StreamStart [a-z-]+|StreamStop")))
                .containsExactlyElementsOf("""
                        StreamStart committed first
                        committed: Type public.mood
                        committed: Type .int4
                        committed: Relation item
                        committed: Insert item [1, null, null, null, null, null]
                        StreamPrepare committed 'kept'
                        CommitPrepared committed 'kept'
                        StreamStart rolled-back first
                        rolled-back: Type public.mood
                        rolled-back: Type .int4
                        rolled-back: Relation item again
                        rolled-back: Update item [1, changed, null, null, null, null]
                        StreamPrepare rolled-back 'undone'
                        RollbackPrepared rolled-back 'undone'
                        """.lines().toList());
    }

    @Test
    void everyMessageOfTheProtocolIsRecorded() throws Exception {
        for (int version : new int[] {14, 15, 16, 17, 18}) {
            Set<Character> types = new TreeSet<>();
            for (Fixture fixture : Fixture.all(version)) {
                fixture.messages.forEach(message -> types.add((char) message.bytes()[0]));
            }
            Set<Character> expected = new TreeSet<>();
            ALL_VERSIONS_MESSAGES.chars().forEach(type -> expected.add((char) type));
            if (version == 14) {
                "bPKrp".chars().forEach(type -> expected.remove((char) type));
            }
            assertThat(types).as("version %d", version).isEqualTo(expected);
        }
    }

    @Test
    void timesAreTheServersMicroseconds() throws Exception {
        byte[] commit = Wire.message('C')
                .int8(0)
                .int64(100)
                .int64(140)
                .int64(762_609_600_123_456L)
                .bytes();

        assertThat(new PgOutputDecoder(false).decode(commit, 0, commit.length, 140, false))
                .isEqualTo(new PgOutputMessage.Commit(
                        new Lsn(100), new Lsn(140), Instant.parse("2024-03-01T12:00:00.123456Z")));
    }

    @Test
    void aSchemaAnnouncedInAStreamCountsAfterItsCommitUnlessANewerOneCameOutside() throws Exception {
        PgOutputDecoder decoder = new PgOutputDecoder(false);
        RelationCache session = new RelationCache();
        session.accept(relation(decoder, "before"));
        RelationCache first = new RelationCache(session);
        RelationCache second = new RelationCache(session);
        first.accept(relation(decoder, "first"));
        assertThat(session.get(100).name()).isEqualTo("before");

        session.merge(first);
        assertThat(session.get(100).name()).isEqualTo("first");
        session.merge(second);
        assertThat(session.get(100).name())
                .as("what the copy began with is older")
                .isEqualTo("first");

        RelationCache third = new RelationCache(session);
        third.accept(relation(decoder, "third"));
        session.accept(relation(decoder, "newer"));
        session.merge(third);
        assertThat(session.get(100).name()).isEqualTo("newer");
    }

    private static PgOutputMessage.RelationMessage relation(PgOutputDecoder decoder, String name)
            throws MalformedMessageException {
        byte[] bytes = Wire.relation(100, "public", name, 'd', "*id:23");
        return (PgOutputMessage.RelationMessage) decoder.decode(bytes, 0, bytes.length, 0, false);
    }

    /** Without relations that are announced again as they were, which any catalog invalidation causes. */
    private static List<String> rows(Fixture fixture) throws IOException {
        List<String> lines = new ArrayList<>(FixtureTranscript.of(fixture));
        lines.removeIf(line -> line.startsWith("Type ") || line.endsWith(" again"));
        return lines;
    }

    private static int dropEmptyTransactions(List<String> lines) {
        int[] empty = IntStream.range(0, lines.size() - 1)
                .filter(i -> lines.get(i).equals("Begin") && lines.get(i + 1).equals("Commit"))
                .toArray();
        for (int i = empty.length - 1; i >= 0; i--) {
            lines.subList(empty[i], empty[i] + 2).clear();
        }
        return empty.length;
    }

    private static List<Change> changes(Fixture fixture) throws IOException {
        RelationCache relations = new RelationCache();
        ChangeDecoder decoder = new ChangeDecoder(relations);
        PgOutputDecoder messages = fixture.decoder();
        List<Change> changes = new ArrayList<>();
        for (Fixture.Message raw : fixture.messages) {
            byte[] bytes = raw.bytes();
            if (MessageType.isChange(bytes[0])) {
                changes.add(decoder.decodeChange(bytes, 0, bytes.length, raw.walStart(), false));
            } else if (messages.decode(bytes, 0, bytes.length, raw.walStart(), false)
                    instanceof PgOutputMessage.RelationMessage relation) {
                relations.accept(relation);
            }
        }
        return changes;
    }

    private static ByteBuffer value(Tuple row, int column) {
        return ByteBuffer.wrap(row.bytes(), row.offset(column), row.length(column));
    }
}
