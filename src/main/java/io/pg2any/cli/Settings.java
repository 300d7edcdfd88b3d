package io.pg2any.cli;

import io.pg2any.apply.TableMapping;
import io.pg2any.apply.message.MessageTopics;
import io.pg2any.camel.TablePatterns;
import io.pg2any.capture.CaptureConfig;
import io.pg2any.capture.ConnectionString;
import io.pg2any.capture.Streaming;
import java.io.IOException;
import java.io.Reader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Properties;
import java.util.TreeSet;
import java.util.function.Consumer;

/**
 * The settings of one process, all checked at once: system properties win over environment variables, those over
 * {@code application.properties}, that over the fallbacks.
 *
 * <p>Immutable; {@code toString} holds no secret.
 */
final class Settings {
    /** Kinds of targets, in the namesake's spelling. */
    private static final List<String> TARGET_TYPES =
            List.of("MySQL", "MariaDB", "SqlServer", "SQLite", "PostgreSQL", "Kafka", "Camel");

    private static final String[] COMPRESSIONS = {"none", "gzip", "zstd", "lz4"};
    private static final String DEFAULT_COMPRESSION = "zstd";

    private static final String KAFKA_CLIENT_KEYS = "pg2any.kafka.client.";
    private static final String KAFKA_CLIENT_VARIABLES = "PG2ANY_KAFKA_CLIENT_";

    /** Older names of the namesake; what they stood for then is what the newer variable stands for. */
    private static final Map<String, Setting> ALIASES =
            Map.of("CDC_BUFFER_SIZE", Setting.CHANNEL_CAPACITY, "CDC_COMMIT_BATCH_SIZE", Setting.BATCH_SIZE);

    private final Map<Setting, String> values;
    /** By Kafka's names; may hold secrets. */
    private final Map<String, String> kafkaClientProperties;

    private final Properties file;
    private final List<String> warnings;

    private Settings(
            Map<Setting, String> values,
            Map<String, String> kafkaClientProperties,
            Properties file,
            List<String> warnings) {
        this.values = values;
        this.kafkaClientProperties = Map.copyOf(kafkaClientProperties);
        this.file = file;
        this.warnings = List.copyOf(warnings);
    }

    /** Reads {@code application.properties} of the working directory (or none), the environment, system properties. */
    static Settings load(Path workingDirectory) throws ConfigurationException {
        Properties file = new Properties();
        Path path = workingDirectory.resolve("application.properties");
        if (Files.exists(path)) {
            try (Reader reader = Files.newBufferedReader(path, StandardCharsets.UTF_8)) {
                file.load(reader);
            } catch (IOException | IllegalArgumentException e) {
                throw new ConfigurationException(List.of(path + " cannot be read: " + e.getMessage()));
            }
        }
        return of(file, System.getenv(), System.getProperties());
    }

    static Settings of(Properties file, Map<String, String> environment, Properties system)
            throws ConfigurationException {
        Map<Setting, String> values = new HashMap<>();
        List<String> problems = new ArrayList<>();
        List<String> warnings = new ArrayList<>();
        ALIASES.forEach((variable, setting) -> {
            if (environment.containsKey(variable)) {
                warnings.add(variable + " is an old name; use " + setting.variable());
                values.put(setting, environment.get(variable));
            }
        });
        for (Setting setting : Setting.ALL) {
            String value = first(
                    system.getProperty(setting.property()),
                    environment.get(setting.variable()),
                    values.get(setting),
                    file.getProperty(setting.property()),
                    setting.fallback());
            if (value != null) {
                values.put(setting, value.strip());
            }
        }
        refuseUnknownKeys(file, problems);
        warnOfUnknownVariables(environment, warnings);
        Map<String, String> kafka = kafkaClientProperties(file, environment, system);
        Settings settings = new Settings(values, kafka, file, warnings);
        settings.check(problems, warnings);
        if (!problems.isEmpty()) {
            throw new ConfigurationException(problems);
        }
        return new Settings(values, kafka, file, warnings);
    }

    /** Kafka's names are lower-case words joined by dots, so a variable's underscores can only be dots. */
    private static Map<String, String> kafkaClientProperties(
            Properties file, Map<String, String> environment, Properties system) {
        Map<String, String> found = new HashMap<>();
        addByPrefix(found, file);
        environment.forEach((variable, value) -> {
            if (variable.startsWith(KAFKA_CLIENT_VARIABLES)) {
                String name = variable.substring(KAFKA_CLIENT_VARIABLES.length());
                found.put(name.toLowerCase(Locale.ROOT).replace('_', '.'), value);
            }
        });
        addByPrefix(found, system);
        return found;
    }

    private static void addByPrefix(Map<String, String> found, Properties from) {
        for (String key : from.stringPropertyNames()) {
            if (key.startsWith(KAFKA_CLIENT_KEYS)) {
                found.put(key.substring(KAFKA_CLIENT_KEYS.length()), from.getProperty(key));
            }
        }
    }

    private static String first(String... candidates) {
        for (String candidate : candidates) {
            if (candidate != null) {
                return candidate;
            }
        }
        return null;
    }

    private static void refuseUnknownKeys(Properties file, List<String> problems) {
        for (String key : new TreeSet<>(file.stringPropertyNames())) {
            if (key.startsWith("pg2any.")
                    && !key.startsWith(KAFKA_CLIENT_KEYS)
                    && Setting.ALL.stream().noneMatch(s -> s.property().equals(key))) {
                problems.add("application.properties: " + key + " is not a setting of pg2any; see the README's table");
            }
        }
    }

    /** Not refused: an environment may hold what is meant for the namesake's next release, or for another process. */
    private static void warnOfUnknownVariables(Map<String, String> environment, List<String> warnings) {
        for (String variable : new TreeSet<>(environment.keySet())) {
            if ((variable.startsWith("CDC_") || variable.startsWith("PG2ANY_"))
                    && !variable.startsWith(KAFKA_CLIENT_VARIABLES)
                    && !ALIASES.containsKey(variable)
                    && Setting.ALL.stream().noneMatch(s -> s.variable().equals(variable))) {
                warnings.add(variable + " is not a setting of pg2any and has no effect; see the README's table");
            }
        }
    }

    private void check(List<String> problems, List<String> warnings) {
        checkSource(problems, warnings);
        checkTarget(problems, warnings);
        checkKafka(problems, warnings);
        checkOneOf(Setting.TABLES, problems, "create", "expect");
        checkOneOf(Setting.EVOLVE, problems, "add", "fail");
        checkOneOf(Setting.DIVERGENCE, problems, "warn", "fail", "upsert");
        checkRejected(problems);
        checkOneOf(Setting.UNREPRESENTABLE, problems, "fail", "null", "clamp", "text");
        checkOneOf(Setting.ACKNOWLEDGE, problems, "applied", "staged");
        checkOneOf(Setting.LOG_LEVEL, problems, "error", "warn", "info", "debug", "trace");
        checkBoolean(Setting.CREATE_SLOT, problems);
        checkBoolean(Setting.CREATE_PUBLICATION, problems);
        checkBoolean(Setting.BINARY, problems);
        checkBoolean(Setting.TWO_PHASE, problems);
        checkNumber(Setting.CONNECTION_TIMEOUT, 1, 3600, problems);
        checkNumber(Setting.QUERY_TIMEOUT, 1, 86400, problems);
        checkNumber(Setting.DURABLE_INTERVAL, 0, 3_600_000, problems);
        checkNumber(Setting.MAX_ROWS_PER_INSERT, 0, 100_000, problems);
        checkNumber(Setting.MAX_ROWS_PER_COMMIT, 0, Integer.MAX_VALUE, problems);
        checkOneOf(Setting.APPLY_ORDER, problems, "grouped", "strict");
        checkNumber(Setting.BATCH_SIZE, 1, Integer.MAX_VALUE, problems);
        checkNumber(Setting.BULK_INSERT_THRESHOLD, 0, Integer.MAX_VALUE, problems);
        checkNumber(Setting.CHANNEL_CAPACITY, 1, Integer.MAX_VALUE, problems);
        checkNumber(Setting.HANDOFF_BYTES, 64 << 10, 1 << 30, problems);
        checkNumber(Setting.STAGING_MAX_BYTES, 1 << 20, Long.MAX_VALUE, problems);
        checkNumber(Setting.STAGING_BATCH_BYTES, 1 << 10, 1 << 30, problems);
        checkNumber(Setting.SEGMENT_SIZE, 1, 1 << 20, problems);
        checkNumber(Setting.HTTP_PORT, 0, 65535, problems);
        checkCompression(problems);
        if (!text(Setting.PIPELINE).matches("[A-Za-z0-9_.-]{1,63}")) {
            problems.add(named(Setting.PIPELINE) + " holds 1 to 63 letters, digits, '_', '.', '-', not \""
                    + text(Setting.PIPELINE) + "\"");
        }
    }

    private void checkCompression(List<String> problems) {
        String compression = text(Setting.COMPRESSION);
        String enabled = text(Setting.ENABLE_COMPRESSION);
        if (compression != null) {
            checkOneOf(Setting.COMPRESSION, problems, COMPRESSIONS);
        }
        if (enabled != null) {
            checkOneOf(Setting.ENABLE_COMPRESSION, problems, "true", "false", "1", "0");
        }
        if (compression != null && enabled != null && flag(enabled) == compression.equalsIgnoreCase("none")) {
            problems.add(named(Setting.ENABLE_COMPRESSION) + " is " + enabled + ", but " + named(Setting.COMPRESSION)
                    + " is " + compression + ": set only one of them");
        }
    }

    /** Of what is staged from now on. */
    String compression() {
        String compression = text(Setting.COMPRESSION);
        if (compression != null) {
            return compression;
        }
        String enabled = text(Setting.ENABLE_COMPRESSION);
        return enabled != null && flag(enabled) ? DEFAULT_COMPRESSION : "none";
    }

    private void checkSource(List<String> problems, List<String> warnings) {
        String connection = text(Setting.CONNECTION);
        if (connection == null || connection.isEmpty()) {
            problems.add(
                    named(Setting.CONNECTION) + " is missing: set it to postgresql://user:password@host:5432/database");
        } else {
            try {
                ConnectionString.parse(connection);
            } catch (IllegalArgumentException e) {
                problems.add(named(Setting.CONNECTION) + ": " + e.getMessage());
            }
        }
        if (!text(Setting.SLOT).matches("[a-z0-9_]{1,63}")) {
            problems.add(named(Setting.SLOT) + " holds 1 to 63 lower-case letters, digits and '_', not \""
                    + text(Setting.SLOT) + "\"");
        }
        if (Arrays.stream(text(Setting.PUBLICATION).split(",", -1)).anyMatch(String::isBlank)) {
            problems.add(named(Setting.PUBLICATION) + " holds an empty name: name the publications to subscribe to");
        }
        checkNumber(Setting.PROTOCOL_VERSION, 0, 4, problems);
        checkOneOf(Setting.STREAMING, Streaming::parse, problems);
        checkOneOf(Setting.ORIGIN, CaptureConfig::localOnly, problems);
    }

    private void checkOneOf(Setting setting, Consumer<String> parse, List<String> problems) {
        try {
            parse.accept(text(setting));
        } catch (IllegalArgumentException e) {
            problems.add(named(setting) + " is one of " + e.getMessage());
        }
    }

    private void checkTarget(List<String> problems, List<String> warnings) {
        String type = text(Setting.TARGET_TYPE);
        if (type == null || type.isEmpty()) {
            problems.add(
                    named(Setting.TARGET_TYPE) + " is missing: set it to one of " + String.join(", ", TARGET_TYPES));
        } else if (TARGET_TYPES.stream().noneMatch(type::equalsIgnoreCase)) {
            problems.add(named(Setting.TARGET_TYPE) + "=" + type + " is unknown: the kinds of targets are "
                    + String.join(", ", TARGET_TYPES));
        }
        if (text(Setting.TARGET_URI) == null || text(Setting.TARGET_URI).isEmpty()) {
            problems.add(named(Setting.TARGET_URI)
                    + " is missing: set it to a file for SQLite, such as ./replica.db, to the brokers for Kafka, such"
                    + " as broker1:9092,broker2:9092, to an endpoint URI for Camel, and else to a URL, such as"
                    + " postgresql://user:password@host:5432/database");
        }
        if (text(Setting.MARK_ORIGIN) != null) {
            checkBoolean(Setting.MARK_ORIGIN, problems);
            if (marksOrigin() && !"PostgreSQL".equalsIgnoreCase(type)) {
                problems.add(named(Setting.MARK_ORIGIN) + " is for PostgreSQL targets; " + type
                        + " has no replication origins: remove it");
            }
        }
        boolean events = "Kafka".equalsIgnoreCase(type) || "Camel".equalsIgnoreCase(type);
        if (events && !text(Setting.MAX_ROWS_PER_COMMIT).equals("0")) {
            problems.add(named(Setting.MAX_ROWS_PER_COMMIT) + " is for databases; " + type
                    + " takes every transaction as a whole: remove it");
        }
        checkNames(Setting.SCHEMA_MAPPING, TableMapping::parse, problems);
        checkNames(Setting.RENAME_TABLES, TableMapping.NONE::renameTables, problems);
        checkNames(Setting.RENAME_COLUMNS, TableMapping.NONE::renameColumns, problems);
        checkNames(Setting.EXCLUDE_TABLES, TableMapping.NONE::excludeTables, problems);
        checkNames(Setting.EXCLUDE_COLUMNS, TableMapping.NONE::excludeColumns, problems);
        for (Setting rename : List.of(Setting.RENAME_TABLES, Setting.RENAME_COLUMNS)) {
            if (!text(rename).isEmpty() && ("Kafka".equalsIgnoreCase(type) || "Camel".equalsIgnoreCase(type))) {
                problems.add(
                        named(rename) + " is for databases: events bear the source's names; rename in the route, or"
                                + " where they are read");
            }
        }
    }

    private void checkNames(Setting setting, Consumer<String> parse, List<String> problems) {
        try {
            parse.accept(text(setting));
        } catch (IllegalArgumentException e) {
            problems.add(named(setting) + ": " + e.getMessage());
        }
    }

    /** Where tables and columns go, and which are left out. */
    TableMapping mapping() {
        return TableMapping.parse(text(Setting.SCHEMA_MAPPING))
                .renameTables(text(Setting.RENAME_TABLES))
                .renameColumns(text(Setting.RENAME_COLUMNS))
                .excludeTables(text(Setting.EXCLUDE_TABLES))
                .excludeColumns(text(Setting.EXCLUDE_COLUMNS));
    }

    /** Of two pipelines in opposite directions each must mark what the other is to leave out. */
    boolean marksOrigin() {
        return text(Setting.MARK_ORIGIN) == null
                ? CaptureConfig.localOnly(text(Setting.ORIGIN))
                : bool(Setting.MARK_ORIGIN);
    }

    private void checkRejected(List<String> problems) {
        checkOneOf(Setting.REJECTED, problems, "stop", "park");
        checkNumber(Setting.REJECTED_MAX_BYTES, 4096, Long.MAX_VALUE, problems);
        boolean park = "park".equalsIgnoreCase(text(Setting.REJECTED));
        if (park && lower(Setting.TARGET_TYPE).equals("camel")) {
            problems.add(
                    named(Setting.REJECTED) + "=park: an endpoint has no changes set aside, every one is tried again");
        }
        if (!park && text(Setting.REJECTED_TABLES) != null) {
            problems.add(named(Setting.REJECTED_TABLES) + " is set, but " + named(Setting.REJECTED)
                    + " is not park: nothing would be set aside");
        }
        checkNames(Setting.REJECTED_TABLES, TablePatterns::parse, problems);
    }

    private void checkKafka(List<String> problems, List<String> warnings) {
        try {
            if (!MessageTopics.parse(text(Setting.EVENTS_MESSAGES)).rules().isEmpty()
                    && !List.of("kafka", "camel").contains(lower(Setting.TARGET_TYPE))) {
                warnings.add(named(Setting.EVENTS_MESSAGES) + ": a database takes no logical messages");
            }
        } catch (IllegalArgumentException e) {
            problems.add(named(Setting.EVENTS_MESSAGES) + ": " + e.getMessage());
        }
        checkOneOf(Setting.KAFKA_DELIVERY, problems, "exactly-once", "at-least-once");
        checkOneOf(Setting.EVENTS_FORMAT, problems, "debezium", "plain");
        checkOneOf(Setting.EVENTS_DECIMALS, problems, "precise", "string", "double");
        checkOneOf(Setting.EVENTS_TIMES, problems, "adaptive", "adaptive_time_microseconds", "connect", "isostring");
        checkOneOf(Setting.EVENTS_BINARIES, problems, "bytes", "base64", "base64-url-safe", "hex");
        checkOneOf(Setting.EVENTS_INTERVALS, problems, "numeric", "string");
        checkOneOf(Setting.ENDPOINT_BODY, problems, "json", "map");
        checkOneOf(Setting.KAFKA_KEYLESS, problems, "null", "transaction");
        checkOneOf(Setting.KAFKA_COMPRESSION, problems, "none", "gzip", "snappy", "lz4", "zstd");
        checkOneOf(Setting.KAFKA_ACKS, problems, "all", "-1");
        checkOneOf(Setting.KAFKA_SECURITY_PROTOCOL, problems, "plaintext", "ssl", "sasl_plaintext", "sasl_ssl");
        checkBoolean(Setting.EVENTS_SCHEMAS, problems);
        checkBoolean(Setting.EVENTS_TOMBSTONES, problems);
        checkBoolean(Setting.KAFKA_TRANSACTION_TOPIC, problems);
        checkBoolean(Setting.KAFKA_CREATE_TOPICS, problems);
        checkNumber(Setting.KAFKA_PARTITIONS, -1, 10_000, problems);
        checkNumber(Setting.KAFKA_REPLICATION_FACTOR, -1, 100, problems);
        checkNumber(Setting.KAFKA_BATCH_SIZE, 1, 1 << 30, problems);
        checkNumber(Setting.KAFKA_LINGER, 0, 60_000, problems);
        checkNumber(Setting.KAFKA_MESSAGE_MAX_BYTES, 1 << 10, Integer.MAX_VALUE, problems);
        checkNumber(Setting.KAFKA_RETRIES, 1, Integer.MAX_VALUE, problems);
        checkNumber(Setting.KAFKA_MESSAGE_TIMEOUT, 1000, Integer.MAX_VALUE, problems);
        checkNumber(Setting.KAFKA_RETRY_BACKOFF, 1, 3_600_000, problems);
        checkNumber(Setting.KAFKA_METADATA_REFRESH, 100, 3_600_000, problems);
        boolean sasl = lower(Setting.KAFKA_SECURITY_PROTOCOL).startsWith("sasl");
        if (text(Setting.KAFKA_SASL_MECHANISM) != null && !sasl) {
            problems.add(named(Setting.KAFKA_SASL_MECHANISM) + " is set, but "
                    + named(Setting.KAFKA_SECURITY_PROTOCOL) + " is " + text(Setting.KAFKA_SECURITY_PROTOCOL)
                    + ", without a login: set it to sasl_ssl or sasl_plaintext");
        }
        if (bool(Setting.EVENTS_SCHEMAS) && "plain".equalsIgnoreCase(text(Setting.EVENTS_FORMAT))) {
            problems.add(named(Setting.EVENTS_SCHEMAS) + ": the plain format has no schemas");
        }
    }

    /** Empty when there is no value. */
    private String lower(Setting setting) {
        return text(setting) == null ? "" : text(setting).toLowerCase(Locale.ROOT);
    }

    private void checkOneOf(Setting setting, List<String> problems, String... allowed) {
        String value = text(setting);
        for (String candidate : allowed) {
            if (candidate.equalsIgnoreCase(value)) {
                return;
            }
        }
        problems.add(named(setting) + " is one of " + String.join(", ", allowed) + ", not \"" + value + "\"");
    }

    private void checkBoolean(Setting setting, List<String> problems) {
        checkOneOf(setting, problems, "true", "false");
    }

    private void checkNumber(Setting setting, long least, long most, List<String> problems) {
        String value = text(setting);
        if (value == null) {
            return;
        }
        try {
            long number = Long.parseLong(value);
            if (number >= least && number <= most) {
                return;
            }
        } catch (NumberFormatException e) {
            // Falls through to the same message: the value is not a number in range.
        }
        problems.add(named(setting) + " is a whole number from " + least + " to " + most + ", not \"" + value + "\"");
    }

    private static boolean flag(String value) {
        return "true".equalsIgnoreCase(value) || "1".equals(value);
    }

    /** {@code CDC_DEST_TYPE (pg2any.target.type)}: both names, because nobody knows which one the reader has set. */
    private static String named(Setting setting) {
        return setting.variable() + " (" + setting.property() + ")";
    }

    /** The value as given, null when there is none. */
    String text(Setting setting) {
        return values.get(setting);
    }

    long number(Setting setting) {
        return Long.parseLong(text(setting));
    }

    boolean bool(Setting setting) {
        return flag(text(setting));
    }

    /** What was given for Kafka's clients by prefix, under their own names; may hold secrets. */
    Map<String, String> kafkaClientProperties() {
        return kafkaClientProperties;
    }

    /** Whether the server is to send logical messages. */
    boolean messages() {
        return !MessageTopics.parse(text(Setting.EVENTS_MESSAGES)).rules().isEmpty();
    }

    /** Accepted, but not what the person who set it may expect. */
    List<String> warnings() {
        return warnings;
    }

    /** Everything in {@code application.properties}, for Camel: users keep their own keys there. */
    Properties file() {
        return file;
    }

    Path stagingFolder() {
        return Path.of(text(Setting.STAGING_BASE)).resolve("staging");
    }

    String targetType() {
        return TARGET_TYPES.stream()
                .filter(text(Setting.TARGET_TYPE)::equalsIgnoreCase)
                .findFirst()
                .orElseThrow();
    }

    @Override
    public String toString() {
        StringBuilder text = new StringBuilder();
        for (Setting setting : Setting.ALL) {
            String value = text(setting);
            if (value != null) {
                text.append(setting.property())
                        .append('=')
                        .append(setting.secret() ? "…" : value)
                        .append('\n');
            }
        }
        return text.toString();
    }
}
