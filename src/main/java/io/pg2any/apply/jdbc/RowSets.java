package io.pg2any.apply.jdbc;

import io.pg2any.change.Tuple;
import java.sql.SQLException;
import java.util.List;

/**
 * Writes many rows of one table at once. No two rows of a call have the same key, so that their order means nothing.
 * Every method gives the number of rows that the target says it has written or found.
 */
interface RowSets {
    /** Rows that one call takes at most. */
    int rows();

    long insert(List<Tuple> rows) throws SQLException, UnrepresentableValueException;

    /**
     * @param set the columns to set; every row has a value for each
     * @param keys has the key's columns, row by row
     */
    long update(int[] set, List<Tuple> rows, List<Tuple> keys) throws SQLException, UnrepresentableValueException;

    long delete(List<Tuple> keys) throws SQLException, UnrepresentableValueException;

    void close() throws SQLException;
}
