package io.pg2any.server;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/** Real brokers, each in a process of its own, so that one can be killed. Topics must be created. */
public final class KafkaProcesses implements AutoCloseable {
    private final Path folder;
    private final KafkaNodes nodes;
    private final List<String> jvmOptions;
    private final List<Process> processes = new ArrayList<>();

    private KafkaProcesses(Path folder, KafkaNodes nodes, List<String> jvmOptions) {
        this.folder = folder;
        this.nodes = nodes;
        this.jvmOptions = jvmOptions;
    }

    /**
     * @param settings of every broker, over what is chosen for it
     */
    public static KafkaProcesses start(int brokers, Map<String, String> settings) throws IOException {
        return start(brokers, settings, List.of("-Xmx512m"));
    }

    public static KafkaProcesses start(int brokers, Map<String, String> settings, List<String> jvmOptions)
            throws IOException {
        Path folder = Files.createTempDirectory("pg2any-kafka");
        KafkaProcesses cluster = new KafkaProcesses(folder, KafkaNodes.format(folder, brokers, settings), jvmOptions);
        for (int node = 0; node < brokers; node++) {
            cluster.processes.add(cluster.launch(node));
        }
        return cluster;
    }

    private Process launch(int node) throws IOException {
        List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.addAll(jvmOptions);
        command.addAll(List.of(
                "-cp",
                System.getProperty("java.class.path"),
                KafkaProcess.class.getName(),
                nodes.files().get(node).toString()));
        return new ProcessBuilder(command)
                .redirectErrorStream(true)
                .redirectOutput(folder.resolve("node" + (node + 1) + ".log").toFile())
                .start();
    }

    /** SIGKILL. Node numbers count from 0. */
    public void kill(int node) throws InterruptedException {
        processes.get(node).destroyForcibly().waitFor();
    }

    /** After a kill. */
    public void restart(int node) throws IOException {
        processes.set(node, launch(node));
    }

    /** For what they cost. */
    public List<Long> pids() {
        return processes.stream().map(Process::pid).toList();
    }

    public String servers() {
        return nodes.servers();
    }

    /** Idempotent. */
    @Override
    public void close() throws IOException {
        processes.forEach(Process::destroyForcibly);
        processes.forEach(process -> process.onExit().join());
        if (!Files.exists(folder)) {
            return;
        }
        try (Stream<Path> paths = Files.walk(folder)) {
            for (Path path : (Iterable<Path>) paths.sorted(Comparator.reverseOrder())::iterator) {
                Files.deleteIfExists(path);
            }
        }
    }
}
