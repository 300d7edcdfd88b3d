package io.pg2any.pgoutput;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.pg2any.change.Lsn;
import io.pg2any.change.SourceIdentity;
import java.util.Arrays;
import org.junit.jupiter.api.Test;

class RecordReaderTest {
    private static final SourceIdentity SOURCE = new SourceIdentity("7000000000000000000", 1, "slot");

    @Test
    void whatIsAppendedIsReadBackInOrder() throws Exception {
        MessageChunkWriter writer = new MessageChunkWriter(8);
        byte[] insert = Wire.insert(100, "a value longer than the initial capacity");
        writer.append(Wire.begin(0x100, 7), 0, 21, 0x50);
        writer.append(insert, 0, insert.length, 0x58);
        assertThat(writer.messages()).isEqualTo(2);
        assertThat(writer.size()).isEqualTo(21 + insert.length + 2 * MessageChunk.RECORD_HEADER);

        MessageChunk chunk = writer.toChunk(SOURCE, 3, new Lsn(0x10), null);
        assertThat(writer.size()).isZero();
        assertThat(writer.messages()).isZero();
        writer.append(Wire.streamStop(), 0, 1, 0x99);

        assertThat(chunk.messages()).isEqualTo(2);
        assertThat(chunk.session()).isEqualTo(3);
        RecordReader records = new RecordReader(chunk);
        assertThat(records.next()).isTrue();
        assertThat(records.type()).isEqualTo(MessageType.BEGIN);
        assertThat(records.walStart()).isEqualTo(0x50);
        assertThat(records.next()).isTrue();
        assertThat(records.walStart()).isEqualTo(0x58);
        assertThat(Arrays.copyOfRange(records.bytes(), records.offset(), records.offset() + records.length()))
                .isEqualTo(insert);
        assertThat(records.next()).isFalse();
        assertThat(records.next()).isFalse();
    }

    @Test
    void aChunkOfNothingIsEmpty() throws Exception {
        MessageChunk chunk = new MessageChunkWriter(0).toChunk(SOURCE, 1, Lsn.ZERO, new Lsn(5));

        assertThat(new RecordReader(chunk).next()).isFalse();
    }

    @Test
    void everyCutInsideARecordIsNamedByItsPlace() throws Exception {
        MessageChunkWriter writer = new MessageChunkWriter(64);
        writer.append(Wire.streamStop(), 0, 1, 0x50);
        writer.append(Wire.begin(0x100, 7), 0, 21, 0x60);
        byte[] bytes = writer.toChunk(SOURCE, 1, Lsn.ZERO, null).bytes();
        int second = MessageChunk.RECORD_HEADER + 1;
        for (int length = second + 1; length < second + MessageChunk.RECORD_HEADER + 21; length++) {
            RecordReader records = new RecordReader();
            records.open(bytes, 0, length);
            assertThat(records.next()).isTrue();
            assertThatThrownBy(records::next)
                    .as("cut at %d", length)
                    .isInstanceOf(MalformedMessageException.class)
                    .hasMessageContaining("record at byte " + second);
        }
    }

    @Test
    void aRecordLengthOfZeroOrLessIsMalformed() {
        for (int length : new int[] {0, -1, Integer.MIN_VALUE}) {
            byte[] bytes = new byte[40];
            WireReader.INT32.set(bytes, 0, length);
            RecordReader records = new RecordReader();
            records.open(bytes, 0, bytes.length);
            assertThatThrownBy(records::next)
                    .isInstanceOf(MalformedMessageException.class)
                    .hasMessageContaining("message length " + length);
        }
    }
}
