package io.pg2any.cli.quickstart;

import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.Properties;
import org.sqlite.SQLiteConfig;

/**
 * Compares every row of every table of a publication with a SQLite target, one snapshot of each side.
 *
 * <p>Both databases sort: by the key, or for a table without one by all columns, so that equal rows meet and
 * duplicates are counted. Memory holds one row of each side (and the driver's fetch size).
 */
public record Comparison(List<TableComparison> tables) {
    /** Beyond this many the examples of a table say nothing new. */
    private static final int EXAMPLES = 5;

    /** The formats that a replication session pins; all a value's text depends on. */
    private static final String SNAPSHOT = """
            SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY;
            SET LOCAL datestyle = 'ISO';
            SET LOCAL intervalstyle = 'postgres';
            SET LOCAL timezone = 'UTC';
            SET LOCAL extra_float_digits = 3;
            SET LOCAL bytea_output = 'hex';
            SET LOCAL lc_monetary = 'C'
            """;

    private static final String TABLES = """
            SELECT c.oid, n.nspname, c.relname
            FROM pg_publication_tables p
            JOIN pg_namespace n ON n.nspname = p.schemaname
            JOIN pg_class c ON c.relnamespace = n.oid AND c.relname = p.tablename
            WHERE p.pubname = ?
            ORDER BY 2, 3
            """;

    /** Columns as they travel: generated ones do not, a domain counts as its base type. */
    private static final String COLUMNS = """
            SELECT a.attname,
                   (WITH RECURSIVE base AS (
                       SELECT t.oid, t.typname, t.typbasetype FROM pg_type t WHERE t.oid = a.atttypid
                       UNION ALL
                       SELECT t.oid, t.typname, t.typbasetype FROM base JOIN pg_type t ON t.oid = base.typbasetype)
                    SELECT typname FROM base WHERE typbasetype = 0),
                   EXISTS (SELECT FROM pg_index i
                           WHERE i.indrelid = a.attrelid AND a.attnum = ANY (i.indkey::int2[])
                             AND CASE c.relreplident WHEN 'i' THEN i.indisreplident ELSE i.indisprimary END)
            FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
            WHERE a.attrelid = ? AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = ''
            ORDER BY a.attnum
            """;

    public Comparison {
        tables = List.copyOf(tables);
    }

    /**
     * @param source a connection of its own; its open transaction, if any, is rolled back
     * @throws SQLException if one side cannot be read
     */
    public static Comparison of(Connection source, String publication, Path target) throws SQLException {
        if (!Files.exists(target)) {
            throw new SQLException("there is no target file " + target);
        }
        source.setAutoCommit(false);
        source.rollback();
        try (Connection sqlite = open(target);
                Statement statement = source.createStatement()) {
            statement.execute(SNAPSHOT);
            sqlite.setAutoCommit(false);
            List<TableComparison> compared = new ArrayList<>();
            try (PreparedStatement tables = source.prepareStatement(TABLES)) {
                tables.setString(1, publication);
                try (ResultSet row = tables.executeQuery()) {
                    while (row.next()) {
                        compared.add(table(source, sqlite, row.getLong(1), row.getString(2), row.getString(3)));
                    }
                }
            }
            if (compared.isEmpty()) {
                throw new SQLException("publication " + publication + " has no table to compare");
            }
            return new Comparison(compared);
        } finally {
            source.rollback();
        }
    }

    /** Read-only and patient: the pipeline may be writing. */
    static Connection open(Path target) throws SQLException {
        SQLiteConfig config = new SQLiteConfig();
        config.setReadOnly(true);
        config.setBusyTimeout(20_000);
        Properties properties = config.toProperties();
        return DriverManager.getConnection("jdbc:sqlite:" + target, properties);
    }

    public boolean equal() {
        return tables.stream().allMatch(TableComparison::equal);
    }

    /** Rows that are equal on both sides. */
    public long rows() {
        return tables.stream().mapToLong(TableComparison::rows).sum();
    }

    /** One line per table, deviations below. */
    @Override
    public String toString() {
        StringBuilder text =
                new StringBuilder("%-28s %12s %9s %9s %9s%n".formatted("table", "equal", "missing", "extra", "differ"));
        for (TableComparison table : tables) {
            text.append("%-28s %12d %9d %9d %9d%n"
                    .formatted(table.table(), table.rows(), table.missing(), table.extra(), table.different()));
            table.examples()
                    .forEach(example -> text.append("    ").append(example).append(System.lineSeparator()));
        }
        return text.toString();
    }

    private static TableComparison table(Connection source, Connection sqlite, long oid, String schema, String name)
            throws SQLException {
        List<ComparedColumn> columns = columns(source, oid);
        String target = schema.equals("public") ? name : schema + "_" + name;
        List<String> present = targetColumns(sqlite, target);
        List<String> absent = columns.stream()
                .map(ComparedColumn::name)
                .filter(column -> !present.contains(column))
                .toList();
        String from = ComparedColumn.quoted(schema) + "." + ComparedColumn.quoted(name);
        if (!absent.isEmpty()) {
            // A table that never had a change is not announced and need not exist.
            long rows = count(source, from);
            String reason = present.isEmpty() ? "no table " + target : "no column " + absent + " in table " + target;
            return new TableComparison(
                    schema + "." + name, 0, rows, 0, 0, rows == 0 ? List.of() : List.of(reason + " in the target"));
        }
        Tally tally = new Tally(columns);
        try (SortedRows expected = SortedRows.ofSource(source, from, columns);
                SortedRows found = SortedRows.ofTarget(sqlite, ComparedColumn.quoted(target), columns)) {
            tally.merge(expected, found);
        }
        return tally.result(schema + "." + name);
    }

    /** Key columns first; where there is no key, every column is one. */
    private static List<ComparedColumn> columns(Connection source, long oid) throws SQLException {
        List<ComparedColumn> key = new ArrayList<>();
        List<ComparedColumn> rest = new ArrayList<>();
        try (PreparedStatement statement = source.prepareStatement(COLUMNS)) {
            statement.setLong(1, oid);
            try (ResultSet row = statement.executeQuery()) {
                while (row.next()) {
                    ComparedColumn column = new ComparedColumn(row.getString(1), row.getString(2), row.getBoolean(3));
                    (column.key() ? key : rest).add(column);
                }
            }
        }
        if (key.isEmpty()) {
            return rest.stream()
                    .map(column -> new ComparedColumn(column.name(), column.type(), true))
                    .toList();
        }
        key.addAll(rest);
        return key;
    }

    private static List<String> targetColumns(Connection sqlite, String table) throws SQLException {
        try (PreparedStatement statement = sqlite.prepareStatement("SELECT name FROM pragma_table_info(?)")) {
            statement.setString(1, table);
            List<String> names = new ArrayList<>();
            try (ResultSet row = statement.executeQuery()) {
                while (row.next()) {
                    names.add(row.getString(1));
                }
            }
            return names;
        }
    }

    private static long count(Connection source, String from) throws SQLException {
        try (Statement statement = source.createStatement();
                ResultSet row = statement.executeQuery("SELECT count(*) FROM " + from)) {
            row.next();
            return row.getLong(1);
        }
    }

    /** Merges two streams of one order. */
    private static final class Tally {
        private final List<ComparedColumn> columns;
        private final int keys;
        private final List<String> examples = new ArrayList<>();
        private long rows;
        private long missing;
        private long extra;
        private long different;

        Tally(List<ComparedColumn> columns) {
            this.columns = columns;
            this.keys = (int) columns.stream().filter(ComparedColumn::key).count();
        }

        void merge(SortedRows expected, SortedRows found) throws SQLException {
            Object[] want = expected.next();
            Object[] have = found.next();
            while (want != null || have != null) {
                int order = want == null ? 1 : have == null ? -1 : compareKeys(want, have);
                if (order < 0) {
                    missing++;
                    example("missing", want);
                    want = expected.next();
                } else if (order > 0) {
                    extra++;
                    example("extra", have);
                    have = found.next();
                } else {
                    compareRest(want, have);
                    want = expected.next();
                    have = found.next();
                }
            }
        }

        TableComparison result(String table) {
            return new TableComparison(table, rows, missing, extra, different, examples);
        }

        private int compareKeys(Object[] want, Object[] have) {
            for (int i = 0; i < keys; i++) {
                int order = ValueOrder.INSTANCE.compare(want[i], have[i]);
                if (order != 0) {
                    return order;
                }
            }
            return 0;
        }

        private void compareRest(Object[] want, Object[] have) {
            for (int i = keys; i < want.length; i++) {
                if (ValueOrder.INSTANCE.compare(want[i], have[i]) != 0) {
                    different++;
                    if (examples.size() < EXAMPLES) {
                        examples.add(
                                "different " + key(want) + ": " + columns.get(i).name() + " is "
                                        + ValueOrder.show(have[i]) + ", source has " + ValueOrder.show(want[i]));
                    }
                    return;
                }
            }
            rows++;
        }

        private void example(String kind, Object[] row) {
            if (examples.size() < EXAMPLES) {
                examples.add(kind + " " + key(row));
            }
        }

        private String key(Object[] row) {
            StringBuilder text = new StringBuilder("(");
            for (int i = 0; i < keys; i++) {
                text.append(i == 0 ? "" : ", ")
                        .append(columns.get(i).name())
                        .append('=')
                        .append(ValueOrder.show(row[i]));
            }
            return text.append(')').toString();
        }
    }
}
