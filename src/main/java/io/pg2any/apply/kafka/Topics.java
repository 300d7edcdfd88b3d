package io.pg2any.apply.kafka;

import io.pg2any.apply.TargetException;
import io.pg2any.apply.TargetException.Kind;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ExecutionException;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.Config;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.common.config.ConfigResource;
import org.apache.kafka.common.config.TopicConfig;
import org.apache.kafka.common.errors.AuthorizationException;
import org.apache.kafka.common.errors.TopicExistsException;
import org.apache.kafka.common.errors.UnknownTopicOrPartitionException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Makes topics, or says that they are missing. Remembers those it has seen. */
final class Topics {
    private static final Logger LOG = LoggerFactory.getLogger(KafkaTarget.class);

    private final KafkaOptions options;
    private final Set<String> seen = new HashSet<>();

    Topics(KafkaOptions options) {
        this.options = options;
    }

    /** After a lost connection: a topic may be gone. */
    void forget() {
        seen.clear();
    }

    void require(Admin admin, String topic) throws TargetException, InterruptedException, ExecutionException {
        if (seen.contains(topic)) {
            return;
        }
        if (!exists(admin, topic)) {
            if (!options.topics().enabled()) {
                throw missing(topic);
            }
            create(
                    admin,
                    new NewTopic(topic, partitions(), replicationFactor())
                            .configs(options.topics().configs()));
        }
        seen.add(topic);
    }

    /** Before the first read or write of a position. */
    void requirePosition(Admin admin) throws TargetException, InterruptedException, ExecutionException {
        String topic = options.positionTopic();
        if (exists(admin, topic)) {
            requireCompaction(admin, topic);
        } else if (options.topics().enabled()) {
            // Small segments, cleaned early: a start reads the whole topic.
            create(
                    admin,
                    new NewTopic(topic, Optional.of(1), replicationFactor())
                            .configs(Map.of(
                                    TopicConfig.CLEANUP_POLICY_CONFIG,
                                    TopicConfig.CLEANUP_POLICY_COMPACT,
                                    TopicConfig.SEGMENT_BYTES_CONFIG,
                                    Integer.toString(1 << 20),
                                    TopicConfig.MIN_CLEANABLE_DIRTY_RATIO_CONFIG,
                                    "0.1")));
        } else {
            throw missing(topic);
        }
    }

    /** A topic that expires would forget how far the pipeline is. */
    void requireCompaction(Admin admin, String topic) throws TargetException, InterruptedException, ExecutionException {
        ConfigResource resource = new ConfigResource(ConfigResource.Type.TOPIC, topic);
        Config config;
        try {
            config = admin.describeConfigs(List.of(resource))
                    .values()
                    .get(resource)
                    .get();
        } catch (ExecutionException e) {
            if (e.getCause() instanceof AuthorizationException) {
                LOG.warn(
                        "Whether topic {} is compacted, as it must be, cannot be seen: {}",
                        topic,
                        e.getCause().getMessage());
                return;
            }
            throw e;
        }
        String policy = config.get(TopicConfig.CLEANUP_POLICY_CONFIG).value();
        if (!TopicConfig.CLEANUP_POLICY_COMPACT.equals(policy)) {
            throw new TargetException(
                    Kind.CONFIG,
                    "Kafka " + options.servers() + ": topic " + topic + " has cleanup.policy=" + policy
                            + " and would lose the position in time; set it to compact");
        }
    }

    boolean exists(Admin admin, String topic) throws InterruptedException, ExecutionException {
        try {
            admin.describeTopics(List.of(topic)).topicNameValues().get(topic).get();
            return true;
        } catch (ExecutionException e) {
            if (e.getCause() instanceof UnknownTopicOrPartitionException) {
                return false;
            }
            throw e;
        }
    }

    TargetException missing(String topic) {
        boolean position = topic.equals(options.positionTopic());
        return new TargetException(
                Kind.CONFIG,
                "Kafka " + options.servers() + ": topic " + topic + " is missing; create it"
                        + (position ? " with one partition and cleanup.policy=compact" : "")
                        + ", or set pg2any.kafka.topics.create=true");
    }

    private void create(Admin admin, NewTopic topic) throws InterruptedException, ExecutionException {
        try {
            admin.createTopics(List.of(topic)).values().get(topic.name()).get();
            LOG.info("Topic {} created", topic.name());
        } catch (ExecutionException e) {
            if (!(e.getCause() instanceof TopicExistsException)) {
                throw e;
            }
        }
    }

    private Optional<Integer> partitions() {
        int partitions = options.topics().partitions();
        return partitions < 0 ? Optional.empty() : Optional.of(partitions);
    }

    private Optional<Short> replicationFactor() {
        short factor = options.topics().replicationFactor();
        return factor < 0 ? Optional.empty() : Optional.of(factor);
    }
}
