package io.pg2any.bench;

import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.List;

/** The four kinds of backlog; each knows its tables and how to write itself. */
enum Scenario {
    /** One transaction with all rows: the server spills it and sends nothing before its commit. */
    A("rows in one transaction", 1_000_000) {
        @Override
        long fill(Connection database, long first, long rows) throws SQLException {
            execute(database, INSERT_ORDERS.formatted(first + ", " + (first + rows - 1)));
            return rows;
        }
    },
    /** The bulk load of an application that commits now and then. */
    B("rows in transactions of 1,000", 1_000_000) {
        @Override
        long fill(Connection database, long first, long rows) throws SQLException {
            long last = first + rows - 1;
            execute(database, """
                    DO $$
                    BEGIN
                        FOR start IN %d .. %d BY 1000 LOOP
                            %s;
                            COMMIT;
                        END LOOP;
                    END $$""".formatted(
                            first, last, INSERT_ORDERS.formatted("start, least(start + 999, " + last + ")")));
            return rows;
        }
    },
    /** The smallest transactions there are. */
    C("transactions of one row", 200_000) {
        @Override
        long fill(Connection database, long first, long rows) throws SQLException {
            execute(database, """
                    DO $$
                    BEGIN
                        FOR i IN %d .. %d LOOP
                            %s;
                            COMMIT;
                        END LOOP;
                    END $$""".formatted(first, first + rows - 1, INSERT_ORDERS.formatted("i, i")));
            return rows;
        }
    },
    /** As pgbench: three balances by key and one line of history per transaction, after one load of the accounts. */
    D("row changes, pgbench-like: 3 updates by key and 1 insert per transaction", 400_000) {
        @Override
        List<String> tables() {
            return List.of("branches", "tellers", "accounts", "orders");
        }

        @Override
        void create(Connection database) throws SQLException {
            super.create(database);
            for (String table : List.of("branches", "tellers", "accounts")) {
                execute(
                        database,
                        "CREATE TABLE " + table
                                + " (id bigint PRIMARY KEY, owner int, balance int NOT NULL, name text, filler text,"
                                + " touched timestamptz, credit numeric(12,2), score float8, open boolean, token uuid)");
            }
        }

        @Override
        long fill(Connection database, long first, long rows) throws SQLException {
            long loaded = 0;
            if (first == 1) {
                execute(
                        database,
                        load("accounts", ACCOUNTS) + ";" + load("tellers", TELLERS) + ";" + load("branches", BRANCHES));
                loaded = ACCOUNTS + TELLERS + BRANCHES;
            }
            long transactions = rows / 4;
            execute(database, """
                    DO $$
                    DECLARE
                        delta int;
                        account bigint;
                        teller bigint;
                        branch bigint;
                    BEGIN
                        FOR i IN %d .. %d LOOP
                            delta := 1000 - (random() * 2000)::int;
                            account := 1 + (random() * (%d - 1))::int;
                            teller := 1 + (random() * (%d - 1))::int;
                            branch := 1 + (random() * (%d - 1))::int;
                            UPDATE accounts SET balance = balance + delta, touched = clock_timestamp()
                                WHERE id = account;
                            UPDATE tellers SET balance = balance + delta WHERE id = teller;
                            UPDATE branches SET balance = balance + delta WHERE id = branch;
                            %s;
                            COMMIT;
                        END LOOP;
                    END $$""".formatted(
                    first, first + transactions - 1, ACCOUNTS, TELLERS, BRANCHES, INSERT_ORDERS.formatted("i, i")));
            return loaded + 4 * transactions;
        }

        private static String load(String table, int rows) {
            return "INSERT INTO " + table + " SELECT i, i % 1000, 0, 'name of ' || i, repeat('-', 60), now(), i * 0.25,"
                    + " i * 1.5, true, md5(i::text)::uuid FROM generate_series(1, " + rows + ") i";
        }
    };

    private static final int ACCOUNTS = 20_000;
    private static final int TELLERS = 100;
    private static final int BRANCHES = 10;

    /** Ten columns, about 200 bytes as text; the placeholder takes the bounds of a series. */
    private static final String INSERT_ORDERS = """
            INSERT INTO orders
                SELECT n, (n %% 50000)::int, (n %% 97)::int, 'customer number ' || n, 'a note on order ' || md5(n::text),
                       timestamptz '2024-01-01 00:00:00+00' + n * interval '1 second', (n %% 100000) * 0.37, n * 1.0625,
                       n %% 3 = 0, md5(n::text)::uuid
                FROM generate_series(%s) n""";

    private final String title;
    private final long defaultRows;

    Scenario(String title, long defaultRows) {
        this.title = title;
        this.defaultRows = defaultRows;
    }

    String title() {
        return title;
    }

    long defaultRows() {
        return defaultRows;
    }

    List<String> tables() {
        return List.of("orders");
    }

    void create(Connection database) throws SQLException {
        execute(
                database,
                "CREATE TABLE orders (id bigint PRIMARY KEY, customer int NOT NULL, quantity int NOT NULL,"
                        + " name text NOT NULL, note text, created timestamptz NOT NULL, price numeric(12,2) NOT NULL,"
                        + " score float8, express boolean NOT NULL, token uuid NOT NULL)");
    }

    /**
     * Writes a backlog, or a part of one.
     *
     * @param first 1, or a number above all that were used before; as many as there are rows may be used
     * @param rows about so many row changes
     * @return so many in fact
     */
    abstract long fill(Connection database, long first, long rows) throws SQLException;

    private static void execute(Connection database, String sql) throws SQLException {
        try (Statement statement = database.createStatement()) {
            statement.execute(sql);
        }
    }
}
