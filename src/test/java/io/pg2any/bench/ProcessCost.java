package io.pg2any.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;

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
        // The name in parentheses may hold blanks; utime and stime are the 12th and 13th field after it.
        read(stat).ifPresent(text -> {
            String[] fields = text.substring(text.lastIndexOf(')') + 2).split(" ");
            cpu = (Long.parseLong(fields[11]) + Long.parseLong(fields[12])) / TICKS_PER_SECOND;
        });
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

    private static Optional<String> read(Path file) {
        try {
            return Optional.of(Files.readString(file));
        } catch (IOException e) {
            return Optional.empty(); // the process has ended; the last sample stands
        }
    }
}
