package io.pg2any.cli;

import io.pg2any.apply.Target;
import io.pg2any.apply.TargetException;
import io.pg2any.camel.JdbcTargets;
import io.pg2any.capture.CaptureConfig;
import io.pg2any.capture.CaptureException;
import io.pg2any.capture.ConnectionString;
import io.pg2any.capture.Problem;
import io.pg2any.capture.SourceCatalog;
import io.pg2any.change.Relation;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Looks at source, staging folder and target before anything starts, and names every problem with its remedy. */
final class Preflight {
    private static final Logger LOG = LoggerFactory.getLogger(Preflight.class);

    private final List<Problem> problems;

    private Preflight(List<Problem> problems) {
        this.problems = List.copyOf(problems);
    }

    static Preflight of(Settings settings) {
        CaptureConfig capture = captureConfig(settings);
        List<Problem> problems = new ArrayList<>();
        checkStaging(settings.stagingFolder(), problems);
        checkTarget(settings, published(capture, problems), problems);
        return new Preflight(problems);
    }

    List<Problem> problems() {
        return problems;
    }

    /**
     * Logs what was found.
     *
     * @return whether a start makes sense: what may pass by itself (a server that is down) does not stand in its way
     */
    boolean logAndDecide() {
        boolean start = true;
        for (Problem problem : problems) {
            if (problem.severity() == Problem.Severity.WARN) {
                LOG.warn("{} {}", problem.what(), problem.remedy());
            } else if (problem.kind() == CaptureException.Kind.RETRYABLE) {
                LOG.warn(
                        "{} {} Starting all the same: it is tried again until it works.",
                        problem.what(),
                        problem.remedy());
            } else {
                LOG.error("{} {}", problem.what(), problem.remedy());
                start = false;
            }
        }
        return start;
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
                    "The published tables could not be read from the catalog: " + e.getMessage() + ".",
                    "They are checked when their first change arrives.",
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
                    "The staging folder " + folder.toAbsolutePath() + " cannot be written to (" + e + ").",
                    "Make it writable, or set CDC_TRANSACTION_FILE_BASE_PATH (pg2any.staging.base) to a folder that is.",
                    CaptureException.Kind.CONFIG));
        }
    }

    private static void checkTarget(Settings settings, List<Relation> relations, List<Problem> problems) {
        try (Target target =
                JdbcTargets.create(settings.text(Setting.PIPELINE), Application.applyConfiguration(settings))) {
            for (TargetException problem : target.check(relations)) {
                problems.add(problem(problem));
            }
        } catch (TargetException e) {
            problems.add(problem(e));
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
