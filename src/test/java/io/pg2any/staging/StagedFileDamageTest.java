package io.pg2any.staging;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.pg2any.change.Lsn;
import io.pg2any.change.Position;
import io.pg2any.change.TransactionBatch;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Staged files with named damage: what a reader says, and what recovery does in either acknowledge mode. */
class StagedFileDamageTest {
    private static final Path FOLDER = Path.of("/staging");

    private SimulatedFiles files;
    private List<Path> staged;

    /** Three files of one transaction each: 100, 200, 300. */
    @BeforeEach
    void stageThreeFiles() throws Exception {
        stage(AcknowledgeMode.APPLIED);
    }

    private void stage(AcknowledgeMode mode) throws Exception {
        files = new SimulatedFiles();
        StagingConfig config = config(mode, 1);
        try (StagingLog log = StagingLog.open(config, files)) {
            PgOutputBytes session = new PgOutputBytes(1, 50);
            log.append(session.begin(100, 1)
                    .relation(7, "t", "id")
                    .insert(7, "a")
                    .commit(100)
                    .chunk());
            log.append(session.transaction(200, 7, "b").chunk());
            log.append(session.transaction(300, 7, "c").chunk());
            log.append(session.chunk());
        }
        staged = files.paths(config.pending());
        assertThat(staged).hasSize(3);
    }

    private static StagingConfig config(AcknowledgeMode mode, long batchBytes) {
        return new StagingConfig(FOLDER, mode, batchBytes, 1 << 20, 1 << 30, true);
    }

    private List<String> recover(AcknowledgeMode mode) throws IOException, InterruptedException {
        files.crash();
        try (StagingLog log = StagingLog.open(config(mode, 1 << 20), files)) {
            return StagingReads.drain(log);
        }
    }

    private byte[] bytes(int file) {
        return files.bytes(staged.get(file));
    }

    private void put(int file, byte[] bytes) {
        files.put(staged.get(file), bytes);
    }

    private CorruptStagedFileException inspect(int file) throws IOException {
        try (StagedFileReader reader = StagedFileReader.open(staged.get(file), files)) {
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

    @Test
    void aTornTailIsFoundAtEveryByte() throws Exception {
        byte[] whole = bytes(1);
        for (int length = 0; length < whole.length; length++) {
            stage(AcknowledgeMode.APPLIED);
            put(1, Arrays.copyOf(whole, length));
            assertThat(inspect(1)).as("cut at %d", length).isNotNull();

            assertThat(recover(AcknowledgeMode.APPLIED)).as("cut at %d", length).containsExactly("100:t(a)");
        }
    }

    @Test
    void aFlippedBitIsFoundInEveryByte() throws Exception {
        byte[] whole = bytes(1);
        for (int at = 0; at < whole.length; at++) {
            for (int bit : new int[] {0, 7}) {
                byte[] damaged = whole.clone();
                damaged[at] ^= (byte) (1 << bit);
                put(1, damaged);
                CorruptStagedFileException found = inspect(1);
                assertThat(found).as("bit %d of byte %d", bit, at).isNotNull();
                assertThat(found.file()).isEqualTo(staged.get(1));
                assertThat(found.getMessage()).contains(staged.get(1).toString(), "offset " + found.offset());
            }
        }
    }

    @Test
    void bytesBehindTheFooterAreDamage() throws Exception {
        put(1, Arrays.copyOf(bytes(1), bytes(1).length + 1));
        assertThat(inspect(1)).hasMessageContaining("1 bytes more");
    }

    @Test
    void anotherMagicOrVersionIsNamed() throws Exception {
        byte[] otherMagic = bytes(0);
        otherMagic[0] = 'X';
        put(0, otherMagic);
        assertThat(inspect(0)).hasMessageContaining("expected magic");

        byte[] otherVersion = bytes(1);
        otherVersion[11] = 3;
        put(1, otherVersion);
        assertThat(inspect(1)).hasMessageContaining("expected format version 1 to 2, found 3");
    }

    @Test
    void aFileWithoutFooterSaysWhereItEnds() throws Exception {
        byte[] whole = bytes(1);
        put(1, Arrays.copyOf(whole, whole.length - StagedFileFormat.FOOTER_LENGTH));

        CorruptStagedFileException damage = inspect(1);

        assertThat(damage.offset()).isEqualTo(whole.length - StagedFileFormat.FOOTER_LENGTH);
        assertThat(damage).hasMessageContaining("expected a frame or the footer, found the end of the file");
    }

    @Test
    void framesOfAnotherFileUnderAFooterAreDamage() throws Exception {
        byte[] first = bytes(1);
        byte[] other = bytes(2);
        System.arraycopy(other, other.length - 44, first, first.length - 44, 44);
        put(1, first);

        assertThat(inspect(1)).hasMessageContaining("frames of CRC");
    }

    @Test
    void aLostMiddleFileEndsTheChain() throws Exception {
        files.delete(staged.get(1));

        assertThat(recover(AcknowledgeMode.APPLIED)).containsExactly("100:t(a)");
        assertThat(files.paths(FOLDER.resolve("pending"))).isEmpty();
    }

    @Test
    void aFileUnderAnotherNameEndsTheChain() throws Exception {
        byte[] bytes = bytes(2);
        files.delete(staged.get(2));
        files.put(staged.get(2).resolveSibling(new StagedFileName(new Lsn(999)).toString()), bytes);

        assertThat(recover(AcknowledgeMode.APPLIED)).containsExactly("100:t(a)", "200:t(b)");
    }

    @Test
    void aFileThatIsNotOursIsLeftAlone() throws Exception {
        Path stranger = FOLDER.resolve("pending").resolve("notes.txt");
        files.put(stranger, new byte[] {1});

        assertThat(recover(AcknowledgeMode.APPLIED)).hasSize(3);
        assertThat(files.paths(FOLDER.resolve("pending"))).containsExactly(stranger);
    }

    @ParameterizedTest
    @EnumSource
    void damageToWhatWasAcknowledgedIsFatalInBothModes(AcknowledgeMode now) throws Exception {
        stage(AcknowledgeMode.STAGED);
        byte[] damaged = bytes(1);
        damaged[damaged.length - 50] ^= 1;
        put(1, damaged);

        assertThatThrownBy(() -> recover(now))
                .isInstanceOf(CorruptStagedFileException.class)
                .hasMessageContaining(staged.get(1).toString())
                .hasMessageContaining("may have forgotten");
        assertThat(files.paths(FOLDER.resolve("pending"))).hasSize(3);
        // The folder is free again for whoever repairs it.
        damaged[damaged.length - 50] ^= 1;
        put(1, damaged);
        assertThat(recover(now)).hasSize(3);
    }

    @Test
    void aLostMiddleFileIsFatalWhenLaterOnesWereAcknowledged() throws Exception {
        stage(AcknowledgeMode.STAGED);
        files.delete(staged.get(1));

        assertThatThrownBy(() -> recover(AcknowledgeMode.STAGED))
                .isInstanceOf(CorruptStagedFileException.class)
                .hasMessageContaining("continues from 0/6C")
                .hasMessageContaining("continues from 0/D0");
    }

    @Test
    void damageFromAnUnforcedRunIsRemovedAlsoInStagedMode() throws Exception {
        byte[] whole = bytes(2);
        put(2, Arrays.copyOf(whole, whole.length - 1));

        assertThat(recover(AcknowledgeMode.STAGED)).containsExactly("100:t(a)", "200:t(b)");
    }

    @Test
    void damageAfterRecoveryStopsTheReaderBeforeItGivesAnythingOfTheFrame() throws Exception {
        files.crash();
        try (StagingLog log = StagingLog.open(config(AcknowledgeMode.APPLIED, 1), files)) {
            log.reconcile(new Position(PgOutputBytes.SOURCE, new Lsn(50)));
            byte[] damaged = bytes(0);
            damaged[damaged.length - 60] ^= 1;
            put(0, damaged);
            TransactionBatch batch = StagingReads.take(log);

            assertThatThrownBy(() -> batch.open().nextTransaction()).isInstanceOf(CorruptStagedFileException.class);
        }
    }
}
