package io.pg2any.bench;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.OptionalLong;

/** Which server process streams from a slot. */
final class SlotActivity {
    private SlotActivity() {}

    /** The walsender's process id while the slot is in use. */
    static OptionalLong of(Connection connection, String slot) throws SQLException {
        try (PreparedStatement select =
                connection.prepareStatement("SELECT active_pid FROM pg_replication_slots WHERE slot_name = ?")) {
            select.setString(1, slot);
            try (ResultSet row = select.executeQuery()) {
                if (!row.next()) {
                    throw new SQLException("no slot " + slot);
                }
                long pid = row.getLong(1);
                return row.wasNull() ? OptionalLong.empty() : OptionalLong.of(pid);
            }
        }
    }

    static long await(Connection connection, String slot, Process client) throws SQLException, InterruptedException {
        Deadline deadline = Deadline.seconds(60, "a client on slot " + slot);
        while (true) {
            OptionalLong pid = of(connection, slot);
            if (pid.isPresent()) {
                return pid.getAsLong();
            }
            if (!client.isAlive()) {
                throw new IllegalStateException("the client of slot " + slot + " ended with " + client.exitValue());
            }
            deadline.pause(5);
        }
    }
}
