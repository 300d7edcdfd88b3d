package io.pg2any.crash;

import static org.assertj.core.api.Assertions.assertThat;

import io.pg2any.cli.EmbeddedPostgres;
import io.pg2any.cli.quickstart.PipelineProcess;
import io.pg2any.server.KafkaProcesses;
import io.pg2any.server.TestPostgres;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.apache.kafka.clients.admin.Admin;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Three brokers of which two must have a message: one is killed, leaders change, a second process takes over. */
class KafkaClusterIT {
    private static final long SEED = Long.getLong("pg2any.crash.seed", 20260729);
    private static final String SLOT = "kafka_cluster";

    @TempDir
    private Path folder;

    @Test
    void neitherAKilledLeaderNorASecondProcessLosesOrRepeatsAnything() throws Exception {
        try (EmbeddedPostgres server = TestPostgres.start(TestPostgres.VERSION);
                KafkaProcesses kafka = KafkaProcesses.start(
                        3, Map.of("min.insync.replicas", "2", "transaction.state.log.min.isr", "2"));
                PipelineProcess first = pipeline(server, kafka, "first");
                PipelineProcess second = pipeline(server, kafka, "second");
                Counters writer = Counters.begin(server, first, SLOT, SEED)) {
            writer.awaitTransactions(200);
            int leader = positionLeader(kafka);
            kafka.kill(leader);
            writer.awaitTransactions(200);
            Scenario.await("another broker leads", () -> positionLeader(kafka) != leader);
            kafka.restart(leader);
            writer.awaitTransactions(100);

            second.start("-Xmx128m", "-XX:TieredStopAtLevel=1");
            assertThat(first.waitFor(Duration.ofSeconds(40)))
                    .as(first.tail() + "\n\n" + second.tail())
                    .hasValue(1);
            assertThat(Files.readString(first.log())).contains("another process has taken over");
            writer.awaitTransactions(100);
            writer.finish();
            writer.awaitConfirmed(second, SLOT);

            writer.assertExactlyOnceAndInOrder(kafka.servers());
            assertThat(second.stop()).as(second.tail()).hasValue(0);
        }
    }

    private PipelineProcess pipeline(EmbeddedPostgres server, KafkaProcesses kafka, String name) throws Exception {
        return new PipelineProcess(
                Scenario.jar(),
                folder.resolve(name),
                Map.of(
                        "CDC_SOURCE_CONNECTION_STRING",
                        server.sourceUri("postgres"),
                        "CDC_REPLICATION_SLOT",
                        SLOT,
                        "CDC_PUBLICATION",
                        "pub",
                        "CDC_DEST_TYPE",
                        "Kafka",
                        "CDC_DEST_URI",
                        kafka.servers(),
                        "PG2ANY_EVENTS_MESSAGES",
                        Counters.MESSAGE_TOPICS,
                        "PG2ANY_KAFKA_TOPICS_PARTITIONS",
                        "3",
                        "PG2ANY_KAFKA_TOPICS_REPLICATION_FACTOR",
                        "3"));
    }

    private static int positionLeader(KafkaProcesses kafka) throws Exception {
        String topic = "pg2any.pg2any.position";
        try (Admin admin = Admin.create(Map.of("bootstrap.servers", kafka.servers()))) {
            return admin.describeTopics(List.of(topic))
                            .topicNameValues()
                            .get(topic)
                            .get()
                            .partitions()
                            .get(0)
                            .leader()
                            .id()
                    - 1;
        }
    }
}
