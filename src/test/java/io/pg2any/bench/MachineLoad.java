package io.pg2any.bench;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * How much of the machine's CPU went to somebody else during a drain: other processes, the hypervisor's other guests.
 * That is what makes two drains incomparable.
 */
final class MachineLoad {
    private static final double TICKS_PER_SECOND = 100;

    private final double busyAtStart = busySeconds();
    private final long start = System.nanoTime();

    MachineLoad() throws IOException {}

    /**
     * @param ownCpuSeconds of the measured processes in the same time
     * @return share of all cores, 0 to 1
     */
    double others(double ownCpuSeconds) throws IOException {
        double cores = Runtime.getRuntime().availableProcessors();
        double seconds = (System.nanoTime() - start) / 1e9;
        double others = busySeconds() - busyAtStart - ownCpuSeconds;
        return Math.max(0, others / seconds / cores);
    }

    /** First line of /proc/stat: cpu, user, nice, system, idle, iowait, irq, softirq, steal; guest is part of user. */
    private static double busySeconds() throws IOException {
        String[] fields = Files.readAllLines(Path.of("/proc/stat")).get(0).split(" +");
        long ticks = 0;
        for (int i = 1; i <= 8; i++) {
            boolean idle = i == 4 || i == 5;
            ticks += idle ? 0 : Long.parseLong(fields[i]);
        }
        return ticks / TICKS_PER_SECOND;
    }
}
