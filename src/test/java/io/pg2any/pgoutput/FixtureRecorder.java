package io.pg2any.pgoutput;

import io.pg2any.change.Lsn;
import io.pg2any.cli.EmbeddedPostgres;
import io.pg2any.server.TestPostgres;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import org.postgresql.PGConnection;
import org.postgresql.copy.CopyDual;

/**
 * Records {@code src/test/resources/pgoutput/<version>/<scenario>.hex} from real servers:
 *
 * <pre>
 * mvn -q test-compile dependency:build-classpath -Dmdep.outputFile=target/test.classpath
 * java -cp target/test-classes:target/classes:$(cat target/test.classpath) io.pg2any.pgoutput.FixtureRecorder
 * </pre>
 *
 * <p>A file holds facts read from the server's catalog, which the tests compare the decoded messages with, and the
 * messages, one per line:
 *
 * <pre>
 * # server 16.13
 * # option proto_version 1
 * # lsn FROM TO                                      everything was written between these
 * # xid LABEL XID
 * # column OID SCHEMA TABLE IDENTITY COLUMN TYPEOID TYPMOD PART_OF_IDENTITY TYPENAME      separated by tabs
 * WALSTART HEX
 * </pre>
 */
final class FixtureRecorder implements AutoCloseable {
    private static final Path FOLDER = Path.of("src/test/resources/pgoutput");
    private static final String SYNC = "fixture-sync";
    private static final String SESSION = "-c datestyle=ISO -c intervalstyle=postgres -c timezone=UTC"
            + " -c extra_float_digits=3 -c bytea_output=hex -c wal_sender_timeout=0";

    private static final String COLUMNS = """
            SELECT c.oid, n.nspname, c.relname, c.relreplident, a.attname, a.atttypid, a.atttypmod,
                   CASE c.relreplident
                     WHEN 'f' THEN true
                     WHEN 'n' THEN false
                     ELSE EXISTS (SELECT FROM pg_index i
                                  WHERE i.indrelid = c.oid AND a.attnum = ANY (i.indkey)
                                    AND CASE c.relreplident WHEN 'd' THEN i.indisprimary ELSE i.indisreplident END)
                   END,
                   CASE WHEN t.oid >= 10000 THEN coalesce(b.typname, t.typname) ELSE '' END
            FROM pg_publication_tables p
            JOIN pg_namespace n ON n.nspname = p.schemaname
            JOIN pg_class c ON c.relnamespace = n.oid AND c.relname = p.tablename
            JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
            JOIN pg_type t ON t.oid = a.atttypid
            LEFT JOIN pg_type b ON b.oid = t.typbasetype
            ORDER BY c.oid, a.attnum
            """;

    private final EmbeddedPostgres server;
    private final String database;
    private final int version;
    private final boolean immediate;
    private final Connection side;
    private final Connection replication;
    private final CopyDual copy;
    private final List<Connection> clients = new ArrayList<>();
    private final List<String> facts = new ArrayList<>();
    private final List<String> messages = new ArrayList<>();
    private final String from;

    public static void main(String[] arguments) throws Exception {
        for (int version : TestPostgres.VERSIONS) {
            try (EmbeddedPostgres server = TestPostgres.start(version, Map.of("autovacuum", "off"))) {
                try (Connection connection = server.connect();
                        Statement statement = connection.createStatement()) {
                    statement.execute("SELECT pg_replication_origin_create('upstream')");
                }
                for (FixtureScenario scenario : FixtureScenario.values()) {
                    if (version >= scenario.since) {
                        try (FixtureRecorder recorder = new FixtureRecorder(server, version, scenario)) {
                            scenario.steps.run(recorder);
                            recorder.sync();
                            recorder.write(scenario);
                        }
                    }
                }
            }
        }
    }

    private FixtureRecorder(EmbeddedPostgres server, int version, FixtureScenario scenario)
            throws SQLException, IOException {
        this.server = server;
        this.version = version;
        this.immediate = scenario.streams() && version >= 16;
        this.database = "fixture_" + scenario.ordinal();
        try (Connection connection = server.connect();
                Statement statement = connection.createStatement()) {
            statement.execute("CREATE DATABASE " + database);
        }
        side = server.connect(database);
        try (Statement statement = side.createStatement()) {
            statement.execute(FixtureScenario.SCHEMA);
        }
        facts.add("server " + value("SHOW server_version"));
        scenario.options.forEach((name, value) -> facts.add("option " + name + " " + value));
        from = value("SELECT pg_current_wal_lsn()");
        columnFacts();
        value("SELECT pg_create_logical_replication_slot('" + database + "', 'pgoutput')");
        replication = DriverManager.getConnection(server.jdbcUrl(database), replicationProperties(scenario));
        copy = replication.unwrap(PGConnection.class).getCopyAPI().copyDual(start(scenario));
    }

    private Properties replicationProperties(FixtureScenario scenario) {
        String streaming = !scenario.streams()
                ? ""
                : immediate
                        ? " -c debug_logical_replication_streaming=immediate"
                        : " -c logical_decoding_work_mem=64kB";
        Properties properties = new Properties();
        properties.setProperty("replication", "database");
        properties.setProperty("preferQueryMode", "simple");
        properties.setProperty("assumeMinServerVersion", "14");
        properties.setProperty("socketTimeout", "30");
        properties.setProperty("options", SESSION + streaming);
        return properties;
    }

    private String start(FixtureScenario scenario) {
        StringBuilder command = new StringBuilder("START_REPLICATION SLOT \"" + database
                + "\" LOGICAL 0/0 (publication_names '\"pub\"', messages 'true'");
        scenario.options.forEach((name, value) ->
                command.append(", ").append(name).append(" '").append(value).append('\''));
        return command.append(')').toString();
    }

    /** Another connection to the source, for a transaction that stays open. */
    Statement client() throws SQLException {
        Connection connection = server.connect(database);
        clients.add(connection);
        return connection.createStatement();
    }

    /** Runs each statement as a transaction of its own, unless it begins or ends one. */
    void run(String... statements) throws SQLException {
        try (Statement statement = side.createStatement()) {
            for (String sql : statements) {
                statement.execute(sql);
            }
        }
    }

    /** Remembers the xid that the query gives, so that tests can ask for it by its label. */
    void xid(String label, Statement statement, String query) throws SQLException {
        try (ResultSet result = statement.executeQuery(query)) {
            result.next();
            facts.add("xid " + label + " " + result.getLong(1));
        }
    }

    void topXid(String label, Statement statement) throws SQLException {
        xid(label, statement, "SELECT txid_current()");
    }

    /**
     * Makes the server stream what the open transaction has changed so far: by rows of an unpublished table that exceed
     * the decoding memory, where no setting forces it.
     */
    void stream(Statement statement) throws SQLException {
        if (!immediate) {
            statement.execute("INSERT INTO filler SELECT repeat('f', 200) FROM generate_series(1, 400)");
        }
        sync();
    }

    /** Records until the server has decoded all that was written so far. */
    void sync() throws SQLException {
        run("SELECT pg_logical_emit_message(false, '" + SYNC + "', ''), txid_current()");
        while (true) {
            byte[] data = copy.readFromCopy();
            if (data == null) {
                throw new IllegalStateException("the server ended the copy");
            }
            if (data[0] != 'w') {
                continue;
            }
            if (data[25] == 'M' && new String(data, StandardCharsets.UTF_8).contains(SYNC)) {
                return;
            }
            long walStart = ByteBuffer.wrap(data).getLong(1);
            messages.add(new Lsn(walStart) + " " + HexFormat.of().formatHex(data, 25, data.length));
        }
    }

    private void columnFacts() throws SQLException {
        try (Statement statement = side.createStatement();
                ResultSet columns = statement.executeQuery(COLUMNS)) {
            while (columns.next()) {
                StringBuilder fact = new StringBuilder("column");
                for (int i = 1; i <= 9; i++) {
                    fact.append('\t').append(columns.getString(i));
                }
                facts.add(fact.toString());
            }
        }
    }

    private String value(String query) throws SQLException {
        try (Statement statement = side.createStatement();
                ResultSet result = statement.executeQuery(query)) {
            result.next();
            return result.getString(1);
        }
    }

    private void write(FixtureScenario scenario) throws IOException, SQLException {
        facts.add("lsn " + from + " " + value("SELECT pg_current_wal_lsn()"));
        List<String> lines = new ArrayList<>();
        facts.forEach(fact -> lines.add("# " + fact));
        lines.addAll(messages);
        Path file = FOLDER.resolve(version + "/" + scenario.file() + ".hex");
        Files.createDirectories(file.getParent());
        Files.write(file, lines);
        System.out.println(file + ": " + messages.size() + " messages");
    }

    @Override
    public void close() throws SQLException {
        for (Connection client : clients) {
            client.close();
        }
        side.close();
        replication.close();
    }
}
