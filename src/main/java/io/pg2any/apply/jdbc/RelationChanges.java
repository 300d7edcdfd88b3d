package io.pg2any.apply.jdbc;

import io.pg2any.change.Column;
import io.pg2any.change.Relation;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** What an operator should know of the difference between two versions of a relation, one line each. */
final class RelationChanges {
    private RelationChanges() {}

    /**
     * @param place where the newer version's rows go
     */
    static List<String> lines(Relation before, Relation now, TableName place) {
        List<String> lines = new ArrayList<>();
        if (!before.displayName().equals(now.displayName())) {
            lines.add(before.displayName() + " is called " + now.displayName()
                    + " at the source now: from here on its rows go"
                    + " to table " + place.displayName() + ". To go on in the table it had, send it there with"
                    + " pg2any.tables.rename");
        }
        Map<String, Column> columns = new HashMap<>();
        now.columns().forEach(column -> columns.put(column.name(), column));
        for (Column column : before.columns()) {
            Column same = columns.get(column.name());
            String name = "column " + column.name() + " of " + now.displayName();
            if (same == null) {
                lines.add(
                        name + " was dropped or renamed at the source, or is not published any more: it stays in table "
                                + place.displayName() + ", new rows hold NULL there");
            } else if (same.typeOid() != column.typeOid() || same.typeModifier() != column.typeModifier()) {
                lines.add(name + " was " + PostgresTypeName.of(column) + " and is " + PostgresTypeName.of(same)
                        + " at the source now: table " + place.displayName()
                        + " keeps its column as it is, and refuses what that cannot hold");
            }
        }
        return lines;
    }
}
