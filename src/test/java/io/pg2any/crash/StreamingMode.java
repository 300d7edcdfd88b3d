package io.pg2any.crash;

import io.pg2any.cli.EmbeddedPostgres;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Optional;

/**
 * How the source sends transactions that are still open.
 *
 * @param option {@code CDC_STREAMING}
 * @param forced whether the server streams whatever it can, however small
 */
record StreamingMode(String option, boolean forced) {
    static final StreamingMode AUTO = new StreamingMode("auto", false);

    /** {@code -Dpg2any.crash.streaming}: every test that has a {@link Scenario} runs in this mode. */
    static final Optional<StreamingMode> ASKED = Optional.ofNullable(System.getProperty("pg2any.crash.streaming"))
            .filter(text -> !text.isBlank())
            .map(StreamingMode::parse);

    /**
     * The mode that was asked for, or else this one.
     *
     * @param text {@code off}, {@code on}, {@code parallel}; with {@code forced} after it, or {@code forced} alone: on
     */
    static StreamingMode or(String text) {
        return ASKED.orElseGet(() -> parse(text));
    }

    private static StreamingMode parse(String text) {
        String option = text.replaceFirst(" ?forced$", "");
        return new StreamingMode(option.isEmpty() ? "on" : option, text.endsWith("forced"));
    }

    /** From the next session in the database on; before version 16 the smallest transactions are not streamed. */
    void apply(EmbeddedPostgres server, String database) throws SQLException {
        if (!forced) {
            return;
        }
        try (Connection connection = server.connect(database);
                Statement statement = connection.createStatement()) {
            int version;
            try (ResultSet row = statement.executeQuery("SHOW server_version_num")) {
                row.next();
                version = row.getInt(1) / 10_000;
            }
            statement.execute("ALTER DATABASE " + database + " SET "
                    + (version >= 16
                            ? "debug_logical_replication_streaming = 'immediate'"
                            : "logical_decoding_work_mem = '64kB'"));
        }
    }
}
