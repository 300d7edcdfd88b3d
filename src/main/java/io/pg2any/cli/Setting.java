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
            "0",
            "Version of the pgoutput protocol, 1 to 4; 0 is the highest that the server offers");
    static final Setting STREAMING = of(
            "pg2any.source.streaming",
            "CDC_STREAMING",
            "auto",
            "Whether the server sends large transactions while they are open: `on` (or `true`), `parallel` (PostgreSQL"
                    + " 16), `off` (or `false`); `auto` is `on` from protocol 2. Nothing of an open transaction is"
                    + " applied");
    static final Setting TWO_PHASE = of(
            "pg2any.source.twoPhase",
            "PG2ANY_TWO_PHASE",
            "false",
            "`true` (PostgreSQL 15): prepared transactions are received at their prepare, kept in `staging/prepared/`, and"
                    + " applied at COMMIT PREPARED. A slot that was read so once stays so");
    static final Setting ORIGIN = of(
            "pg2any.source.origin",
            "PG2ANY_ORIGIN",
            "any",
            "`none` (PostgreSQL 16): leaves out what the source itself got by replication, so that two pipelines in"
                    + " opposite directions do not send changes round in circles;"
                    + " see [two directions](docs/operations.md#two-directions)");
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
            "Kind of target: `SQLite`, `PostgreSQL`, `MySQL`, `MariaDB`, `SqlServer`, `Kafka` or `Camel` (any endpoint)."
                    + " Required");
    static final Setting TARGET_URI = secret(
            "pg2any.target.uri",
            "CDC_DEST_URI",
            "Where the target is. SQLite: a path, `sqlite://path`, `file:` or `jdbc:sqlite:` URL. Kafka: the brokers,"
                    + " `host:port,host:port`. Camel: an endpoint URI. Others:"
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
    static final Setting EVOLVE = of(
            "pg2any.tables.evolve",
            "PG2ANY_TABLES_EVOLVE",
            "add",
            "A new column of a source table whose target table exists: `add` it there, or `fail`. With"
                    + " `pg2any.tables=expect` it is always an error");
    static final Setting RENAME_TABLES = of(
            "pg2any.tables.rename",
            "PG2ANY_TABLES_RENAME",
            "",
            "Databases: other names for tables, `schema.table:table` or `schema.table:schema.table`, joined by commas; names"
                    + " that hold one of `.` `,` `:` `\"` stand in double quotes");
    static final Setting RENAME_COLUMNS = of(
            "pg2any.columns.rename",
            "PG2ANY_COLUMNS_RENAME",
            "",
            "Databases: other names for columns, `schema.table.column:column`, joined by commas");
    static final Setting EXCLUDE_TABLES = of(
            "pg2any.tables.exclude",
            "PG2ANY_TABLES_EXCLUDE",
            "",
            "Tables whose changes are left out, `schema.table`, joined by commas");
    static final Setting EXCLUDE_COLUMNS = of(
            "pg2any.columns.exclude",
            "PG2ANY_COLUMNS_EXCLUDE",
            "",
            "Columns that are left out, `schema.table.column`, joined by commas; none that belongs to the key");
    static final Setting DIVERGENCE = of(
            "pg2any.divergence",
            "PG2ANY_DIVERGENCE",
            "warn",
            "An update or delete that finds no row: `warn` (count, log once per table), `fail`, `upsert`");
    static final Setting REJECTED = of(
            "pg2any.rejected",
            "PG2ANY_REJECTED",
            "stop",
            "A change that the target refuses for good: `stop` ends the process; `park` sets it aside in"
                    + " `staging/rejected`, for `pg2any rejected`, and goes on");
    static final Setting REJECTED_TABLES = of(
            "pg2any.rejected.tables",
            "PG2ANY_REJECTED_TABLES",
            null,
            "With `park`: only changes of these tables, as `public.*,!public.orders`; those of others stop. All tables"
                    + " unless set");
    static final Setting REJECTED_MAX_BYTES = of(
            "pg2any.rejected.maxBytes",
            "PG2ANY_REJECTED_MAX_BYTES",
            "1073741824",
            "Bytes that changes set aside may take, counted in blocks of 4 KiB; the next one stops the process");
    static final Setting UNREPRESENTABLE = of(
            "pg2any.values.unrepresentable",
            "PG2ANY_VALUES_UNREPRESENTABLE",
            "fail",
            "A value the target cannot hold: `fail`, `null`, `clamp`, `text`");
    static final Setting QUERY_TIMEOUT = of(
            "pg2any.target.queryTimeout",
            "CDC_QUERY_TIMEOUT",
            "10",
            "Seconds a statement may wait for a lock before its batch is rolled back and tried again. Sixty times as long"
                    + " it may go on; the next try of one that did gets twice the time"
                    + " ([docs/operations.md](docs/operations.md#slow-and-hanging-targets))");
    static final Setting DURABLE_INTERVAL = of(
            "pg2any.target.durableMillis",
            "PG2ANY_TARGET_DURABLE_MILLIS",
            "1000",
            "How often a commit is forced to the target's disk; only what is there is acknowledged");
    static final Setting MARK_ORIGIN = of(
            "pg2any.target.markOrigin",
            "PG2ANY_TARGET_MARK_ORIGIN",
            null,
            "PostgreSQL: whether changes are marked with a replication origin, so that a pipeline in the other direction"
                    + " can leave them out; unless set, `true` when `PG2ANY_ORIGIN=none`");
    static final Setting MAX_ROWS_PER_INSERT = of(
            "pg2any.target.maxRowsPerInsert",
            "CDC_MAX_ROWS_PER_INSERT",
            "0",
            "Rows of one multi-row INSERT; 0 leaves it to the dialect");
    static final Setting MAX_ROWS_PER_COMMIT = of(
            "pg2any.apply.maxRowsPerCommit",
            "PG2ANY_APPLY_MAX_ROWS_PER_COMMIT",
            "0",
            "Databases: a source transaction with more rows is committed in parts, each visible at once; 0: one source"
                    + " transaction is one target transaction, whatever its size");
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
                    + " COPY; SQL Server: bulk copy; MySQL and MariaDB, where the server has `local_infile` on: LOAD DATA LOCAL)");

    static final Setting KAFKA_TOPIC_PREFIX = of(
            "pg2any.kafka.topicPrefix",
            "CDC_KAFKA_TOPIC_PREFIX",
            "pg2any",
            "Kafka: begins every topic name, `prefix.schema.table`, and is the events' `source.name`");
    static final Setting KAFKA_SOURCE_DB = of(
            "pg2any.kafka.sourceDatabase",
            "CDC_KAFKA_SOURCE_DB_NAME",
            null,
            "Kafka: the events' `source.db`; the source's database unless set");
    static final Setting KAFKA_DELIVERY = of(
            "pg2any.kafka.delivery",
            "PG2ANY_KAFKA_DELIVERY",
            "exactly-once",
            "Kafka: `exactly-once` (events and position in one Kafka transaction) or `at-least-once` (the position follows the events)");
    static final Setting EVENTS_FORMAT = of(
            "pg2any.events.format",
            "PG2ANY_EVENTS_FORMAT",
            "debezium",
            "Events: `debezium` (its envelope) or `plain` (a compact JSON)");
    static final Setting EVENTS_SCHEMAS = of(
            "pg2any.events.schemas",
            "PG2ANY_EVENTS_SCHEMAS",
            "false",
            "Events: `true` puts the Kafka Connect schema into every key and value, as the namesake does");
    static final Setting EVENTS_DECIMALS = of(
            "pg2any.events.decimals",
            "PG2ANY_EVENTS_DECIMALS",
            "string",
            "Events: numeric as `precise` (Connect's Decimal), `string` or `double`");
    static final Setting EVENTS_TIMES = of(
            "pg2any.events.times",
            "PG2ANY_EVENTS_TIMES",
            "adaptive",
            "Events: dates and times without a zone as Debezium's `adaptive`, `adaptive_time_microseconds`, `connect` or `isostring`");
    static final Setting EVENTS_BINARIES = of(
            "pg2any.events.binaries",
            "PG2ANY_EVENTS_BINARIES",
            "bytes",
            "Events: bytea as `bytes` (base64 in JSON), `base64`, `base64-url-safe` or `hex`");
    static final Setting EVENTS_INTERVALS = of(
            "pg2any.events.intervals",
            "PG2ANY_EVENTS_INTERVALS",
            "numeric",
            "Events: intervals as `numeric` (microseconds, months averaged) or `string` (ISO 8601)");
    static final Setting EVENTS_TOMBSTONES = of(
            "pg2any.events.tombstones",
            "PG2ANY_EVENTS_TOMBSTONES",
            "true",
            "Events: `false` leaves out the tombstone after a delete");
    static final Setting KAFKA_TRANSACTION_TOPIC = of(
            "pg2any.kafka.transactionTopic",
            "PG2ANY_KAFKA_TRANSACTION_TOPIC",
            "false",
            "Events: `true` sends BEGIN and END of every transaction to `prefix.transaction`");
    static final Setting KAFKA_KEY_COLUMNS = of(
            "pg2any.events.keyColumns",
            "CDC_KAFKA_KEY_COLUMNS",
            null,
            "Kafka: message keys other than the replica identity, `schema.table:c1,c2;schema.table2:c3` with the source's names");
    static final Setting EVENTS_MESSAGES = of(
            "pg2any.events.messages",
            "PG2ANY_EVENTS_MESSAGES",
            null,
            "Events: which logical messages (`pg_logical_emit_message`) go where, by their prefix:"
                    + " `prefix=topic;prefix*=topic2`. What `*` stands for is the key. Unless set, the server sends none");
    static final Setting KAFKA_KEYLESS = of(
            "pg2any.kafka.keyless",
            "PG2ANY_KAFKA_KEYLESS",
            "null",
            "Kafka: messages of tables without a key go `null` (where the partitioner puts them) or `transaction` (all of one transaction to one partition)");
    static final Setting KAFKA_CREATE_TOPICS = of(
            "pg2any.kafka.topics.create",
            "PG2ANY_KAFKA_TOPICS_CREATE",
            "true",
            "Kafka: `false` makes a missing topic an error");
    static final Setting KAFKA_PARTITIONS = of(
            "pg2any.kafka.topics.partitions",
            "PG2ANY_KAFKA_TOPICS_PARTITIONS",
            "-1",
            "Kafka: partitions of created topics; -1 is the broker's default");
    static final Setting KAFKA_REPLICATION_FACTOR = of(
            "pg2any.kafka.topics.replicationFactor",
            "PG2ANY_KAFKA_TOPICS_REPLICATION_FACTOR",
            "-1",
            "Kafka: replicas of created topics; -1 is the broker's default");
    static final Setting KAFKA_TOPIC_CONFIGS = of(
            "pg2any.kafka.topics.configs",
            "PG2ANY_KAFKA_TOPICS_CONFIGS",
            null,
            "Kafka: configs of created topics, `name=value;name2=value2`");
    static final Setting KAFKA_SECURITY_PROTOCOL = of(
            "pg2any.kafka.securityProtocol",
            "CDC_KAFKA_SECURITY_PROTOCOL",
            "plaintext",
            "Kafka: `plaintext`, `ssl`, `sasl_plaintext` or `sasl_ssl`");
    static final Setting KAFKA_SASL_MECHANISM = of(
            "pg2any.kafka.saslMechanism",
            "CDC_KAFKA_SASL_MECHANISM",
            null,
            "Kafka: `PLAIN`, `SCRAM-SHA-256`, `SCRAM-SHA-512` or `OAUTHBEARER`");
    static final Setting KAFKA_SASL_USERNAME = secret(
            "pg2any.kafka.saslUsername", "CDC_KAFKA_SASL_USERNAME", "Kafka: user name; for OAUTHBEARER the client id");
    static final Setting KAFKA_SASL_PASSWORD = secret(
            "pg2any.kafka.saslPassword",
            "CDC_KAFKA_SASL_PASSWORD",
            "Kafka: password; for OAUTHBEARER the client secret");
    static final Setting KAFKA_COMPRESSION = of(
            "pg2any.kafka.compression",
            "CDC_KAFKA_COMPRESSION",
            "lz4",
            "Kafka: `none`, `gzip`, `snappy`, `lz4` or `zstd`");
    static final Setting KAFKA_BATCH_SIZE = of(
            "pg2any.kafka.batchBytes",
            "CDC_KAFKA_BATCH_SIZE",
            "262144",
            "Kafka: bytes of one batch for a partition (`batch.size`)");
    static final Setting KAFKA_LINGER = of(
            "pg2any.kafka.lingerMillis",
            "CDC_KAFKA_LINGER_MS",
            "100",
            "Kafka: how long a batch waits for more while more is coming (`linger.ms`); a commit does not wait for it");
    static final Setting KAFKA_ACKS =
            of("pg2any.kafka.acks", "CDC_KAFKA_ACKS", "all", "Kafka: `all`, without which nothing is guaranteed");
    static final Setting KAFKA_MESSAGE_MAX_BYTES = of(
            "pg2any.kafka.messageMaxBytes",
            "CDC_KAFKA_MESSAGE_MAX_BYTES",
            "1048576",
            "Kafka: the largest message (`max.request.size`)");
    static final Setting KAFKA_RETRIES = of(
            "pg2any.kafka.retries",
            "CDC_KAFKA_RETRIES",
            null,
            "Kafka: how often the client itself tries again (`retries`); until the message's time is over unless set");
    static final Setting KAFKA_MESSAGE_TIMEOUT = of(
            "pg2any.kafka.messageTimeoutMillis",
            "CDC_KAFKA_MESSAGE_TIMEOUT_MS",
            "30000",
            "Kafka: after this a message that no broker has taken fails its batch, which is tried again (`delivery.timeout.ms`)");
    static final Setting KAFKA_RETRY_BACKOFF = of(
            "pg2any.kafka.retryBackoffMillis",
            "CDC_KAFKA_RETRY_BACKOFF_MS",
            "200",
            "Kafka: pause before the client tries again (`retry.backoff.ms`)");
    static final Setting KAFKA_METADATA_REFRESH = of(
            "pg2any.kafka.metadataRefreshMillis",
            "CDC_KAFKA_METADATA_REFRESH_INTERVAL_MS",
            "5000",
            "Kafka: how often the client looks for moved partitions (`metadata.max.age.ms`)");
    static final Setting KAFKA_CLIENT_PROPERTIES = of(
            "pg2any.kafka.client.*",
            "PG2ANY_KAFKA_CLIENT_*",
            null,
            "Kafka: any other property of Kafka's clients: `pg2any.kafka.client.ssl.truststore.location`, or `PG2ANY_KAFKA_CLIENT_SSL_TRUSTSTORE_LOCATION`");

    static final Setting ENDPOINT_BODY = of(
            "pg2any.endpoint.body",
            "PG2ANY_ENDPOINT_BODY",
            "json",
            "Camel: what a message holds, `json` text or a `map`");

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
            "MiB of one file of a transaction that does not fit in memory");
    static final Setting COMPRESSION = of(
            "pg2any.staging.compression",
            "PG2ANY_COMPRESSION",
            null,
            "Of staged files: `none`, `gzip`, `zstd` or `lz4`. Unset, it is `zstd` if `PG2ANY_ENABLE_COMPRESSION` is"
                    + " `true`, and `none` otherwise. Files from before a change are still read");
    static final Setting ENABLE_COMPRESSION = of(
            "pg2any.staging.enableCompression",
            "PG2ANY_ENABLE_COMPRESSION",
            null,
            "`true` compresses staged files, `false` does not; `PG2ANY_COMPRESSION` says how, and must not contradict");
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
            TWO_PHASE,
            ORIGIN,
            BINARY,
            CONNECTION_TIMEOUT,
            HANDOFF_BYTES,
            CHANNEL_CAPACITY,
            TARGET_TYPE,
            TARGET_URI,
            SCHEMA_MAPPING,
            TABLES,
            EVOLVE,
            RENAME_TABLES,
            RENAME_COLUMNS,
            EXCLUDE_TABLES,
            EXCLUDE_COLUMNS,
            DIVERGENCE,
            REJECTED,
            REJECTED_TABLES,
            REJECTED_MAX_BYTES,
            UNREPRESENTABLE,
            QUERY_TIMEOUT,
            DURABLE_INTERVAL,
            MARK_ORIGIN,
            MAX_ROWS_PER_INSERT,
            MAX_ROWS_PER_COMMIT,
            APPLY_ORDER,
            BATCH_SIZE,
            BULK_INSERT_THRESHOLD,
            KAFKA_TOPIC_PREFIX,
            KAFKA_SOURCE_DB,
            KAFKA_DELIVERY,
            EVENTS_FORMAT,
            EVENTS_SCHEMAS,
            EVENTS_DECIMALS,
            EVENTS_TIMES,
            EVENTS_BINARIES,
            EVENTS_INTERVALS,
            EVENTS_TOMBSTONES,
            KAFKA_TRANSACTION_TOPIC,
            KAFKA_KEY_COLUMNS,
            EVENTS_MESSAGES,
            KAFKA_KEYLESS,
            KAFKA_CREATE_TOPICS,
            KAFKA_PARTITIONS,
            KAFKA_REPLICATION_FACTOR,
            KAFKA_TOPIC_CONFIGS,
            KAFKA_SECURITY_PROTOCOL,
            KAFKA_SASL_MECHANISM,
            KAFKA_SASL_USERNAME,
            KAFKA_SASL_PASSWORD,
            KAFKA_COMPRESSION,
            KAFKA_BATCH_SIZE,
            KAFKA_LINGER,
            KAFKA_ACKS,
            KAFKA_MESSAGE_MAX_BYTES,
            KAFKA_RETRIES,
            KAFKA_MESSAGE_TIMEOUT,
            KAFKA_RETRY_BACKOFF,
            KAFKA_METADATA_REFRESH,
            KAFKA_CLIENT_PROPERTIES,
            ENDPOINT_BODY,
            STAGING_BASE,
            ACKNOWLEDGE,
            STAGING_MAX_BYTES,
            STAGING_BATCH_BYTES,
            SEGMENT_SIZE,
            COMPRESSION,
            ENABLE_COMPRESSION,
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
