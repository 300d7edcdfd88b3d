package io.pg2any.server;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import kafka.server.KafkaConfig;
import kafka.server.KafkaRaftServer;
import org.apache.kafka.common.utils.Time;
import org.apache.logging.log4j.Level;
import org.apache.logging.log4j.core.config.Configurator;

/** Real brokers in KRaft mode inside this process, each with the controller's role, too. Topics must be created. */
public final class TestKafka implements AutoCloseable {
    static {
        // The broker's own story, hundreds of lines.
        Configurator.setLevel("kafka", Level.WARN);
        Configurator.setLevel("state.change.logger", Level.WARN);
    }

    private final Path folder;
    private final KafkaNodes nodes;
    private final Map<Integer, KafkaRaftServer> running = new HashMap<>();

    private TestKafka(Path folder, KafkaNodes nodes) {
        this.folder = folder;
        this.nodes = nodes;
    }

    public static TestKafka start() throws IOException {
        return start(1, Map.of());
    }

    /**
     * @param settings of every broker, over what is chosen here
     */
    public static TestKafka start(int brokers, Map<String, String> settings, String... formatOptions)
            throws IOException {
        Path folder = Files.createTempDirectory("pg2any-kafka");
        TestKafka cluster = new TestKafka(folder, KafkaNodes.format(folder, brokers, settings, formatOptions));
        for (int node = 0; node < brokers; node++) {
            cluster.startBroker(node);
        }
        return cluster;
    }

    /** Node numbers count from 0. */
    public void startBroker(int node) throws IOException {
        KafkaConfig config = new KafkaConfig(KafkaNodes.read(nodes.files().get(node)));
        KafkaRaftServer server = new KafkaRaftServer(config, Time.SYSTEM);
        server.startup();
        running.put(node, server);
    }

    public void stopBroker(int node) {
        KafkaRaftServer server = running.remove(node);
        if (server != null) {
            server.shutdown();
            server.awaitShutdown();
        }
    }

    public String servers() {
        return nodes.servers();
    }

    @Override
    public void close() throws IOException {
        for (int node : List.copyOf(running.keySet())) {
            stopBroker(node);
        }
        try (Stream<Path> paths = Files.walk(folder)) {
            for (Path path : (Iterable<Path>) paths.sorted(Comparator.reverseOrder())::iterator) {
                Files.deleteIfExists(path);
            }
        }
    }
}
