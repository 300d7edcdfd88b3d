package io.pg2any.cli.quickstart;

import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;

/**
 * Writes to the tables of {@link WorkloadSchema} from several connections until it is closed. It outlives a restart of
 * the server. Thread-safe.
 */
public final class Workload implements AutoCloseable {
    /** Where a worker gets its connection, again after the server was away. */
    @FunctionalInterface
    public interface Source {
        Connection connect() throws SQLException;
    }

    /**
     * @param transactionsPerSecond of all workers together; 0 for as many as they can
     * @param bigRows rows of one big transaction, 0 for none
     * @param bigEvery how often there is one; the first comes after half of it
     */
    public record Options(
            long seed, int workers, int transactionsPerSecond, int bigRows, Duration bigEvery, boolean truncates) {}

    private static final long RECONNECT_MILLIS = 100;

    private final Source source;
    private final Options options;
    private final List<Thread> workers = new ArrayList<>();
    private final AtomicLong transactions = new AtomicLong();
    private final long startedNanos = System.nanoTime();

    // Guarded by this.
    private boolean paused;
    private boolean closed;
    private int busy;
    private SQLException failure;

    private Workload(Source source, Options options) {
        this.source = source;
        this.options = options;
    }

    public static Workload start(Source source, Options options) {
        Workload workload = new Workload(source, options);
        for (int i = 0; i < options.workers(); i++) {
            int worker = i;
            Thread thread = new Thread(() -> workload.work(worker), "workload-" + i);
            thread.setDaemon(true);
            workload.workers.add(thread);
            thread.start();
        }
        return workload;
    }

    /** Committed transactions. */
    public long transactions() {
        return transactions.get();
    }

    /** Returns when no transaction is under way; none starts before {@link #resume()}. */
    public synchronized void pause() throws InterruptedException, SQLException {
        paused = true;
        while (busy > 0) {
            wait();
        }
        throwFailure();
    }

    public synchronized void resume() {
        paused = false;
        notifyAll();
    }

    /**
     * @throws SQLException what stopped a worker
     */
    public synchronized void throwFailure() throws SQLException {
        if (failure != null) {
            throw new SQLException("the workload failed: " + failure.getMessage(), failure);
        }
    }

    /** Ends after the transactions that are under way. */
    @Override
    public void close() throws InterruptedException {
        synchronized (this) {
            closed = true;
            notifyAll();
        }
        for (Thread worker : workers) {
            worker.join(Duration.ofSeconds(30).toMillis());
        }
    }

    private synchronized boolean begin() {
        try {
            while (paused && !closed) {
                wait();
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return false;
        }
        if (closed) {
            return false;
        }
        busy++;
        return true;
    }

    private synchronized void end() {
        busy--;
        notifyAll();
    }

    private synchronized void fail(SQLException cause) {
        closed = true;
        if (failure == null) {
            failure = cause;
        }
    }

    private void work(int worker) {
        Random random = new Random(options.seed() * 31 + worker);
        Transactions kinds = new Transactions(random, options.truncates());
        Connection connection = null;
        long ran = 0;
        long nextBig = startedNanos + options.bigEvery().toNanos() / 2;
        while (begin()) {
            try {
                if (connection == null) {
                    connection = connect();
                }
                // One worker does all the big ones: they would only wait for each other.
                if (worker == 0 && options.bigRows() > 0 && System.nanoTime() >= nextBig) {
                    nextBig = System.nanoTime() + options.bigEvery().toNanos();
                    run(connection, c -> kinds.bulk(c, options.bigRows()));
                } else {
                    run(connection, kinds.next());
                }
                ran++;
            } catch (SQLException e) {
                connection = afterFailure(connection, e);
            } finally {
                end();
            }
            keepPace(ran);
        }
        closeQuietly(connection);
    }

    private void run(Connection connection, Transactions.Kind kind) throws SQLException {
        if (kind.run(connection)) {
            connection.commit();
            transactions.incrementAndGet();
        } else {
            connection.rollback();
        }
    }

    private Connection connect() throws SQLException {
        Connection connection = source.connect();
        try (Statement statement = connection.createStatement()) {
            // The corners of timestamptz are out of range when read as local time of some places.
            statement.execute("SET timezone = 'UTC'");
            statement.execute("SET deadlock_timeout = '50ms'");
            connection.setAutoCommit(false);
            return connection;
        } catch (SQLException e) {
            closeQuietly(connection);
            throw e;
        }
    }

    /** The connection to go on with; null when there must be a new one. */
    private Connection afterFailure(Connection connection, SQLException failed) {
        String state = failed.getSQLState() == null ? "" : failed.getSQLState();
        // Two workers in each other's way: deadlock, or the same key at the same time.
        if (connection != null && (state.startsWith("40") || state.equals("23505"))) {
            try {
                connection.rollback();
                return connection;
            } catch (SQLException e) {
                failed.addSuppressed(e);
            }
        }
        closeQuietly(connection);
        boolean serverAway = state.startsWith("08") || state.startsWith("57P") || state.startsWith("40");
        if (!serverAway) {
            fail(failed);
        } else {
            LockSupport.parkNanos(Duration.ofMillis(RECONNECT_MILLIS).toNanos());
        }
        return null;
    }

    private void keepPace(long ran) {
        if (options.transactionsPerSecond() > 0) {
            double perWorker = options.transactionsPerSecond() / (double) options.workers();
            long due = startedNanos + (long) (ran / perWorker * 1e9);
            long early = due - System.nanoTime();
            if (early > 0) {
                LockSupport.parkNanos(early);
            }
        }
    }

    private static void closeQuietly(Connection connection) {
        if (connection == null) {
            return;
        }
        try {
            connection.close();
        } catch (SQLException e) {
            // The connection is given up either way, and with it whatever it had not committed.
            System.getLogger(Workload.class.getName()).log(System.Logger.Level.DEBUG, "closing a connection", e);
        }
    }
}
