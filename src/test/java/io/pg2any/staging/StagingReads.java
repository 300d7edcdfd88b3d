package io.pg2any.staging;

import static org.assertj.core.api.Assertions.assertThat;

import io.pg2any.change.Change;
import io.pg2any.change.TransactionBatch;
import io.pg2any.change.TransactionCursor;
import io.pg2any.change.Tuple;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/** Batches as text: {@code commitLsn:table(values),table(values)}. Each transaction has as many changes as it says. */
final class StagingReads {
    private StagingReads() {}

    static List<String> read(TransactionBatch batch) throws IOException {
        try (TransactionCursor cursor = batch.open()) {
            return read(cursor);
        }
    }

    static List<String> read(TransactionCursor cursor) throws IOException {
        List<String> transactions = new ArrayList<>();
        while (cursor.nextTransaction()) {
            List<String> changes = new ArrayList<>();
            for (Change change; (change = cursor.nextChange()) != null; ) {
                changes.add(text(change));
            }
            assertThat(cursor.transaction().changes()).hasValue(changes.size());
            transactions.add(cursor.transaction().commitLsn().value() + ":" + String.join(",", changes));
        }
        return transactions;
    }

    /** What is there now; null if nothing is. */
    static TransactionBatch take(StagingLog log) throws IOException, InterruptedException {
        return log.take(Duration.ZERO);
    }

    /** Takes, reads and completes until nothing is left. */
    static List<String> drain(StagingLog log) throws IOException, InterruptedException {
        List<String> all = new ArrayList<>();
        for (TransactionBatch batch; (batch = take(log)) != null; log.complete(batch)) {
            all.addAll(read(batch));
        }
        return all;
    }

    static String text(Change change) {
        if (change instanceof Change.Insert insert) {
            return insert.relation().name() + "(" + text(insert.row()) + ")";
        }
        if (change instanceof Change.Truncate truncate) {
            return "truncate("
                    + String.join(
                            "+",
                            truncate.relations().stream().map(r -> r.name()).toList()) + ")";
        }
        if (change instanceof Change.LogicalMessage message) {
            return "message(" + new String(message.content(), java.nio.charset.StandardCharsets.UTF_8) + ")";
        }
        throw new AssertionError("not written by these tests: " + change);
    }

    private static String text(Tuple row) {
        List<String> values = new ArrayList<>();
        for (int i = 0; i < row.size(); i++) {
            values.add(row.text(i));
        }
        return String.join("|", values);
    }
}
