package io.pg2any.crash;

import static org.assertj.core.api.Assertions.assertThat;

import io.pg2any.cli.EmbeddedPostgres;
import io.pg2any.cli.FreePort;
import io.pg2any.cli.quickstart.PipelineProcess;
import io.pg2any.server.TestKafka;
import io.pg2any.server.TestPostgres;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The real jar from PostgreSQL to Kafka, killed again and again, the broker restarted under it. */
class KafkaPipelineIT {
    private static final Logger LOG = LoggerFactory.getLogger(KafkaPipelineIT.class);
    private static final long SEED = Long.getLong("pg2any.crash.seed", 20260729);
    private static final String PRODUCER = "org.apache.kafka.clients.producer.KafkaProducer";

    private static final List<KillPoint> POINTS = List.of(
            KillPoint.entry("before the position record", "io.pg2any.apply.kafka.RecordSender", "send", 10),
            KillPoint.entry("before the commit", PRODUCER, "commitTransaction", 10),
            KillPoint.entry("after the commit", "io.pg2any.apply.kafka.RecordSender", "publishCounts", 10),
            KillPoint.entry("before acknowledge", "io.pg2any.capture.SlotFeedback", "safe", 5),
            KillPoint.entry("before the transactional id is taken", PRODUCER, "initTransactions", 1));

    private static EmbeddedPostgres server;
    private static TestKafka kafka;

    @TempDir
    static Path folder;

    @BeforeAll
    static void start() throws Exception {
        server = TestPostgres.start(18);
        kafka = TestKafka.start();
    }

    @AfterAll
    static void stop() throws Exception {
        kafka.close();
        server.close();
    }

    @Test
    void aReaderOfCommittedMessagesSeesEveryChangeOnceAndInOrder() throws Exception {
        Random random = new Random(SEED);
        String slot = "kafka_crash";
        PipelineProcess pipeline = new PipelineProcess(
                Scenario.jar(),
                folder.resolve(slot),
                Map.of(
                        "CDC_SOURCE_CONNECTION_STRING",
                        server.sourceUri("postgres"),
                        "CDC_REPLICATION_SLOT",
                        slot,
                        "CDC_PUBLICATION",
                        "pub",
                        "CDC_DEST_TYPE",
                        "Kafka",
                        "CDC_DEST_URI",
                        kafka.servers(),
                        "PG2ANY_EVENTS_MESSAGES",
                        Counters.MESSAGE_TOPICS,
                        "PG2ANY_KAFKA_TOPICS_PARTITIONS",
                        "3"));
        try (pipeline;
                Counters writer = Counters.begin(server, pipeline, slot, random.nextLong())) {
            writer.awaitTransactions(200);
            for (KillPoint point : POINTS) {
                pipeline.kill();
                int port = FreePort.find();
                Process process = pipeline.start("-Xmx128m", "-XX:TieredStopAtLevel=1", Debuggee.jvmOption(port));
                Debuggee.attach(process, port).killAt(point, 1 + random.nextInt(point.hits()), Counters.LIMIT);
                LOG.info("killed {}", point);
            }
            for (int kill = 0; kill < 3; kill++) {
                pipeline.start("-Xmx128m", "-XX:TieredStopAtLevel=1");
                assertThat(pipeline.waitFor(Duration.ofMillis(1500 + random.nextInt(4000))))
                        .as("ended by itself:\n" + pipeline.tail())
                        .isEmpty();
            }
            pipeline.start("-Xmx128m", "-XX:TieredStopAtLevel=1");
            writer.awaitTransactions(100);
            kafka.stopBroker(0);
            writer.awaitTransactions(100);
            kafka.startBroker(0);
            writer.awaitTransactions(200);
            writer.finish();
            writer.awaitConfirmed(pipeline, slot);

            writer.assertExactlyOnceAndInOrder(kafka.servers());
            assertThat(pipeline.stop()).as(pipeline.tail()).hasValue(0);
        }
    }
}
