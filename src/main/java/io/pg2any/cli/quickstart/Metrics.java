package io.pg2any.cli.quickstart;

import java.util.HashMap;
import java.util.Map;
import java.util.OptionalDouble;

/** One answer of {@code /metrics}, each name's samples added up over its labels. */
public record Metrics(Map<String, Double> sums) {
    public Metrics {
        sums = Map.copyOf(sums);
    }

    /** Reads the Prometheus text format; lines that are no samples are passed over. */
    static Metrics parse(String text) {
        Map<String, Double> sums = new HashMap<>();
        for (String line : text.split("\n", -1)) {
            int value = line.lastIndexOf(' ');
            if (line.startsWith("#") || value < 0) {
                continue;
            }
            int labels = line.indexOf('{');
            String name = line.substring(0, labels >= 0 && labels < value ? labels : value);
            sums.merge(name, number(line.substring(value + 1).strip()), Double::sum);
        }
        return new Metrics(sums);
    }

    private static double number(String text) {
        return switch (text) {
            case "+Inf" -> Double.POSITIVE_INFINITY;
            case "-Inf" -> Double.NEGATIVE_INFINITY;
            default -> Double.parseDouble(text);
        };
    }

    public OptionalDouble get(String name) {
        Double value = sums.get(name);
        return value == null ? OptionalDouble.empty() : OptionalDouble.of(value);
    }
}
