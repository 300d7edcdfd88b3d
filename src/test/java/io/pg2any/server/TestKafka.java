package io.pg2any.server;

import io.pg2any.cli.FreePort;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.stream.Stream;
import kafka.server.KafkaConfig;
import kafka.server.KafkaRaftServer;
import kafka.tools.StorageTool;
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
    private final List<Properties> nodes = new ArrayList<>();
    private final List<Integer> ports = new ArrayList<>();
    private final Map<Integer, KafkaRaftServer> running = new HashMap<>();

    private TestKafka(Path folder) {
        this.folder = folder;
    }

    public static TestKafka start() throws IOException {
        return start(1, Map.of());
    }

    /**
     * @param settings of every broker, over what is chosen here
     */
    public static TestKafka start(int brokers, Map<String, String> settings, String... formatOptions)
            throws IOException {
        TestKafka cluster = new TestKafka(Files.createTempDirectory("pg2any-kafka"));
        cluster.configure(brokers, settings);
        for (int node = 0; node < brokers; node++) {
            cluster.format(node, formatOptions);
        }
        for (int node = 0; node < brokers; node++) {
            cluster.startBroker(node);
        }
        return cluster;
    }

    private void configure(int brokers, Map<String, String> settings) throws IOException {
        List<String> voters = new ArrayList<>();
        List<Integer> controllers = new ArrayList<>();
        for (int node = 0; node < brokers; node++) {
            ports.add(FreePort.find());
            controllers.add(FreePort.find());
            voters.add((node + 1) + "@127.0.0.1:" + controllers.get(node));
        }
        String replicas = Integer.toString(brokers);
        for (int node = 0; node < brokers; node++) {
            Properties properties = new Properties();
            properties.putAll(Map.of(
                    "process.roles",
                    "broker,controller",
                    "node.id",
                    Integer.toString(node + 1),
                    "controller.quorum.voters",
                    String.join(",", voters),
                    "controller.listener.names",
                    "CONTROLLER",
                    "listeners",
                    "CLIENT://127.0.0.1:" + ports.get(node) + ",CONTROLLER://127.0.0.1:" + controllers.get(node),
                    "advertised.listeners",
                    "CLIENT://127.0.0.1:" + ports.get(node),
                    "listener.security.protocol.map",
                    "CLIENT:PLAINTEXT,CONTROLLER:PLAINTEXT",
                    "inter.broker.listener.name",
                    "CLIENT",
                    "log.dirs",
                    folder.resolve("node" + (node + 1)).toString(),
                    "auto.create.topics.enable",
                    "false"));
            properties.putAll(Map.of(
                    "offsets.topic.replication.factor", replicas,
                    "offsets.topic.num.partitions", "1",
                    "transaction.state.log.replication.factor", replicas,
                    "transaction.state.log.min.isr", "1",
                    "transaction.state.log.num.partitions", "1",
                    "default.replication.factor", replicas,
                    "group.initial.rebalance.delay.ms", "0"));
            properties.putAll(settings);
            nodes.add(properties);
        }
    }

    private void format(int node, String... options) throws IOException {
        Path file = folder.resolve("node" + (node + 1) + ".properties");
        try (var out = Files.newOutputStream(file)) {
            nodes.get(node).store(out, null);
        }
        List<String> arguments = new ArrayList<>(
                List.of("format", "--cluster-id", "4L6g3nShT-eMCtK--X86sw", "--config", file.toString()));
        arguments.addAll(List.of(options));
        ByteArrayOutputStream said = new ByteArrayOutputStream();
        int code = StorageTool.execute(
                arguments.toArray(String[]::new), new PrintStream(said, true, StandardCharsets.UTF_8));
        if (code != 0) {
            throw new IOException("a broker's folder was not formatted: " + said.toString(StandardCharsets.UTF_8));
        }
    }

    /** Node numbers count from 0. */
    public void startBroker(int node) {
        KafkaRaftServer server = new KafkaRaftServer(new KafkaConfig(nodes.get(node)), Time.SYSTEM);
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
        return String.join(",", ports.stream().map(port -> "127.0.0.1:" + port).toList());
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
