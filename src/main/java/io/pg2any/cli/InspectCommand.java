package io.pg2any.cli;

import io.pg2any.apply.TargetException;
import io.pg2any.apply.jdbc.SqlScript;
import io.pg2any.camel.JdbcTargets;
import io.pg2any.change.Change;
import io.pg2any.change.Column;
import io.pg2any.change.Relation;
import io.pg2any.change.TransactionInfo;
import io.pg2any.change.Tuple;
import io.pg2any.staging.CorruptStagedFileException;
import io.pg2any.staging.StagedFileFooter;
import io.pg2any.staging.StagedFileHeader;
import io.pg2any.staging.StagedFileReader;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.apache.camel.util.json.JsonArray;
import org.apache.camel.util.json.JsonObject;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Shows a staged file, whole or torn, as one JSON object a line or as SQL; changes nothing. */
@Command(name = "inspect", description = "Show a staged file as JSON, one object a line, or as SQL.")
class InspectCommand implements Callable<Integer> {
    @Parameters(
            paramLabel = "FILE",
            description = "A file of staging/received, staging/pending, staging/prepared or staging/rejected.")
    private Path file;

    @Option(names = "--transactions", description = "Only the transactions, with the number of their changes.")
    private boolean transactionsOnly;

    @Option(
            names = "--sql",
            description = "The statements that the target of the present settings would get, row by row, as if none of"
                    + " its tables were there yet. Nothing is run.")
    private boolean sql;

    @Spec
    private CommandSpec spec;

    @Override
    public Integer call() throws ConfigurationException, TargetException {
        PrintWriter out = spec.commandLine().getOut();
        PrintWriter err = spec.commandLine().getErr();
        try (StagedFileReader reader = StagedFileReader.open(file)) {
            boolean sound = sql ? showSql(reader, out) : showJson(reader, out);
            out.flush();
            return sound ? Main.OK : Main.FATAL;
        } catch (IOException e) {
            out.flush();
            err.println("pg2any: " + file + " cannot be inspected: " + e.getMessage());
            err.flush();
            return Main.FATAL;
        }
    }

    private boolean showJson(StagedFileReader reader, PrintWriter out) throws IOException {
        out.println(header(reader.header()).toJson());
        while (reader.nextTransaction()) {
            show(reader, out);
        }
        reader.footer().ifPresent(footer -> out.println(footer(footer).toJson()));
        Optional<CorruptStagedFileException> damage = reader.damage();
        if (damage.isPresent()) {
            JsonObject torn = new JsonObject();
            torn.put("torn", damage.get().getMessage());
            torn.put("offset", damage.get().offset());
            out.println(torn.toJson());
        }
        return damage.isEmpty();
    }

    private static boolean showSql(StagedFileReader reader, PrintWriter out)
            throws IOException, ConfigurationException, TargetException {
        Settings settings = Settings.load(Path.of(""));
        if (List.of("Kafka", "Camel").contains(settings.targetType())) {
            throw new ConfigurationException(List.of("inspect --sql: " + settings.targetType() + " takes no SQL; set "
                    + Setting.TARGET_TYPE.variable() + " to a database, or leave --sql away"));
        }
        Logging.level("error"); // the statements are the output
        SqlScript script =
                JdbcTargets.script(settings.text(Setting.PIPELINE), Application.jdbcConfiguration(settings), out);
        boolean sound = true;
        while (reader.nextTransaction()) {
            if (reader.preparedAs().isPresent() && reader.preparedBody().isEmpty()) {
                out.println("-- prepared: applied only if it is committed");
            }
            script.begin(reader.transaction());
            for (Change change; (change = reader.nextChange()) != null; ) {
                try {
                    script.change(change);
                } catch (TargetException e) {
                    out.println("-- refused: " + e.getMessage().replace('\n', ' '));
                    sound = false;
                }
            }
            script.commit();
        }
        Optional<CorruptStagedFileException> damage = reader.damage();
        damage.ifPresent(torn -> out.println("-- torn: " + torn.getMessage()));
        return sound && damage.isEmpty();
    }

    private void show(StagedFileReader reader, PrintWriter out) throws IOException {
        TransactionInfo transaction = reader.transaction();
        JsonObject begin = new JsonObject();
        begin.put("transaction", Integer.toUnsignedLong(transaction.xid()));
        boolean committed =
                reader.preparedAs().isEmpty() || reader.preparedBody().isPresent();
        begin.put(
                committed ? "commitLsn" : "prepareLsn", transaction.commitLsn().toString());
        begin.put(
                committed ? "commitTime" : "prepareTime",
                transaction.commitTime().toString());
        reader.preparedAs().ifPresent(gid -> begin.put("prepared", gid));
        reader.preparedBody().ifPresent(body -> begin.put("body", "prepared/" + body));
        if (reader.isStreamed()) {
            begin.put("streamed", true);
        }
        reader.rejection().ifPresent(rejection -> {
            begin.put("rejected", rejection.error());
            begin.put("ordinal", rejection.ordinal());
            begin.put("rejectedAt", rejection.rejectedAt().toString());
        });
        out.println(begin.toJson());
        long changes = 0;
        for (Change change; (change = reader.nextChange()) != null; changes++) {
            if (!transactionsOnly) {
                out.println(change(change).toJson());
            }
        }
        JsonObject end = new JsonObject();
        end.put("end", Integer.toUnsignedLong(transaction.xid()));
        end.put("changes", changes);
        if (reader.isStreamed()) {
            end.put("rolledBack", rolledBack(reader));
        }
        if (!reader.segments().isEmpty()) {
            end.put("segments", segments(reader));
        }
        out.println(end.toJson());
    }

    /** What is in the file and is not applied. */
    private static JsonArray rolledBack(StagedFileReader reader) {
        JsonArray parts = new JsonArray();
        int[] xids = reader.abortedXids();
        long[] changes = reader.abortedChanges();
        for (int i = 0; i < xids.length; i++) {
            JsonObject part = new JsonObject();
            part.put("subtransaction", Integer.toUnsignedLong(xids[i]));
            part.put("changes", changes[i]);
            parts.add(part);
        }
        return parts;
    }

    private static JsonArray segments(StagedFileReader reader) {
        JsonArray segments = new JsonArray();
        for (StagedFileReader.SegmentFile file : reader.segments()) {
            JsonObject segment = new JsonObject();
            segment.put("file", file.name());
            segment.put("bytes", file.bytes());
            segments.add(segment);
        }
        return segments;
    }

    private static JsonObject header(StagedFileHeader header) {
        JsonObject json = new JsonObject();
        json.put("systemIdentifier", header.source().systemIdentifier());
        json.put("timeline", header.source().timeline());
        json.put("slot", header.source().slot());
        json.put("after", header.after().toString());
        json.put("acknowledge", header.acknowledge().name());
        json.put("compression", header.compression().name());
        json.put("created", header.createdAt().toString());
        return json;
    }

    private static JsonObject footer(StagedFileFooter footer) {
        JsonObject json = new JsonObject();
        json.put("through", footer.through().toString());
        json.put("transactions", footer.transactions());
        json.put("changes", footer.changes());
        return json;
    }

    static JsonObject change(Change change) {
        JsonObject json = new JsonObject();
        if (change instanceof Change.Insert insert) {
            json.put("insert", insert.relation().displayName());
            json.put("row", row(insert.relation(), insert.row(), false));
        } else if (change instanceof Change.Update update) {
            json.put("update", update.relation().displayName());
            if (update.old() != null) {
                json.put("old", row(update.relation(), update.old(), true));
            }
            json.put("row", row(update.relation(), update.row(), false));
        } else if (change instanceof Change.Delete delete) {
            json.put("delete", delete.relation().displayName());
            json.put("old", row(delete.relation(), delete.old(), true));
        } else if (change instanceof Change.Truncate truncate) {
            json.put(
                    "truncate",
                    new JsonArray(truncate.relations().stream()
                            .map(Relation::displayName)
                            .toList()));
            json.put("cascade", truncate.cascade());
            json.put("restartIdentity", truncate.restartIdentity());
        } else if (change instanceof Change.LogicalMessage message) {
            json.put("message", message.prefix());
            json.put("lsn", message.lsn().toString());
            json.put("transactional", message.transactional());
            json.put("content", HexFormat.of().formatHex(message.content()));
        }
        return json;
    }

    /**
     * @param identityOnly of an old row only the identity columns were sent, unless all are identity
     */
    private static JsonObject row(Relation relation, Tuple tuple, boolean identityOnly) {
        JsonObject json = new JsonObject();
        List<Column> columns = relation.columns();
        for (int i = 0; i < tuple.size(); i++) {
            if (identityOnly && !columns.get(i).identity()) {
                continue;
            }
            json.put(columns.get(i).name(), value(tuple, i));
        }
        return json;
    }

    private static Object value(Tuple tuple, int column) {
        return switch (tuple.kind(column)) {
            case Tuple.TEXT -> tuple.text(column);
            case Tuple.BINARY -> {
                JsonObject binary = new JsonObject();
                binary.put(
                        "binary",
                        HexFormat.of()
                                .formatHex(
                                        tuple.bytes(),
                                        tuple.offset(column),
                                        tuple.offset(column) + tuple.length(column)));
                yield binary;
            }
            case Tuple.UNCHANGED -> {
                JsonObject unchanged = new JsonObject();
                unchanged.put("unchanged", true);
                yield unchanged;
            }
            default -> null;
        };
    }
}
