package io.pg2any.crash;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.pg2any.apply.ApplyOptions;
import io.pg2any.apply.TargetException;
import io.pg2any.apply.jdbc.JdbcTarget;
import io.pg2any.apply.jdbc.PostgresDialect;
import io.pg2any.cli.EmbeddedPostgres;
import io.pg2any.cli.quickstart.PipelineProcess;
import io.pg2any.server.TestPostgres;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Two servers that follow each other through two pipelines. */
class TwoDirectionsIT {
    private static final String DATABASE = "twoway";

    private static EmbeddedPostgres east;
    private static EmbeddedPostgres west;

    @TempDir
    private Path folder;

    @BeforeAll
    static void start() throws Exception {
        east = TestPostgres.start(16);
        west = TestPostgres.start(18);
        for (EmbeddedPostgres server : List.of(east, west)) {
            try (Connection connection = server.connect()) {
                Scenario.execute(connection, "CREATE DATABASE " + DATABASE);
            }
            sql(server, """
                    CREATE TABLE item (id int PRIMARY KEY, v text);
                    CREATE TABLE entry (side text, n int);
                    CREATE PUBLICATION p FOR TABLE item, entry
                    """);
        }
    }

    @AfterAll
    static void stop() throws Exception {
        east.close();
        west.close();
    }

    @Test
    void changesGoEachWayOnceAndNotRoundWhileTheyAreMarked() throws Exception {
        try (PipelineProcess eastward = pipeline("eastward", west, east);
                PipelineProcess westward = pipeline("westward", east, west)) {
            start(eastward, "eastward", west);
            start(westward, "westward", east);
            sql(east, "INSERT INTO item VALUES (1, 'east'); INSERT INTO entry VALUES ('east', 1)");
            sql(west, "INSERT INTO item VALUES (2, 'west'); INSERT INTO entry VALUES ('west', 1)");
            for (EmbeddedPostgres server : List.of(east, west)) {
                Scenario.await("both sides have both", () -> count(server, "entry") == 2 && count(server, "item") == 2);
            }
            sql(west, "UPDATE item SET v = 'west again' WHERE id = 1; DELETE FROM item WHERE id = 2");
            Scenario.await("the update crosses", () -> count(east, "item WHERE v = 'west again'") == 1);
            // Whatever would come back does so before what is written after it.
            for (int n = 2; n < 5; n++) {
                int mark = n;
                sql(east, "INSERT INTO entry VALUES ('east', " + n + ")");
                Scenario.await("a mark crosses", () -> count(west, "entry WHERE side = 'east' AND n = " + mark) > 0);
                sql(west, "INSERT INTO entry VALUES ('west', " + n + ")");
                Scenario.await("a mark crosses", () -> count(east, "entry WHERE side = 'west' AND n = " + mark) > 0);
            }
            for (EmbeddedPostgres server : List.of(east, west)) {
                assertThat(count(server, "entry")).isEqualTo(8);
                assertThat(count(server, "item")).isEqualTo(1);
            }
            assertThat(westward.stop()).as(westward.tail()).hasValue(0);
        }

        // It is the mark that does it.
        try (PipelineProcess eastward = pipeline("eastward", west, east);
                PipelineProcess unmarked = new PipelineProcess(
                        Scenario.jar(),
                        folder.resolve("westward"),
                        environment("westward", east, west, "PG2ANY_TARGET_MARK_ORIGIN", "false"))) {
            start(eastward, "eastward", west);
            start(unmarked, "westward", east);
            sql(east, "INSERT INTO entry VALUES ('loop', 0)");
            Scenario.await("without it the row comes back", () -> count(east, "entry WHERE side = 'loop'") == 2);
        }
    }

    @Test
    void aRoleThatMayNotMarkItsChangesIsTold() throws Exception {
        sql(west, "CREATE ROLE applier LOGIN; GRANT CREATE ON SCHEMA public TO applier");
        String url = "postgresql://applier@127.0.0.1:" + west.port() + "/" + DATABASE;
        ApplyOptions options = ApplyOptions.builder("role").markOrigin(true).build();
        try (JdbcTarget target = new JdbcTarget(new PostgresDialect(url, options), options)) {
            assertThat(target.check(List.of())).singleElement().satisfies(TwoDirectionsIT::asksForTheGrant);
            assertThatExceptionOfType(TargetException.class)
                    .isThrownBy(target::open)
                    .satisfies(TwoDirectionsIT::asksForTheGrant);
        }
        sql(
                west,
                "GRANT EXECUTE ON FUNCTION pg_replication_origin_create(text),"
                        + " pg_replication_origin_session_setup(text) TO applier");
        try (JdbcTarget target = new JdbcTarget(new PostgresDialect(url, options), options)) {
            assertThat(target.check(List.of())).isEmpty();
            assertThat(target.open()).isEmpty();
        }
    }

    private static void asksForTheGrant(TargetException e) {
        assertThat(e.kind()).isEqualTo(TargetException.Kind.CONFIG);
        assertThat(e).hasMessageContaining("GRANT EXECUTE ON FUNCTION pg_replication_origin_create");
    }

    private PipelineProcess pipeline(String name, EmbeddedPostgres from, EmbeddedPostgres to) throws Exception {
        return new PipelineProcess(Scenario.jar(), folder.resolve(name), environment(name, from, to));
    }

    private static Map<String, String> environment(
            String name, EmbeddedPostgres from, EmbeddedPostgres to, String... more) {
        Map<String, String> environment = new java.util.HashMap<>(Map.of(
                "CDC_SOURCE_CONNECTION_STRING",
                from.sourceUri(DATABASE),
                "CDC_REPLICATION_SLOT",
                name,
                "CDC_PUBLICATION",
                "p",
                "CDC_DEST_TYPE",
                "PostgreSQL",
                "CDC_DEST_URI",
                "postgresql://postgres@127.0.0.1:" + to.port() + "/" + DATABASE,
                "PG2ANY_ORIGIN",
                "none"));
        for (int i = 0; i < more.length; i += 2) {
            environment.put(more[i], more[i + 1]);
        }
        return environment;
    }

    private static void start(PipelineProcess pipeline, String slot, EmbeddedPostgres source) throws Exception {
        pipeline.start("-Xmx128m", "-XX:TieredStopAtLevel=1");
        try (Connection connection = source.connect(DATABASE)) {
            pipeline.awaitSlot(connection, slot, Scenario.START_LIMIT);
        }
    }

    private static void sql(EmbeddedPostgres server, String sql) throws SQLException {
        try (Connection connection = server.connect(DATABASE)) {
            Scenario.execute(connection, sql);
        }
    }

    private static long count(EmbeddedPostgres server, String from) throws SQLException {
        try (Connection connection = server.connect(DATABASE);
                Statement statement = connection.createStatement();
                ResultSet row = statement.executeQuery("SELECT count(*) FROM " + from)) {
            row.next();
            return row.getLong(1);
        }
    }
}
