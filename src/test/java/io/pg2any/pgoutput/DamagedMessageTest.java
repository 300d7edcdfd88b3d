package io.pg2any.pgoutput;

import static java.util.stream.Collectors.toCollection;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowable;
import static org.junit.jupiter.api.Assertions.assertTimeout;

import io.pg2any.change.Change;
import io.pg2any.change.Tuple;
import io.pg2any.server.TestPostgres;
import java.io.IOException;
import java.time.Duration;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** Real messages, damaged: each damage is refused by name, none reads beyond the message. */
class DamagedMessageTest {
    private static final Pattern NAMED =
            Pattern.compile("(?<message>.+) message at LSN (?<lsn>[0-9A-F]+/[0-9A-F]+): (?<field>.+) at byte \\d+: .+");

    private static final Map<Character, String> FIELDS = Map.ofEntries(
            Map.entry('B', "final lsn, commit time, xid"),
            Map.entry('C', "flags, commit lsn, end lsn, commit time"),
            Map.entry('O', "origin commit lsn, origin name"),
            Map.entry(
                    'R',
                    "xid, relation oid, schema, relation name, replica identity, column count, column flags,"
                            + " column name, column type oid, column type modifier"),
            Map.entry('Y', "xid, type oid, schema, type name"),
            Map.entry(
                    'I',
                    "xid, relation oid, new tuple marker, new tuple, kind of column of new tuple,"
                            + " length of column of new tuple"),
            Map.entry(
                    'U',
                    "xid, relation oid, tuple marker, old tuple, kind of column of old tuple, length of column of old"
                            + " tuple, new tuple marker, new tuple, kind of column of new tuple, length of column of"
                            + " new tuple"),
            Map.entry(
                    'D',
                    "xid, relation oid, tuple marker, old tuple, kind of column of old tuple,"
                            + " length of column of old tuple"),
            Map.entry('T', "xid, relation count, relation oid"),
            Map.entry('M', "xid, message flags, message lsn, prefix, content"),
            Map.entry('S', "xid, first segment"),
            Map.entry('E', ""),
            Map.entry('c', "xid, flags, commit lsn, end lsn, commit time"),
            Map.entry('A', "xid, subtransaction xid, abort lsn, abort time"),
            Map.entry('b', "prepare lsn, end lsn, prepare time, xid, gid"),
            Map.entry('P', "flags, prepare lsn, end lsn, prepare time, xid, gid"),
            Map.entry('K', "flags, commit lsn, end lsn, commit time, xid, gid"),
            Map.entry('r', "flags, prepare end lsn, rollback end lsn, prepare time, rollback time, xid, gid"),
            Map.entry('p', "flags, prepare lsn, end lsn, prepare time, xid, gid"));

    /** A message with what its decoding depends on. */
    private record Sample(Fixture fixture, byte[] bytes, long walStart, boolean inStream, RelationCache relations) {
        PgOutputMessage decode(byte[] damaged, int length) throws MalformedMessageException {
            return fixture.decoder().decode(damaged, 0, length, walStart, inStream);
        }

        Change decodeChange(byte[] damaged, int length) throws MalformedMessageException {
            return new ChangeDecoder(relations).decodeChange(damaged, 0, length, walStart, inStream);
        }
    }

    /** Of messages of the same scenario, type and length, which differ in values only, the first version's. */
    private static List<Sample> samples() throws IOException {
        Map<List<Object>, Sample> samples = new LinkedHashMap<>();
        for (int version : TestPostgres.VERSIONS) {
            for (Fixture fixture : Fixture.all(version)) {
                StreamState state = new StreamState();
                RelationCache relations = new RelationCache();
                for (Fixture.Message message : fixture.messages) {
                    byte[] bytes = message.bytes();
                    boolean inStream = state.inStream();
                    state.accept(bytes, 0, bytes.length, message.walStart());
                    if (bytes[0] == MessageType.RELATION) {
                        relations.accept((PgOutputMessage.RelationMessage)
                                fixture.decoder().decode(bytes, 0, bytes.length, 0, inStream));
                    }
                    samples.putIfAbsent(
                            List.of(fixture.scenario, bytes[0], bytes.length, inStream),
                            new Sample(fixture, bytes, message.walStart(), inStream, new RelationCache(relations)));
                }
            }
        }
        return List.copyOf(samples.values());
    }

    @Test
    void aMessageCutAtAnyByteIsRefusedByTheNameOfTheFieldThatIsMissing() throws Exception {
        Map<Character, Set<String>> named = new TreeMap<>();
        for (Sample sample : samples()) {
            char type = (char) sample.bytes[0];
            Set<String> fields = named.computeIfAbsent(type, none -> new TreeSet<>());
            for (int length = 1; length < sample.bytes.length; length++) {
                // A copy of that size: reading beyond would be an ArrayIndexOutOfBoundsException.
                byte[] cut = Arrays.copyOf(sample.bytes, length);
                String refusal = refusal(() -> sample.decode(cut, cut.length));
                Matcher text = NAMED.matcher(refusal);
                if (!text.matches() || !text.group("message").equals(MessageType.name(sample.bytes[0]))) {
                    throw new AssertionError("unnamed: " + refusal);
                }
                fields.add(text.group("field").replaceAll("column \\d+", "column"));
                if (MessageType.isChange(sample.bytes[0])) {
                    assertThat(refusal(() -> sample.decodeChange(cut, cut.length)))
                            .isEqualTo(refusal);
                }
            }
        }
        Map<Character, Set<String>> expected = new TreeMap<>();
        FIELDS.forEach((type, fields) -> expected.put(
                type,
                Stream.of(fields.split(", ")).filter(field -> !field.isEmpty()).collect(toCollection(TreeSet::new))));
        assertThat(named).isEqualTo(expected);
    }

    @Test
    void aCutMessageIsRefusedEvenWhenMoreBytesFollowIt() throws Exception {
        for (Sample sample : samples()) {
            for (int length = 0; length < sample.bytes.length; length++) {
                int cut = length;
                assertThat(refusal(() -> sample.decode(sample.bytes, cut))).isNotEmpty();
            }
        }
    }

    @Test
    void aByteTooManyIsRefused() throws Exception {
        for (Sample sample : samples()) {
            byte[] longer = Arrays.copyOf(sample.bytes, sample.bytes.length + 1);
            assertThatThrownBy(() -> sample.decode(longer, longer.length))
                    .isExactlyInstanceOf(MalformedMessageException.class)
                    .hasMessageContainingAll(MessageType.name(sample.bytes[0]), "end of message at byte");
        }
    }

    @Test
    void aFieldReadFromACutMessageIsThereOrRefused() throws Exception {
        for (Sample sample : samples()) {
            for (int length = 1; length < Math.min(60, sample.bytes.length); length++) {
                byte[] cut = Arrays.copyOf(sample.bytes, length);
                List<Field> fields = List.of(
                        () -> RawMessage.xid(cut, 0, cut.length, 0),
                        () -> RawMessage.streamedXid(cut, 0, cut.length, 0),
                        () -> RawMessage.abortedXid(cut, 0, cut.length, 0),
                        () -> RawMessage.isFirstSegment(cut, 0, cut.length, 0),
                        () -> RawMessage.oid(cut, 0, cut.length, 0, sample.inStream),
                        () -> RawMessage.commitLsn(cut, 0, cut.length, 0),
                        () -> RawMessage.prepareLsn(cut, 0, cut.length, 0),
                        () -> RawMessage.endLsn(cut, 0, cut.length, 0),
                        () -> RawMessage.isTransactional(cut, 0, cut.length, 0, sample.inStream),
                        () -> RawMessage.messageLsn(cut, 0, cut.length, 0, sample.inStream));
                for (Field field : fields) {
                    Throwable refusal = catchThrowable(field::read);
                    if (refusal != null) {
                        assertThat(refusal)
                                .isInstanceOfAny(MalformedMessageException.class, IllegalArgumentException.class);
                    }
                }
            }
        }
    }

    private interface Field {
        Object read() throws MalformedMessageException;
    }

    /** The text of the refusal; any other outcome fails the test. */
    private static String refusal(Field damaged) {
        try {
            throw new AssertionError("accepted: " + damaged.read());
        } catch (MalformedMessageException e) {
            return e.getMessage();
        }
    }

    @Test
    void whatTheProtocolDoesNotDefineIsRefusedByName() {
        assertRefused(Wire.message('Z').bytes(), "Unknown (type byte 0x5a)", "no such message");
        assertRefused(Wire.begin(0, 7), "final lsn", "0/0");
        assertRefused(Wire.begin(100, 0), "xid at byte 17", "not a transaction id");
        assertRefused(Wire.message('C').int8(1).int64(1).int64(2).int64(0).bytes(), "flags at byte 1", "0x1");
        assertRefused(Wire.message('S').int32(7).int8(2).bytes(), "first segment", "0x2");
        assertRefused(Wire.insert(0, "1"), "relation oid", "0 is not an oid");
        assertRefused(
                Wire.message('I').int32(9).int8('X').tuple("1").bytes(), "new tuple marker at byte 5", "0x58", "N");
        assertRefused(
                Wire.message('U').int32(9).int8('X').tuple("1").bytes(), "tuple marker at byte 5", "0x58", "K, O or N");
        assertRefused(Wire.message('D').int32(9).int8('N').tuple("1").bytes(), "tuple marker", "0x4e", "K or O");
        assertRefused(
                Wire.message('I').int32(9).int8('N').int16(1).int8('x').bytes(),
                "kind of column 1 of new tuple at byte 8",
                "0x78");
        assertRefused(Wire.message('I').int32(9).int8('N').int16(-1).bytes(), "new tuple at byte 6", "-1 columns");
        assertRefused(
                Wire.message('I')
                        .int32(9)
                        .int8('N')
                        .int16(1)
                        .int8('t')
                        .int32(-1)
                        .bytes(),
                "length of column 1 of new tuple at byte 9",
                "length -1");
        assertRefused(
                Wire.message('I')
                        .int32(9)
                        .int8('N')
                        .int16(1)
                        .int8('b')
                        .int32(Integer.MAX_VALUE)
                        .bytes(),
                "length of column 1",
                "length 2147483647, 0 bytes left");
        assertRefused(Wire.message('T').int32(0).int8(0).bytes(), "relation count", "0 relations");
        assertRefused(Wire.message('T').int32(-1).int8(0).bytes(), "relation count", "-1 relations");
        assertRefused(Wire.message('T').int32(1).int8(4).int32(9).bytes(), "truncate flags", "0x4");
        assertRefused(
                Wire.message('T').int32(Integer.MAX_VALUE).int8(0).int32(9).bytes(), "relation count", "2147483647");
        assertRefused(Wire.message('M').int8(2).int64(1).string("").int32(0).bytes(), "message flags", "0x2");
        assertRefused(Wire.message('M').int8(0).int64(1).string("").int32(-5).bytes(), "content", "length -5");
        assertRefused(Wire.relation(9, "s", "t", 'x', "*id:23"), "replica identity", "0x78");
        assertRefused(
                Wire.message('R')
                        .int32(9)
                        .string("s")
                        .string("t")
                        .int8('d')
                        .int16(-1)
                        .bytes(),
                "column count",
                "-1 columns");
        assertRefused(
                Wire.message('O').int64(0).int8(0xC3).int8(0x28).int8(0).bytes(), "origin name at byte 9", "UTF-8");
    }

    private static void assertRefused(byte[] message, String... named) {
        assertThatThrownBy(() -> new PgOutputDecoder(false).decode(message, 0, message.length, 0xAB, false))
                .isExactlyInstanceOf(MalformedMessageException.class)
                .hasMessageContaining("LSN 0/AB")
                .hasMessageContainingAll(named);
    }

    @Test
    void randomDamageIsRefusedOrStillAMessage() throws Exception {
        List<Sample> samples = samples();
        Random random = new Random(20240301);
        int[] outcomes = new int[2];
        assertTimeout(Duration.ofSeconds(30), () -> {
            for (int i = 0; i < 50_000; i++) {
                Sample sample = samples.get(random.nextInt(samples.size()));
                byte[] damaged = sample.bytes.clone();
                // Damage near the front meets more structure than damage inside a long value.
                int reach = random.nextBoolean() ? Math.min(40, damaged.length) : damaged.length;
                for (int flips = 1 + random.nextInt(3); flips > 0; flips--) {
                    damaged[random.nextInt(reach)] = (byte) random.nextInt();
                }
                outcomes[survives(sample, damaged) ? 1 : 0]++;
            }
        });
        assertThat(outcomes[0]).as("refused").isGreaterThan(5_000);
        assertThat(outcomes[1]).as("still a message").isGreaterThan(5_000);
    }

    private static boolean survives(Sample sample, byte[] damaged) {
        try {
            new StreamState().accept(damaged, 0, damaged.length, 0);
        } catch (MalformedMessageException e) {
            assertThat(e).hasMessageContaining("message at LSN");
        }
        try {
            readAll(sample.decode(damaged, damaged.length));
            if (MessageType.isChange(damaged[0])) {
                sample.decodeChange(damaged, damaged.length);
            }
            return true;
        } catch (MalformedMessageException e) {
            assertThat(e).hasMessageContaining("message at LSN");
            return false;
        }
    }

    private static void readAll(PgOutputMessage message) {
        if (message instanceof PgOutputMessage.Insert insert) {
            readAll(insert.row());
        } else if (message instanceof PgOutputMessage.Update update) {
            readAll(update.row());
            if (update.old() != null) {
                readAll(update.old());
            }
        } else if (message instanceof PgOutputMessage.Delete delete) {
            readAll(delete.old());
        }
    }

    private static void readAll(Tuple tuple) {
        for (int i = 0; i < tuple.size(); i++) {
            if (tuple.kind(i) == Tuple.TEXT || tuple.kind(i) == Tuple.BINARY) {
                assertThat(tuple.text(i)).isNotNull();
            }
        }
    }
}
