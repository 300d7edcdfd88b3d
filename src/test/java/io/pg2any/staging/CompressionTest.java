package io.pg2any.staging;

import static io.pg2any.staging.StagingReads.drain;
import static io.pg2any.staging.StagingReads.take;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.pg2any.change.Change;
import io.pg2any.change.TransactionBatch;
import io.pg2any.change.TransactionCursor;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.zip.CRC32C;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Blocks of staged files, compressed and as they are. */
class CompressionTest {
    private static final Path FOLDER = Path.of("/staging");
    private static final Path PENDING = FOLDER.resolve("pending");
    private static final String VALUE = "compressible ".repeat(40);
    private static final int FRAME_LENGTH = 0;
    private static final int RECORDS_LENGTH = 8;
    private static final int CHANGES = 12;
    private static final int BLOCK_LENGTH = 16;

    private final SimulatedFiles files = new SimulatedFiles();
    private final PgOutputBytes session = new PgOutputBytes(1, 50);

    private StagingLog open(Compression compression, int memory) throws IOException {
        return StagingLog.open(
                new StagingConfig(
                        FOLDER, AcknowledgeMode.APPLIED, 1 << 20, memory, 1L << 40, true, 1_000_000, compression),
                files);
    }

    /** One transaction, a chunk a row. */
    private void stage(Compression compression, int memory, String... rows) throws IOException, InterruptedException {
        try (StagingLog log = open(compression, memory)) {
            log.append(session.begin(200, 2).relation(7, "t", "id").chunk());
            for (String row : rows) {
                log.append(session.insert(7, row).chunk());
            }
            log.append(session.commit(200).chunk());
            take(log);
        }
        files.crash();
    }

    private long bytesOnDisk() {
        return files.paths(PENDING).stream()
                .mapToLong(path -> files.bytes(path).length)
                .sum();
    }

    private static String noise(int length, long seed) {
        // Printable characters of 6 bits each: nothing that a fast level makes out of a row.
        StringBuilder noise = new StringBuilder(length);
        new Random(seed).ints(length, 32, 127).forEach(character -> noise.append((char) character));
        return noise.toString();
    }

    @ParameterizedTest
    @EnumSource
    void whatComesOutIsWhatCameIn(Compression compression) throws Exception {
        String[] rows = new String[3000];
        Arrays.setAll(rows, i -> i + VALUE);
        for (int memory : new int[] {1 << 24, 1}) {
            stage(compression, memory, rows);
            assertThat(bytesOnDisk()).isBetween(1L, compression == Compression.NONE ? 2_000_000L : 1_600_000L / 5);
            try (StagingLog log = open(Compression.NONE, memory)) {
                assertThat(log.status().stagedBytes()).isEqualTo(bytesOnDisk());
                List<String> read = drain(log);
                assertThat(read).hasSize(1);
                assertThat(read.get(0)).isEqualTo("200:t(" + String.join("),t(", rows) + ")");
            }
            files.crash();
        }
    }

    @ParameterizedTest
    @EnumSource
    void streamedAndPreparedBodiesAreCompressedToo(Compression compression) throws Exception {
        String[] rows = new String[60];
        Arrays.setAll(rows, i -> i + VALUE.repeat(20));
        try (StagingLog log = open(compression, 1)) {
            session.streamStart(10).relation(7, "t", "id");
            for (String row : rows) {
                log.append(session.insert(7, row).chunk());
            }
            log.append(session.streamStop().streamPrepare(100, 10, "gid").chunk());
            assertThat(files.paths(FOLDER.resolve("prepared")))
                    .filteredOn(path -> path.toString().endsWith(".segment"))
                    .isNotEmpty()
                    .allSatisfy(path -> assertThat(files.bytes(path)[17]).isEqualTo((byte) compression.code()));
            log.append(session.commitPrepared(200, 10, "gid").chunk());
            assertThat(drain(log)).containsExactly("200:t(" + String.join("),t(", rows) + ")");
        }
    }

    @ParameterizedTest
    @EnumSource
    void aBlockThatDoesNotBecomeSmallerIsStoredAsItIs(Compression compression) throws Exception {
        // Nothing in it comes twice.
        StringBuilder different = new StringBuilder();
        new Random(7).ints(60_000, 0x4E00, 0x9FFF).forEach(character -> different.append((char) character));
        String row = different.toString();
        stage(compression, 1 << 20, row);

        assertThat(bytesOnDisk()).isLessThan(row.getBytes(StandardCharsets.UTF_8).length + 400);
        try (StagingLog log = open(compression, 1 << 20)) {
            assertThat(drain(log)).containsExactly("200:t(" + row + ")");
        }
    }

    @ParameterizedTest
    @CsvSource({
        "GZIP, 262143", "GZIP, 262145", "GZIP, 3000000",
        "ZSTD, 262143", "ZSTD, 262145", "ZSTD, 3000000",
        "LZ4, 262143", "LZ4, 262145", "LZ4, 3000000"
    })
    void aRecordOfManyBlocksIsCompressedBlockByBlock(Compression compression, int length) throws Exception {
        String row = noise(length / 3, 1) + "x".repeat(length / 3) + noise(length / 3, 2);
        stage(compression, 8 << 20, "before", row, "after");

        assertThat(bytesOnDisk()).isLessThan(length * 3L / 4);
        try (StagingLog log = open(Compression.NONE, 8 << 20)) {
            assertThat(drain(log)).containsExactly("200:t(before),t(" + row + "),t(after)");
        }
    }

    @Test
    void filesOfAnySettingLieSideBySide() throws Exception {
        List<String> expected = new ArrayList<>();
        long lsn = 100;
        for (Compression compression : Compression.values()) {
            StagingConfig config = new StagingConfig(
                    FOLDER, AcknowledgeMode.STAGED, 1 << 20, 1 << 20, 1L << 40, true, 1_000_000, compression);
            try (StagingLog log = StagingLog.open(config, files)) {
                PgOutputBytes next = new PgOutputBytes(lsn, lsn - 50);
                log.append(next.begin(lsn, 1)
                        .relation(7, "t", "id")
                        .insert(7, compression + VALUE)
                        .commit(lsn)
                        .chunk(lsn + 50));
            }
            expected.add(lsn + ":t(" + compression + VALUE + ")");
            lsn += 100;
            files.crash();
        }
        try (StagingLog log = open(Compression.LZ4, 1 << 20)) {
            assertThat(drain(log)).isEqualTo(expected);
        }
    }

    @Test
    void aFileOfVersion1IsRead() throws Exception {
        stage(Compression.NONE, 1 << 20, "a", "b");
        Path file = files.paths(PENDING).get(0);
        files.put(file, asVersion1(files.bytes(file)));

        try (StagingLog log = open(Compression.ZSTD, 1 << 20)) {
            assertThat(drain(log)).containsExactly("200:t(a),t(b)");
        }
    }

    private static byte[] asVersion1(byte[] file) {
        ByteBuffer from = ByteBuffer.wrap(file);
        ByteBuffer to = ByteBuffer.allocate(file.length);
        CRC32C crcOfCrcs = new CRC32C();
        int headLength = from.getInt(12);
        to.put(file, 0, 8).putInt(1).putInt(headLength - 1).put(file[16]).put(file, 18, headLength - 18 - 4);
        putCrc(to, 0, crcOfCrcs);
        from.position(headLength);
        for (int length; (length = from.getInt()) != StagedFileFormat.FOOTER_MARK; ) {
            from.position(from.position() + 12);
            CRC32C crc = new CRC32C();
            crc.update(ByteBuffer.allocate(4).putInt(length).flip());
            crc.update(file, from.position(), length);
            to.putInt(length).putInt((int) crc.getValue()).put(file, from.position(), length);
            crcOfCrcs.update(ByteBuffer.allocate(4).putInt((int) crc.getValue()).flip());
            from.position(from.position() + length);
        }
        int foot = to.position();
        to.put(file, from.position() - 4, StagedFileFormat.FOOTER_LENGTH - 8).putInt((int) crcOfCrcs.getValue());
        putCrc(to, foot, new CRC32C());
        return Arrays.copyOf(to.array(), to.position());
    }

    private static void putCrc(ByteBuffer to, int from, CRC32C crcOfCrcs) {
        CRC32C crc = new CRC32C();
        crc.update(to.array(), from, to.position() - from);
        to.putInt((int) crc.getValue());
        crcOfCrcs.update(to.array(), to.position() - 4, 4);
    }

    // Passing over what a target has

    @ParameterizedTest
    @EnumSource
    void whoPassesOverChangesGoesOnAtExactlyTheNextOne(Compression compression) throws Exception {
        String[] rows = new String[5000];
        Arrays.setAll(rows, i -> i + " " + VALUE);
        stage(compression, 1, rows);
        try (StagingLog log = open(compression, 1)) {
            TransactionBatch batch = take(log);
            for (int skipped : new int[] {0, 1, 499, 500, 501, 2777, 4999, 5000, 6000}) {
                try (TransactionCursor cursor = batch.open()) {
                    cursor.nextTransaction();
                    cursor.skipThrough(skipped);
                    Change next = cursor.nextChange();
                    if (skipped >= rows.length) {
                        assertThat(next).isNull();
                    } else {
                        assertThat(((Change.Insert) next).row().text(0)).isEqualTo(rows[skipped]);
                        assertThat(cursor.ordinal()).isEqualTo(skipped + 1);
                    }
                    assertThat(cursor.nextTransaction()).isFalse();
                }
            }
        }
    }

    @Test
    void damageIsFoundInBlocksThatArePassedOverToo() throws Exception {
        String[] rows = new String[5000];
        Arrays.setAll(rows, i -> i + " " + VALUE);
        stage(Compression.ZSTD, 1, rows);
        try (StagingLog log = open(Compression.ZSTD, 1)) {
            TransactionBatch batch = take(log);
            Path segment = files.paths(PENDING).get(0);
            byte[] damaged = files.bytes(segment);
            // The number of changes in the second frame: one more, and a row would be lost.
            int second = ByteBuffer.wrap(damaged).getInt(12);
            second += StagedFileFormat.FRAME_HEADER + ByteBuffer.wrap(damaged).getInt(second);
            assertThat(ByteBuffer.wrap(damaged).getInt(second + CHANGES)).isBetween(300, 1000);
            damaged[second + CHANGES + 3] ^= 1;
            files.put(segment, damaged);

            try (TransactionCursor cursor = batch.open()) {
                cursor.nextTransaction();
                cursor.skipThrough(4000);
                assertThatThrownBy(cursor::nextChange).isInstanceOf(CorruptStagedFileException.class);
            }
        }
    }

    @Test
    void whatWasRolledBackIsNotCountedWhenChangesArePassedOver() throws Exception {
        try (StagingLog log = open(Compression.LZ4, 1)) {
            session.streamStart(10).relation(7, "t", "id");
            for (int i = 0; i < 3000; i++) {
                session.in(i % 3 == 0 ? 11 : 10).insert(7, i + " " + VALUE);
                if (i % 100 == 0) {
                    log.append(session.chunk());
                }
            }
            log.append(session.streamStop()
                    .streamAbort(10, 11)
                    .streamCommit(10, 200)
                    .chunk());
            TransactionBatch batch = take(log);
            try (TransactionCursor cursor = batch.open()) {
                cursor.nextTransaction();
                cursor.skipThrough(1500);
                assertThat(((Change.Insert) cursor.nextChange()).row().text(0)).startsWith("2251 ");
                assertThat(cursor.ordinal()).isEqualTo(1501);
            }
        }
    }

    // Damage

    private CorruptStagedFileException inspect(byte[] bytes) throws IOException {
        Path file = files.paths(PENDING).get(0);
        files.put(file, bytes);
        try (StagedFileReader reader = StagedFileReader.open(file, files)) {
            while (reader.nextTransaction()) {
                while (reader.nextChange() != null) {
                    assertThat(reader.damage()).isEmpty();
                }
            }
            return reader.damage().orElse(null);
        } catch (CorruptStagedFileException e) {
            return e;
        }
    }

    @ParameterizedTest
    @EnumSource
    void damageIsFoundInEveryByteOfCompressedBlocks(Compression compression) throws Exception {
        stage(compression, 1 << 20, VALUE, VALUE);
        byte[] whole = files.bytes(files.paths(PENDING).get(0));
        assertThat(whole.length).isLessThan(compression == Compression.NONE ? 2000 : 600);
        for (int at = 0; at < whole.length; at++) {
            byte[] flipped = whole.clone();
            flipped[at] ^= (byte) (1 << at % 8);
            assertThat(inspect(flipped)).as("byte %d", at).isNotNull();
            assertThat(inspect(Arrays.copyOf(whole, at))).as("cut at %d", at).isNotNull();
        }
        assertThat(inspect(whole)).isNull();
    }

    /** The CRCs are right: as a program would write them that lies. */
    @ParameterizedTest
    @EnumSource(names = "NONE", mode = EnumSource.Mode.EXCLUDE)
    void aLengthThatNothingFillsIsDamageAndNoMemory(Compression compression) throws Exception {
        stage(compression, 1 << 20, noise(100_000, 3), VALUE);
        byte[] whole = files.bytes(files.paths(PENDING).get(0));
        int frame = ByteBuffer.wrap(whole).getInt(12);
        for (int length : new int[] {Integer.MAX_VALUE, 1 << 30, 5_000_000, FrameBuffer.BLOCK, 1000, 0, -1}) {
            assertThat(inspect(withCrc(whole, frame, RECORDS_LENGTH, length)))
                    .as("%d bytes of records", length)
                    .hasMessageContaining("offset " + frame);
        }
        for (int length : new int[] {Integer.MAX_VALUE, FrameBuffer.BLOCK, 90_000, 1, 0, -1}) {
            assertThat(inspect(withCrc(whole, frame, BLOCK_LENGTH, length)))
                    .as("a block of %d bytes", length)
                    .hasMessageContaining("offset " + frame);
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {Integer.MAX_VALUE, 1 << 28, 0, -2})
    void aFrameLongerThanItsFileIsDamageAndNoMemory(int length) throws Exception {
        stage(Compression.NONE, 1 << 20, VALUE);
        byte[] whole = files.bytes(files.paths(PENDING).get(0));
        int frame = ByteBuffer.wrap(whole).getInt(12);
        ByteBuffer.wrap(whole).putInt(frame + FRAME_LENGTH, length);
        assertThat(inspect(whole)).hasMessageContaining("offset " + frame);
    }

    private static byte[] withCrc(byte[] whole, int frame, int field, int value) {
        byte[] changed = whole.clone();
        ByteBuffer.wrap(changed).putInt(frame + field, value);
        int length = ByteBuffer.wrap(changed).getInt(frame);
        CRC32C crc = new CRC32C();
        crc.update(changed, frame + StagedFileFormat.FRAME_HEADER, length);
        byte[] header = Arrays.copyOfRange(changed, frame, frame + StagedFileFormat.FRAME_HEADER);
        ByteBuffer.wrap(changed).putInt(frame + 4, StagedFileFormat.frameCrc(crc, header));
        return changed;
    }
}
