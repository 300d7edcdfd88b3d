package io.pg2any.staging;

import io.pg2any.pgoutput.PgOutputMessage;
import io.pg2any.pgoutput.RecordReader;
import io.pg2any.staging.PreparedTransactions.Prepared;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What an earlier process left in the folder, read once when the log is opened.
 *
 * <ul>
 *   <li>received/: deleted, whole or not. None of it was ever acknowledged, the source sends it again.
 *   <li>pending/: every byte is checked, in name order, and that each file continues where the one before it ended. The
 *       first that is damaged or does not continue ends the recovery: it and all after it are removed, if the source
 *       still has them. If one of them may have been acknowledged, because its header says {@link
 *       AcknowledgeMode#STAGED}, nothing is removed and the damage is fatal. A file written in that mode is forced before
 *       it appears in pending/, so no crash explains it. A header that cannot be read is taken to be of the mode
 *       configured now.
 * </ul>
 *
 * <p>What cannot be seen from here is a missing last file: then what is staged ends before what the slot has confirmed,
 * and capture refuses to start.
 */
final class StagingRecovery {
    private static final Logger LOG = LoggerFactory.getLogger(StagingRecovery.class);

    private final StagingConfig config;
    private final StagingFiles files;

    StagingRecovery(StagingConfig config, StagingFiles files) {
        this.config = config;
        this.files = files;
    }

    /**
     * @return the whole files, a chain in commit order
     * @throws CorruptStagedFileException if acknowledged transactions are damaged
     */
    List<PendingFile> recover() throws IOException {
        for (Path leftover : files.list(config.received())) {
            files.delete(leftover);
            LOG.info("removed unfinished {}: the source sends it again", leftover);
        }
        List<Path> segments = new ArrayList<>();
        List<Path> paths = stagedFiles(config.pending(), segments);
        List<PendingFile> whole = new ArrayList<>();
        try {
            for (Path path : paths) {
                whole.add(verify(path, whole.isEmpty() ? null : whole.get(whole.size() - 1)));
            }
        } catch (CorruptStagedFileException damage) {
            remove(paths.subList(whole.size(), paths.size()), damage);
        }
        removeOrphans(segments, whole);
        if (config.acknowledge() == AcknowledgeMode.STAGED) {
            force(whole);
        }
        return whole;
    }

    /**
     * Those that have been prepared, and whose end is not applied for good.
     *
     * @throws CorruptStagedFileException if one is damaged: nobody has it but this folder
     */
    List<Prepared> recoverPrepared() throws IOException {
        List<Path> segments = new ArrayList<>();
        List<PendingFile> whole = new ArrayList<>();
        List<Prepared> prepared = new ArrayList<>();
        for (Path path : stagedFiles(config.prepared(), segments)) {
            try {
                PendingFile file = verify(path, null);
                whole.add(file);
                prepared.add(prepared(file));
            } catch (CorruptStagedFileException damage) {
                throw new CorruptStagedFileException(
                        damage, "; the source does not send a prepared transaction again. Restore the file");
            }
        }
        removeOrphans(segments, whole);
        return prepared;
    }

    private Prepared prepared(PendingFile file) throws IOException {
        try (FrameReader reader = FrameReader.open(files, file.path())) {
            byte[] frame = reader.next();
            RecordReader records = new RecordReader();
            if (frame != null) {
                records.open(frame, 0, frame.length);
            }
            if (frame != null && records.next()) {
                PgOutputMessage first = StagedTransactions.DECODER.decode(
                        frame, records.offset(), records.length(), records.walStart(), false);
                if (first instanceof PgOutputMessage.BeginPrepare begin) {
                    return Prepared.recovered(begin.xid(), begin.gid(), file);
                }
                if (first instanceof PgOutputMessage.StreamPrepare prepare) {
                    return Prepared.recovered(prepare.xid(), prepare.gid(), file);
                }
            }
            throw new CorruptStagedFileException(file.path(), 0, "a prepared transaction", "something else");
        }
    }

    private List<Path> stagedFiles(Path folder, List<Path> segments) throws IOException {
        List<Path> staged = new ArrayList<>();
        for (Path path : files.list(folder)) {
            if (StagedFileName.parse(path).isPresent()) {
                staged.add(path);
            } else if (StagedFileName.ofSegment(path.getFileName().toString()).isPresent()) {
                segments.add(path);
            } else {
                LOG.warn("ignored {}: not the name of a staged file", path);
            }
        }
        return staged;
    }

    /** Segments are moved before the file that names them and deleted after it: a crash in between leaves them alone. */
    private void removeOrphans(List<Path> segments, List<PendingFile> whole) throws IOException {
        Set<String> named = new HashSet<>();
        whole.forEach(file -> file.segments().forEach(segment -> named.add(segment.name())));
        for (Path path : segments) {
            if (!named.contains(path.getFileName().toString())) {
                files.delete(path);
                LOG.info("removed {}: no staged file names it", path);
            }
        }
    }

    private PendingFile verify(Path path, PendingFile before) throws IOException {
        try (FrameReader reader = FrameReader.open(files, path)) {
            StagedFileHeader header = reader.header();
            if (before != null
                    && !header.source()
                            .systemIdentifier()
                            .equals(before.header().source().systemIdentifier())) {
                throw new CorruptStagedFileException(
                        path,
                        0,
                        "a file of cluster " + before.header().source().systemIdentifier(),
                        "one of cluster " + header.source().systemIdentifier());
            }
            if (before != null && !header.after().equals(before.through())) {
                throw new CorruptStagedFileException(
                        path,
                        0,
                        "a file that continues from " + before.through(),
                        "one that continues from " + header.after());
            }
            List<Segment> segments = new ArrayList<>();
            List<String> prepared = new ArrayList<>();
            StagedFileFooter footer = reader.verify(segments::add, prepared::add);
            for (Segment segment : segments) {
                try (FrameReader part = reader.openSegment(files, segment)) {
                    part.verify(nested -> {}, nested -> {});
                    part.requireIs(segment);
                }
            }
            Optional<StagedFileName> name = StagedFileName.parse(path);
            if (!name.equals(Optional.of(new StagedFileName(footer.through())))) {
                throw new CorruptStagedFileException(
                        path, 0, "the file " + new StagedFileName(footer.through()), "another name");
            }
            return new PendingFile(path, header, footer, reader.position(), segments, prepared);
        }
    }

    private void remove(List<Path> paths, CorruptStagedFileException damage) throws IOException {
        for (Path path : paths) {
            if (mayBeAcknowledged(path)) {
                throw new CorruptStagedFileException(
                        damage,
                        "; the source may have forgotten these transactions already. Restore the file, or copy the"
                                + " tables again and remove " + config.pending() + " before the next start");
            }
        }
        LOG.warn(
                "{}; removed it and {} files after it, the source sends their transactions again",
                damage.getMessage(),
                paths.size() - 1);
        // From the end, so that a crash in between leaves the same situation.
        for (int i = paths.size() - 1; i >= 0; i--) {
            files.delete(paths.get(i));
        }
    }

    private boolean mayBeAcknowledged(Path path) throws IOException {
        try (FrameReader reader = FrameReader.open(files, path)) {
            return reader.header().acknowledge() == AcknowledgeMode.STAGED;
        } catch (CorruptStagedFileException unreadable) {
            return config.acknowledge() == AcknowledgeMode.STAGED;
        }
    }

    /** Acknowledging a later file acknowledges these too, also those of a run that did not force them. */
    private void force(List<PendingFile> whole) throws IOException {
        for (PendingFile file : whole) {
            if (file.header().acknowledge() != AcknowledgeMode.STAGED) {
                file.force(files);
            }
        }
        files.forceFolder(config.pending());
    }
}
