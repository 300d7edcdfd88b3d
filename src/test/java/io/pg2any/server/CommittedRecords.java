package io.pg2any.server;

import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Predicate;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;

/** What a reader of committed messages sees. */
public final class CommittedRecords {
    private static final Duration LIMIT = Duration.ofSeconds(30);
    /** After the answer to a commit the brokers still write its markers; an open transaction takes longer than that. */
    private static final Duration MARKERS = Duration.ofSeconds(2);

    private CommittedRecords() {}

    private static void awaitMarkers(
            KafkaConsumer<byte[], byte[]> committed, Map<String, Object> properties, List<TopicPartition> partitions) {
        Map<String, Object> any = new HashMap<>(properties);
        any.put("isolation.level", "read_uncommitted");
        try (KafkaConsumer<byte[], byte[]> consumer =
                new KafkaConsumer<>(any, new ByteArrayDeserializer(), new ByteArrayDeserializer())) {
            Map<TopicPartition, Long> written = consumer.endOffsets(partitions);
            long deadline = System.nanoTime() + MARKERS.toNanos();
            while (System.nanoTime() < deadline) {
                Map<TopicPartition, Long> ends = committed.endOffsets(partitions);
                if (written.entrySet().stream().allMatch(end -> ends.get(end.getKey()) >= end.getValue())) {
                    return;
                }
            }
        }
    }

    /** Everything up to the present end of these topics, in each partition's order. */
    public static List<ConsumerRecord<byte[], byte[]>> of(
            String servers, Map<String, String> properties, Predicate<String> topics) {
        Map<String, Object> all = new HashMap<>(properties);
        all.put("bootstrap.servers", servers);
        all.put("isolation.level", "read_committed");
        all.put("auto.offset.reset", "earliest");
        List<ConsumerRecord<byte[], byte[]>> records = new ArrayList<>();
        try (KafkaConsumer<byte[], byte[]> consumer =
                new KafkaConsumer<>(all, new ByteArrayDeserializer(), new ByteArrayDeserializer())) {
            List<TopicPartition> partitions = consumer.listTopics().entrySet().stream()
                    .filter(entry -> topics.test(entry.getKey()))
                    .flatMap(entry -> entry.getValue().stream())
                    .map(info -> new TopicPartition(info.topic(), info.partition()))
                    .toList();
            consumer.assign(partitions);
            consumer.seekToBeginning(partitions);
            awaitMarkers(consumer, all, partitions);
            Map<TopicPartition, Long> ends = consumer.endOffsets(partitions);
            long deadline = System.nanoTime() + LIMIT.toNanos();
            while (ends.entrySet().stream().anyMatch(end -> consumer.position(end.getKey()) < end.getValue())) {
                consumer.poll(Duration.ofMillis(100)).forEach(records::add);
                if (System.nanoTime() > deadline) {
                    throw new IllegalStateException("the topics could not be read to their end within " + LIMIT);
                }
            }
        }
        return records;
    }
}
