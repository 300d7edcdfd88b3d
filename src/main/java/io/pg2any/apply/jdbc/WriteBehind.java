package io.pg2any.apply.jdbc;

import io.pg2any.apply.TargetException;
import java.sql.SQLException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Writes what one thread has gathered in a second one, while the first gathers more. From {@link #start} until
 * {@link #await} returns the connection belongs to the second thread. One at a time: nothing overtakes.
 */
final class WriteBehind {
    private static final Logger LOG = LoggerFactory.getLogger(JdbcTarget.class);

    interface Work {
        void run() throws SQLException, TargetException;
    }

    /** Its thread ends by itself when there is nothing to write. */
    private final ThreadPoolExecutor executor;

    private Future<?> running;

    WriteBehind(String pipeline) {
        executor = new ThreadPoolExecutor(1, 1, 10, TimeUnit.SECONDS, new LinkedBlockingQueue<>(), work -> {
            Thread thread = new Thread(work, "pg2any-write-" + pipeline);
            thread.setDaemon(true);
            return thread;
        });
        executor.allowCoreThreadTimeOut(true);
    }

    /** Waits for what was started before. */
    void start(Work work) throws SQLException, TargetException {
        await();
        running = executor.submit(() -> {
            work.run();
            return null;
        });
    }

    /**
     * Returns when what was started has been written; at once if nothing was. An interrupted thread waits too, as it
     * does for a driver that works in it.
     */
    void await() throws SQLException, TargetException {
        if (running == null) {
            return;
        }
        Future<?> awaited = running;
        running = null;
        boolean interrupted = false;
        try {
            while (true) {
                try {
                    awaited.get();
                    return;
                } catch (InterruptedException e) {
                    interrupted = true;
                }
            }
        } catch (ExecutionException e) {
            throw rethrown(e.getCause());
        } finally {
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }

    private static RuntimeException rethrown(Throwable cause) throws SQLException, TargetException {
        if (cause instanceof SQLException e) {
            throw e;
        }
        if (cause instanceof TargetException e) {
            throw e;
        }
        if (cause instanceof Error e) {
            throw e;
        }
        throw (RuntimeException) cause;
    }

    /** Before a rollback, which makes up for whatever came of it. */
    void forget() {
        try {
            await();
        } catch (SQLException | TargetException | RuntimeException e) {
            LOG.debug("What is rolled back had failed", e);
        }
    }
}
