package io.pg2any.staging;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.pg2any.change.Change;
import io.pg2any.change.Column;
import io.pg2any.change.Lsn;
import io.pg2any.change.Relation;
import io.pg2any.change.ReplicaIdentity;
import io.pg2any.change.TransactionInfo;
import io.pg2any.change.Tuple;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.OptionalLong;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class RejectedFilesTest {
    private static final Relation KEYED = new Relation(
            7,
            "it's",
            "t",
            ReplicaIdentity.DEFAULT,
            List.of(new Column("id", 23, -1, "", true), new Column("mood é", 70001, 5, "mood", false)));
    private static final Relation FULL =
            new Relation(8, "public", "f", ReplicaIdentity.FULL, List.of(new Column("a", 25, -1, "", true)));
    private static final TransactionInfo TRANSACTION = new TransactionInfo(
            -5, new Lsn(0xABCDEF01L), Instant.parse("2026-11-24T10:11:12.345678Z"), OptionalLong.of(9));
    private static final Rejection REJECTION =
            new Rejection(3, Instant.ofEpochMilli(1_800_000_000_123L), "table t: refused");

    @TempDir
    private Path folder;

    private RejectedFiles letters;

    @BeforeEach
    void open() throws IOException {
        letters = open(1 << 20);
    }

    private RejectedFiles open(long maxBytes) throws IOException {
        return RejectedFiles.open(folder, StagingFiles.local(), maxBytes);
    }

    private boolean keep(long commitLsn, long ordinal) throws IOException {
        TransactionInfo transaction = new TransactionInfo(1, new Lsn(commitLsn), Instant.EPOCH, OptionalLong.empty());
        Rejection rejection = new Rejection(ordinal, Instant.EPOCH, "refused");
        return letters.keep(PgOutputBytes.SOURCE, transaction, new Change.Insert(FULL, tuple("x")), rejection);
    }

    private List<String> ids() throws IOException {
        return letters.names().stream().map(RejectedFileName::id).toList();
    }

    /** Null, text, or bytes in binary format; an empty array stands for a value that was not sent. */
    private static Tuple tuple(Object... values) {
        ByteBuffer bytes = ByteBuffer.allocate(1000);
        bytes.put(new byte[] {1, 2, 3}); // a view of more than itself
        int[] starts = new int[values.length];
        for (int i = 0; i < values.length; i++) {
            starts[i] = bytes.position();
            if (values[i] == null) {
                bytes.put(Tuple.NULL);
            } else if (values[i] instanceof byte[] binary) {
                bytes.put(binary.length == 0 ? Tuple.UNCHANGED : Tuple.BINARY);
                if (binary.length > 0) {
                    bytes.putInt(binary.length).put(binary);
                }
            } else {
                byte[] text = values[i].toString().getBytes(java.nio.charset.StandardCharsets.UTF_8);
                bytes.put(Tuple.TEXT).putInt(text.length).put(text);
            }
        }
        return new Tuple(bytes.array(), starts);
    }

    static Stream<Change> everyKindOfChangeIsReadAsItWasReceived() {
        return Stream.of(
                new Change.Insert(KEYED, tuple("1", new byte[] {0, 1, -1})),
                new Change.Update(KEYED, null, tuple("1", new byte[0])),
                new Change.Update(KEYED, tuple("1", null), tuple("2", "😀")),
                new Change.Update(FULL, tuple(""), tuple((Object) null)),
                new Change.Delete(KEYED, tuple("1", null)),
                new Change.Delete(FULL, tuple("x")),
                new Change.Truncate(List.of(KEYED, FULL), true, false));
    }

    @ParameterizedTest
    @MethodSource
    void everyKindOfChangeIsReadAsItWasReceived(Change change) throws IOException {
        assertThat(letters.keep(PgOutputBytes.SOURCE, TRANSACTION, change, REJECTION))
                .isTrue();
        RejectedFileName name = letters.names().get(0);
        assertThat(name.id()).isEqualTo("00000000ABCDEF01.3");
        RejectedFile read = RejectedFile.read(letters.path(name));
        assertThat(read.source()).isEqualTo(PgOutputBytes.SOURCE);
        assertThat(read.transaction()).isEqualTo(TRANSACTION);
        assertThat(read.rejection()).isEqualTo(REJECTION);
        assertThat(read.change()).isInstanceOf(change.getClass());
        assertThat(read.change().relations()).isEqualTo(change.relations());
        assertThat(values(read.change())).isEqualTo(values(change));
    }

    private static List<List<String>> values(Change change) {
        if (change instanceof Change.Insert insert) {
            return List.of(values(insert.row()));
        }
        if (change instanceof Change.Update update) {
            return List.of(values(update.old()), values(update.row()));
        }
        return change instanceof Change.Delete delete ? List.of(values(delete.old())) : List.of();
    }

    private static List<String> values(Tuple tuple) {
        if (tuple == null) {
            return List.of("none");
        }
        return java.util.stream.IntStream.range(0, tuple.size())
                .mapToObj(column -> (char) tuple.kind(column)
                        + (tuple.kind(column) == Tuple.TEXT || tuple.kind(column) == Tuple.BINARY
                                ? tuple.text(column)
                                : ""))
                .toList();
    }

    @Test
    void theSameChangeAgainReplacesItself() throws IOException {
        keep(100, 1);
        keep(100, 1);
        assertThat(ids()).containsExactly("0000000000000064.1");
        assertThat(letters.waiting()).containsEntry("public.f", 1L);
    }

    @Test
    void lettersAreInTheOrderOfTheSource() throws IOException {
        keep(300, 1);
        keep(100, 10);
        keep(100, 9);
        assertThat(ids()).containsExactly("0000000000000064.9", "0000000000000064.10", "000000000000012C.1");
        assertThat(open(1 << 20).names()).isEqualTo(letters.names());
    }

    @Test
    void onlyWhatComesBehindTheOrdinalOfThatTransactionIsRetracted() throws IOException {
        keep(100, 1);
        keep(200, 1);
        keep(200, 2);
        keep(200, 30);
        keep(300, 3);
        letters.retract(new Lsn(200), 1);
        assertThat(ids()).containsExactly("0000000000000064.1", "00000000000000C8.1", "000000000000012C.3");
        letters.retract(new Lsn(200), 0);
        assertThat(ids()).containsExactly("0000000000000064.1", "000000000000012C.3");
    }

    @Test
    void beyondTheLimitNothingIsKept() throws IOException {
        letters = open(8192);
        assertThat(keep(100, 1)).isTrue();
        assertThat(keep(100, 2)).isTrue();
        assertThat(keep(100, 3)).isFalse();
        assertThat(ids()).hasSize(2);
        letters = open(8192);
        assertThat(keep(100, 3)).isFalse();
    }

    @Test
    void whatAnotherProcessHasRemovedMakesRoom() throws IOException {
        letters = open(4096);
        keep(100, 1);
        Files.delete(letters.path(letters.names().get(0)));
        assertThat(keep(100, 2)).isTrue();
        assertThat(ids()).containsExactly("0000000000000064.2");
    }

    @Test
    void aLetterThatWasNotFinishedIsRemoved() throws IOException {
        Path torn = Files.writeString(folder.resolve("rejected/0000000000000064.1.rejected.new"), "torn");
        assertThat(open(1 << 20).names()).isEmpty();
        assertThat(torn).doesNotExist();
    }

    @Test
    void aDamagedLetterIsNamedWithWhatToDo() throws IOException {
        keep(100, 1);
        Path file = letters.path(letters.names().get(0));
        byte[] bytes = Files.readAllBytes(file);
        bytes[bytes.length - 60] ^= 1;
        Files.write(file, bytes);
        assertThatExceptionOfType(CorruptStagedFileException.class)
                .isThrownBy(() -> open(1 << 20))
                .withMessageContaining(file.toString())
                .withMessageContaining("restore the dead letter");
    }
}
