package io.pg2any.cli.quickstart;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.sql.Savepoint;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * The transactions of one worker. Each leaves the invariants of {@link WorkloadSchema} true; none commits by itself.
 */
final class Transactions {
    /** One kind of transaction. */
    interface Kind {
        /**
         * @return false to roll back
         */
        boolean run(Connection connection) throws SQLException;
    }

    private record Weighted(int through, Kind kind) {}

    private record Typed(String column, String type) {}

    private static final List<Typed> EVERYTHING = List.of(
            new Typed("small", "smallint"),
            new Typed("whole", "int"),
            new Typed("large", "bigint"),
            new Typed("object", "oid"),
            new Typed("exact", "numeric"),
            new Typed("money", "numeric(12, 2)"),
            new Typed("single", "real"),
            new Typed("twice", "double precision"),
            new Typed("flag", "boolean"),
            new Typed("letter", "\"char\""),
            new Typed("fixed", "char(8)"),
            new Typed("short", "varchar(40)"),
            new Typed("words", "text"),
            new Typed("day", "date"),
            new Typed("moment", "time"),
            new Typed("zoned_moment", "timetz"),
            new Typed("instant", "timestamp"),
            new Typed("zoned_instant", "timestamptz"),
            new Typed("span", "interval"),
            new Typed("ident", "uuid"),
            new Typed("doc", "json"),
            new Typed("tree", "jsonb"),
            new Typed("raw", "bytea"),
            new Typed("numbers", "int[]"),
            new Typed("names", "text[]"),
            new Typed("grid", "numeric[]"),
            new Typed("feeling", "mood"),
            new Typed("count", "positive"),
            new Typed("contact", "email"),
            new Typed("both_of", "pair"),
            new Typed("host", "inet"),
            new Typed("net", "cidr"),
            new Typed("nic", "macaddr"),
            new Typed("slots", "int4range"),
            new Typed("period", "tstzrange"),
            new Typed("bits", "bit varying(20)"),
            new Typed("place", "point"),
            new Typed("lexemes", "tsvector"),
            new Typed("\"Mixed Case\"", "text"),
            new Typed("\"order\"", "int"),
            new Typed("\"quo\"\"ted\"", "text"));

    /** Some row of {@code everything} at or after a random place. */
    private static final String SOME_ROW =
            " WHERE id = (SELECT id FROM everything WHERE id >= (SELECT (random() * max(id))::bigint FROM everything)"
                    + " ORDER BY id LIMIT 1)";

    private final RandomValues values;
    private final List<Weighted> kinds = new ArrayList<>();
    private int weight;

    Transactions(Random random, boolean truncates) {
        this.values = new RandomValues(random);
        add(30, this::transfer);
        add(15, this::insertEverything);
        add(12, this::updateEverything);
        add(4, connection -> execute(connection, "DELETE FROM everything" + SOME_ROW));
        add(4, this::changeKeys);
        add(8, this::documents);
        add(15, this::duplicates);
        add(10, this::orderLines);
        add(6, this::items);
        add(5, this::devices);
        add(5, this::savepoints);
        add(4, this::aborted);
        add(3, this::scratch);
        add(1, connection -> bulk(connection, 200 + values.below(2000)));
        if (truncates) {
            add(1, connection -> execute(connection, "TRUNCATE scratch, scratch_part"));
        }
    }

    private void add(int share, Kind kind) {
        weight += share;
        kinds.add(new Weighted(weight, kind));
    }

    Kind next() {
        int at = values.below(weight);
        return kinds.stream()
                .filter(kind -> at < kind.through())
                .findFirst()
                .orElseThrow()
                .kind();
    }

    /** Inserts whole batches, and now and then changes or removes one. */
    boolean bulk(Connection connection, int rows) throws SQLException {
        return execute(
                connection,
                """
                WITH made AS (INSERT INTO bulk_batches VALUES (nextval('batches'), %1$d) RETURNING batch)
                INSERT INTO bulk SELECT batch, n, md5(n::text || '%2$s') FROM made, generate_series(1, %1$d) n
                """.formatted(rows, values.word()),
                "UPDATE bulk SET payload = 'changed' WHERE batch = (SELECT min(batch) FROM bulk_batches) AND n % 7 = 0",
                """
                WITH gone AS (DELETE FROM bulk_batches
                    WHERE batch IN (SELECT batch FROM bulk_batches ORDER BY batch DESC OFFSET 12) RETURNING batch)
                DELETE FROM bulk USING gone WHERE bulk.batch = gone.batch
                """);
    }

    private boolean transfer(Connection connection) throws SQLException {
        // In the order of the accounts, so that two transfers wait for one another and never both.
        SortedMap<Integer, long[]> moves = new TreeMap<>();
        try (PreparedStatement ledger =
                connection.prepareStatement("INSERT INTO ledger VALUES (nextval('transfers'), ?, ?, ?, ?)")) {
            for (int count = 1 + values.below(3); count > 0; count--) {
                int debtor = 1 + values.below(WorkloadSchema.ACCOUNTS);
                int creditor = 1 + (debtor + values.below(WorkloadSchema.ACCOUNTS - 1)) % WorkloadSchema.ACCOUNTS;
                long amount = 1 + values.below(50);
                move(moves, debtor, -amount);
                move(moves, creditor, amount);
                ledger.setInt(1, debtor);
                ledger.setInt(2, creditor);
                ledger.setLong(3, amount);
                ledger.setString(4, values.chance(20) ? null : values.text());
                ledger.executeUpdate();
            }
        }
        try (PreparedStatement account = connection.prepareStatement(
                "UPDATE accounts SET balance = balance + ?, transfers = transfers + ? WHERE id = ?")) {
            for (Map.Entry<Integer, long[]> move : moves.entrySet()) {
                account.setLong(1, move.getValue()[0]);
                account.setLong(2, move.getValue()[1]);
                account.setInt(3, move.getKey());
                account.executeUpdate();
            }
        }
        if (values.chance(10)) {
            execute(connection, "SELECT pg_logical_emit_message(true, 'quickstart', 'nobody asked for this')");
        }
        return true;
    }

    private static void move(SortedMap<Integer, long[]> moves, int account, long amount) {
        long[] sumAndCount = moves.computeIfAbsent(account, id -> new long[2]);
        sumAndCount[0] += amount;
        sumAndCount[1]++;
    }

    private boolean insertEverything(Connection connection) throws SQLException {
        StringBuilder sql = new StringBuilder("INSERT INTO everything (");
        StringBuilder parameters = new StringBuilder(") VALUES (");
        for (Typed column : EVERYTHING) {
            sql.append(column.column()).append(", ");
            parameters.append("?::").append(column.type()).append(", ");
        }
        sql.setLength(sql.length() - 2);
        parameters.setLength(parameters.length() - 2);
        try (PreparedStatement insert = connection.prepareStatement(sql.append(parameters) + ")")) {
            for (int rows = 1 + values.below(4); rows > 0; rows--) {
                for (int i = 0; i < EVERYTHING.size(); i++) {
                    insert.setString(i + 1, values.of(EVERYTHING.get(i).type()));
                }
                insert.executeUpdate();
            }
        }
        return true;
    }

    private boolean updateEverything(Connection connection) throws SQLException {
        Typed one = EVERYTHING.get(values.below(EVERYTHING.size()));
        Typed other = EVERYTHING.get(values.below(EVERYTHING.size()));
        String sql = "UPDATE everything SET " + one.column() + " = ?::" + one.type()
                + (one == other ? "" : ", " + other.column() + " = ?::" + other.type()) + SOME_ROW;
        try (PreparedStatement update = connection.prepareStatement(sql)) {
            update.setString(1, values.of(one.type()));
            if (one != other) {
                update.setString(2, values.of(other.type()));
            }
            update.executeUpdate();
        }
        return true;
    }

    /** Lines move up by one, by way of places that are free: a new key is the old one of another row. */
    private boolean changeKeys(Connection connection) throws SQLException {
        if (values.chance(50)) {
            return execute(
                    connection,
                    "UPDATE everything SET id = nextval(pg_get_serial_sequence('everything', 'id'))" + SOME_ROW);
        }
        int order = values.below(200);
        return execute(
                connection,
                "UPDATE order_lines SET line = line + 1000 WHERE order_id = " + order,
                "UPDATE order_lines SET line = line - 999 WHERE order_id = " + order + " AND line > 999",
                "UPDATE shop.items SET sku = sku || '~' WHERE sku = (SELECT max(sku) FROM shop.items)"
                        + " AND length(sku) < 60");
    }

    /** Values out of line: written, replaced, and left unchanged by an update of another column. */
    private boolean documents(Connection connection) throws SQLException {
        String some = " WHERE id = (SELECT id FROM documents WHERE id >= '" + values.uuid() + "' ORDER BY id LIMIT 1)";
        if (values.chance(30)) {
            try (PreparedStatement insert = connection.prepareStatement("INSERT INTO documents VALUES (?, 1, ?, ?)")) {
                insert.setObject(1, values.uuid());
                insert.setString(2, values.large(3000 + values.below(20_000)));
                insert.setBytes(3, values.chance(30) ? null : values.bytes(2500 + values.below(10_000)));
                insert.executeUpdate();
            }
        } else if (values.chance(20)) {
            try (PreparedStatement update =
                    connection.prepareStatement("UPDATE documents SET body = ?, revision = revision + 1" + some)) {
                update.setString(1, values.chance(10) ? null : values.large(3000 + values.below(5000)));
                update.executeUpdate();
            }
        } else if (values.chance(10)) {
            execute(connection, "UPDATE documents SET id = '" + values.uuid() + "'" + some);
        } else if (values.chance(10)) {
            execute(connection, "DELETE FROM documents" + some);
        }
        return execute(connection, "UPDATE documents SET revision = revision + 1" + some);
    }

    /** Rows that nothing tells apart: exactly one of them changes or goes. */
    private boolean duplicates(Connection connection) throws SQLException {
        String one = " WHERE ctid = (SELECT ctid FROM duplicates WHERE amount = " + values.below(5) + " LIMIT 1)";
        switch (values.below(5)) {
            case 0, 1 -> {
                try (PreparedStatement insert =
                        connection.prepareStatement("INSERT INTO duplicates VALUES (?, ?, ?, ?)")) {
                    insert.setString(1, values.chance(20) ? null : "twin");
                    insert.setInt(2, values.below(5));
                    insert.setObject(3, values.chance(20) ? null : 0.1, java.sql.Types.DOUBLE);
                    insert.setString(4, values.chance(90) ? null : values.large(4000));
                    insert.executeUpdate();
                    insert.executeUpdate();
                }
            }
            case 2 -> execute(connection, "UPDATE duplicates SET amount = (amount + 1) % 5" + one);
            case 3 -> execute(connection, "UPDATE duplicates SET kind = NULLIF('twin', kind), share = NULL" + one);
            default ->
                execute(
                        connection,
                        "DELETE FROM duplicates" + one,
                        // Finding one of many equal rows costs the target a scan; a long run must not drown in it.
                        "DELETE FROM duplicates WHERE ctid IN (SELECT ctid FROM duplicates OFFSET 1000 LIMIT 20)");
        }
        return true;
    }

    private boolean orderLines(Connection connection) throws SQLException {
        int order = values.below(200);
        try (PreparedStatement upsert = connection.prepareStatement("INSERT INTO order_lines VALUES (?, ?, ?, ?)"
                + " ON CONFLICT (order_id, line) DO UPDATE SET quantity = order_lines.quantity + 1")) {
            for (int line = 1; line <= 1 + values.below(6); line++) {
                upsert.setInt(1, order);
                upsert.setInt(2, line);
                upsert.setString(3, values.text());
                upsert.setInt(4, values.below(100));
                upsert.executeUpdate();
            }
        }
        if (values.chance(20)) {
            execute(connection, "DELETE FROM order_lines WHERE order_id = " + (order + 1) % 200 + " AND line % 2 = 0");
        }
        return true;
    }

    private boolean items(Connection connection) throws SQLException {
        try (PreparedStatement upsert = connection.prepareStatement("INSERT INTO shop.items VALUES (?, ?, ?::numeric,"
                + " ?::text[]) ON CONFLICT (sku) DO UPDATE SET name = excluded.name, price = excluded.price")) {
            upsert.setString(1, values.text());
            upsert.setString(2, values.text());
            upsert.setString(3, values.of("numeric(12, 2)") == null ? null : "1.10");
            upsert.setString(4, values.of("text[]"));
            upsert.executeUpdate();
        }
        return !values.chance(20)
                || execute(
                        connection,
                        "DELETE FROM shop.items WHERE sku = (SELECT max(sku) FROM shop.items WHERE sku < 'm')");
    }

    private boolean devices(Connection connection) throws SQLException {
        return execute(
                connection,
                "INSERT INTO devices VALUES (NULL, 's" + values.below(300)
                        + "', now()) ON CONFLICT (serial) DO UPDATE SET seen = now()",
                "UPDATE devices SET label = 'l" + values.below(100) + "' WHERE serial = 's" + values.below(300) + "'",
                "UPDATE devices SET serial = serial || 'x' WHERE serial = 's" + values.below(300)
                        + "' AND NOT EXISTS (SELECT FROM devices d WHERE d.serial = devices.serial || 'x')",
                "DELETE FROM devices WHERE serial = 's" + values.below(300) + "'");
    }

    private boolean savepoints(Connection connection) throws SQLException {
        insertEverything(connection);
        Savepoint outer = connection.setSavepoint();
        transfer(connection);
        Savepoint inner = connection.setSavepoint();
        insertEverything(connection);
        execute(connection, "DELETE FROM duplicates");
        connection.rollback(inner);
        if (values.chance(50)) {
            connection.rollback(outer);
        }
        return orderLines(connection);
    }

    private boolean aborted(Connection connection) throws SQLException {
        insertEverything(connection);
        execute(connection, "UPDATE accounts SET balance = 0");
        return false;
    }

    private boolean scratch(Connection connection) throws SQLException {
        return execute(
                connection,
                "INSERT INTO scratch (v) VALUES ('" + values.word() + "'), (NULL)",
                "INSERT INTO scratch_part (v) VALUES ('')",
                "UPDATE scratch SET v = '' WHERE id = (SELECT min(id) FROM scratch)",
                "INSERT INTO unpublished (v) VALUES ('not for you')");
    }

    private static boolean execute(Connection connection, String... statements) throws SQLException {
        try (Statement statement = connection.createStatement()) {
            for (String sql : statements) {
                statement.execute(sql);
            }
        }
        return true;
    }
}
