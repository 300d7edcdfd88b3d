package io.pg2any.bench;

import java.io.IOException;
import java.nio.file.Path;
import java.sql.SQLException;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;

/** What pipelines drain into, one after the other; its server, if it has one, serves all of them. */
interface BenchTarget extends AutoCloseable {
    /** Name, version and how durable its commits are. */
    String description() throws SQLException;

    /**
     * Makes it empty.
     *
     * @param folder of the pipeline
     * @return the pipeline's settings that name it
     */
    Map<String, String> empty(Path folder) throws SQLException;

    /**
     * @param folder of the pipeline
     * @return nothing while the pipeline has not made the target yet
     */
    Optional<View> view(Path folder) throws SQLException;

    /** How many drains that do not count come first, so that the server is as warm as one that runs for long. */
    default int warmUps() {
        return 0;
    }

    /** What its server has used so far, all of its processes; 0 where it is part of the pipeline. */
    double cpuSeconds() throws IOException;

    @Override
    void close() throws IOException;

    /** A look at what has become visible in the target. */
    interface View extends AutoCloseable {
        /**
         * @param mark of a {@link Backlog}
         */
        default boolean has(long mark) {
            return highestId(Backlog.MARKS).orElse(0) >= mark;
        }

        /** The greatest {@code id} in this table, or nothing while it is not there. */
        OptionalLong highestId(String table);

        /**
         * @throws IllegalStateException if the target does not hold what the backlog's source holds
         */
        void verify(Backlog backlog) throws SQLException;

        @Override
        void close() throws SQLException;
    }
}
