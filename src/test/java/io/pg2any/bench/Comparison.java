package io.pg2any.bench;

import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.function.ToDoubleFunction;
import java.util.stream.DoubleStream;

/** The rounds of one scenario, and its line of the table. */
final class Comparison {
    /**
     * @param recvlogical absent where the machine has no {@code pg_recvlogical}
     * @param subscription absent where the target is not PostgreSQL
     */
    record Round(Drain bare, Optional<Drain> recvlogical, Optional<Drain> subscription, Drain pipeline) {
        double ratioToBare() {
            return pipeline.rowsPerSecond() / bare.rowsPerSecond();
        }

        /** 0 without one. */
        double ratioToSubscription() {
            return subscription
                    .map(drain -> pipeline.rowsPerSecond() / drain.rowsPerSecond())
                    .orElse(0.0);
        }

        double ratioToFaster() {
            double fastest = Math.max(
                    bare.rowsPerSecond(), recvlogical.map(Drain::rowsPerSecond).orElse(0.0));
            return pipeline.rowsPerSecond() / fastest;
        }

        /** The worst of the drains that are compared. */
        double others() {
            return Math.max(bare.others(), pipeline.others());
        }

        @Override
        public String toString() {
            return String.format(
                    Locale.ROOT,
                    "bare %,.0f rows/s, pg_recvlogical %s, subscription %s, pipeline %,.0f rows/s (%.2f s, with JVM"
                            + " start %.2f s), ratio %.3f, CPU s: bare %.2f + walsender %.2f, pipeline %.2f + walsender"
                            + " %.2f + target %.2f, others had %.0f %% and %.0f %% of the machine",
                    bare.rowsPerSecond(),
                    rowsPerSecond(recvlogical),
                    rowsPerSecond(subscription),
                    pipeline.rowsPerSecond(),
                    pipeline.seconds(),
                    pipeline.secondsWithStart(),
                    ratioToBare(),
                    bare.cpuSeconds(),
                    bare.walsenderCpuSeconds(),
                    pipeline.cpuSeconds(),
                    pipeline.walsenderCpuSeconds(),
                    pipeline.targetCpuSeconds(),
                    bare.others() * 100,
                    pipeline.others() * 100);
        }

        private static String rowsPerSecond(Optional<Drain> drain) {
            return drain.map(present -> String.format(Locale.ROOT, "%,.0f rows/s", present.rowsPerSecond()))
                    .orElse("-");
        }
    }

    static final String HEADER = """
            | scenario | rows | bare reader, rows/s best (median) | pg_recvlogical, rows/s best (median) | subscription, rows/s best (median) | pipeline, rows/s best (median) | ratio to bare reader | ratio to faster of both | ratio to subscription | pipeline CPU s per million rows | walsender CPU s per million rows | target CPU s per million rows (subscription) | peak RSS MiB |
            |---|---|---|---|---|---|---|---|---|---|---|---|---|""";

    private final Scenario scenario;
    private final List<Round> rounds = new ArrayList<>();

    Comparison(Scenario scenario) {
        this.scenario = scenario;
    }

    void add(Round round) {
        rounds.add(round);
    }

    String line() {
        List<Drain> recvlogical =
                rounds.stream().flatMap(round -> round.recvlogical().stream()).toList();
        List<Drain> subscription =
                rounds.stream().flatMap(round -> round.subscription().stream()).toList();
        List<Drain> pipeline = rounds.stream().map(Round::pipeline).toList();
        return String.format(
                Locale.ROOT,
                "| %s | %,d | %s | %s | %s | %s | %.2f | %.2f | %s | %.2f | %.2f | %.2f%s | %.0f |",
                scenario.name().toLowerCase(Locale.ROOT),
                pipeline.get(0).rows(),
                speed(rounds.stream().map(Round::bare).toList()),
                recvlogical.isEmpty() ? "-" : speed(recvlogical),
                subscription.isEmpty() ? "-" : speed(subscription),
                speed(pipeline),
                median(rounds, Round::ratioToBare),
                median(rounds, Round::ratioToFaster),
                subscription.isEmpty()
                        ? "-"
                        : String.format(Locale.ROOT, "%.2f", median(rounds, Round::ratioToSubscription)),
                median(pipeline, Drain::cpuSecondsPerMillionRows),
                median(pipeline, Drain::walsenderCpuSecondsPerMillionRows),
                median(pipeline, Drain::targetCpuSecondsPerMillionRows),
                subscription.isEmpty()
                        ? ""
                        : String.format(
                                Locale.ROOT, " (%.2f)", median(subscription, Drain::targetCpuSecondsPerMillionRows)),
                pipeline.stream().mapToDouble(Drain::peakRssMib).max().orElseThrow());
    }

    private static String speed(List<Drain> drains) {
        return String.format(
                Locale.ROOT,
                "%,.0f (%,.0f)",
                drains.stream().mapToDouble(Drain::rowsPerSecond).max().orElseThrow(),
                median(drains, Drain::rowsPerSecond));
    }

    private static <T> double median(Collection<T> items, ToDoubleFunction<T> figure) {
        double[] sorted = DoubleStream.of(items.stream().mapToDouble(figure).toArray())
                .sorted()
                .toArray();
        int middle = sorted.length / 2;
        return sorted.length % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
    }
}
