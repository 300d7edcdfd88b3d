package io.pg2any.camel;

import java.util.HashMap;
import java.util.Map;
import org.apache.camel.RuntimeCamelException;
import org.apache.camel.spi.Configurer;
import org.apache.camel.spi.UriParam;
import org.apache.camel.spi.UriParams;

/** Options of {@code kafkaapply:} endpoints. */
@Configurer
@UriParams
public class KafkaApplyConfiguration implements Cloneable {
    @UriParam(label = "common", description = "The brokers: host:port pairs separated by commas")
    private String servers;

    @UriParam(
            label = "common",
            defaultValue = "pg2any",
            description = "Begins every topic name, and is the source.name of events")
    private String topicPrefix = "pg2any";

    @UriParam(label = "common", defaultValue = "postgres", description = "The source.db of events")
    private String database = "postgres";

    @UriParam(
            label = "common",
            defaultValue = "exactly-once",
            enums = "exactly-once,at-least-once",
            description =
                    "exactly-once puts the events of a batch and its position into one Kafka transaction; at-least-once sends the position after them")
    private String delivery = "exactly-once";

    @UriParam(
            label = "common",
            defaultValue = "debezium",
            enums = "debezium,plain",
            description = "The form of events: the Debezium envelope, or a compact JSON")
    private String format = "debezium";

    @UriParam(
            label = "common",
            defaultValue = "false",
            description = "Whether every key and value carries its Kafka Connect schema")
    private boolean schemas;

    @UriParam(
            label = "common",
            defaultValue = "string",
            enums = "precise,string,double",
            description = "How numeric values appear")
    private String decimals = "string";

    @UriParam(
            label = "common",
            defaultValue = "adaptive",
            enums = "adaptive,adaptive_time_microseconds,connect,isostring",
            description = "How dates and times without a zone appear")
    private String times = "adaptive";

    @UriParam(
            label = "common",
            defaultValue = "bytes",
            enums = "bytes,base64,base64-url-safe,hex",
            description = "How bytea values appear")
    private String binaries = "bytes";

    @UriParam(
            label = "common",
            defaultValue = "numeric",
            enums = "numeric,string",
            description = "How intervals appear: approximate microseconds, or ISO 8601")
    private String intervals = "numeric";

    @UriParam(
            label = "common",
            defaultValue = "true",
            description = "Whether a delete is followed by a message without a value, for log compaction")
    private boolean tombstones = true;

    @UriParam(
            label = "common",
            defaultValue = "false",
            description = "Whether BEGIN and END of every transaction are sent to the topic prefix.transaction")
    private boolean transactionTopic;

    @UriParam(
            label = "common",
            description =
                    "Message keys other than the replica identity: schema.table:column,column;schema.table2:column")
    private String keyColumns;

    @UriParam(
            label = "common",
            description =
                    "Topics of logical messages by their prefix: prefix=topic;prefix*=topic2; what * stands for is the key. Other messages are left out")
    private String messages;

    @UriParam(
            label = "common",
            defaultValue = "null",
            enums = "null,transaction",
            description =
                    "Where messages of tables without a key go: wherever the partitioner puts them, or those of a transaction to one partition")
    private String keyless = "null";

    @UriParam(
            label = "common",
            description = "What schemas are called in topics: source:target pairs separated by commas")
    private String schemaMapping;

    @UriParam(
            label = "common",
            description = "Tables whose changes are left out: schema.table names separated by commas, exact and"
                    + " case-sensitive; a name that holds a dot, comma, colon or double quote stands in double quotes")
    private String excludeTables;

    @UriParam(
            label = "common",
            description = "Columns that are left out: schema.table.column names separated by commas; none of a key")
    private String excludeColumns;

    @UriParam(
            label = "common",
            defaultValue = "fail",
            enums = "fail,null,clamp,text",
            description = "What happens to a value that has no form in events")
    private String unrepresentable = "fail";

    @UriParam(
            label = "topics",
            defaultValue = "true",
            description = "Whether missing topics are created; otherwise they are an error")
    private boolean createTopics = true;

    @UriParam(
            label = "topics",
            defaultValue = "-1",
            description = "Partitions of created topics; -1 leaves it to the broker")
    private int partitions = -1;

    @UriParam(
            label = "topics",
            defaultValue = "-1",
            description = "Replicas of created topics; -1 leaves it to the broker")
    private short replicationFactor = -1;

    @UriParam(label = "topics", description = "Configs of created topics: name=value pairs separated by semicolons")
    private String topicConfigs;

    @UriParam(
            label = "security",
            defaultValue = "plaintext",
            enums = "plaintext,ssl,sasl_plaintext,sasl_ssl",
            description = "How to talk to the brokers")
    private String securityProtocol = "plaintext";

    @UriParam(label = "security", description = "PLAIN, SCRAM-SHA-256, SCRAM-SHA-512 or OAUTHBEARER")
    private String saslMechanism;

    @UriParam(label = "security", secret = true, description = "User name, or client id for OAUTHBEARER")
    private String saslUsername;

    @UriParam(label = "security", secret = true, description = "Password, or client secret for OAUTHBEARER")
    private String saslPassword;

    @UriParam(
            label = "advanced",
            prefix = "client.",
            multiValue = true,
            description = "Any property of Kafka's clients, as in client.ssl.truststore.location")
    private Map<String, Object> clientProperties = new HashMap<>();

    KafkaApplyConfiguration copy() {
        try {
            KafkaApplyConfiguration copy = (KafkaApplyConfiguration) clone();
            copy.clientProperties = new HashMap<>(clientProperties);
            return copy;
        } catch (CloneNotSupportedException e) {
            throw new RuntimeCamelException(e);
        }
    }

    public String getServers() {
        return servers;
    }

    public void setServers(String servers) {
        this.servers = servers;
    }

    public String getTopicPrefix() {
        return topicPrefix;
    }

    public void setTopicPrefix(String topicPrefix) {
        this.topicPrefix = topicPrefix;
    }

    public String getDatabase() {
        return database;
    }

    public void setDatabase(String database) {
        this.database = database;
    }

    public String getDelivery() {
        return delivery;
    }

    public void setDelivery(String delivery) {
        this.delivery = delivery;
    }

    public String getFormat() {
        return format;
    }

    public void setFormat(String format) {
        this.format = format;
    }

    public boolean isSchemas() {
        return schemas;
    }

    public void setSchemas(boolean schemas) {
        this.schemas = schemas;
    }

    public String getDecimals() {
        return decimals;
    }

    public void setDecimals(String decimals) {
        this.decimals = decimals;
    }

    public String getTimes() {
        return times;
    }

    public void setTimes(String times) {
        this.times = times;
    }

    public String getBinaries() {
        return binaries;
    }

    public void setBinaries(String binaries) {
        this.binaries = binaries;
    }

    public String getIntervals() {
        return intervals;
    }

    public void setIntervals(String intervals) {
        this.intervals = intervals;
    }

    public boolean isTombstones() {
        return tombstones;
    }

    public void setTombstones(boolean tombstones) {
        this.tombstones = tombstones;
    }

    public boolean isTransactionTopic() {
        return transactionTopic;
    }

    public void setTransactionTopic(boolean transactionTopic) {
        this.transactionTopic = transactionTopic;
    }

    public String getKeyColumns() {
        return keyColumns;
    }

    public void setKeyColumns(String keyColumns) {
        this.keyColumns = keyColumns;
    }

    public String getMessages() {
        return messages;
    }

    public void setMessages(String messages) {
        this.messages = messages;
    }

    public String getKeyless() {
        return keyless;
    }

    public void setKeyless(String keyless) {
        this.keyless = keyless;
    }

    public String getSchemaMapping() {
        return schemaMapping;
    }

    public void setSchemaMapping(String schemaMapping) {
        this.schemaMapping = schemaMapping;
    }

    public String getExcludeTables() {
        return excludeTables;
    }

    public void setExcludeTables(String excludeTables) {
        this.excludeTables = excludeTables;
    }

    public String getExcludeColumns() {
        return excludeColumns;
    }

    public void setExcludeColumns(String excludeColumns) {
        this.excludeColumns = excludeColumns;
    }

    public String getUnrepresentable() {
        return unrepresentable;
    }

    public void setUnrepresentable(String unrepresentable) {
        this.unrepresentable = unrepresentable;
    }

    public boolean isCreateTopics() {
        return createTopics;
    }

    public void setCreateTopics(boolean createTopics) {
        this.createTopics = createTopics;
    }

    public int getPartitions() {
        return partitions;
    }

    public void setPartitions(int partitions) {
        this.partitions = partitions;
    }

    public short getReplicationFactor() {
        return replicationFactor;
    }

    public void setReplicationFactor(short replicationFactor) {
        this.replicationFactor = replicationFactor;
    }

    public String getTopicConfigs() {
        return topicConfigs;
    }

    public void setTopicConfigs(String topicConfigs) {
        this.topicConfigs = topicConfigs;
    }

    public String getSecurityProtocol() {
        return securityProtocol;
    }

    public void setSecurityProtocol(String securityProtocol) {
        this.securityProtocol = securityProtocol;
    }

    public String getSaslMechanism() {
        return saslMechanism;
    }

    public void setSaslMechanism(String saslMechanism) {
        this.saslMechanism = saslMechanism;
    }

    public String getSaslUsername() {
        return saslUsername;
    }

    public void setSaslUsername(String saslUsername) {
        this.saslUsername = saslUsername;
    }

    public String getSaslPassword() {
        return saslPassword;
    }

    public void setSaslPassword(String saslPassword) {
        this.saslPassword = saslPassword;
    }

    public Map<String, Object> getClientProperties() {
        return clientProperties;
    }

    public void setClientProperties(Map<String, Object> clientProperties) {
        this.clientProperties = clientProperties;
    }
}
