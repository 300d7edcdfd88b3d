package io.pg2any.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.HashMap;
import java.util.Map;
import java.util.Properties;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class SettingsTest {
    private final Map<String, String> environment = new HashMap<>(Map.of(
            "CDC_SOURCE_CONNECTION_STRING", "postgresql://u:s3cret@localhost:5432/db?replication=database",
            "CDC_DEST_TYPE", "SQLite",
            "CDC_DEST_URI", "./replica.db"));
    private final Properties file = new Properties();
    private final Properties system = new Properties();

    private Settings settings() throws ConfigurationException {
        return Settings.of(file, environment, system);
    }

    @Test
    void theDefaultsStart() throws Exception {
        Settings settings = settings();

        assertThat(settings.text(Setting.SLOT)).isEqualTo("cdc_slot");
        assertThat(settings.text(Setting.PUBLICATION)).isEqualTo("cdc_pub");
        assertThat(settings.number(Setting.HTTP_PORT)).isEqualTo(8080);
        assertThat(settings.warnings()).isEmpty();
    }

    @Test
    void theEnvironmentWinsOverTheFileAndSystemPropertiesOverBoth() throws Exception {
        file.setProperty("pg2any.source.slot", "from_file");
        file.setProperty("pg2any.source.publication", "from_file");
        file.setProperty("pg2any.pipeline", "from_file");
        environment.put("CDC_REPLICATION_SLOT", "from_environment");
        environment.put("CDC_PUBLICATION", "from_environment");
        system.setProperty("pg2any.source.slot", "from_system");

        assertThat(settings().text(Setting.SLOT)).isEqualTo("from_system");
        assertThat(settings().text(Setting.PUBLICATION)).isEqualTo("from_environment");
        assertThat(settings().text(Setting.PIPELINE)).isEqualTo("from_file");
    }

    @ParameterizedTest
    @CsvSource({
        "CDC_DEST_TYPE, Oracle, MySQL; MariaDB; SqlServer; SQLite; PostgreSQL; Kafka; Camel",
        "CDC_REPLICATION_SLOT, My-Slot, lower-case letters",
        "CDC_PROTOCOL_VERSION, 5, from 0 to 4",
        "CDC_PROTOCOL_VERSION, two, from 0 to 4",
        "CDC_STREAMING, maybe, auto; off; on; parallel",
        "PG2ANY_ORIGIN, local, any or none",
        "PG2ANY_TWO_PHASE, yes, true; false",
        "CDC_CONNECTION_TIMEOUT, 0, from 1 to 3600",
        "METRICS_PORT, 99999, from 0 to 65535",
        "PG2ANY_ACKNOWLEDGE, sometime, applied; staged",
        "PG2ANY_COMPRESSION, snappy, none; gzip; zstd; lz4",
        "PG2ANY_ENABLE_COMPRESSION, yes, true; false",
        "CDC_SCHEMA_MAPPING, public, source:target",
        "CDC_SOURCE_CONNECTION_STRING, mysql://h/db, postgresql",
        "PG2ANY_TABLES, drop, create; expect",
        "PG2ANY_REJECTED, skip, stop; park",
        "PG2ANY_REJECTED_TABLES, orders, schema.table",
        "PG2ANY_REJECTED_TABLES, public.*, is not park",
        "PG2ANY_KAFKA_DELIVERY, sometimes, exactly-once; at-least-once",
        "CDC_KAFKA_ACKS, 1, all",
        "CDC_KAFKA_SASL_MECHANISM, PLAIN, CDC_KAFKA_SECURITY_PROTOCOL",
    })
    void aBadValueIsRefusedByItsVariable(String variable, String value, String expected) {
        environment.put(variable, value);

        assertThatThrownBy(this::settings)
                .isInstanceOf(ConfigurationException.class)
                .hasMessageContaining(variable)
                .hasMessageContaining(expected.replace(';', ','));
    }

    @ParameterizedTest
    @CsvSource({",,none", "true,,zstd", "1,,zstd", "false,,none", ",lz4,lz4", "true,gzip,gzip", "false,none,none"})
    void compressionIsOfTheDefaultKindUnlessItIsNamed(String enabled, String kind, String expected) throws Exception {
        compress(enabled, kind);

        assertThat(settings().compression()).isEqualTo(expected);
    }

    @ParameterizedTest
    @CsvSource({"false,lz4", "0,zstd", "true,none"})
    void aCompressionThatIsBothOnAndOffIsRefused(String enabled, String kind) {
        compress(enabled, kind);

        assertThatThrownBy(this::settings)
                .hasMessageContaining("PG2ANY_ENABLE_COMPRESSION")
                .hasMessageContaining("PG2ANY_COMPRESSION");
    }

    private void compress(String enabled, String kind) {
        if (enabled != null) {
            environment.put("PG2ANY_ENABLE_COMPRESSION", enabled);
        }
        if (kind != null) {
            environment.put("PG2ANY_COMPRESSION", kind);
        }
    }

    @Test
    void everyProblemIsToldAtOnce() {
        environment.remove("CDC_DEST_URI");
        environment.remove("CDC_SOURCE_CONNECTION_STRING");
        environment.put("CDC_DEST_TYPE", "");

        assertThatThrownBy(this::settings)
                .hasMessageContaining("CDC_SOURCE_CONNECTION_STRING")
                .hasMessageContaining("CDC_DEST_TYPE")
                .hasMessageContaining("CDC_DEST_URI");
    }

    @Test
    void anUnknownKeyInTheFileIsAnError() {
        file.setProperty("pg2any.source.slott", "x");
        file.setProperty("camel.main.name", "fine");

        assertThatThrownBy(this::settings)
                .hasMessageContaining("pg2any.source.slott")
                .hasMessageNotContaining("camel.main.name");
    }

    @Test
    void aVariableThatIsNoSettingIsWarnedOf() throws Exception {
        environment.put("CDC_REPLICATION_SLOTT", "x");
        environment.put("PG2ANY_KAFKA_CLIENT_CLIENT_ID", "fine");
        environment.put("CDC_BUFFER_SIZE", "500");

        assertThat(settings().warnings())
                .anyMatch(warning -> warning.startsWith("CDC_REPLICATION_SLOTT is not a setting"))
                .noneMatch(warning -> warning.contains("CLIENT_ID"))
                .noneMatch(warning -> warning.startsWith("CDC_BUFFER_SIZE is not"));
    }

    @Test
    void theNamesakesOldNamesWorkWithAWarning() throws Exception {
        environment.put("CDC_BUFFER_SIZE", "500");

        assertThat(settings().text(Setting.CHANNEL_CAPACITY)).isEqualTo("500");
        assertThat(settings().warnings()).anyMatch(warning -> warning.contains("CDC_CHANNEL_CAPACITY"));
    }

    @Test
    void noSecretIsPrinted() throws Exception {
        assertThat(settings().toString()).doesNotContain("s3cret");

        environment.put("CDC_SOURCE_CONNECTION_STRING", "postgresql://u:s3cret@localhost:notaport/db");
        assertThatThrownBy(this::settings).hasMessageNotContaining("s3cret");
    }

    @Test
    void whoLeavesOutReplicatedChangesMarksHisOwnUnlessToldOtherwise() throws Exception {
        assertThat(settings().marksOrigin()).isFalse();
        environment.put("PG2ANY_ORIGIN", "none");
        assertThat(settings().marksOrigin()).isTrue();
        environment.put("PG2ANY_TARGET_MARK_ORIGIN", "false");
        assertThat(settings().marksOrigin()).isFalse();

        environment.put("PG2ANY_TARGET_MARK_ORIGIN", "true");
        assertThatThrownBy(this::settings).hasMessageContaining("PG2ANY_TARGET_MARK_ORIGIN");
        environment.put("CDC_DEST_TYPE", "postgresql");
        environment.put("CDC_DEST_URI", "postgresql://u@h/d");
        assertThat(settings().marksOrigin()).isTrue();
    }

    @Test
    void transactionsInPartsAreForDatabases() throws Exception {
        environment.put("PG2ANY_APPLY_MAX_ROWS_PER_COMMIT", "1000");
        assertThat(settings().number(Setting.MAX_ROWS_PER_COMMIT)).isEqualTo(1000);

        environment.put("CDC_DEST_TYPE", "kafka");
        assertThatThrownBy(this::settings).hasMessageContaining("PG2ANY_APPLY_MAX_ROWS_PER_COMMIT");
    }

    @Test
    void propertiesOfKafkasClientsAreGivenByPrefix() throws Exception {
        environment.put("PG2ANY_KAFKA_CLIENT_SSL_TRUSTSTORE_PASSWORD", "hush");
        file.setProperty("pg2any.kafka.client.buffer.memory", "1000000");

        assertThat(settings().kafkaClientProperties())
                .isEqualTo(Map.of("ssl.truststore.password", "hush", "buffer.memory", "1000000"));
        assertThat(settings().toString()).doesNotContain("hush");
    }

    @Test
    void namesOfAnotherFormAreToldTogether() {
        environment.put("PG2ANY_TABLES_RENAME", "orders:o");
        environment.put("PG2ANY_COLUMNS_EXCLUDE", "public.orders");
        environment.put("PG2ANY_TABLES_EVOLVE", "maybe");

        assertThatThrownBy(this::settings)
                .hasMessageContaining("PG2ANY_TABLES_RENAME (pg2any.tables.rename): expected schema.table:table")
                .hasMessageContaining("PG2ANY_COLUMNS_EXCLUDE (pg2any.columns.exclude): expected schema.table.column")
                .hasMessageContaining("PG2ANY_TABLES_EVOLVE");
    }

    @Test
    void eventsBearTheSourcesNames() {
        environment.put("CDC_DEST_TYPE", "Kafka");
        environment.put("PG2ANY_TABLES_RENAME", "public.orders:o");

        assertThatThrownBy(this::settings).hasMessageContaining("pg2any.tables.rename) is for databases");
    }
}
