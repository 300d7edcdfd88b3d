package io.pg2any.apply.kafka;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import io.pg2any.apply.TargetException;
import io.pg2any.apply.TargetException.Kind;
import io.pg2any.change.Lsn;
import io.pg2any.change.Position;
import io.pg2any.change.SourceIdentity;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.errors.UnknownTopicOrPartitionException;

/**
 * The compacted topic that says how far each pipeline is. Under the pipeline's name, JSON with the same members as the
 * row in a database: {@code slot}, {@code system_identifier}, {@code timeline}, {@code lsn}, {@code epoch},
 * {@code updated_at}.
 */
final class PositionTopic {
    private static final JsonFactory JSON = JsonFactory.builder().build();
    private static final Duration POLL = Duration.ofMillis(200);
    private static final Duration READ_LIMIT = Duration.ofSeconds(60);

    /**
     * @param lsn 0/0 before the first batch
     * @param epoch rises with every process that takes the pipeline over
     */
    record Row(SourceIdentity source, Lsn lsn, long epoch) {
        static final Row NONE = new Row(new SourceIdentity("", 0, ""), Lsn.ZERO, 0);

        Optional<Position> position() {
            return lsn.equals(Lsn.ZERO) ? Optional.empty() : Optional.of(new Position(source, lsn));
        }

        Row movedTo(SourceIdentity from, Lsn to) {
            return new Row(from, to, epoch);
        }

        Row takenOver() {
            return new Row(source, lsn, epoch + 1);
        }
    }

    private final KafkaOptions options;
    private final KafkaClients clients;
    private final TopicPartition partition;

    PositionTopic(KafkaOptions options, KafkaClients clients) {
        this.options = options;
        this.clients = clients;
        this.partition = new TopicPartition(options.positionTopic(), 0);
    }

    ProducerRecord<byte[], byte[]> record(Row row, Instant now) {
        byte[] key = options.pipeline().getBytes(StandardCharsets.UTF_8);
        return new ProducerRecord<>(partition.topic(), partition.partition(), key, write(row, now));
    }

    /**
     * The newest committed row of this pipeline. Every record of the topic is read: compaction keeps them few.
     *
     * @param patience how long an unfinished transaction in the topic, behind which nothing can be seen, is waited for;
     *     null takes what is before it
     * @return {@link Row#NONE} when there is no topic or no row
     * @throws TargetException RETRYABLE while a transaction of another pipeline, or of a dead process, is open here
     */
    Row read(Admin admin, Duration patience) throws TargetException, InterruptedException, ExecutionException {
        long end;
        try {
            end = admin.listOffsets(Map.of(partition, OffsetSpec.latest()))
                    .partitionResult(partition)
                    .get()
                    .offset();
        } catch (ExecutionException e) {
            if (e.getCause() instanceof UnknownTopicOrPartitionException) {
                return Row.NONE;
            }
            throw e;
        }
        try (KafkaConsumer<String, byte[]> consumer = clients.consumer()) {
            consumer.assign(List.of(partition));
            consumer.seekToBeginning(List.of(partition));
            Row row = Row.NONE;
            long begun = System.nanoTime();
            long decided = consumer.endOffsets(List.of(partition)).get(partition);
            while (consumer.position(partition) < (patience == null ? decided : end)) {
                for (ConsumerRecord<String, byte[]> record : consumer.poll(POLL)) {
                    if (options.pipeline().equals(record.key()) && record.value() != null) {
                        row = read(record.value());
                    }
                }
                long waited = System.nanoTime() - begun;
                boolean stuck = patience != null && consumer.position(partition) >= decided;
                if (waited > (stuck ? patience : READ_LIMIT).toNanos()) {
                    throw new TargetException(
                            Kind.RETRYABLE,
                            "Kafka " + options.servers() + ": the position cannot be read: topic "
                                    + partition.topic() + " holds an unfinished transaction of a process that ended;"
                                    + " it is over when that process has started again, or after its transaction"
                                    + " timeout");
                }
            }
            return row;
        }
    }

    private byte[] write(Row row, Instant now) {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream(200);
        try (JsonGenerator out = JSON.createGenerator(bytes)) {
            out.writeStartObject();
            out.writeStringField("slot", row.source().slot());
            out.writeStringField("system_identifier", row.source().systemIdentifier());
            out.writeNumberField("timeline", row.source().timeline());
            out.writeStringField("lsn", row.lsn().toString());
            out.writeNumberField("epoch", row.epoch());
            out.writeStringField("updated_at", now.toString());
            out.writeEndObject();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return bytes.toByteArray();
    }

    private Row read(byte[] json) throws TargetException {
        Map<String, String> members = new HashMap<>();
        try (JsonParser in = JSON.createParser(json)) {
            in.nextToken();
            while (in.nextToken() == JsonToken.FIELD_NAME) {
                String name = in.currentName();
                in.nextToken();
                members.put(name, in.getText());
            }
            return new Row(
                    new SourceIdentity(
                            members.getOrDefault("system_identifier", ""),
                            Integer.parseInt(members.get("timeline")),
                            members.getOrDefault("slot", "")),
                    Lsn.parse(members.get("lsn")),
                    Long.parseLong(members.get("epoch")));
        } catch (IOException | RuntimeException e) {
            throw new TargetException(
                    Kind.FATAL,
                    "Kafka " + options.servers() + ": the record of pipeline " + options.pipeline() + " in topic "
                            + partition.topic() + " is no position: " + e.getMessage(),
                    e);
        }
    }
}
