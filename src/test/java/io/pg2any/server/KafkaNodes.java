package io.pg2any.server;

import io.pg2any.cli.FreePort;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import kafka.tools.StorageTool;

/**
 * The settings of a cluster's nodes, each a broker and a controller.
 *
 * @param files one properties file a node, for which a folder has been formatted
 */
record KafkaNodes(List<Path> files, List<Integer> ports) {
    /**
     * @param settings of every broker, over what is chosen here
     */
    static KafkaNodes format(Path folder, int brokers, Map<String, String> settings, String... options)
            throws IOException {
        List<Integer> ports = new ArrayList<>();
        List<Integer> controllers = new ArrayList<>();
        List<String> voters = new ArrayList<>();
        for (int node = 0; node < brokers; node++) {
            ports.add(FreePort.find());
            controllers.add(FreePort.find());
            voters.add((node + 1) + "@127.0.0.1:" + controllers.get(node));
        }
        List<Path> files = new ArrayList<>();
        for (int node = 0; node < brokers; node++) {
            String client = "CLIENT://127.0.0.1:" + ports.get(node);
            Properties properties = new Properties();
            properties.putAll(Map.of(
                    "node.id", Integer.toString(node + 1),
                    "controller.quorum.voters", String.join(",", voters),
                    "listeners", client + ",CONTROLLER://127.0.0.1:" + controllers.get(node),
                    "advertised.listeners", client,
                    "log.dirs", folder.resolve("node" + (node + 1)).toString()));
            properties.putAll(shared(brokers));
            properties.putAll(settings);
            Path file = folder.resolve("node" + (node + 1) + ".properties");
            try (var out = Files.newOutputStream(file)) {
                properties.store(out, null);
            }
            format(file, options);
            files.add(file);
        }
        return new KafkaNodes(files, ports);
    }

    private static Map<String, String> shared(int brokers) {
        String replicas = Integer.toString(brokers);
        return Map.ofEntries(
                Map.entry("process.roles", "broker,controller"),
                Map.entry("controller.listener.names", "CONTROLLER"),
                Map.entry("listener.security.protocol.map", "CLIENT:PLAINTEXT,CONTROLLER:PLAINTEXT"),
                Map.entry("inter.broker.listener.name", "CLIENT"),
                Map.entry("auto.create.topics.enable", "false"),
                Map.entry("offsets.topic.replication.factor", replicas),
                Map.entry("offsets.topic.num.partitions", "1"),
                Map.entry("transaction.state.log.replication.factor", replicas),
                Map.entry("transaction.state.log.min.isr", "1"),
                Map.entry("transaction.state.log.num.partitions", "1"),
                Map.entry("default.replication.factor", replicas),
                Map.entry("group.initial.rebalance.delay.ms", "0"));
    }

    private static void format(Path file, String... options) throws IOException {
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

    static Properties read(Path file) throws IOException {
        Properties properties = new Properties();
        try (var in = Files.newInputStream(file)) {
            properties.load(in);
        }
        return properties;
    }

    String servers() {
        return String.join(",", ports.stream().map(port -> "127.0.0.1:" + port).toList());
    }
}
