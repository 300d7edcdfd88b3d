package io.pg2any.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;

/** What Linux says that a process has used. Shows the last value seen once the process is gone. */
final class ProcessCost {
    /** USER_HZ, which is 100 on every architecture Linux still has. */
    private static final double TICKS_PER_SECOND = 100;

    private final Path stat;
    private final Path status;
    private final double cpuAtStart;
    private double cpu;
    private long peakRssKib;

    /** Counts CPU from now on. */
    ProcessCost(long pid) {
        stat = Path.of("/proc", Long.toString(pid), "stat");
        status = Path.of("/proc", Long.toString(pid), "status");
        sample();
        cpuAtStart = cpu;
    }

    void sample() {
        read(stat).ifPresent(text -> cpu = cpuSeconds(text));
        read(status)
                .flatMap(text ->
                        text.lines().filter(line -> line.startsWith("VmHWM:")).findFirst())
                .ifPresent(line -> peakRssKib = Long.parseLong(line.replaceAll("[^0-9]", "")));
    }

    double cpuSeconds() {
        return cpu - cpuAtStart;
    }

    double cpuSecondsSinceBirth() {
        return cpu;
    }

    double peakRssMib() {
        return peakRssKib / 1024.0;
    }

    /** CPU seconds of a process and all that it has started, ended ones included once it has waited for them. */
    static double tree(long pid) throws IOException {
        ProcessHandle root = ProcessHandle.of(pid).orElseThrow(() -> new IOException("process " + pid + " is gone"));
        return Stream.concat(Stream.of(root), root.descendants())
                .map(process -> read(Path.of("/proc", Long.toString(process.pid()), "stat")))
                .mapToDouble(
                        text -> text.map(ProcessCost::cpuSecondsWithChildren).orElse(0.0))
                .sum();
    }

    /** CPU seconds of every living thread since its birth, by name and thread id; a name is cut after 15 bytes. */
    static Map<String, Double> threads(long pid) throws IOException {
        Map<String, Double> seconds = new HashMap<>();
        try (Stream<Path> tasks = Files.list(Path.of("/proc", Long.toString(pid), "task"))) {
            for (Path task : (Iterable<Path>) tasks::iterator) {
                read(task.resolve("stat")).ifPresent(text -> {
                    String name = text.substring(text.indexOf('(') + 1, text.lastIndexOf(')'));
                    seconds.put(name + " " + task.getFileName(), cpuSeconds(text));
                });
            }
        }
        return seconds;
    }

    /** Its utime and stime. */
    private static double cpuSeconds(String stat) {
        return ticks(stat, 2) / TICKS_PER_SECOND;
    }

    /** And cutime and cstime, of the children it has waited for. */
    private static double cpuSecondsWithChildren(String stat) {
        return ticks(stat, 4) / TICKS_PER_SECOND;
    }

    /** The name in parentheses may hold blanks; the times begin with the 12th field after it. */
    private static long ticks(String stat, int fields) {
        String[] values = stat.substring(stat.lastIndexOf(')') + 2).split(" ");
        long ticks = 0;
        for (int i = 11; i < 11 + fields; i++) {
            ticks += Long.parseLong(values[i]);
        }
        return ticks;
    }

    private static Optional<String> read(Path file) {
        try {
            return Optional.of(Files.readString(file));
        } catch (IOException e) {
            return Optional.empty(); // the process has ended; the last sample stands
        }
    }
}
