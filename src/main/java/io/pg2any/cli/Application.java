package io.pg2any.cli;

import io.pg2any.apply.KeySource;
import io.pg2any.apply.RejectedChanges;
import io.pg2any.apply.Target;
import io.pg2any.apply.TargetException;
import io.pg2any.camel.EventApplyComponent;
import io.pg2any.camel.JdbcApplyComponent;
import io.pg2any.camel.JdbcApplyConfiguration;
import io.pg2any.camel.JdbcTargets;
import io.pg2any.camel.KafkaApplyComponent;
import io.pg2any.camel.KafkaApplyConfiguration;
import io.pg2any.camel.KafkaTargets;
import io.pg2any.camel.PgCaptureComponent;
import io.pg2any.camel.PgCaptureConfiguration;
import io.pg2any.camel.TxStagingComponent;
import io.pg2any.capture.ConnectionString;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
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
    private volatile boolean started;

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
        if (settings.targetType().equals("Camel")) {
            main.addOverrideProperty("pg2any.target.endpoint", settings.text(Setting.TARGET_URI));
        }
        main.setDefaultPropertyPlaceholderLocation("false");
        main.configure().setName(settings.text(Setting.PIPELINE));
        main.configure().setAutoConfigurationLogSummary(false);
        main.configure().setStartupSummaryLevel(StartupSummaryLevel.Oneline);
        main.configure().setShutdownTimeout(20);
        main.configure().setRoutesIncludePattern(String.join(",", routeFiles(Path.of("routes"), applyRoute())));
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
        from.setMessages(settings.messages());

        TxStagingComponent staging = context().getComponent("txstaging", TxStagingComponent.class);
        staging.setFolder(settings.stagingFolder().toString());
        staging.setAcknowledge(settings.text(Setting.ACKNOWLEDGE));
        staging.setMaxBytes(settings.number(Setting.STAGING_MAX_BYTES));
        staging.setRejectedMaxBytes(settings.number(Setting.REJECTED_MAX_BYTES));
        staging.setSegmentBytes(settings.number(Setting.SEGMENT_SIZE) << 20);
        staging.setCompression(settings.compression());
        staging.setBatchBytes((int) settings.number(Setting.STAGING_BATCH_BYTES));
        // A part may become visible only when the rest cannot be lost: the transaction is whole before it is begun.
        staging.setOfferWhileArriving(settings.number(Setting.MAX_ROWS_PER_COMMIT) == 0);

        switch (settings.targetType()) {
            case "Kafka" ->
                context()
                        .getComponent("kafkaapply", KafkaApplyComponent.class)
                        .setConfiguration(kafkaConfiguration(settings));
            case "Camel" ->
                context()
                        .getComponent("eventapply", EventApplyComponent.class)
                        .setConfiguration(eventConfiguration(settings));
            default ->
                context()
                        .getComponent("jdbcapply", JdbcApplyComponent.class)
                        .setConfiguration(jdbcConfiguration(settings));
        }
    }

    /**
     * The target of these settings, not opened, for looking at it; empty when it is an endpoint, which keeps no position.
     *
     * @throws IllegalArgumentException for a setting that means nothing; names it
     */
    static Optional<Target> target(Settings settings) throws TargetException {
        String pipeline = settings.text(Setting.PIPELINE);
        return switch (settings.targetType()) {
            case "Kafka" ->
                Optional.of(KafkaTargets.create(
                        pipeline, kafkaConfiguration(settings), KeySource.NONE, RejectedChanges.STOP));
            case "Camel" -> Optional.empty();
            default -> Optional.of(JdbcTargets.create(pipeline, jdbcConfiguration(settings)));
        };
    }

    /**
     * The database of these settings, for applying dead letters.
     *
     * @throws IllegalArgumentException for a setting that means nothing; names it
     */
    static Target replayTarget(Settings settings, KeySource keys) throws TargetException {
        return JdbcTargets.createForReplay(settings.text(Setting.PIPELINE), jdbcConfiguration(settings), keys);
    }

    private static KafkaApplyConfiguration kafkaConfiguration(Settings settings) {
        KafkaApplyConfiguration to = eventConfiguration(settings);
        to.setServers(settings.text(Setting.TARGET_URI));
        to.setDelivery(settings.text(Setting.KAFKA_DELIVERY));
        to.setTransactionTopic(settings.bool(Setting.KAFKA_TRANSACTION_TOPIC));
        to.setKeyless(settings.text(Setting.KAFKA_KEYLESS));
        to.setRejected(settings.text(Setting.REJECTED).toLowerCase(Locale.ROOT));
        to.setRejectedTables(settings.text(Setting.REJECTED_TABLES));
        to.setCreateTopics(settings.bool(Setting.KAFKA_CREATE_TOPICS));
        to.setPartitions((int) settings.number(Setting.KAFKA_PARTITIONS));
        to.setReplicationFactor((short) settings.number(Setting.KAFKA_REPLICATION_FACTOR));
        to.setTopicConfigs(settings.text(Setting.KAFKA_TOPIC_CONFIGS));
        to.setSecurityProtocol(settings.text(Setting.KAFKA_SECURITY_PROTOCOL));
        to.setSaslMechanism(settings.text(Setting.KAFKA_SASL_MECHANISM));
        to.setSaslUsername(settings.text(Setting.KAFKA_SASL_USERNAME));
        to.setSaslPassword(settings.text(Setting.KAFKA_SASL_PASSWORD));
        to.setClientProperties(kafkaClientProperties(settings));
        return to;
    }

    /** What events look like, wherever they go. */
    private static KafkaApplyConfiguration eventConfiguration(Settings settings) {
        KafkaApplyConfiguration to = new KafkaApplyConfiguration();
        to.setTopicPrefix(settings.text(Setting.KAFKA_TOPIC_PREFIX));
        String database = settings.text(Setting.KAFKA_SOURCE_DB);
        to.setDatabase(
                database != null
                        ? database
                        : ConnectionString.parse(settings.text(Setting.CONNECTION))
                                .database());
        to.setFormat(settings.text(Setting.EVENTS_FORMAT));
        to.setSchemas(settings.bool(Setting.EVENTS_SCHEMAS));
        to.setDecimals(settings.text(Setting.EVENTS_DECIMALS));
        to.setTimes(settings.text(Setting.EVENTS_TIMES));
        to.setBinaries(settings.text(Setting.EVENTS_BINARIES));
        to.setIntervals(settings.text(Setting.EVENTS_INTERVALS));
        to.setTombstones(settings.bool(Setting.EVENTS_TOMBSTONES));
        to.setKeyColumns(settings.text(Setting.KAFKA_KEY_COLUMNS));
        to.setMessages(settings.text(Setting.EVENTS_MESSAGES));
        to.setSchemaMapping(settings.text(Setting.SCHEMA_MAPPING));
        to.setExcludeTables(settings.text(Setting.EXCLUDE_TABLES));
        to.setExcludeColumns(settings.text(Setting.EXCLUDE_COLUMNS));
        to.setUnrepresentable(settings.text(Setting.UNREPRESENTABLE));
        return to;
    }

    private static Map<String, Object> kafkaClientProperties(Settings settings) {
        Map<String, Object> properties = new HashMap<>();
        properties.put("compression.type", settings.text(Setting.KAFKA_COMPRESSION));
        properties.put("batch.size", settings.text(Setting.KAFKA_BATCH_SIZE));
        properties.put("linger.ms", settings.text(Setting.KAFKA_LINGER));
        properties.put("max.request.size", settings.text(Setting.KAFKA_MESSAGE_MAX_BYTES));
        properties.put("retry.backoff.ms", settings.text(Setting.KAFKA_RETRY_BACKOFF));
        properties.put("metadata.max.age.ms", settings.text(Setting.KAFKA_METADATA_REFRESH));
        if (settings.text(Setting.KAFKA_RETRIES) != null) {
            properties.put("retries", settings.text(Setting.KAFKA_RETRIES));
        }
        // A message's time must hold one whole request.
        long timeout = settings.number(Setting.KAFKA_MESSAGE_TIMEOUT);
        long linger = settings.number(Setting.KAFKA_LINGER);
        properties.put("delivery.timeout.ms", Long.toString(timeout + linger));
        properties.put("request.timeout.ms", Long.toString(Math.min(30_000, timeout)));
        properties.putAll(settings.kafkaClientProperties());
        return properties;
    }

    static JdbcApplyConfiguration jdbcConfiguration(Settings settings) {
        JdbcApplyConfiguration to = new JdbcApplyConfiguration();
        to.setType(settings.targetType());
        to.setUrl(settings.text(Setting.TARGET_URI));
        to.setSchemaMapping(settings.text(Setting.SCHEMA_MAPPING));
        to.setRenameTables(settings.text(Setting.RENAME_TABLES));
        to.setRenameColumns(settings.text(Setting.RENAME_COLUMNS));
        to.setExcludeTables(settings.text(Setting.EXCLUDE_TABLES));
        to.setExcludeColumns(settings.text(Setting.EXCLUDE_COLUMNS));
        to.setTables(settings.text(Setting.TABLES));
        to.setEvolve(settings.text(Setting.EVOLVE));
        to.setDivergence(settings.text(Setting.DIVERGENCE));
        to.setRejected(settings.text(Setting.REJECTED).toLowerCase(Locale.ROOT));
        to.setRejectedTables(settings.text(Setting.REJECTED_TABLES));
        to.setUnrepresentable(settings.text(Setting.UNREPRESENTABLE));
        to.setConnectTimeout(settings.number(Setting.CONNECTION_TIMEOUT) * 1000);
        to.setQueryTimeout(settings.number(Setting.QUERY_TIMEOUT) * 1000);
        to.setDurableInterval(settings.number(Setting.DURABLE_INTERVAL));
        to.setOrder(settings.text(Setting.APPLY_ORDER));
        to.setWindowRows((int) settings.number(Setting.BATCH_SIZE));
        to.setBulkInsertThreshold((int) settings.number(Setting.BULK_INSERT_THRESHOLD));
        to.setMaxRowsPerInsert((int) settings.number(Setting.MAX_ROWS_PER_INSERT));
        to.setMarkOrigin(settings.marksOrigin());
        to.setMaxRowsPerCommit((int) settings.number(Setting.MAX_ROWS_PER_COMMIT));
        return to;
    }

    private String applyRoute() {
        return switch (settings.targetType()) {
            case "Kafka" -> "apply-kafka";
            case "Camel" -> "apply-endpoint";
            default -> "apply-jdbc";
        };
    }

    void start() throws Exception {
        main.start();
        started = true;
    }

    /** Never again false: also after a stop. */
    boolean hasBeenStarted() {
        return started;
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
    static List<String> routeFiles(Path folder, String applyRoute) throws IOException {
        List<String> needed = List.of("errors", "capture", applyRoute);
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
