package io.pg2any.camel;

import static org.assertj.core.api.Assertions.assertThat;

import io.pg2any.cli.EmbeddedPostgres;
import io.pg2any.server.TestPostgres;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.camel.ServiceStatus;
import org.apache.camel.health.HealthCheck;
import org.apache.camel.health.HealthCheckHelper;
import org.apache.camel.main.Main;
import org.apache.camel.spi.RouteController;
import org.apache.camel.support.service.ServiceHelper;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The shipped routes under a user who stops, starts, suspends and resumes them one by one: nothing lost, nothing twice. */
class RouteLifecycleIT {
    private static final List<String> ROUTES = List.of("capture", "apply");
    private static EmbeddedPostgres server;

    @TempDir
    private Path folder;

    private final Main main = new Main();
    private final AtomicBoolean writing = new AtomicBoolean(true);
    private final AtomicInteger written = new AtomicInteger();
    private String slot;

    @BeforeAll
    static void start() throws Exception {
        server = TestPostgres.start(TestPostgres.VERSION);
        source("CREATE TABLE entry (id int, text text); ALTER TABLE entry REPLICA IDENTITY FULL;"
                + " CREATE PUBLICATION entries FOR TABLE entry");
    }

    @AfterAll
    static void stop() throws Exception {
        server.close();
    }

    @AfterEach
    void stopRoutes() throws Exception {
        writing.set(false);
        main.stop();
        source("SELECT pg_drop_replication_slot('" + slot + "')");
    }

    @ParameterizedTest
    @CsvSource({"applied, 1", "staged, 2", "applied, 3", "staged, 4"})
    void routesComeAndGoInAnyOrderWhileTheSourceIsBusy(String acknowledge, int seed) throws Exception {
        startRoutes(acknowledge, "random_" + seed);
        Thread writer = startWriter();
        Random random = new Random(seed);
        RouteController routes = main.getCamelContext().getRouteController();
        for (int step = 0; step < 25; step++) {
            String route = ROUTES.get(random.nextInt(2));
            change(routes, route, random);
            awaitWritten(1 + random.nextInt(20));
        }
        for (String route : ROUTES) {
            resume(routes, route);
        }
        writing.set(false);
        writer.join();

        awaitEqual();
        assertThat(Pipeline.of(main.getCamelContext(), slot).failure()).isEmpty();
    }

    private static void change(RouteController routes, String route, Random random) throws Exception {
        ServiceStatus status = routes.getRouteStatus(route);
        if (status == ServiceStatus.Started) {
            if (random.nextBoolean()) {
                routes.stopRoute(route);
            } else {
                routes.suspendRoute(route);
            }
        } else if (status == ServiceStatus.Suspended && random.nextInt(3) == 0) {
            routes.stopRoute(route);
        } else {
            resume(routes, route);
        }
    }

    private static void resume(RouteController routes, String route) throws Exception {
        if (routes.getRouteStatus(route) == ServiceStatus.Suspended) {
            routes.resumeRoute(route);
        } else if (routes.getRouteStatus(route) != ServiceStatus.Started) {
            routes.startRoute(route);
        }
    }

    @Test
    void aSuspendedCaptureKeepsItsSlotInUseAndDeliversNothing() throws Exception {
        startRoutes("applied", "suspended");
        Thread writer = startWriter();
        awaitWritten(10);
        RouteController routes = main.getCamelContext().getRouteController();

        routes.suspendRoute("capture");
        awaitWritten(10);
        String before = target("SELECT count(*) FROM entry");
        awaitWritten(50);

        assertThat(target("SELECT count(*) FROM entry")).isEqualTo(before);
        assertThat(source("SELECT active FROM pg_replication_slots WHERE slot_name = '" + slot + "'"))
                .isEqualTo("t");
        routes.resumeRoute("capture");
        writing.set(false);
        writer.join();
        awaitEqual();
    }

    @Test
    void healthIsDownWhileARouteIsGone() throws Exception {
        startRoutes("applied", "health");
        Thread writer = startWriter();
        awaitWritten(10);
        awaitHealth(HealthCheck.State.UP);
        RouteController routes = main.getCamelContext().getRouteController();
        for (String route : ROUTES) {
            routes.stopRoute(route);
            awaitHealth(HealthCheck.State.DOWN);
            routes.startRoute(route);
            awaitHealth(HealthCheck.State.UP);
        }
        writing.set(false);
        writer.join();
        awaitEqual();
    }

    /** Camel stops a consumer when it has seen no exchange in flight; one may have come since. */
    @Test
    void whatIsInTheRouteWhenItsConsumerStopsIsApplied() throws Exception {
        startRoutes("applied", "stopped_inside");
        source("INSERT INTO entry VALUES (1, 'before')");
        Pipeline pipeline = Pipeline.of(main.getCamelContext(), slot);
        while (pipeline.appliedTransactions() == 0) {
            pause();
        }
        try (Connection other = DriverManager.getConnection("jdbc:sqlite:" + folder.resolve("target.db"));
                Statement statement = other.createStatement()) {
            statement.execute("BEGIN EXCLUSIVE");
            source("INSERT INTO entry VALUES (2, 'inside')");
            while (main.getCamelContext().getInflightRepository().size("apply") == 0) {
                pause();
            }
            Thread stopping = new Thread(() -> ServiceHelper.stopService(
                    main.getCamelContext().getRoute("apply").getConsumer()));
            stopping.start();
            assertThat(new CountDownLatch(1).await(500, TimeUnit.MILLISECONDS)).isFalse();
            assertThat(pipeline.target()).isPresent();
            statement.execute("ROLLBACK");
            stopping.join();
        }
        assertThat(pipeline.target()).isEmpty();
        awaitEqual();
    }

    private void awaitHealth(HealthCheck.State expected) throws InterruptedException {
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(20);
        HealthCheck.State found = null;
        while (found != expected) {
            assertThat(System.nanoTime()).as("health is " + found).isLessThan(end);
            pause();
            found = HealthCheckHelper.invokeReadiness(main.getCamelContext()).stream()
                            .allMatch(result -> result.getState() == HealthCheck.State.UP)
                    ? HealthCheck.State.UP
                    : HealthCheck.State.DOWN;
        }
    }

    private void startRoutes(String acknowledge, String name) throws Exception {
        slot = name;
        source("TRUNCATE entry");
        main.addInitialProperty("pg2any.pipeline", name);
        main.addInitialProperty("pg2any.source.slot", name);
        main.addInitialProperty("pg2any.source.publication", "entries");
        main.addInitialProperty("pg2any.source.createSlot", "true");
        main.setDefaultPropertyPlaceholderLocation("false");
        main.configure()
                .setRoutesIncludePattern("file:routes/errors.camel.yaml,file:routes/capture.camel.yaml,"
                        + "file:routes/apply-jdbc.camel.yaml");
        main.configure().health().withEnabled(true);
        main.init();
        main.getCamelContext()
                .getComponent("pgcapture", PgCaptureComponent.class)
                .getConfiguration()
                .setConnection(server.sourceUri("postgres"));
        TxStagingComponent staging = main.getCamelContext().getComponent("txstaging", TxStagingComponent.class);
        staging.setFolder(folder.resolve("staging").toString());
        staging.setAcknowledge(acknowledge);
        JdbcApplyConfiguration to = new JdbcApplyConfiguration();
        to.setType("SQLite");
        to.setUrl(folder.resolve("target.db").toString());
        main.getCamelContext()
                .getComponent("jdbcapply", JdbcApplyComponent.class)
                .setConfiguration(to);
        main.start();
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(20);
        while (!"t".equals(source("SELECT active FROM pg_replication_slots WHERE slot_name = '" + name + "'"))) {
            assertThat(System.nanoTime()).as("the slot is in use").isLessThan(end);
            pause();
        }
    }

    private Thread startWriter() {
        Thread writer = new Thread(() -> {
            try (Connection connection = server.connect("postgres");
                    Statement statement = connection.createStatement()) {
                while (writing.get()) {
                    int id = written.get();
                    statement.execute("INSERT INTO entry SELECT " + id + ", repeat('x', " + id % 500
                            + ") FROM generate_series(1, " + (id % 50 == 49 ? 5000 : 2) + ")");
                    written.incrementAndGet();
                    pause();
                }
            } catch (SQLException | InterruptedException e) {
                throw new IllegalStateException(e);
            }
        });
        writer.start();
        return writer;
    }

    private void awaitWritten(int more) throws InterruptedException {
        int goal = written.get() + more;
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(60);
        while (written.get() < goal) {
            assertThat(System.nanoTime()).as("the writer goes on").isLessThan(end);
            pause();
        }
    }

    /** Rows, distinct ids and their sum: a lost one shows, and one that came twice. */
    private void awaitEqual() throws Exception {
        String rows = "SELECT count(*) || '/' || count(DISTINCT id) || '/' || coalesce(sum(id), 0) FROM entry";
        String wanted = source(rows);
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(60);
        String found = target(rows);
        while (!found.equals(wanted) && System.nanoTime() < end) {
            pause();
            found = target(rows);
        }
        assertThat(found).isEqualTo(wanted);
    }

    private String target(String sql) throws SQLException {
        try (Connection connection = DriverManager.getConnection("jdbc:sqlite:" + folder.resolve("target.db"))) {
            return query(connection, sql);
        }
    }

    private static String source(String sql) throws SQLException {
        try (Connection connection = server.connect("postgres")) {
            return query(connection, sql);
        }
    }

    /** The first value, or nothing. */
    private static String query(Connection connection, String sql) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            if (!statement.execute(sql)) {
                return "";
            }
            try (ResultSet row = statement.getResultSet()) {
                return row.next() ? row.getString(1) : "";
            }
        }
    }

    private static void pause() throws InterruptedException {
        new CountDownLatch(1).await(5, TimeUnit.MILLISECONDS);
    }
}
