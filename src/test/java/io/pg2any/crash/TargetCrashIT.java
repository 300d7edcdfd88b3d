package io.pg2any.crash;

import static org.assertj.core.api.Assertions.assertThat;

import io.pg2any.cli.EmbeddedPostgres;
import io.pg2any.cli.EmbeddedPostgres.StopMode;
import io.pg2any.cli.quickstart.PipelineProcess;
import io.pg2any.server.MySqlServer;
import io.pg2any.server.TestPostgres;
import java.io.IOException;
import java.nio.file.Path;
import java.sql.Connection;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The real jar in front of database servers, under load. The pipeline and the target's server are killed in turn, then
 * connections are cut at their COMMIT, before and after the server has it; at the end every row of both sides is
 * compared, in a table without a key too. {@code -Dpg2any.crash.targetKills=50 -Dpg2any.crash.cuts=50} is the long form.
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

    /** A database server that can die and come back. */
    private interface TargetServer {
        int port();

        /** As the pipeline reaches it on this port. */
        String url(int port);

        String jdbcUrl();

        void kill() throws IOException;

        void start() throws IOException;
    }

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
            run("crash_mariadb", "MariaDB", new TargetServer() {
                @Override
                public int port() {
                    return server.port();
                }

                /** The proxy cannot read what is encrypted, as it is where the server offers it. */
                @Override
                public String url(int port) {
                    return "mariadb://root@127.0.0.1:" + port + "/test?sslMode=DISABLED";
                }

                @Override
                public String jdbcUrl() {
                    return server.jdbcUrl("test");
                }

                @Override
                public void kill() throws IOException {
                    server.kill();
                }

                @Override
                public void start() throws IOException {
                    server.start();
                }
            });
        }
    }

    @Test
    void nothingIsLostOrRepeatedInPostgres() throws Exception {
        try (EmbeddedPostgres server = TestPostgres.start(18)) {
            run("crash_postgres", "PostgreSQL", new TargetServer() {
                @Override
                public int port() {
                    return server.port();
                }

                /** A prepared COMMIT would go by its number, which the proxy does not know. */
                @Override
                public String url(int port) {
                    return "postgresql://postgres@127.0.0.1:" + port + "/postgres?prepareThreshold=0";
                }

                @Override
                public String jdbcUrl() {
                    return server.jdbcUrl("postgres");
                }

                @Override
                public void kill() throws IOException {
                    server.stop(StopMode.IMMEDIATE);
                }

                @Override
                public void start() throws IOException {
                    server.start();
                }
            });
        }
    }

    private static void run(String name, String type, TargetServer target) throws Exception {
        try (Connection connection = source.connect()) {
            Scenario.execute(connection, "CREATE DATABASE " + name);
        }
        TargetWorkload.create(source, name);
        Random random = new Random(SEED);
        try (CommitCuttingProxy proxy = new CommitCuttingProxy(target.port());
                PipelineProcess pipeline = new PipelineProcess(
                        Scenario.jar(), folder.resolve(name), environment(name, type, target.url(proxy.port())))) {
            pipeline.start("-Xmx128m", "-XX:TieredStopAtLevel=1");
            try (Connection connection = source.connect(name)) {
                pipeline.awaitSlot(connection, name, Scenario.START_LIMIT);
            }
            try (TargetWorkload workload = TargetWorkload.start(source, name, SEED)) {
                for (int kill = 0; kill < KILLS; kill++) {
                    boolean ofTarget = kill % 2 == 1;
                    // Long enough for the process to have begun to apply, mostly.
                    pause(1500 + random.nextInt(2500));
                    if (ofTarget) {
                        target.kill();
                        pause(random.nextInt(1500));
                        target.start();
                    } else {
                        pipeline.kill();
                        pipeline.start("-Xmx128m", "-XX:TieredStopAtLevel=1");
                    }
                    LOG.info("{}: killed {}", name, ofTarget ? "the target's server" : "the pipeline");
                }
                for (int cut = 0; cut < CUTS; cut++) {
                    CommitCuttingProxy.Place place = CommitCuttingProxy.Place.values()[cut % 2];
                    assertThat(proxy.cut(place, CUT_LIMIT_SECONDS))
                            .as("a COMMIT comes by; %s", pipeline.tail())
                            .isTrue();
                    LOG.info("{}: cut {} a COMMIT", name, place);
                    // Mostly the next try succeeds before the next cut: tries of one batch wait ever longer.
                    pause(2000 + random.nextInt(500));
                }
            }
            assertThat(pipeline.isAlive()).as(pipeline.tail()).isTrue();
            TargetWorkload.awaitEqual(source.jdbcUrl(name), target.jdbcUrl(), pipeline);
            assertThat(pipeline.stop()).as(pipeline.tail()).hasValue(0);
        }
    }

    private static Map<String, String> environment(String name, String type, String url) {
        return Map.of(
                "CDC_SOURCE_CONNECTION_STRING",
                source.sourceUri(name),
                "CDC_REPLICATION_SLOT",
                name,
                "CDC_PUBLICATION",
                "p",
                "CDC_DEST_TYPE",
                type,
                "CDC_DEST_URI",
                url,
                "PG2ANY_STAGING_BATCH_BYTES",
                "131072");
    }

    private static void pause(int millis) throws InterruptedException {
        new CountDownLatch(1).await(millis, TimeUnit.MILLISECONDS);
    }
}
