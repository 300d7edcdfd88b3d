package io.pg2any.bench;

import io.pg2any.change.Lsn;
import java.nio.file.Files;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.Map;
import java.util.OptionalLong;

/** The pipeline's own SQLite file. */
final class SqliteTarget implements PipelineDrainer.Target {
    @Override
    public Map<String, String> settings(String slot) {
        return Map.of();
    }

    @Override
    public void awaitEnd(Pipeline pipeline, Deadline deadline) throws SQLException, InterruptedException {
        while (!Files.exists(pipeline.target())) {
            deadline.pause(10);
        }
        try (Connection target = pipeline.openTarget()) {
            while (Pipeline.number(target, "SELECT 1 FROM " + Backlog.END_TABLE).isEmpty()) {
                pipeline.requireAlive();
                deadline.pause(10);
            }
        }
    }

    @Override
    public void verify(Backlog backlog, Pipeline pipeline) throws SQLException {
        try (Connection target = pipeline.openTarget()) {
            verify(backlog, target);
        }
    }

    private static void verify(Backlog backlog, Connection target) throws SQLException {
        Lsn position = Pipeline.position(target);
        if (position.isBefore(backlog.end())) {
            throw new IllegalStateException("the position " + position + " is before the end " + backlog.end());
        }
        for (String table : backlog.scenario().tables()) {
            equal("rows of " + table, backlog.count(table), target, "SELECT count(*) FROM " + table);
            if (!table.equals("orders")) {
                long balance =
                        Long.parseLong(Backlog.text(backlog.connection(), "SELECT sum(balance * id) FROM " + table));
                equal("balances of " + table, balance, target, "SELECT sum(balance * id) FROM " + table);
            }
        }
    }

    private static void equal(String what, long expected, Connection target, String sql) {
        OptionalLong found = Pipeline.number(target, sql);
        if (found.isEmpty() || found.getAsLong() != expected) {
            throw new IllegalStateException(what + ": source " + expected + ", target " + found);
        }
    }
}
