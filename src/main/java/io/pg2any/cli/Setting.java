package io.pg2any.cli;

import java.util.List;

/**
 * One setting of the application: the single source of the option reference, of environment look-up and of the keys
 * that {@code application.properties} may hold.
 *
 * @param property key in {@code application.properties} and of {@code -D}
 * @param variable environment variable; wins over the file
 * @param fallback value when neither is given, null when there is none
 * @param secret never printed
 * @param description for the option reference
 */
record Setting(String property, String variable, String fallback, boolean secret, String description) {

    static final Setting CONNECTION = secret(
            "pg2any.source.connection",
            "CDC_SOURCE_CONNECTION_STRING",
            "Where the source is: `postgresql://user:password@host:port/database?…` (several hosts, IPv6, TLS"
                    + " parameters), a `jdbc:postgresql:` URL or `key=value` pairs. Required");
    static final Setting SLOT = of(
            "pg2any.source.slot",
            "CDC_REPLICATION_SLOT",
            "cdc_slot",
            "Replication slot; made on the first start when missing, never again after it was lost");
    static final Setting PUBLICATION = of(
            "pg2any.source.publication",
            "CDC_PUBLICATION",
            "cdc_pub",
            "Publications to subscribe to, separated by commas");
    static final Setting CREATE_SLOT =
            of("pg2any.source.createSlot", "PG2ANY_CREATE_SLOT", "true", "`false`: a missing slot is an error");
    static final Setting CREATE_PUBLICATION = of(
            "pg2any.source.createPublication",
            "PG2ANY_CREATE_PUBLICATION",
            "false",
            "`true`: a missing publication is created FOR ALL TABLES");
    static final Setting PROTOCOL_VERSION = of(
            "pg2any.source.protocolVersion",
            "CDC_PROTOCOL_VERSION",
            "1",
            "Version of the pgoutput protocol, 1 to 4. This release receives every transaction whole, after its commit,"
                    + " whatever the version");
    static final Setting STREAMING = of(
            "pg2any.source.streaming",
            "CDC_STREAMING",
            "off",
            "`off`. The namesake's `true`, and `on` and `parallel`, are accepted with a warning: this release does not"
                    + " ask the server to stream open transactions");
    static final Setting BINARY = of(
            "pg2any.source.binary",
            "CDC_BINARY_FORMAT",
            "false",
            "Accepted for the namesake's sake, where it has no effect either");
    static final Setting CONNECTION_TIMEOUT = of(
            "pg2any.source.connectionTimeout",
            "CDC_CONNECTION_TIMEOUT",
            "30",
            "Seconds that connecting to the source, or to the target, may take");
    static final Setting HANDOFF_BYTES = of(
            "pg2any.capture.handoffBytes",
            "PG2ANY_CAPTURE_HANDOFF_BYTES",
            "8388608",
            "Bytes that may wait between the socket and staging");
    static final Setting CHANNEL_CAPACITY = of(
            "pg2any.capture.channelCapacity",
            "CDC_CHANNEL_CAPACITY",
            null,
            "Accepted for the namesake's sake (also as `CDC_BUFFER_SIZE`); here bytes are bounded, not entries");

    static final Setting TARGET_TYPE = of(
            "pg2any.target.type",
            "CDC_DEST_TYPE",
            null,
            "Kind of target: `SQLite`, `PostgreSQL`, `MySQL`, `MariaDB` or `SqlServer`. Required");
    static final Setting TARGET_URI = secret(
            "pg2any.target.uri",
            "CDC_DEST_URI",
            "Where the target is. SQLite: a path, `sqlite://path`, `file:` or `jdbc:sqlite:` URL. Others:"
                    + " `postgresql://user:password@host:port/database?…`, with `mysql:`, `mariadb:` or `sqlserver:` in its place, or the"
                    + " JDBC URL. Required");
    static final Setting SCHEMA_MAPPING = of(
            "pg2any.target.schemaMapping",
            "CDC_SCHEMA_MAPPING",
            "",
            "Where schemas go: `source:target,source2:target2`. Unmapped, `public` is the target's default schema, and any"
                    + " other is a schema (in MySQL a database) of the same name. SQLite has no schemas: `s.t` becomes table `s_t`");
    static final Setting TABLES = of(
            "pg2any.tables",
            "PG2ANY_TABLES",
            "create",
            "`create`: missing target tables and columns are made from what the source announces; `expect`: they are an"
                    + " error");
    static final Setting DIVERGENCE = of(
            "pg2any.divergence",
            "PG2ANY_DIVERGENCE",
            "warn",
            "An update or delete that finds no row: `warn` (count, log once per table), `fail`, `upsert`");
    static final Setting UNREPRESENTABLE = of(
            "pg2any.values.unrepresentable",
            "PG2ANY_VALUES_UNREPRESENTABLE",
            "fail",
            "A value the target cannot hold: `fail`, `null`, `clamp`, `text`");
    static final Setting QUERY_TIMEOUT = of(
            "pg2any.target.queryTimeout",
            "CDC_QUERY_TIMEOUT",
            "10",
            "Seconds a statement may wait for a lock before its batch is rolled back and tried again");
    static final Setting DURABLE_INTERVAL = of(
            "pg2any.target.durableMillis",
            "PG2ANY_TARGET_DURABLE_MILLIS",
            "1000",
            "How often a commit is forced to the target's disk; only what is there is acknowledged");
    static final Setting MAX_ROWS_PER_INSERT = of(
            "pg2any.target.maxRowsPerInsert",
            "CDC_MAX_ROWS_PER_INSERT",
            "0",
            "Rows of one multi-row INSERT; 0 leaves it to the dialect");
    static final Setting APPLY_ORDER = of(
            "pg2any.apply.order",
            "PG2ANY_APPLY_ORDER",
            "grouped",
            "`grouped`: rows are written by table and net effect per key, where nothing at the target can tell;"
                    + " `strict`: in the source's order everywhere");
    static final Setting BATCH_SIZE = of(
            "pg2any.target.batchSize",
            "CDC_BATCH_SIZE",
            "20000",
            "How many changes are folded together at most before they are written (also as `CDC_COMMIT_BATCH_SIZE`); a"
                    + " source transaction is never cut by it");
    static final Setting BULK_INSERT_THRESHOLD = of(
            "pg2any.target.bulkInsertThreshold",
            "CDC_BULK_INSERT_THRESHOLD",
            "500",
            "From how many rows on an insert goes through the bulk protocol of a target that has one (PostgreSQL:"
                    + " COPY)");

    static final Setting STAGING_BASE =
            of("pg2any.staging.base", "CDC_TRANSACTION_FILE_BASE_PATH", ".", "Folder in which `staging/` is made");
    static final Setting ACKNOWLEDGE = of(
            "pg2any.staging.acknowledge",
            "PG2ANY_ACKNOWLEDGE",
            "applied",
            "When PostgreSQL may forget a transaction: `applied` (the target has it on disk) or `staged` (this machine"
                    + " has it on disk)");
    static final Setting STAGING_MAX_BYTES = of(
            "pg2any.staging.maxBytes",
            "PG2ANY_STAGING_MAX_BYTES",
            "10737418240",
            "Disk quota of staging; at it capture stops reading until the target has caught up");
    static final Setting STAGING_BATCH_BYTES = of(
            "pg2any.staging.batchBytes",
            "PG2ANY_STAGING_BATCH_BYTES",
            "4194304",
            "Bytes of small transactions that share one staged file, and one target transaction, under backlog");
    static final Setting SEGMENT_SIZE = of(
            "pg2any.staging.segmentMegabytes",
            "CDC_TRANSACTION_SEGMENT_SIZE_MB",
            "64",
            "Accepted for the namesake's sake: this release gives a large transaction one file");
    static final Setting COMPRESSION = of(
            "pg2any.staging.compression",
            "PG2ANY_ENABLE_COMPRESSION",
            "false",
            "`true` is accepted with a warning: this release stages uncompressed");
    static final Setting LAST_LSN_FILE = of(
            "pg2any.source.lastLsnFile",
            "CDC_LAST_LSN_FILE",
            null,
            "Accepted for the namesake's sake; here the position is in the target, in the same transaction as the data");

    static final Setting PIPELINE = of(
            "pg2any.pipeline",
            "PG2ANY_PIPELINE",
            "pg2any",
            "Name of this pipeline: key of its row in the target's `pg2any_position` table");
    static final Setting HTTP_HOST =
            of("pg2any.http.host", "PG2ANY_HTTP_HOST", "127.0.0.1", "Address of `/metrics` and `/health`");
    static final Setting HTTP_PORT =
            of("pg2any.http.port", "METRICS_PORT", "8080", "Port of `/metrics` and `/health`; 0 switches them off");
    static final Setting LOG_LEVEL =
            of("pg2any.log.level", "PG2ANY_LOG_LEVEL", "info", "`error`, `warn`, `info`, `debug` or `trace`");

    /** In the order of the option reference. */
    static final List<Setting> ALL = List.of(
            CONNECTION,
            SLOT,
            PUBLICATION,
            CREATE_SLOT,
            CREATE_PUBLICATION,
            PROTOCOL_VERSION,
            STREAMING,
            BINARY,
            CONNECTION_TIMEOUT,
            HANDOFF_BYTES,
            CHANNEL_CAPACITY,
            TARGET_TYPE,
            TARGET_URI,
            SCHEMA_MAPPING,
            TABLES,
            DIVERGENCE,
            UNREPRESENTABLE,
            QUERY_TIMEOUT,
            DURABLE_INTERVAL,
            MAX_ROWS_PER_INSERT,
            APPLY_ORDER,
            BATCH_SIZE,
            BULK_INSERT_THRESHOLD,
            STAGING_BASE,
            ACKNOWLEDGE,
            STAGING_MAX_BYTES,
            STAGING_BATCH_BYTES,
            SEGMENT_SIZE,
            COMPRESSION,
            LAST_LSN_FILE,
            PIPELINE,
            HTTP_HOST,
            HTTP_PORT,
            LOG_LEVEL);

    private static Setting of(String property, String variable, String fallback, String description) {
        return new Setting(property, variable, fallback, false, description);
    }

    private static Setting secret(String property, String variable, String description) {
        return new Setting(property, variable, null, true, description);
    }
}
