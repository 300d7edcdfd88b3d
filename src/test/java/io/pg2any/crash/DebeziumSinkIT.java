package io.pg2any.crash;

import static org.assertj.core.api.Assertions.assertThat;

import io.debezium.connector.jdbc.JdbcSinkConnectorTask;
import io.pg2any.cli.EmbeddedPostgres;
import io.pg2any.cli.quickstart.PipelineProcess;
import io.pg2any.server.CommittedRecords;
import io.pg2any.server.TestKafka;
import io.pg2any.server.TestPostgres;
import java.lang.reflect.Proxy;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.connect.data.SchemaAndValue;
import org.apache.kafka.connect.json.JsonConverter;
import org.apache.kafka.connect.sink.SinkRecord;
import org.apache.kafka.connect.sink.SinkTaskContext;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Debezium's JDBC sink, unchanged, makes the source's rows and types out of our events. */
class DebeziumSinkIT {
    private static final Duration LIMIT = Duration.ofSeconds(60);

    @TempDir
    private Path folder;

    @Test
    void theSinkMakesTheSourcesRowsOutOfOurEvents() throws Exception {
        try (EmbeddedPostgres server = TestPostgres.start(TestPostgres.VERSION);
                TestKafka kafka = TestKafka.start();
                PipelineProcess pipeline = new PipelineProcess(
                        Scenario.jar(),
                        folder,
                        Map.of(
                                "CDC_SOURCE_CONNECTION_STRING", server.sourceUri("postgres"),
                                "CDC_PUBLICATION", "pub",
                                "CDC_DEST_TYPE", "Kafka",
                                "CDC_DEST_URI", kafka.servers(),
                                "PG2ANY_EVENTS_SCHEMAS", "true",
                                "PG2ANY_EVENTS_DECIMALS", "precise"));
                Connection source = server.connect()) {
            Scenario.execute(source, "CREATE DATABASE replica");
            Scenario.execute(source, """
                    CREATE TABLE thing (id bigint PRIMARY KEY, small smallint, whole int, exact numeric(12,2),
                        near float8, rough float4, flag boolean, words text, short varchar(20), day date, moment timestamp,
                        milli timestamp(3), zoned timestamptz, clock time, uid uuid, doc jsonb, raw bytea, fee numeric(30,10));
                    CREATE TABLE gone (a int, b text, note text, PRIMARY KEY (a, b));
                    CREATE PUBLICATION pub FOR ALL TABLES""");
            pipeline.start("-Xmx128m", "-XX:TieredStopAtLevel=1");
            pipeline.awaitSlot(source, "cdc_slot", LIMIT);
            Scenario.execute(source, """
                    INSERT INTO thing SELECT i, i, i * 1000, i * 1.25, i / 3.0, i * 0.5, i % 2 = 0, 'wörd ' || i, 'v' || i,
                        date '1969-12-25' + i::int, timestamp '2026-03-29 02:30:00.123456' + i * interval '1 hour',
                        '2026-11-22 10:00:00.125', timestamptz '1999-12-31 23:59:59.999999+00' + i * interval '1 day',
                        time '00:00:00.000001' + i * interval '1 minute', md5(i::text)::uuid,
                        jsonb_build_object('n', i, 'list', jsonb_build_array(1, 'two')), decode(md5(i::text), 'hex'),
                        i * 12345678901234567.0000000001
                        FROM generate_series(1, 40) i;
                    INSERT INTO thing (id) VALUES (99);
                    INSERT INTO gone SELECT i, 'k' || i, 'n' FROM generate_series(1, 10) i""");
            Scenario.execute(source, """
                    UPDATE thing SET words = NULL, exact = -0.01 WHERE id % 5 = 0;
                    UPDATE thing SET id = id + 1000 WHERE id < 4;
                    DELETE FROM gone WHERE a > 4;
                    UPDATE gone SET b = 'moved' WHERE a = 2""");
            Scenario.await(
                    "all is in Kafka",
                    () -> pipeline.metrics()
                            .filter(metrics -> metrics.get("pg2any_transactions_processed_total")
                                            .orElse(0)
                                    >= 2)
                            .isPresent());

            sink(server, kafka.servers());
            try (Connection replica = server.connect("replica")) {
                for (String table : List.of("thing", "gone")) {
                    assertThat(rows(replica, table)).isEqualTo(rows(source, table));
                }
                assertThat(columnTypes(replica))
                        .contains(
                                "exact numeric(12,2)",
                                "near double precision",
                                "flag boolean",
                                "day date",
                                "moment timestamp(6) without time zone",
                                "uid uuid",
                                "raw bytea");
            }
            assertThat(pipeline.stop()).as(pipeline.tail()).hasValue(0);
        }
    }

    /** As a worker of Kafka Connect does it: converter, then task. */
    private static void sink(EmbeddedPostgres server, String servers) throws Exception {
        JsonConverter keys = new JsonConverter();
        keys.configure(Map.of("schemas.enable", "true"), true);
        JsonConverter values = new JsonConverter();
        values.configure(Map.of("schemas.enable", "true"), false);
        JdbcSinkConnectorTask task = new JdbcSinkConnectorTask();
        task.initialize((SinkTaskContext) Proxy.newProxyInstance(
                DebeziumSinkIT.class.getClassLoader(),
                new Class<?>[] {SinkTaskContext.class},
                (proxy, method, arguments) -> method.getReturnType() == Map.class ? Map.of() : null));
        task.start(Map.of(
                "connection.url", server.jdbcUrl("replica"),
                "connection.username", "postgres",
                "connection.password", "",
                "insert.mode", "upsert",
                "primary.key.mode", "record_key",
                "delete.enabled", "true",
                "schema.evolution", "basic",
                "use.time.zone", "UTC",
                "collection.name.format", "${source.table}"));
        try {
            List<SinkRecord> records = new ArrayList<>();
            for (ConsumerRecord<byte[], byte[]> record :
                    CommittedRecords.of(servers, Map.of(), topic -> topic.startsWith("pg2any.public."))) {
                SchemaAndValue key = keys.toConnectData(record.topic(), record.key());
                SchemaAndValue value = values.toConnectData(record.topic(), record.value());
                records.add(new SinkRecord(
                        record.topic(),
                        record.partition(),
                        key.schema(),
                        key.value(),
                        value.schema(),
                        value.value(),
                        record.offset()));
            }
            assertThat(records).isNotEmpty();
            task.put(records);
        } finally {
            task.stop();
        }
    }

    private static List<String> rows(Connection connection, String table) throws SQLException {
        return texts(connection, "SELECT to_jsonb(t)::text FROM " + table + " t ORDER BY 1");
    }

    private static List<String> columnTypes(Connection connection) throws SQLException {
        return texts(
                connection,
                "SELECT attname || ' ' || format_type(atttypid, atttypmod) FROM pg_attribute"
                        + " WHERE attrelid = 'thing'::regclass AND attnum > 0");
    }

    private static List<String> texts(Connection connection, String sql) throws SQLException {
        List<String> texts = new ArrayList<>();
        try (Statement statement = connection.createStatement();
                ResultSet row = statement.executeQuery(sql)) {
            while (row.next()) {
                texts.add(row.getString(1));
            }
        }
        return texts;
    }
}
