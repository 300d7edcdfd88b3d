package io.pg2any.bench;

import io.pg2any.server.KafkaProcesses;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.sql.SQLException;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.ExecutionException;
import java.util.stream.IntStream;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;

/** One broker in a process of its own, looked at by a reader of committed messages. Each pipeline has its own topics. */
final class KafkaBroker implements BenchTarget {
    private static final int PARTITIONS = 3;

    /** Those of Kafka's own start script. */
    private static final List<String> JVM_OPTIONS = List.of(
            "-Xmx1G",
            "-Xms1G",
            "-XX:+UseG1GC",
            "-XX:MaxGCPauseMillis=20",
            "-XX:InitiatingHeapOccupancyPercent=35",
            "-XX:+ExplicitGCInvokesConcurrent");

    private final KafkaProcesses kafka;
    private final String delivery;
    private int pipelines;

    /**
     * @param delivery as {@code PG2ANY_KAFKA_DELIVERY}
     */
    KafkaBroker(String delivery) throws IOException {
        this.kafka = KafkaProcesses.start(1, Map.of(), JVM_OPTIONS);
        this.delivery = delivery;
    }

    @Override
    public String description() {
        return "Kafka, one broker, " + PARTITIONS + " partitions, " + delivery;
    }

    /** A broker that has just started compiles its code at the cost of what is measured. */
    @Override
    public int warmUps() {
        return 2;
    }

    private String prefix() {
        return "bench" + pipelines;
    }

    /**
     * What an earlier pipeline sent goes, so that the disk is not filled by it. The topic of the marks is there from
     * the start: to ask for it again and again until it is made would cost the broker more than the answer is worth.
     */
    @Override
    public Map<String, String> empty(Path folder) {
        deleteTopics();
        pipelines++;
        createTopic(partitions(Backlog.MARKS).get(0).topic());
        return Map.of(
                "CDC_DEST_TYPE", "Kafka",
                "CDC_DEST_URI", kafka.servers(),
                "CDC_KAFKA_TOPIC_PREFIX", prefix(),
                "PG2ANY_KAFKA_DELIVERY", delivery,
                "PG2ANY_KAFKA_TOPICS_PARTITIONS", Integer.toString(PARTITIONS));
    }

    private void deleteTopics() {
        administer(admin -> {
            List<String> topics = admin.listTopics().names().get().stream()
                    .filter(topic -> topic.startsWith(prefix() + "."))
                    .toList();
            admin.deleteTopics(topics).all().get();
        });
    }

    private void createTopic(String name) {
        administer(admin -> admin.createTopics(List.of(new NewTopic(name, PARTITIONS, (short) 1)))
                .all()
                .get());
    }

    private interface Administration {
        void with(Admin admin) throws ExecutionException, InterruptedException;
    }

    private void administer(Administration work) {
        try (Admin admin = Admin.create(Map.of("bootstrap.servers", kafka.servers()))) {
            work.with(admin);
        } catch (ExecutionException e) {
            throw new IllegalStateException("topics cannot be changed", e.getCause());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("interrupted", e);
        }
    }

    @Override
    public Optional<View> view(Path folder) {
        try (KafkaConsumer<byte[], byte[]> consumer = consumer()) {
            return consumer.listTopics().containsKey(prefix() + ".pg2any.position")
                    ? Optional.of(new TopicsView())
                    : Optional.empty();
        }
    }

    private final class TopicsView implements View {
        private final KafkaConsumer<byte[], byte[]> consumer = consumer();
        private String followed = "";
        private long highest = -1;

        @Override
        public OptionalLong highestId(String table) {
            if (!follow(table)) {
                return OptionalLong.empty();
            }
            consumer.poll(Duration.ofMillis(1)).forEach(record -> {
                String key = new String(record.key(), StandardCharsets.UTF_8);
                highest = Math.max(highest, Long.parseLong(key.replaceAll("[^0-9]", "")));
            });
            return highest < 0 ? OptionalLong.empty() : OptionalLong.of(highest);
        }

        /** False while there is no topic of it. */
        private boolean follow(String table) {
            if (!followed.equals(table)) {
                if (!consumer.listTopics().containsKey(partitions(table).get(0).topic())) {
                    return false;
                }
                consumer.assign(partitions(table));
                followed = table;
            }
            return true;
        }

        @Override
        public void verify(Backlog backlog) throws SQLException {
            long messages = 0;
            for (String table : backlog.scenario().tables()) {
                messages += count(partitions(table));
            }
            if (messages != backlog.allRows()) {
                throw new IllegalStateException("changes: source " + backlog.allRows() + ", topics " + messages);
            }
        }

        private long count(List<TopicPartition> partitions) {
            consumer.assign(partitions);
            consumer.seekToBeginning(partitions);
            Map<TopicPartition, Long> ends = consumer.endOffsets(partitions);
            long count = 0;
            while (ends.entrySet().stream().anyMatch(end -> consumer.position(end.getKey()) < end.getValue())) {
                count += consumer.poll(Duration.ofMillis(100)).count();
            }
            return count;
        }

        @Override
        public void close() {
            consumer.close();
        }
    }

    private List<TopicPartition> partitions(String table) {
        return IntStream.range(0, PARTITIONS)
                .mapToObj(partition -> new TopicPartition(prefix() + ".public." + table, partition))
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
    public double cpuSeconds() {
        return kafka.pids().stream()
                .mapToDouble(pid -> new ProcessCost(pid).cpuSecondsSinceBirth())
                .sum();
    }

    @Override
    public void close() throws IOException {
        kafka.close();
    }
}
