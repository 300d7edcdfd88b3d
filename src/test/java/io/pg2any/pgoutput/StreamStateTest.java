package io.pg2any.pgoutput;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;

class StreamStateTest {
    private static final int X = 700;
    private static final int Y = 800;

    /** Each with the xid and LSN of what {@link #in} opens, so that only the order can be wrong. */
    private static final Map<String, byte[]> MESSAGES = messages();

    private static Map<String, byte[]> messages() {
        Map<String, byte[]> all = new LinkedHashMap<>();
        all.put("Begin", Wire.begin(100, X));
        all.put("Commit", Wire.commit(100));
        all.put("Origin", Wire.origin("other"));
        all.put("Relation", Wire.relation(9, "public", "t", 'd', "*id:23"));
        all.put("Type", Wire.message('Y').int32(16500).string("").string("x").bytes());
        all.put("Insert", Wire.insert(9, "1"));
        all.put("Update", Wire.message('U').int32(9).int8('N').tuple("1").bytes());
        all.put("Delete", Wire.message('D').int32(9).int8('K').tuple("1").bytes());
        all.put("Truncate", Wire.message('T').int32(1).int8(0).int32(9).bytes());
        all.put("Message (transactional)", Wire.logicalMessage(true, "p", "x"));
        all.put("Message (alone)", Wire.logicalMessage(false, "p", "x"));
        all.put("Begin Prepare", Wire.beginPrepare(100, X, "g"));
        all.put("Prepare", Wire.prepare('P', 100, X, "g"));
        all.put("Commit Prepared", Wire.prepare('K', 100, X, "g"));
        all.put("Rollback Prepared", Wire.rollbackPrepared(X, "g"));
        all.put("Stream Start (first)", Wire.streamStart(Y, true));
        all.put("Stream Start (next)", Wire.streamStart(X, false));
        all.put("Stream Stop", Wire.streamStop());
        all.put("Stream Commit", Wire.streamCommit(X, 100));
        all.put("Stream Abort", Wire.streamAbort(X, X));
        all.put("Stream Prepare", Wire.prepare('p', 100, X, "g"));
        all.put("Unknown", Wire.message('Z').bytes());
        return all;
    }

    private static final Set<String> BODY =
            Set.of("Relation", "Type", "Insert", "Update", "Delete", "Truncate", "Message (transactional)");

    @Test
    void idleTakesOnlyWhatOpensOrEndsATransactionOrStandsForItself() {
        assertAccepted(
                StreamState.State.IDLE,
                Set.of(
                        "Begin",
                        "Begin Prepare",
                        "Stream Start (first)",
                        "Stream Start (next)",
                        "Stream Commit",
                        "Stream Abort",
                        "Stream Prepare",
                        "Commit Prepared",
                        "Rollback Prepared",
                        "Message (alone)"));
    }

    @Test
    void aTransactionTakesItsBodyAndCommit() {
        assertAccepted(StreamState.State.TRANSACTION, with(BODY, "Origin", "Commit"));
    }

    @Test
    void aTransactionBeingPreparedTakesItsBodyAndPrepare() {
        assertAccepted(StreamState.State.PREPARING, with(BODY, "Origin", "Prepare"));
    }

    @Test
    void aStreamedBlockTakesItsBodyAndStreamStop() {
        assertAccepted(StreamState.State.STREAM, with(BODY, "Stream Stop"));
    }

    private static void assertAccepted(StreamState.State state, Set<String> expected) {
        Set<String> accepted = new TreeSet<>();
        MESSAGES.forEach((name, message) -> {
            StreamState session = in(state);
            byte[] bytes = state == StreamState.State.STREAM && (BODY.contains(name) || name.equals("Message (alone)"))
                    ? Wire.streamed(X, message)
                    : message;
            try {
                session.accept(bytes, 0, bytes.length, 0xAB);
                accepted.add(name);
            } catch (MalformedMessageException e) {
                assertThat(e)
                        .as(name)
                        .hasMessageContaining(name.replaceFirst(" \\(.*", "") + " ")
                        .hasMessageContaining("0/AB")
                        .hasMessageContaining("state " + state);
                assertThat(session.state()).as("after refusing %s", name).isEqualTo(state);
            }
        });
        assertThat(accepted).isEqualTo(new TreeSet<>(expected));
    }

    /** IDLE with streamed transaction X in progress; STREAM is in the second block of X. */
    private static StreamState in(StreamState.State state) {
        return switch (state) {
            case IDLE -> after(Wire.streamStart(X, true), Wire.streamStop());
            case TRANSACTION -> after(Wire.begin(100, X));
            case PREPARING -> after(Wire.beginPrepare(100, X, "g"));
            case STREAM -> after(Wire.streamStart(X, true), Wire.streamStop(), Wire.streamStart(X, false));
        };
    }

    private static StreamState after(byte[]... messages) {
        StreamState state = new StreamState();
        for (byte[] message : messages) {
            try {
                state.accept(message, 0, message.length, 0);
            } catch (MalformedMessageException e) {
                throw new AssertionError(e);
            }
        }
        return state;
    }

    private static Set<String> with(Set<String> body, String... more) {
        Set<String> all = new TreeSet<>(body);
        all.addAll(Set.of(more));
        return all;
    }

    @Test
    void originComesOnlyDirectlyAfterWhatOpensATransactionOrItsFirstSegment() {
        assertThat(after(Wire.begin(100, X), Wire.origin("o")).state()).isEqualTo(StreamState.State.TRANSACTION);
        assertThat(after(Wire.beginPrepare(100, X, "g"), Wire.origin("o")).state())
                .isEqualTo(StreamState.State.PREPARING);
        assertThat(after(Wire.streamStart(X, true), Wire.origin("o")).state()).isEqualTo(StreamState.State.STREAM);
        assertRefused(after(Wire.begin(100, X), Wire.origin("o")), Wire.origin("o"), "Origin", "directly after");
        assertRefused(after(Wire.begin(100, X), Wire.insert(9, "1")), Wire.origin("o"), "Origin");
        assertRefused(after(Wire.begin(100, X), Wire.logicalMessage(true, "p", "x")), Wire.origin("o"), "Origin");
    }

    @Test
    void theOpenTransactionIsKnownByItsXid() {
        assertThat(after().xid()).isZero();
        assertThat(after(Wire.begin(100, X)).xid()).isEqualTo(X);
        StreamState stream = after(Wire.streamStart(Y, true));
        assertThat(stream.xid()).isEqualTo(Y);
        assertThat(stream.inStream()).isTrue();
        assertThat(stream.inTransaction()).isTrue();
        StreamState between = after(Wire.streamStart(Y, true), Wire.streamStop());
        assertThat(between.xid()).isZero();
        assertThat(between.inTransaction()).isFalse();
        assertThat(between.streamsInProgress()).isEqualTo(1);
    }

    @Test
    void streamedTransactionsInterleaveWithEachOtherAndWithWholeOnes() {
        StreamState state = after(
                Wire.streamStart(X, true),
                Wire.streamStop(),
                Wire.streamStart(Y, true),
                Wire.streamStop(),
                Wire.begin(100, 900),
                Wire.commit(100),
                Wire.streamStart(X, false),
                Wire.streamStop(),
                Wire.streamAbort(Y, Y + 1),
                Wire.streamCommit(X, 300));
        assertThat(state.streamsInProgress()).isEqualTo(1);
        assertRefused(state, Wire.streamCommit(X, 300), "Stream Commit", "transaction 700 is not in progress");
        assertRefused(state, Wire.streamStart(X, false), "Stream Start", "transaction 700 has had no first segment");
        assertRefused(state, Wire.streamStart(Y, true), "Stream Start", "transaction 800 has had its first segment");
    }

    @Test
    void anAbortOfAnUnknownTransactionIsLegal() {
        assertThat(after(Wire.streamAbort(X, X), Wire.streamAbort(X, X + 1)).state())
                .isEqualTo(StreamState.State.IDLE);
    }

    @Test
    void theEndOfATransactionMustBeTheOneThatWasAnnounced() {
        assertRefused(after(Wire.begin(100, X)), Wire.commit(101), "Commit", "0/65", "0/64");
        assertRefused(after(Wire.beginPrepare(100, X, "g")), Wire.prepare('P', 101, X, "g"), "Prepare", "0/65");
    }

    @Test
    void aControlMessageCutShortIsMalformedAndChangesNothing() {
        for (byte[] message : new byte[][] {
            Wire.begin(100, X), Wire.beginPrepare(100, X, "g"), Wire.streamStart(X, true),
        }) {
            for (int length = 0; length < Math.min(message.length, 6); length++) {
                StreamState state = new StreamState();
                int cut = length;
                assertThatThrownBy(() -> state.accept(message, 0, cut, 0))
                        .isInstanceOf(MalformedMessageException.class);
                assertThat(state.state()).isEqualTo(StreamState.State.IDLE);
                assertThat(state.streamsInProgress()).isZero();
            }
        }
    }

    private static void assertRefused(StreamState state, byte[] message, String... named) {
        assertThatThrownBy(() -> state.accept(message, 0, message.length, 0))
                .isInstanceOf(MalformedMessageException.class)
                .hasMessageContainingAll(named);
    }
}
