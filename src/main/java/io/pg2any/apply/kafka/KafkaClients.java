package io.pg2any.apply.kafka;

import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import org.apache.kafka.clients.CommonClientConfigs;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.AdminClientConfig;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerConfig;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.apache.kafka.common.serialization.StringDeserializer;

/** Makes the three clients of one cluster, each with the properties it knows. */
final class KafkaClients {
    /** A call that gets no answer fails after this, and the batch is tried again. */
    private static final String ANSWER_MILLIS = "30000";
    /** The most that brokers allow unless told otherwise; a source transaction may arrive for minutes. */
    private static final String TRANSACTION_MILLIS = "900000";

    private final KafkaOptions options;

    KafkaClients(KafkaOptions options) {
        this.options = options;
    }

    /** Connects later, when it is used. */
    KafkaProducer<byte[], byte[]> producer() {
        Map<String, Object> properties = new HashMap<>();
        properties.put(ProducerConfig.BATCH_SIZE_CONFIG, "262144");
        // Only full batches while changes are coming: what follows the last of them is a commit, which waits for
        // nothing.
        properties.put(ProducerConfig.LINGER_MS_CONFIG, "100");
        properties.put(ProducerConfig.COMPRESSION_TYPE_CONFIG, "lz4");
        properties.put(ProducerConfig.MAX_BLOCK_MS_CONFIG, ANSWER_MILLIS);
        if (options.exactlyOnce()) {
            properties.put(ProducerConfig.TRANSACTION_TIMEOUT_CONFIG, TRANSACTION_MILLIS);
        }
        addKnown(properties, ProducerConfig.configNames());
        properties.put(ProducerConfig.ACKS_CONFIG, "all");
        properties.put(ProducerConfig.ENABLE_IDEMPOTENCE_CONFIG, "true");
        if (options.exactlyOnce()) {
            properties.put(ProducerConfig.TRANSACTIONAL_ID_CONFIG, options.transactionalId());
        } else {
            properties.remove(ProducerConfig.TRANSACTIONAL_ID_CONFIG);
        }
        return new KafkaProducer<>(properties, new ByteArraySerializer(), new ByteArraySerializer());
    }

    /** Sees only what was committed; belongs to no group and commits nothing. */
    KafkaConsumer<String, byte[]> consumer() {
        Map<String, Object> properties = new HashMap<>();
        properties.put(ConsumerConfig.DEFAULT_API_TIMEOUT_MS_CONFIG, ANSWER_MILLIS);
        addKnown(properties, ConsumerConfig.configNames());
        properties.put(ConsumerConfig.ISOLATION_LEVEL_CONFIG, "read_committed");
        properties.put(ConsumerConfig.ENABLE_AUTO_COMMIT_CONFIG, "false");
        properties.put(ConsumerConfig.ALLOW_AUTO_CREATE_TOPICS_CONFIG, "false");
        properties.put(ConsumerConfig.AUTO_OFFSET_RESET_CONFIG, "earliest");
        properties.remove(ConsumerConfig.GROUP_ID_CONFIG);
        return new KafkaConsumer<>(properties, new StringDeserializer(), new ByteArrayDeserializer());
    }

    Admin admin() {
        Map<String, Object> properties = new HashMap<>();
        properties.put(AdminClientConfig.DEFAULT_API_TIMEOUT_MS_CONFIG, ANSWER_MILLIS);
        properties.put(AdminClientConfig.REQUEST_TIMEOUT_MS_CONFIG, "10000");
        addKnown(properties, AdminClientConfig.configNames());
        return Admin.create(properties);
    }

    private void addKnown(Map<String, Object> properties, Set<String> known) {
        options.clientProperties().forEach((name, value) -> {
            if (known.contains(name) || name.startsWith("sasl.") || name.startsWith("ssl.")) {
                properties.put(name, value);
            }
        });
        properties.put(CommonClientConfigs.BOOTSTRAP_SERVERS_CONFIG, options.servers());
        properties.put(CommonClientConfigs.CLIENT_ID_CONFIG, "pg2any-" + options.pipeline());
    }
}
