package io.pg2any.apply.jdbc;

import io.pg2any.change.Relation;
import io.pg2any.change.Tuple;
import java.util.Arrays;
import java.util.List;

/**
 * A relation version joined to the table it goes to.
 *
 * @param columnNames the target's spelling, in the relation's order
 * @param declarations the columns' types as the target's catalog prints them, in the relation's order
 * @param types in the relation's order
 * @param key indexes of the columns that find a row; empty without one
 * @param required indexes of the columns beside the key that pg2any has made NOT NULL
 */
record TargetTable(
        Relation relation,
        TableName name,
        List<String> columnNames,
        List<String> declarations,
        ColumnType[] types,
        int[] key,
        int[] required) {
    /** The target's names of the columns that find a row. */
    List<String> keyNames() {
        return Arrays.stream(key).mapToObj(columnNames::get).toList();
    }

    /** Whether the row has a NULL where the table wants a value. */
    boolean lacksRequired(Tuple row) {
        for (int column : required) {
            if (row.isNull(column)) {
                return true;
            }
        }
        return false;
    }

    /** Rows are found by all their columns, and several may be equal. */
    boolean keyless() {
        return key.length == 0;
    }
}
