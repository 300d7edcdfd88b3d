package io.pg2any.capture;

import io.pg2any.change.Lsn;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/**
 * A slot as {@code pg_replication_slots} shows it.
 *
 * @param plugin null for a physical slot
 * @param database null for a physical slot
 * @param activePid the walsender that holds it, or null
 * @param confirmedFlush null for a physical slot
 * @param invalidation why the slot is of no use any more, or null
 */
record ReplicationSlot(
        String name,
        String plugin,
        String database,
        boolean twoPhase,
        Integer activePid,
        Lsn confirmedFlush,
        String invalidation) {

    static Optional<ReplicationSlot> read(Connection connection, String name) throws SQLException {
        // All columns, because half of the interesting ones exist in newer servers only.
        try (PreparedStatement statement =
                connection.prepareStatement("SELECT * FROM pg_catalog.pg_replication_slots WHERE slot_name = ?")) {
            statement.setString(1, name);
            try (ResultSet row = statement.executeQuery()) {
                if (!row.next()) {
                    return Optional.empty();
                }
                Map<String, String> values = new HashMap<>();
                for (int i = 1; i <= row.getMetaData().getColumnCount(); i++) {
                    values.put(row.getMetaData().getColumnName(i).toLowerCase(Locale.ROOT), row.getString(i));
                }
                return Optional.of(of(values));
            }
        }
    }

    private static ReplicationSlot of(Map<String, String> row) {
        String invalidation = row.get("invalidation_reason");
        if (invalidation == null && "lost".equals(row.get("wal_status"))) {
            invalidation = "wal_removed";
        }
        if (invalidation == null && "t".equals(row.get("conflicting"))) {
            invalidation = "conflicting";
        }
        String pid = row.get("active_pid");
        String confirmed = row.get("confirmed_flush_lsn");
        return new ReplicationSlot(
                row.get("slot_name"),
                row.get("plugin"),
                row.get("database"),
                "t".equals(row.get("two_phase")),
                pid == null ? null : Integer.valueOf(pid),
                confirmed == null ? null : Lsn.parse(confirmed),
                invalidation);
    }

    /**
     * Creates the slot on a replication connection; waits until every write transaction that runs now has ended.
     *
     * @return the consistent point: the slot sends what commits at or after it
     */
    static Lsn create(Connection replication, String name, int serverMajor, boolean twoPhase) throws SQLException {
        String options = serverMajor >= 15
                ? "(SNAPSHOT 'nothing'" + (twoPhase ? ", TWO_PHASE true)" : ")")
                : "NOEXPORT_SNAPSHOT";
        try (Statement statement = replication.createStatement();
                ResultSet row = statement.executeQuery(
                        "CREATE_REPLICATION_SLOT \"" + name + "\" LOGICAL pgoutput " + options)) {
            row.next();
            return Lsn.parse(row.getString("consistent_point"));
        }
    }
}
