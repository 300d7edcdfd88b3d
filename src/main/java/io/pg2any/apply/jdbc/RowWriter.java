package io.pg2any.apply.jdbc;

import io.pg2any.apply.TargetException;
import io.pg2any.change.Change;
import io.pg2any.change.Tuple;
import java.sql.SQLException;

/** Takes the changes of one relation version. What it was given may wait until {@link #flush}. One thread. */
interface RowWriter {
    TargetTable table();

    void insert(Tuple row) throws SQLException, TargetException;

    void update(Change.Update change) throws SQLException, TargetException;

    void delete(Change.Delete change) throws SQLException, TargetException;

    /** Empties the table; the caller has flushed every writer. */
    void truncate() throws SQLException, TargetException;

    void flush() throws SQLException, TargetException;

    void close() throws SQLException;
}
