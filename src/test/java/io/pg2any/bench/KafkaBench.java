package io.pg2any.bench;

import io.pg2any.server.KafkaProcesses;
import java.io.IOException;
import java.sql.SQLException;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;

/** One broker in a process of its own, and a reader of committed messages. Each slot has topics of its own. */
final class KafkaBench implements PipelineDrainer.Target, AutoCloseable {
    private static final int PARTITIONS = 3;

    private final KafkaProcesses kafka;
    private final String delivery;
    private String prefix;

    private KafkaBench(KafkaProcesses kafka, String delivery) {
        this.kafka = kafka;
        this.delivery = delivery;
    }

    static KafkaBench start(String delivery) throws IOException {
        return new KafkaBench(KafkaProcesses.start(1, Map.of()), delivery);
    }

    @Override
    public Map<String, String> settings(String slot) {
        prefix = slot + "-" + System.nanoTime();
        return Map.of(
                "CDC_DEST_TYPE", "Kafka",
                "CDC_DEST_URI", kafka.servers(),
                "CDC_KAFKA_TOPIC_PREFIX", prefix,
                "PG2ANY_KAFKA_DELIVERY", delivery,
                "PG2ANY_KAFKA_TOPICS_PARTITIONS", Integer.toString(PARTITIONS));
    }

    @Override
    public void awaitEnd(Pipeline pipeline, Deadline deadline) throws InterruptedException {
        try (KafkaConsumer<byte[], byte[]> consumer = consumer()) {
            List<TopicPartition> end = partitions(Backlog.END_TABLE);
            while (consumer.listTopics().get(end.get(0).topic()) == null) {
                pipeline.requireAlive();
                deadline.pause(10);
            }
            consumer.assign(end);
            while (consumer.poll(Duration.ofMillis(10)).isEmpty()) {
                pipeline.requireAlive();
                deadline.pause(0);
            }
        }
    }

    @Override
    public void verify(Backlog backlog, Pipeline pipeline) throws IOException, SQLException {
        long messages = 0;
        for (String table : backlog.scenario().tables()) {
            messages += count(partitions(table));
        }
        if (messages != backlog.rows()) {
            throw new IllegalStateException("changes: source " + backlog.rows() + ", topics " + messages);
        }
        deleteTopics();
    }

    private long count(List<TopicPartition> partitions) {
        long count = 0;
        try (KafkaConsumer<byte[], byte[]> consumer = consumer()) {
            consumer.assign(partitions);
            Map<TopicPartition, Long> ends = consumer.endOffsets(partitions);
            while (ends.entrySet().stream().anyMatch(end -> consumer.position(end.getKey()) < end.getValue())) {
                count += consumer.poll(Duration.ofMillis(100)).count();
            }
        }
        return count;
    }

    /** Nothing of one round lies on the disk in the next. */
    private void deleteTopics() {
        try (Admin admin = Admin.create(Map.of("bootstrap.servers", kafka.servers()))) {
            List<String> topics = admin.listTopics().names().get().stream()
                    .filter(topic -> topic.startsWith(prefix + ".public."))
                    .toList();
            admin.deleteTopics(topics).all().get();
        } catch (java.util.concurrent.ExecutionException e) {
            throw new IllegalStateException(e.getCause());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private List<TopicPartition> partitions(String table) {
        return java.util.stream.IntStream.range(0, PARTITIONS)
                .mapToObj(partition -> new TopicPartition(prefix + ".public." + table, partition))
                .toList();
    }

    private KafkaConsumer<byte[], byte[]> consumer() {
        Map<String, Object> properties = new HashMap<>();
        properties.put("bootstrap.servers", kafka.servers());
        properties.put("isolation.level", "read_committed");
        properties.put("auto.offset.reset", "earliest");
        return new KafkaConsumer<>(properties, new ByteArrayDeserializer(), new ByteArrayDeserializer());
    }

    @Override
    public void close() throws IOException {
        kafka.close();
    }
}
