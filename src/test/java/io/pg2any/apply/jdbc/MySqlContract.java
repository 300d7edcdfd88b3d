package io.pg2any.apply.jdbc;

import static io.pg2any.apply.Relations.keyed;
import static io.pg2any.apply.Tuples.tuple;
import static org.assertj.core.api.Assertions.assertThat;

import io.pg2any.apply.TargetException;
import io.pg2any.apply.TargetException.Kind;
import io.pg2any.change.Change.Insert;
import io.pg2any.change.Relation;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** The contract for servers of MySQL's family. */
abstract class MySqlContract extends TablesContract {
    abstract String jdbcUrl();

    @Override
    void emptyTarget() throws SQLException {
        try (Connection connection = reader();
                Statement statement = connection.createStatement()) {
            statement.execute("DROP DATABASE IF EXISTS `it's \"odd\"`");
            statement.execute("DROP DATABASE IF EXISTS x");
            statement.execute("DROP DATABASE test");
            statement.execute("CREATE DATABASE test");
        }
    }

    @Override
    Connection reader() throws SQLException {
        return DriverManager.getConnection(jdbcUrl());
    }

    @Override
    int longestTextKey() {
        return 768;
    }

    @Test
    void aTableWhoseRowsKeepTheirOrderIsNoted() throws Exception {
        execute("CREATE TABLE uniq (id INTEGER PRIMARY KEY, u INTEGER UNIQUE)");
        assertThat(target().check(List.of(keyed(7, "uniq", "id* int4", "u int4"))))
                .isEmpty();
        assertThat(target().notes())
                .anyMatch(note -> note.contains("version ") && note.contains("local_infile"))
                .noneMatch(note -> note.contains("lacks the rights"))
                .anyMatch(note -> note.contains("table uniq (source public.uniq)"));
    }

    /** InnoDB holds 1,017 columns. */
    @Test
    @Override
    void aTableOf1600ColumnsIsApplied() {
        String[] columns = new String[1600];
        columns[0] = "c0* int8";
        for (int i = 1; i < columns.length; i++) {
            columns[i] = "c" + i + " int4";
        }
        Relation widest = keyed(12, "widest", columns);
        TargetException error = refusal(
                new Insert(widest, tuple(IntStream.range(0, 1600).boxed().toArray())));
        assertThat(error.kind()).isEqualTo(Kind.CONFIG);
        assertThat(error).hasMessageContaining("column list");
    }
}
