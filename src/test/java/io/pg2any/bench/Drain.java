package io.pg2any.bench;

/**
 * One backlog drained once.
 *
 * @param seconds from the start of streaming to the last message read, or to the last row visible in the target
 * @param secondsWithStart the same, from the start of the process
 * @param cpuSeconds of the client since streaming started
 * @param walsenderCpuSeconds of the server process that fed it
 * @param targetCpuSeconds of the server that was drained into; 0 where there is none
 * @param peakRssMib of the client, over its whole life
 * @param others the share of the machine's CPU that none of them had, 0 to 1
 */
record Drain(
        long rows,
        double seconds,
        double secondsWithStart,
        double cpuSeconds,
        double walsenderCpuSeconds,
        double targetCpuSeconds,
        double peakRssMib,
        double others) {
    double rowsPerSecond() {
        return rows / seconds;
    }

    double cpuSecondsPerMillionRows() {
        return cpuSeconds * 1e6 / rows;
    }

    double walsenderCpuSecondsPerMillionRows() {
        return walsenderCpuSeconds * 1e6 / rows;
    }

    double targetCpuSecondsPerMillionRows() {
        return targetCpuSeconds * 1e6 / rows;
    }
}
