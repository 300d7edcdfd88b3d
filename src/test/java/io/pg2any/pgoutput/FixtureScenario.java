package io.pg2any.pgoutput;

import java.sql.Statement;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;

/** What {@link FixtureRecorder} lets a server do, one file each. */
enum FixtureScenario {
    PROTO1_TEXT(14, Map.of("proto_version", "1"), FixtureScenario::rows),
    PROTO1_BINARY(14, Map.of("proto_version", "1", "binary", "true"), FixtureScenario::rows),
    PROTO2_STREAMING(14, Map.of("proto_version", "2", "streaming", "on"), FixtureScenario::streams),
    PROTO3_TWO_PHASE(15, Map.of("proto_version", "3", "two_phase", "true"), FixtureScenario::preparedTransactions),
    PROTO3_STREAMING(
            15, Map.of("proto_version", "3", "two_phase", "true", "streaming", "on"), FixtureScenario::preparedStreams),
    PROTO4_PARALLEL(16, Map.of("proto_version", "4", "streaming", "parallel"), FixtureScenario::streams);

    static final String SCHEMA = """
            CREATE TYPE mood AS ENUM ('sad', 'ok', 'happy');
            CREATE DOMAIN positive AS integer CHECK (value > 0);
            CREATE TABLE item (id integer PRIMARY KEY, name varchar(40), mood mood, amount positive,
                               price numeric(10,2), note text);
            ALTER TABLE item ALTER note SET STORAGE EXTERNAL;
            CREATE TABLE "Mixed Case" ("Ключ" bigint PRIMARY KEY, b bytea, t timestamptz, i interval, f float8, u uuid,
                                       j jsonb, a integer[], x boolean);
            CREATE TABLE full_row (a integer, b text);
            ALTER TABLE full_row REPLICA IDENTITY FULL;
            CREATE TABLE by_index (id integer PRIMARY KEY, code text NOT NULL, n integer);
            CREATE UNIQUE INDEX by_index_code ON by_index (code);
            ALTER TABLE by_index REPLICA IDENTITY USING INDEX by_index_code;
            CREATE TABLE no_identity (line text);
            ALTER TABLE no_identity REPLICA IDENTITY NOTHING;
            CREATE TABLE long_key (k text PRIMARY KEY, n integer);
            ALTER TABLE long_key ALTER k SET STORAGE EXTERNAL;
            CREATE TABLE parent (id serial PRIMARY KEY);
            CREATE TABLE child (id serial PRIMARY KEY, parent integer REFERENCES parent);
            CREATE TABLE filler (data text);
            CREATE PUBLICATION pub FOR TABLE item, "Mixed Case", full_row, by_index, no_identity, long_key, parent, child;
            """;

    /** Steps against a server whose changes are being recorded. */
    interface Steps {
        void run(FixtureRecorder recorder) throws Exception;
    }

    final int since;
    final Map<String, String> options;
    final Steps steps;

    FixtureScenario(int since, Map<String, String> options, Steps steps) {
        this.since = since;
        this.options = new TreeMap<>(options);
        this.steps = steps;
    }

    String file() {
        return name().toLowerCase(Locale.ROOT).replace('_', '-');
    }

    boolean streams() {
        return options.containsKey("streaming");
    }

    private static void rows(FixtureRecorder recorder) throws Exception {
        try (Statement client = recorder.client()) {
            client.execute("BEGIN");
            recorder.topXid("first", client);
            client.execute("INSERT INTO item VALUES (1, 'one', 'happy', 5, 1.50, NULL), (2, '', NULL, NULL, NULL, '')");
            client.execute("COMMIT");
        }
        recorder.run(
                "UPDATE item SET note = repeat('n', 2100) WHERE id = 1",
                "UPDATE item SET name = 'uno' WHERE id = 1",
                "UPDATE item SET id = 10 WHERE id = 1",
                "DELETE FROM item WHERE id = 10",
                "INSERT INTO \"Mixed Case\" VALUES (-9223372036854775808, '\\x00ff', '2024-03-01 00:00:00.123456+00',"
                        + " '1 day 02:00:00', 0.1, '00000000-0000-0000-0000-0000000000ff', '{\"k\": 1}', '{1,NULL}',"
                        + " true)",
                "INSERT INTO full_row VALUES (1, NULL)",
                "UPDATE full_row SET b = 'x'",
                "DELETE FROM full_row",
                "INSERT INTO by_index VALUES (1, 'one', 1)",
                "UPDATE by_index SET n = 2",
                "UPDATE by_index SET code = 'uno'",
                "DELETE FROM by_index",
                "INSERT INTO no_identity VALUES ('line')",
                "INSERT INTO long_key VALUES (repeat('k', 2200), 1)",
                "UPDATE long_key SET n = 2",
                "INSERT INTO parent DEFAULT VALUES",
                "TRUNCATE parent, child RESTART IDENTITY",
                "TRUNCATE parent CASCADE",
                "INSERT INTO filler VALUES ('only an unpublished table')",
                "SELECT pg_logical_emit_message(true, 'outbox', 'inside')",
                "SELECT pg_logical_emit_message(false, 'alone', 'outside')",
                "BEGIN; SELECT pg_logical_emit_message(false, 'alone', 'rolled back'); ROLLBACK",
                "SELECT pg_replication_origin_session_setup('upstream')",
                "BEGIN; SELECT pg_replication_origin_xact_setup('0/ABC', '2024-03-01 00:00:00+00');"
                        + " INSERT INTO item (id) VALUES (3); COMMIT",
                "SELECT pg_replication_origin_session_reset()",
                "ALTER TABLE item DROP COLUMN note, ADD COLUMN extra integer DEFAULT 7",
                "INSERT INTO item (id) VALUES (4)");
    }

    private static void streams(FixtureRecorder recorder) throws Exception {
        try (Statement a = recorder.client();
                Statement b = recorder.client()) {
            a.execute("BEGIN");
            recorder.topXid("a", a);
            a.execute("INSERT INTO item (id, mood) VALUES (1, 'ok')");
            a.execute("SAVEPOINT kept");
            a.execute("INSERT INTO item (id) VALUES (2)");
            recorder.xid("a-kept", a, "SELECT xmin::text::bigint FROM item WHERE id = 2");
            a.execute("RELEASE kept");
            a.execute("SAVEPOINT undone");
            a.execute("INSERT INTO item (id) VALUES (3)");
            recorder.xid("a-undone", a, "SELECT xmin::text::bigint FROM item WHERE id = 3");
            a.execute("SELECT pg_logical_emit_message(true, 'outbox', 'in a savepoint')");
            recorder.stream(a);

            b.execute("BEGIN");
            recorder.topXid("b", b);
            b.execute("INSERT INTO parent DEFAULT VALUES");
            b.execute("UPDATE item SET id = 4 WHERE false");
            recorder.stream(b);

            a.execute("ROLLBACK TO undone");
            a.execute("RELEASE undone");
            a.execute("UPDATE item SET id = 20 WHERE id = 2");
            a.execute("DELETE FROM item WHERE id = 1");
            a.execute("TRUNCATE full_row");
            recorder.stream(a);

            b.execute("ROLLBACK");
            recorder.sync();
            a.execute("COMMIT");
            recorder.sync();
        }
        recorder.run("INSERT INTO item (id) VALUES (30)");
        recorder.sync();
        try (Statement c = recorder.client()) {
            recorder.xid("small", c, "SELECT xmin::text::bigint FROM item WHERE id = 30");
            c.execute("BEGIN");
            recorder.topXid("empty", c);
            c.execute("INSERT INTO filler VALUES ('only an unpublished table')");
            recorder.stream(c);
            c.execute("COMMIT");
            recorder.sync();
            c.execute("SELECT pg_replication_origin_session_setup('upstream')");
            c.execute("BEGIN");
            recorder.topXid("origin", c);
            c.execute("INSERT INTO item (id) VALUES (40)");
            recorder.stream(c);
            c.execute("COMMIT");
            c.execute("SELECT pg_replication_origin_session_reset()");
        }
    }

    private static void preparedTransactions(FixtureRecorder recorder) throws Exception {
        recorder.run("INSERT INTO item (id) VALUES (1)");
        try (Statement client = recorder.client()) {
            client.execute("BEGIN");
            recorder.topXid("committed", client);
            client.execute("INSERT INTO item (id) VALUES (2)");
            client.execute("PREPARE TRANSACTION 'one''s gid'");
            client.execute("INSERT INTO item (id) VALUES (3)");
            client.execute("COMMIT PREPARED 'one''s gid'");

            client.execute("BEGIN");
            recorder.topXid("rolled-back", client);
            client.execute("DELETE FROM item WHERE id = 1");
            client.execute("PREPARE TRANSACTION 'undone'");
            recorder.sync();
            client.execute("ROLLBACK PREPARED 'undone'");

            client.execute("BEGIN");
            recorder.topXid("empty", client);
            client.execute("INSERT INTO filler VALUES ('only an unpublished table')");
            client.execute("PREPARE TRANSACTION ''");
            client.execute("COMMIT PREPARED ''");

            client.execute("SELECT pg_replication_origin_session_setup('upstream')");
            client.execute("BEGIN");
            recorder.topXid("origin", client);
            client.execute("SELECT pg_replication_origin_xact_setup('0/ABC', '2024-03-01 00:00:00+00')");
            client.execute("INSERT INTO item (id) VALUES (4)");
            client.execute("PREPARE TRANSACTION 'from upstream'");
            client.execute("SELECT pg_replication_origin_session_reset()");
            client.execute("COMMIT PREPARED 'from upstream'");
        }
    }

    private static void preparedStreams(FixtureRecorder recorder) throws Exception {
        try (Statement client = recorder.client()) {
            client.execute("BEGIN");
            recorder.topXid("committed", client);
            client.execute("INSERT INTO item (id) VALUES (1)");
            recorder.stream(client);
            client.execute("PREPARE TRANSACTION 'kept'");
            recorder.sync();
            client.execute("COMMIT PREPARED 'kept'");

            client.execute("BEGIN");
            recorder.topXid("rolled-back", client);
            client.execute("UPDATE item SET name = 'changed'");
            recorder.stream(client);
            client.execute("PREPARE TRANSACTION 'undone'");
            recorder.sync();
            client.execute("ROLLBACK PREPARED 'undone'");
        }
    }
}
