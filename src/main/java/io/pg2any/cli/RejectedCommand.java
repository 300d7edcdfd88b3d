package io.pg2any.cli;

import io.pg2any.apply.KeySource;
import io.pg2any.apply.Target;
import io.pg2any.apply.TargetException;
import io.pg2any.capture.CaptureConfig;
import io.pg2any.capture.SourceCatalog;
import io.pg2any.change.Change;
import io.pg2any.change.Position;
import io.pg2any.change.Relation;
import io.pg2any.staging.RejectedFile;
import io.pg2any.staging.RejectedFileName;
import io.pg2any.staging.RejectedFiles;
import java.io.Closeable;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;
import org.apache.camel.util.json.JsonObject;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** What can be done with changes that were set aside. */
@Command(
        name = "rejected",
        mixinStandardHelpOptions = true,
        synopsisSubcommandLabel = "COMMAND",
        description = "List, replay or drop the changes that the target refused and that were set aside.")
class RejectedCommand {
    /** Some letters, or all of them. */
    static final class Selection {
        @Parameters(paramLabel = "ID", arity = "1..*", description = "As 'rejected list' shows it.")
        private List<String> ids = new ArrayList<>();

        @Option(names = "--all", required = true, description = "All of them.")
        private boolean all;

        List<RejectedFileName> of(RejectedFiles letters) throws IOException, ConfigurationException {
            List<RejectedFileName> selected = letters.names().stream()
                    .filter(name -> all || ids.contains(name.id()))
                    .toList();
            List<String> missing = new ArrayList<>(ids);
            selected.forEach(name -> missing.remove(name.id()));
            if (!missing.isEmpty()) {
                throw new ConfigurationException(List.of(
                        "there is no rejected change " + String.join(", ", missing) + "; see 'pg2any rejected list'"));
            }
            return selected;
        }
    }

    @Spec
    private CommandSpec spec;

    @Command(
            mixinStandardHelpOptions = true,
            description = "Show them, without the values of their rows ('inspect FILE' shows those).")
    int list(@Option(names = "--json", description = "One JSON object a line.") boolean json)
            throws IOException, ConfigurationException {
        PrintWriter out = spec.commandLine().getOut();
        RejectedFiles letters = RejectedFiles.look(settings().stagingFolder());
        List<RejectedFileName> names = letters.names();
        for (RejectedFileName name : names) {
            RejectedFile letter = RejectedFile.read(letters.path(name));
            out.println(json ? json(letters.path(name), name, letter).toJson() : text(name, letter));
        }
        if (!json) {
            out.println(names.isEmpty() ? "No rejected changes wait." : names.size() + " rejected changes wait.");
        }
        out.flush();
        return Main.OK;
    }

    @Command(
            mixinStandardHelpOptions = true,
            description = {
                "Apply them to the target, in the order of the source, while the pipeline is stopped. The first that is refused"
                        + " again ends it."
            })
    int replay(@ArgGroup(multiplicity = "1") Selection selection)
            throws IOException, ConfigurationException, TargetException {
        Settings settings = settings();
        Logging.level("error"); // the outcome is the output
        if (List.of("Kafka", "Camel").contains(settings.targetType())) {
            throw new ConfigurationException(
                    List.of("rejected replay: for databases only; 'pg2any inspect FILE' shows what a change of another"
                            + " target was"));
        }
        PrintWriter out = spec.commandLine().getOut();
        try (Closeable lock = lock(settings)) {
            RejectedFiles letters = RejectedFiles.look(settings.stagingFolder());
            List<RejectedFileName> selected = selection.of(letters);
            requireApplied(settings, letters, selected);
            try (Target target = Application.replayTarget(settings, keys(settings))) {
                RejectedReplay replay = RejectedReplay.open(letters, target);
                // Settling may have given names back, or found letters in the target already.
                List<String> ids = selected.stream().map(RejectedFileName::id).toList();
                for (RejectedFileName name : letters.names()) {
                    if (ids.contains(name.id())) {
                        replay.replay(name);
                        out.println("replayed " + name.id());
                    }
                }
            }
        } catch (TargetException e) {
            out.flush();
            spec.commandLine().getErr().println("pg2any: " + e.getMessage());
            spec.commandLine().getErr().flush();
            return e.kind() == TargetException.Kind.CONFIG ? Main.CONFIGURATION : Main.FATAL;
        }
        out.flush();
        return Main.OK;
    }

    @Command(mixinStandardHelpOptions = true, description = "Delete them: the target never gets their changes.")
    int drop(
            @ArgGroup(multiplicity = "1") Selection selection,
            @Option(names = "--yes", description = "Without asking.") boolean yes)
            throws IOException, ConfigurationException {
        PrintWriter out = spec.commandLine().getOut();
        RejectedFiles letters = RejectedFiles.look(settings().stagingFolder());
        List<RejectedFileName> selected = selection.of(letters);
        if (!yes && !selected.isEmpty() && !confirmed(selected.size())) {
            throw new ConfigurationException(List.of("nothing was dropped; confirm with y, or give --yes"));
        }
        for (RejectedFileName name : selected) {
            letters.delete(name);
            out.println("dropped " + name.id());
        }
        out.flush();
        return Main.OK;
    }

    private static Settings settings() throws ConfigurationException {
        return Settings.load(Path.of(""));
    }

    private static boolean confirmed(int changes) {
        if (System.console() == null) {
            return false;
        }
        String answer = System.console().readLine("Drop %d rejected changes for good? [y/N] ", changes);
        return "y".equalsIgnoreCase(String.valueOf(answer).strip());
    }

    private static Closeable lock(Settings settings) throws IOException, ConfigurationException {
        return RejectedFiles.lock(settings.stagingFolder())
                .orElseThrow(() -> new ConfigurationException(
                        List.of("staging folder " + settings.stagingFolder().toAbsolutePath()
                                + " is in use: stop the pipeline before you replay")));
    }

    /** What the position has not passed is not settled: the pipeline tries the change itself again. */
    private static void requireApplied(Settings settings, RejectedFiles letters, List<RejectedFileName> selected)
            throws TargetException, IOException, ConfigurationException {
        Optional<Position> position;
        try (Target target = Application.target(settings).orElseThrow()) {
            position = target.position();
        }
        List<String> problems = new ArrayList<>();
        for (RejectedFileName name : selected) {
            String system = RejectedFile.read(letters.path(name)).source().systemIdentifier();
            if (position.isEmpty()) {
                problems.add(name.id() + ": the target has no position of pipeline " + settings.text(Setting.PIPELINE)
                        + "; set the target that refused the change");
            } else if (!system.equals(position.get().source().systemIdentifier())) {
                problems.add(name.id() + ": comes from cluster " + system + ", the target is filled from "
                        + position.get().source().systemIdentifier());
            } else if (!name.commitLsn().isBefore(position.get().lsn())) {
                problems.add(name.id() + ": the target has not passed its transaction; run the pipeline first");
            }
        }
        if (!problems.isEmpty()) {
            throw new ConfigurationException(problems);
        }
    }

    /** For tables that are gone and have to be made again. */
    private static KeySource keys(Settings settings) {
        CaptureConfig capture = Preflight.captureConfig(settings);
        return relation -> {
            try {
                return new SourceCatalog(capture).primaryKey(relation);
            } catch (SQLException e) {
                throw new TargetException(
                        TargetException.Kind.RETRYABLE,
                        "the primary key of " + relation.displayName() + " cannot be read from the source's catalog: "
                                + e.getMessage(),
                        e);
            }
        };
    }

    private static String kind(Change change) {
        return change.getClass().getSimpleName().toLowerCase(java.util.Locale.ROOT);
    }

    private static String tables(Change change) {
        return change.relations().stream().map(Relation::displayName).collect(Collectors.joining(","));
    }

    private static String text(RejectedFileName name, RejectedFile letter) {
        return String.join(
                "  ",
                name.id(),
                kind(letter.change()),
                tables(letter.change()),
                "committed " + letter.transaction().commitTime(),
                "rejected " + letter.rejection().rejectedAt(),
                letter.rejection().error().replace('\n', ' '));
    }

    private static JsonObject json(Path file, RejectedFileName name, RejectedFile letter) {
        JsonObject json = new JsonObject();
        json.put("id", name.id());
        json.put("change", kind(letter.change()));
        json.put("tables", tables(letter.change()));
        json.put("transaction", Integer.toUnsignedLong(letter.transaction().xid()));
        json.put("commitLsn", letter.transaction().commitLsn().toString());
        json.put("ordinal", letter.rejection().ordinal());
        json.put("commitTime", letter.transaction().commitTime().toString());
        json.put("rejectedAt", letter.rejection().rejectedAt().toString());
        json.put("error", letter.rejection().error());
        json.put("file", file.toString());
        return json;
    }
}
