package io.pg2any.crash;

import static org.assertj.core.api.Assertions.assertThat;

import io.pg2any.cli.EmbeddedPostgres;
import io.pg2any.cli.FreePort;
import io.pg2any.cli.quickstart.PipelineProcess;
import io.pg2any.server.TestPostgres;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What the target refuses: it stops the process, or is set aside, and then it is replayed once. */
class RejectedIT {
    private static final Duration LIMIT = Duration.ofSeconds(60);
    private static final String TOO_LONG = "far too long for the target";

    private static final KillPoint KEPT = KillPoint.entry(
            "the letter is kept, the target has not committed", "io.pg2any.apply.jdbc.ApplySession", "parked", 1);
    private static final KillPoint NUMBERED = KillPoint.entry(
            "the replay has its number and nothing else", "io.pg2any.apply.jdbc.JdbcTarget", "apply", 1);
    private static final KillPoint REPLAYED = KillPoint.entry(
            "the target has the change, the letter is still there", "io.pg2any.staging.RejectedFiles", "delete", 1);

    private static EmbeddedPostgres server;

    @TempDir
    Path folder;

    @BeforeAll
    static void start() throws Exception {
        server = TestPostgres.start(TestPostgres.VERSION);
    }

    @AfterAll
    static void stop() throws Exception {
        server.close();
    }

    private final Map<String, String> environment = new HashMap<>();
    private String database;

    /** Two tables, one without a key, whose twins at the target take short texts only; nothing runs yet. */
    private PipelineProcess pipeline(String name, Map<String, String> settings) throws Exception {
        database = name;
        try (Connection connection = server.connect()) {
            Scenario.execute(connection, "CREATE DATABASE " + name);
        }
        source("CREATE TABLE log (v text); ALTER TABLE log REPLICA IDENTITY FULL;"
                + " CREATE TABLE notes (id int PRIMARY KEY, v text); CREATE PUBLICATION p FOR TABLE log, notes");
        environment.putAll(Map.of(
                "CDC_SOURCE_CONNECTION_STRING",
                server.sourceUri(name),
                "CDC_REPLICATION_SLOT",
                name,
                "CDC_PUBLICATION",
                "p",
                "CDC_DEST_TYPE",
                "SQLite",
                "CDC_DEST_URI",
                folder.resolve("target.db").toString(),
                "CDC_TRANSACTION_FILE_BASE_PATH",
                folder.toString(),
                "METRICS_PORT",
                Integer.toString(FreePort.find())));
        environment.putAll(settings);
        target("CREATE TABLE log (v TEXT CHECK (length(v) < 10))");
        target("CREATE TABLE notes (id INTEGER PRIMARY KEY, v TEXT CHECK (length(v) < 10))");
        return new PipelineProcess(Scenario.jar(), folder, environment);
    }

    private void startAndAwaitSlot(PipelineProcess pipeline) throws Exception {
        pipeline.start("-XX:TieredStopAtLevel=1");
        try (Connection connection = server.connect(database)) {
            pipeline.awaitSlot(connection, database, LIMIT);
        }
    }

    private void source(String sql) throws SQLException {
        try (Connection connection = server.connect(database)) {
            Scenario.execute(connection, sql);
        }
    }

    private List<String> target(String sql) throws SQLException {
        List<String> found = new ArrayList<>();
        try (Connection sqlite = DriverManager.getConnection("jdbc:sqlite:" + folder.resolve("target.db"));
                Statement statement = sqlite.createStatement()) {
            if (statement.execute(sql)) {
                ResultSet rows = statement.getResultSet();
                while (rows.next()) {
                    found.add(rows.getString(1));
                }
            }
        }
        return found;
    }

    private record Output(int exit, String text) {}

    private Output rejected(String... arguments) throws Exception {
        Process process = command(List.of(), arguments);
        assertThat(process.waitFor(LIMIT.toSeconds(), TimeUnit.SECONDS)).isTrue();
        return new Output(process.exitValue(), Files.readString(folder.resolve("command.log")));
    }

    private Process command(List<String> options, String... arguments) throws IOException {
        List<String> command = new ArrayList<>(List.of(PipelineProcess.java(), "-Djava.io.tmpdir=" + folder));
        command.add("-XX:TieredStopAtLevel=1");
        command.addAll(options);
        command.addAll(List.of("-jar", Scenario.jar().toAbsolutePath().toString(), "rejected"));
        command.addAll(List.of(arguments));
        ProcessBuilder builder = new ProcessBuilder(command)
                .directory(folder.toFile())
                .redirectErrorStream(true)
                .redirectOutput(folder.resolve("command.log").toFile());
        builder.environment().putAll(environment);
        return builder.start();
    }

    private void killReplay(KillPoint point) throws Exception {
        int port = FreePort.find();
        Process process = command(List.of(Debuggee.jvmOption(port)), "replay", "--all");
        Debuggee.attach(process, port).killAt(point, 1, LIMIT);
    }

    private String http(String path) throws Exception {
        URI uri = URI.create("http://127.0.0.1:" + environment.get("METRICS_PORT") + path);
        return HttpClient.newHttpClient()
                .send(HttpRequest.newBuilder(uri).build(), HttpResponse.BodyHandlers.ofString())
                .body();
    }

    @Test
    void aRefusedChangeStopsTheProcessWithOneMessageThatNamesIt() throws Exception {
        try (PipelineProcess pipeline = pipeline("refused", Map.of())) {
            startAndAwaitSlot(pipeline);
            source("INSERT INTO notes VALUES (1, 'fine'), (2, '" + TOO_LONG + "')");
            assertThat(pipeline.waitFor(LIMIT)).as(pipeline.tail()).hasValue(1);
            String log = Files.readString(pipeline.log());
            assertThat(log).doesNotContain(TOO_LONG);
            assertThat(log.lines().filter(line -> line.contains(" ERROR ")))
                    .singleElement()
                    .asString()
                    .contains("table notes (source public.notes, key id)", "change 2 of transaction", "CHECK");
            assertThat(target("SELECT id FROM notes")).isEmpty();
        }
    }

    @Test
    void whatWasSetAsideIsReplayedOnceWhateverIsKilledWhen() throws Exception {
        Map<String, String> park = Map.of("PG2ANY_REJECTED", "park", "PG2ANY_REJECTED_TABLES", "public.*");
        try (PipelineProcess pipeline = pipeline("parked", park)) {
            startAndAwaitSlot(pipeline);
            assertThat(pipeline.stop()).as(pipeline.tail()).hasValue(0);
            source("INSERT INTO notes VALUES (1, 'fine'); INSERT INTO log VALUES ('" + TOO_LONG + "')");
            source("INSERT INTO notes VALUES (2, '" + TOO_LONG + "'), (3, 'fine')");

            int port = FreePort.find();
            Debuggee.attach(pipeline.start(Debuggee.jvmOption(port)), port).killAt(KEPT, 1, LIMIT);
            assertThat(target("SELECT id FROM notes")).isEmpty();
            pipeline.start("-XX:TieredStopAtLevel=1");
            Scenario.await(
                    "the rest is applied", () -> target("SELECT id FROM notes").size() == 2);
            assertThat(target("SELECT count(*) FROM log")).containsExactly("0");
            Scenario.await("health tells", () -> http("/health").contains("\"rejectedChanges\":\"2\""));
            assertThat(http("/metrics"))
                    .containsPattern("pg2any_rejected_changes_total\\{[^}]*table=\"log\"[^}]*} 1")
                    .containsPattern("pg2any_rejected_changes_waiting\\{[^}]*table=\"notes\"[^}]*} 1");

            assertThat(rejected("replay", "--all").exit()).isEqualTo(2);
            assertThat(pipeline.stop()).as(pipeline.tail()).hasValue(0);
            Output list = rejected("list", "--json");
            assertThat(list.text().lines()).hasSize(2);
            assertThat(list.text())
                    .contains("public.log", "public.notes", "CHECK")
                    .doesNotContain(TOO_LONG);
            assertThat(rejected("drop", "--all").exit()).isEqualTo(2);

            Output refused = rejected("replay", "--all");
            assertThat(refused.exit()).as(refused.text()).isEqualTo(1);
            assertThat(refused.text()).contains("public.log").doesNotContain(TOO_LONG);
            assertThat(rejected("list").text()).contains("2 rejected changes wait");

            target("ALTER TABLE log RENAME TO old_log");
            target("CREATE TABLE log (v TEXT)");
            target("ALTER TABLE notes RENAME TO old_notes");
            target("CREATE TABLE notes (id INTEGER PRIMARY KEY, v TEXT)");
            target("INSERT INTO notes SELECT * FROM old_notes");
            killReplay(NUMBERED);
            assertThat(target("SELECT v FROM log")).isEmpty();
            killReplay(REPLAYED);
            assertThat(target("SELECT v FROM log")).containsExactly(TOO_LONG);
            Output replayed = rejected("replay", "--all");
            assertThat(replayed.exit()).as(replayed.text()).isZero();
            assertThat(rejected("list").text()).contains("No rejected changes wait");
            assertThat(target("SELECT v FROM log")).containsExactly(TOO_LONG);
            assertThat(target("SELECT id FROM notes ORDER BY id")).containsExactly("1", "2", "3");

            startAndAwaitSlot(pipeline);
            source("INSERT INTO notes VALUES (4, 'fine')");
            Scenario.await(
                    "the pipeline goes on", () -> target("SELECT id FROM notes").size() == 4);
            assertThat(pipeline.stop()).as(pipeline.tail()).hasValue(0);
        }
    }
}
