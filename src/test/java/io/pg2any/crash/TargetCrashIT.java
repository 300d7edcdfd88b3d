package io.pg2any.crash;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.pg2any.cli.EmbeddedPostgres;
import io.pg2any.cli.quickstart.PipelineProcess;
import io.pg2any.server.MySqlServer;
import io.pg2any.server.NamedServers;
import io.pg2any.server.TestPostgres;
import java.nio.file.Path;
import java.sql.Connection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIfEnvironmentVariable;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The real jar in front of database servers, under load. The pipeline, at any time and at named points, and the target's
 * server are killed in turn, then connections are cut at their COMMIT, before and after the server has it; at the end
 * every row of both sides is compared, in a table without a key too. The server that a variable names is not killed.
 * {@code -Dpg2any.crash.targetKills=50 -Dpg2any.crash.cuts=50} is the long form.
 */
class TargetCrashIT {
    private static final Logger LOG = LoggerFactory.getLogger(TargetCrashIT.class);
    private static final int KILLS = Integer.getInteger("pg2any.crash.targetKills", 4);
    private static final int CUTS = Integer.getInteger("pg2any.crash.cuts", 4);
    private static final long CUT_LIMIT_SECONDS = 60;
    private static final long SEED = Long.getLong("pg2any.crash.seed", 20261122);

    private static EmbeddedPostgres source;

    @TempDir
    static Path folder;

    @BeforeAll
    static void start() throws Exception {
        source = TestPostgres.start(17);
    }

    @AfterAll
    static void stop() throws Exception {
        source.close();
    }

    @Test
    void nothingIsLostOrRepeatedInMariaDb() throws Exception {
        try (MySqlServer server = MySqlServer.mariaDb()) {
            run("crash_mariadb", TargetServer.mariaDb(server), "applied", KILLS, CUTS);
        }
    }

    @Test
    void nothingIsLostOrRepeatedInPostgres() throws Exception {
        try (EmbeddedPostgres server = TestPostgres.start(18)) {
            run("crash_postgres", TargetServer.postgres(server), "staged", KILLS, CUTS);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"applied", "staged"})
    @EnabledIfEnvironmentVariable(
            named = NamedServers.MYSQL,
            matches = ".+",
            disabledReason = "no further server is at hand: set PG2ANY_TEST_MYSQL_URL")
    void nothingIsLostOrRepeatedInTheNamedMySql(String acknowledge) throws Exception {
        run("crash_named_mysql_" + acknowledge, TargetServer.namedMySql(), acknowledge, KILLS, 0);
    }

    @Test
    @EnabledIfEnvironmentVariable(
            named = NamedServers.MYSQL,
            matches = ".+",
            disabledReason = "no further server is at hand: set PG2ANY_TEST_MYSQL_URL")
    void nothingIsLostOrRepeatedInTheNamedMySqlWhenConnectionsAreCut() throws Exception {
        runCutting("crash_named_mysql_cut", TargetServer.namedMySql());
    }

    @ParameterizedTest
    @ValueSource(strings = {"applied", "staged"})
    @EnabledIfEnvironmentVariable(
            named = NamedServers.SQL_SERVER,
            matches = ".+",
            disabledReason = "no SQL Server is at hand: set PG2ANY_TEST_SQLSERVER_URL")
    void nothingIsLostOrRepeatedInTheNamedSqlServer(String acknowledge) throws Exception {
        run("crash_named_sqlserver_" + acknowledge, TargetServer.namedSqlServer(), acknowledge, KILLS, 0);
    }

    @Test
    @EnabledIfEnvironmentVariable(
            named = NamedServers.SQL_SERVER,
            matches = ".+",
            disabledReason = "no SQL Server is at hand: set PG2ANY_TEST_SQLSERVER_URL")
    void nothingIsLostOrRepeatedInTheNamedSqlServerWhenConnectionsAreCut() throws Exception {
        runCutting("crash_named_sqlserver_cut", TargetServer.namedSqlServer());
    }

    private static void runCutting(String name, TargetServer target) throws Exception {
        assumeTrue(
                target.isPlain(),
                "a COMMIT can be seen from outside only when the URL says sslMode=DISABLED or encrypt=false");
        run(name, target, "applied", 0, CUTS);
    }

    private static void run(String name, TargetServer target, String acknowledge, int kills, int cuts)
            throws Exception {
        try (Connection connection = source.connect()) {
            Scenario.execute(connection, "CREATE DATABASE " + name);
        }
        TargetWorkload.create(source, name);
        Random random = new Random(SEED + name.hashCode());
        try (CommitCuttingProxy proxy = target.proxy();
                PipelineProcess pipeline = new PipelineProcess(
                        Scenario.jar(),
                        folder.resolve(name),
                        environment(name, target, cuts == 0 ? target.url() : target.through(proxy), acknowledge))) {
            Scenario.start(pipeline);
            try (Connection connection = source.connect(name)) {
                pipeline.awaitSlot(connection, name, Scenario.START_LIMIT);
            }
            try (TargetWorkload workload = TargetWorkload.start(source, name, SEED)) {
                kill(name, target, pipeline, kills, random);
                cut(name, proxy, pipeline, cuts, random);
            }
            assertThat(pipeline.isAlive()).as(pipeline.tail()).isTrue();
            TargetWorkload.awaitEqual(source.jdbcUrl(name), target.jdbcUrl(), pipeline);
            assertThat(pipeline.stop()).as(pipeline.tail()).hasValue(0);
        }
    }

    /** The pipeline at any time and at a point, in turn; between them the server, where it may be killed. */
    private static void kill(String name, TargetServer target, PipelineProcess pipeline, int kills, Random random)
            throws Exception {
        List<KillPoint> points = KillPoint.onTheWayTo(target.connectionClass());
        int point = random.nextInt(points.size());
        boolean atPoint = false;
        for (int kill = 0; kill < kills; kill++) {
            if (kill % 2 == 1 && target.life().isPresent()) {
                pauseUnderWay(random);
                target.life().get().kill();
                pause(random.nextInt(1500));
                target.life().get().start();
                LOG.info("{}: killed the target's server", name);
                continue;
            }
            if (atPoint) {
                pipeline.kill();
                KillPoint next = points.get(point++ % points.size());
                int hit = Debuggee.startAndKill(pipeline, next, random);
                LOG.info("{}: killed the pipeline {}, hit {}", name, next, hit);
            } else {
                pauseUnderWay(random);
                pipeline.kill();
                LOG.info("{}: killed the pipeline", name);
            }
            atPoint = !atPoint;
            Scenario.start(pipeline);
        }
    }

    private static void cut(String name, CommitCuttingProxy proxy, PipelineProcess pipeline, int cuts, Random random)
            throws Exception {
        for (int cut = 0; cut < cuts; cut++) {
            CommitCuttingProxy.Place place = CommitCuttingProxy.Place.values()[cut % 2];
            assertThat(proxy.cut(place, CUT_LIMIT_SECONDS))
                    .as("a COMMIT comes by; %s", pipeline.tail())
                    .isTrue();
            LOG.info("{}: cut {} a COMMIT", name, place);
            // The next cut is another batch's: tries of one wait ever longer.
            assertThat(proxy.awaitCommit(CUT_LIMIT_SECONDS))
                    .as("the pipeline goes on; %s", pipeline.tail())
                    .isTrue();
            pause(random.nextInt(500));
        }
    }

    private static Map<String, String> environment(String name, TargetServer target, String url, String acknowledge) {
        Map<String, String> environment = new HashMap<>(target.settings());
        environment.putAll(Map.of(
                "CDC_SOURCE_CONNECTION_STRING",
                source.sourceUri(name),
                "CDC_REPLICATION_SLOT",
                name,
                "CDC_PUBLICATION",
                "p",
                "CDC_DEST_TYPE",
                target.type(),
                "CDC_DEST_URI",
                url,
                "PG2ANY_ACKNOWLEDGE",
                acknowledge,
                "PG2ANY_STAGING_BATCH_BYTES",
                "131072"));
        return environment;
    }

    /** Long enough for the process to have begun to apply, mostly. */
    private static void pauseUnderWay(Random random) throws InterruptedException {
        pause(1500 + random.nextInt(2500));
    }

    private static void pause(int millis) throws InterruptedException {
        new CountDownLatch(1).await(millis, TimeUnit.MILLISECONDS);
    }
}
