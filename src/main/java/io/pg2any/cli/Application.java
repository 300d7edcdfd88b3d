package io.pg2any.cli;

import io.pg2any.camel.JdbcApplyComponent;
import io.pg2any.camel.JdbcApplyConfiguration;
import io.pg2any.camel.PgCaptureComponent;
import io.pg2any.camel.PgCaptureConfiguration;
import io.pg2any.camel.TxStagingComponent;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Properties;
import java.util.stream.Stream;
import org.apache.camel.CamelContext;
import org.apache.camel.StartupSummaryLevel;
import org.apache.camel.main.Main;

/** The Camel application: the routes of the chosen target, its components configured from the settings. */
class Application {
    private static final String BUILTIN = "classpath:io/pg2any/builtin/routes/";
    private static final String ENDING = ".camel.yaml";

    private final Settings settings;
    private final Main main = new Main();

    Application(Settings settings) {
        this.settings = settings;
    }

    /** Makes the context with its routes and components; nothing runs yet. */
    void build() throws Exception {
        Properties own = settings.file();
        for (String key : own.stringPropertyNames()) {
            main.addInitialProperty(key, own.getProperty(key));
        }
        // Placeholders of the routes. Secrets reach the components only, never a route's text.
        for (Setting setting : Setting.ALL) {
            if (!setting.secret() && settings.text(setting) != null) {
                main.addOverrideProperty(setting.property(), settings.text(setting));
            }
        }
        main.setDefaultPropertyPlaceholderLocation("false");
        main.configure().setName(settings.text(Setting.PIPELINE));
        main.configure().setAutoConfigurationLogSummary(false);
        main.configure().setStartupSummaryLevel(StartupSummaryLevel.Oneline);
        main.configure().setShutdownTimeout(20);
        main.configure().setRoutesIncludePattern(String.join(",", routeFiles(Path.of("routes"))));
        main.configure().health().withEnabled(true);
        main.init();
        configureComponents();
    }

    private void configureComponents() {
        PgCaptureConfiguration from =
                context().getComponent("pgcapture", PgCaptureComponent.class).getConfiguration();
        from.setConnection(settings.text(Setting.CONNECTION));
        from.setConnectTimeout(millis(Setting.CONNECTION_TIMEOUT));
        from.setCreatePublication(settings.bool(Setting.CREATE_PUBLICATION));
        from.setHandoffBytes((int) settings.number(Setting.HANDOFF_BYTES));
        from.setProtocolVersion((int) settings.number(Setting.PROTOCOL_VERSION));
        from.setStreaming(settings.text(Setting.STREAMING));
        from.setTwoPhase(settings.bool(Setting.TWO_PHASE));
        from.setOrigin(settings.text(Setting.ORIGIN));

        TxStagingComponent staging = context().getComponent("txstaging", TxStagingComponent.class);
        staging.setFolder(settings.stagingFolder().toString());
        staging.setAcknowledge(settings.text(Setting.ACKNOWLEDGE));
        staging.setMaxBytes(settings.number(Setting.STAGING_MAX_BYTES));
        staging.setSegmentBytes(settings.number(Setting.SEGMENT_SIZE) << 20);
        staging.setBatchBytes((int) settings.number(Setting.STAGING_BATCH_BYTES));

        context().getComponent("jdbcapply", JdbcApplyComponent.class).setConfiguration(applyConfiguration(settings));
    }

    static JdbcApplyConfiguration applyConfiguration(Settings settings) {
        JdbcApplyConfiguration to = new JdbcApplyConfiguration();
        to.setType(settings.targetType());
        to.setUrl(settings.text(Setting.TARGET_URI));
        to.setSchemaMapping(settings.text(Setting.SCHEMA_MAPPING));
        to.setTables(settings.text(Setting.TABLES));
        to.setDivergence(settings.text(Setting.DIVERGENCE));
        to.setUnrepresentable(settings.text(Setting.UNREPRESENTABLE));
        to.setConnectTimeout(settings.number(Setting.CONNECTION_TIMEOUT) * 1000);
        to.setQueryTimeout(settings.number(Setting.QUERY_TIMEOUT) * 1000);
        to.setDurableInterval(settings.number(Setting.DURABLE_INTERVAL));
        to.setOrder(settings.text(Setting.APPLY_ORDER));
        to.setWindowRows((int) settings.number(Setting.BATCH_SIZE));
        to.setBulkInsertThreshold((int) settings.number(Setting.BULK_INSERT_THRESHOLD));
        to.setMaxRowsPerInsert((int) settings.number(Setting.MAX_ROWS_PER_INSERT));
        return to;
    }

    void start() throws Exception {
        main.start();
    }

    void stop() throws Exception {
        main.stop();
    }

    CamelContext context() {
        return main.getCamelContext();
    }

    private long millis(Setting seconds) {
        return settings.number(seconds) * 1000;
    }

    /**
     * The shared error handling, capture, and the target's apply route, each from the folder or else the built-in copy;
     * and every other file of the folder that is not another target's apply route.
     */
    static List<String> routeFiles(Path folder) throws IOException {
        List<String> needed = List.of("errors", "capture", "apply-jdbc");
        List<String> files = new ArrayList<>();
        for (String name : needed) {
            Path file = folder.resolve(name + ENDING);
            files.add(Files.exists(file) ? "file:" + file : BUILTIN + name + ENDING);
        }
        if (Files.isDirectory(folder)) {
            try (Stream<Path> others = Files.list(folder)) {
                others.filter(file -> file.getFileName().toString().endsWith(ENDING))
                        .filter(file -> !file.getFileName().toString().startsWith("apply-"))
                        .map(file -> "file:" + file)
                        .filter(file -> !files.contains(file))
                        .sorted()
                        .forEach(files::add);
            }
        }
        return files;
    }
}
