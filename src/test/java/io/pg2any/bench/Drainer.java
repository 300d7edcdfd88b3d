package io.pg2any.bench;

import java.io.IOException;
import java.sql.SQLException;

/** A way to read a backlog to its end, in a process of its own. */
interface Drainer {
    /**
     * @param slot a fresh copy at the start of the backlog
     */
    Drain drain(Backlog backlog, String slot) throws IOException, SQLException, InterruptedException;
}
