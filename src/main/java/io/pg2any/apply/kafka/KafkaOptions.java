package io.pg2any.apply.kafka;

import io.pg2any.apply.message.MessageOptions;
import java.util.Map;
import java.util.Objects;

/**
 * How to write to a Kafka cluster.
 *
 * @param servers {@code host:port,host:port}
 * @param pipeline names the position and, with the topic prefix, the transactional id; one per slot
 * @param clientProperties of Kafka's clients, such as {@code security.protocol}; secrets among them. Win over what is
 *     chosen here, except for what the delivery guarantee rests on
 */
public record KafkaOptions(
        String servers,
        String pipeline,
        MessageOptions messages,
        Delivery delivery,
        Keyless keyless,
        TopicCreation topics,
        Map<String, String> clientProperties) {

    /** What happens to a batch whose outcome nobody learned. */
    public enum Delivery {
        /** One Kafka transaction holds the batch and its position: readers of committed messages see each once. */
        EXACTLY_ONCE,
        /** The position follows the messages: after a crash some may come again. */
        AT_LEAST_ONCE
    }

    /** Where messages without a key go. */
    public enum Keyless {
        /** Where Kafka's partitioner puts them. */
        NULL,
        /** Those of one transaction to one partition. */
        TRANSACTION
    }

    /**
     * How missing topics are made.
     *
     * @param enabled false: a missing topic is an error
     * @param partitions of data topics; -1 leaves it to the broker
     * @param replicationFactor -1 leaves it to the broker
     * @param configs of data topics
     */
    public record TopicCreation(boolean enabled, int partitions, short replicationFactor, Map<String, String> configs) {
        public static final TopicCreation BROKER_DEFAULTS = new TopicCreation(true, -1, (short) -1, Map.of());

        public TopicCreation {
            configs = Map.copyOf(configs);
            if (partitions == 0 || partitions < -1 || replicationFactor == 0 || replicationFactor < -1) {
                throw new IllegalArgumentException(
                        "topics: partitions and replication factor are positive, or -1 for the broker's default");
            }
        }
    }

    public KafkaOptions {
        Objects.requireNonNull(messages, "messages");
        Objects.requireNonNull(delivery, "delivery");
        Objects.requireNonNull(keyless, "keyless");
        Objects.requireNonNull(topics, "topics");
        clientProperties = Map.copyOf(clientProperties);
        if (servers == null || servers.isBlank()) {
            throw new IllegalArgumentException("servers: expected host:port,host:port");
        }
        if (pipeline.isBlank()) {
            throw new IllegalArgumentException("pipeline: must not be blank");
        }
    }

    /** Compacted, one partition: the newest record under a pipeline's name says how far it is. */
    String positionTopic() {
        return messages.prefix() + ".pg2any.position";
    }

    /** Stable over restarts, so that a new process ends what the old one left open, and fences it off. */
    String transactionalId() {
        return messages.prefix() + "." + pipeline;
    }

    boolean exactlyOnce() {
        return delivery == Delivery.EXACTLY_ONCE;
    }

    /** Without the properties: secrets are among them. */
    @Override
    public String toString() {
        return "Kafka " + servers + " (" + delivery + ", topics " + messages.prefix() + ".*)";
    }
}
