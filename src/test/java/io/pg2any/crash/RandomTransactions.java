package io.pg2any.crash;

import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.Set;

/**
 * Several sessions with open transactions, one statement at a time, each chosen from a seed: rows and keys, values out of
 * line, savepoints and what rolls back to them, truncates, tables that change their shape, prepared transactions. What
 * has committed leaves one line in {@code done}, with a number that comes once. One thread.
 */
final class RandomTransactions implements AutoCloseable {
    static final int SESSIONS = 4;

    private static final String TABLES = """
            CREATE TABLE done (number bigint NOT NULL);
            CREATE TABLE shared (id bigint PRIMARY KEY, who int, v text, big text);
            ALTER TABLE shared ALTER big SET STORAGE EXTERNAL;
            CREATE TABLE twins (who int, v text, big text);
            ALTER TABLE twins REPLICA IDENTITY FULL, ALTER big SET STORAGE EXTERNAL;
            """;

    /** A lock that another session holds, a deadlock: no reason to stop. */
    private static final Set<String> EXPECTED = Set.of("55P03", "40P01");

    private final Scenario scenario;
    private final Random random;
    private final boolean twoPhase;
    private final List<Session> sessions = new ArrayList<>();
    private long numbers;
    private long columns;
    private long committed;

    private RandomTransactions(Scenario scenario, Random random, boolean twoPhase) {
        this.scenario = scenario;
        this.random = random;
        this.twoPhase = twoPhase;
    }

    /** Before the slot exists. */
    static String tables() {
        StringBuilder sql = new StringBuilder(TABLES);
        StringBuilder names = new StringBuilder("done, shared, twins");
        for (int who = 0; who < SESSIONS; who++) {
            sql.append("CREATE TABLE own_" + who + " (id bigint PRIMARY KEY, v text);");
            names.append(", own_" + who);
        }
        return sql + "ALTER PUBLICATION quickstart ADD TABLE " + names;
    }

    static RandomTransactions open(Scenario scenario, long seed, boolean twoPhase) throws SQLException {
        RandomTransactions transactions = new RandomTransactions(scenario, new Random(seed), twoPhase);
        for (int who = 0; who < SESSIONS; who++) {
            transactions.sessions.add(transactions.new Session(who));
        }
        return transactions;
    }

    void step() throws SQLException {
        sessions.get(random.nextInt(SESSIONS)).step();
    }

    /** After a crash of the server, which has rolled back what was open and kept what was prepared. */
    void reconnect() throws SQLException {
        for (Session session : sessions) {
            session.connect();
        }
    }

    /** Ends what keeps a reader waiting, and some of the rest, one way or the other. */
    void settle() throws SQLException {
        for (Session session : sessions) {
            if (session.exclusive || session.preparedExclusive || random.nextBoolean()) {
                session.end(random.nextInt(4) > 0);
            }
            if (!session.open && (session.preparedExclusive || random.nextBoolean())) {
                session.endPrepared(random.nextBoolean());
            }
        }
    }

    long committed() {
        return committed;
    }

    @Override
    public void close() throws SQLException {
        for (Session session : sessions) {
            session.connection.close();
        }
    }

    private final class Session {
        private final int who;
        private Connection connection;
        private Statement statement;
        private final List<String> savepoints = new ArrayList<>();
        private boolean open;
        /** Whether the open transaction holds a lock that even readers wait for. */
        private boolean exclusive;

        private String prepared;
        private boolean preparedExclusive;

        Session(int who) throws SQLException {
            this.who = who;
            connect();
        }

        void connect() throws SQLException {
            if (connection != null) {
                connection.close();
            }
            connection = scenario.connect();
            statement = connection.createStatement();
            statement.execute("SET lock_timeout = '20ms'");
            open = false;
            exclusive = false;
        }

        void step() throws SQLException {
            if (!open) {
                if (prepared != null && random.nextInt(4) == 0) {
                    endPrepared(random.nextInt(3) > 0);
                    return;
                }
                statement.execute("BEGIN");
                open = true;
                exclusive = false;
                savepoints.clear();
            }
            try {
                String change = change();
                exclusive |= change.startsWith("ALTER") || change.startsWith("TRUNCATE");
                statement.execute(change);
            } catch (SQLException e) {
                if (!EXPECTED.contains(e.getSQLState())) {
                    throw e;
                }
                end(false);
                return;
            }
            int dice = random.nextInt(100);
            if (dice < 10) {
                String savepoint = "s" + savepoints.size();
                statement.execute("SAVEPOINT " + savepoint);
                savepoints.add(savepoint);
            } else if (dice < 18 && !savepoints.isEmpty()) {
                int back = random.nextInt(savepoints.size());
                statement.execute("ROLLBACK TO " + savepoints.get(back));
                savepoints.subList(back + 1, savepoints.size()).clear();
            } else if (dice < 22 && !savepoints.isEmpty()) {
                int released = random.nextInt(savepoints.size());
                statement.execute("RELEASE " + savepoints.get(released));
                savepoints.subList(released, savepoints.size()).clear();
            } else if (dice < 32) {
                end(random.nextInt(5) > 0);
            }
        }

        void end(boolean commit) throws SQLException {
            if (!open) {
                return;
            }
            open = false;
            boolean locks = exclusive;
            exclusive = false;
            if (!commit) {
                statement.execute("ROLLBACK");
                return;
            }
            statement.execute("INSERT INTO done VALUES (" + ++numbers + ")");
            if (twoPhase && prepared == null && random.nextInt(3) == 0) {
                prepared = "gid '" + who;
                preparedExclusive = locks;
                statement.execute("PREPARE TRANSACTION '" + prepared.replace("'", "''") + "'");
            } else {
                statement.execute("COMMIT");
                committed++;
            }
        }

        void endPrepared(boolean commit) throws SQLException {
            if (prepared != null) {
                statement.execute((commit ? "COMMIT" : "ROLLBACK") + " PREPARED '" + prepared.replace("'", "''") + "'");
                prepared = null;
                preparedExclusive = false;
                committed += commit ? 1 : 0;
            }
        }

        private String change() {
            int id = who + SESSIONS * random.nextInt(50);
            int other = who + SESSIONS * random.nextInt(50);
            String mine = " WHERE id = " + id;
            return switch (random.nextInt(16)) {
                case 0, 1, 2 ->
                    "INSERT INTO shared VALUES (" + id + ", " + who + ", " + text() + ", " + big() + ")"
                            + " ON CONFLICT (id) DO UPDATE SET v = " + text();
                case 3 ->
                    "INSERT INTO shared SELECT " + who + " + " + SESSIONS + " * n, " + who + ", " + text() + ", "
                            + big() + " FROM generate_series(50, 50 + " + random.nextInt(150) + ") n"
                            + " ON CONFLICT (id) DO UPDATE SET v = excluded.v";
                case 4 -> "UPDATE shared SET v = " + text() + mine;
                case 5 -> "UPDATE shared SET big = " + big() + mine;
                case 6 ->
                    "UPDATE shared SET id = " + other + mine + " AND NOT EXISTS (SELECT FROM shared WHERE id = " + other
                            + ")";
                case 7 -> "DELETE FROM shared" + mine;
                case 8, 9 -> "INSERT INTO twins VALUES (" + who + ", " + text() + ", " + big() + ")";
                case 10 -> "UPDATE twins SET v = " + text() + " WHERE who = " + who + " AND v = " + text();
                case 11 -> "DELETE FROM twins WHERE ctid = (SELECT ctid FROM twins WHERE who = " + who + " LIMIT 1)";
                case 12, 13 -> ownRow(id);
                case 14 -> random.nextInt(3) > 0 ? "SELECT 1" : "TRUNCATE own_" + who;
                default ->
                    // With a row: the target learns of a column by the first change that has it.
                    "ALTER TABLE own_" + who + " ADD COLUMN c" + ++columns + " text; " + ownRow(id);
            };
        }

        private String ownRow(int id) {
            return "INSERT INTO own_" + who + " (id, v) VALUES (" + id + ", " + text() + ")"
                    + " ON CONFLICT (id) DO UPDATE SET v = excluded.v";
        }

        private String text() {
            return random.nextInt(10) == 0 ? "NULL" : "'v" + random.nextInt(6) + "'";
        }

        private String big() {
            return random.nextInt(3) == 0
                    ? "repeat('" + (char) ('a' + random.nextInt(26)) + "', " + (2500 + random.nextInt(3000)) + ")"
                    : "NULL";
        }
    }
}
