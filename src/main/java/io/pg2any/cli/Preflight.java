package io.pg2any.cli;

import io.pg2any.apply.Selection;
import io.pg2any.apply.TableMapping;
import io.pg2any.apply.Target;
import io.pg2any.apply.TargetException;
import io.pg2any.capture.CaptureConfig;
import io.pg2any.capture.CaptureException;
import io.pg2any.capture.ConnectionString;
import io.pg2any.capture.Problem;
import io.pg2any.capture.SourceCatalog;
import io.pg2any.capture.SourcePreflight;
import io.pg2any.capture.Streaming;
import io.pg2any.change.Relation;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Looks at source, staging folder and target before anything starts, and names every problem with its remedy. */
final class Preflight {
    private static final Logger LOG = LoggerFactory.getLogger(Preflight.class);

    private final List<Problem> problems;
    private final List<String> notes;

    private Preflight(List<Problem> problems, List<String> notes) {
        this.problems = List.copyOf(problems);
        this.notes = List.copyOf(notes);
    }

    static Preflight of(Settings settings) {
        CaptureConfig capture = captureConfig(settings);
        List<Problem> problems = new ArrayList<>();
        List<String> notes = new ArrayList<>();
        checkStaging(settings.stagingFolder(), problems);
        try {
            Optional<Target> target = Application.target(settings);
            if (target.isPresent()) {
                checkTarget(settings, capture, target.get(), problems, notes);
            } else {
                problems.addAll(SourcePreflight.check(capture, Optional.empty()));
            }
        } catch (TargetException e) {
            problems.add(problem(e));
            problems.addAll(SourcePreflight.check(capture, Optional.empty()));
        } catch (IllegalArgumentException e) {
            problems.add(new Problem(Problem.Severity.ERROR, e.getMessage(), "", CaptureException.Kind.CONFIG));
        }
        return new Preflight(problems, notes);
    }

    private static void checkTarget(
            Settings settings, CaptureConfig capture, Target checked, List<Problem> problems, List<String> notes)
            throws TargetException {
        try (checked) {
            // In staged mode the slot may rightly be past the target: what lies between is in the staging folder.
            boolean staged = settings.text(Setting.ACKNOWLEDGE).equalsIgnoreCase("staged");
            problems.addAll(SourcePreflight.check(capture, staged ? Optional.empty() : checked.position()));
            List<Relation> selected = selected(settings.mapping(), published(capture, problems), problems);
            for (TargetException problem : checked.check(selected)) {
                problems.add(problem(problem));
            }
            notes.addAll(checked.notes());
        }
    }

    /** What is left of the published tables; tells of names that none of them has. */
    private static List<Relation> selected(TableMapping mapping, List<Relation> published, List<Problem> problems) {
        if (!published.isEmpty()) {
            for (String name : mapping.unmatched(published)) {
                problems.add(new Problem(
                        Problem.Severity.WARN,
                        "no published table or column is called " + name,
                        "correct its name where it is renamed or excluded (pg2any.tables.*, pg2any.columns.*)",
                        CaptureException.Kind.CONFIG));
            }
        }
        Selection selection = new Selection(mapping);
        List<Relation> selected = new ArrayList<>();
        for (Relation relation : published) {
            try {
                Optional.ofNullable(selection.of(relation)).ifPresent(selected::add);
            } catch (TargetException e) {
                problems.add(problem(e));
            }
        }
        return selected;
    }

    List<Problem> problems() {
        return problems;
    }

    /** Of the target, for who asks. */
    List<String> notes() {
        return notes;
    }

    /**
     * Logs what was found.
     *
     * @return the exit code if a start makes no sense; what may pass by itself (a server that is down) does not stand in
     *     its way
     */
    OptionalInt logAndDecide() {
        OptionalInt exit = OptionalInt.empty();
        for (Problem problem : problems) {
            if (problem.severity() == Problem.Severity.WARN) {
                LOG.warn("{}", text(problem));
            } else if (problem.kind() == CaptureException.Kind.RETRYABLE) {
                LOG.warn("{}. Starting all the same: it is tried again until it works", text(problem));
            } else {
                LOG.error("{}", text(problem));
                boolean fatal = problem.kind() == CaptureException.Kind.FATAL;
                exit = OptionalInt.of(fatal ? Main.FATAL : exit.orElse(Main.CONFIGURATION));
            }
        }
        return exit;
    }

    /** What is wrong and what to do about it. */
    static String text(Problem problem) {
        return problem.what() + (problem.remedy().isEmpty() ? "" : "; " + problem.remedy());
    }

    static CaptureConfig captureConfig(Settings settings) {
        return CaptureConfig.builder(
                        ConnectionString.parse(settings.text(Setting.CONNECTION)),
                        settings.text(Setting.SLOT),
                        Arrays.stream(settings.text(Setting.PUBLICATION).split(","))
                                .map(String::strip)
                                .toList())
                .createSlot(settings.bool(Setting.CREATE_SLOT))
                .createPublication(settings.bool(Setting.CREATE_PUBLICATION))
                .protocolVersion((int) settings.number(Setting.PROTOCOL_VERSION))
                .streaming(Streaming.parse(settings.text(Setting.STREAMING)))
                .twoPhase(settings.bool(Setting.TWO_PHASE))
                .localOnly(CaptureConfig.localOnly(settings.text(Setting.ORIGIN)))
                .messages(settings.messages())
                .connectTimeout(Duration.ofSeconds(settings.number(Setting.CONNECTION_TIMEOUT)))
                .build();
    }

    private static List<Relation> published(CaptureConfig capture, List<Problem> problems) {
        if (problems.stream().anyMatch(problem -> problem.severity() == Problem.Severity.ERROR)) {
            return List.of(); // the source has told what is wrong already
        }
        try {
            return new SourceCatalog(capture).publishedRelations();
        } catch (SQLException e) {
            problems.add(new Problem(
                    Problem.Severity.WARN,
                    "the published tables could not be read from the catalog: " + e.getMessage(),
                    "they are checked when their first change arrives",
                    CaptureException.Kind.CONFIG));
            return List.of();
        }
    }

    private static void checkStaging(Path folder, List<Problem> problems) {
        try {
            Files.createDirectories(folder);
            Path probe = Files.createTempFile(folder, "check-", ".probe");
            Files.delete(probe);
        } catch (IOException e) {
            problems.add(new Problem(
                    Problem.Severity.ERROR,
                    "the staging folder " + folder.toAbsolutePath() + " cannot be written to (" + e + ")",
                    "make it writable, or set CDC_TRANSACTION_FILE_BASE_PATH (pg2any.staging.base) to a folder that is",
                    CaptureException.Kind.CONFIG));
        }
    }

    private static Problem problem(TargetException e) {
        CaptureException.Kind kind = switch (e.kind()) {
            case RETRYABLE -> CaptureException.Kind.RETRYABLE;
            case CONFIG, REJECTED -> CaptureException.Kind.CONFIG;
            case FATAL -> CaptureException.Kind.FATAL;
        };
        return new Problem(Problem.Severity.ERROR, e.getMessage(), "", kind);
    }
}
