package io.pg2any.apply.jdbc;

import io.pg2any.apply.DivergencePolicy;
import io.pg2any.apply.TargetException;
import io.pg2any.apply.TargetException.Kind;
import io.pg2any.apply.TargetStatus.RowKind;
import io.pg2any.change.Change;
import io.pg2any.change.Relation;
import io.pg2any.change.ReplicaIdentity;
import io.pg2any.change.Tuple;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Writes the rows of one relation version into its table, in the order they come. Rows of a run that share a statement
 * wait until the run ends ({@link #flush}) or is long enough; whoever writes to another table in between flushes first.
 */
final class TableWriter implements RowWriter {
    /** Rows wait only up to this size: a block is for many small rows. */
    private static final int PENDING_BYTES = 1 << 20;

    /** Above this the driver must not hold on to the values of the last execution. */
    private static final int RELEASE_BYTES = 1 << 16;

    /** Sets of present columns are few; should a source be creative, start over rather than grow. */
    private static final int CACHED_FORMS = 64;

    /** What the statement of an update depends on besides the relation. */
    private record FormKey(boolean keyChanged, BitSet missing) {}

    /** A prepared statement and the columns that its parameters take, in order. */
    private record Form(PreparedStatement statement, int[] set, int[] match) {}

    private final Connection connection;
    private final JdbcDialect dialect;
    private final TargetTable table;
    private final ApplySession session;
    private final Relation relation;
    private final int columns;
    private final ColumnType[] types;
    private final int[] allColumns;
    private final boolean full;

    private final PreparedStatement[] inserts;
    private final int insertRows;
    private final int batchRows;
    private final Map<FormKey, Form> updates = new HashMap<>();
    private Form plainUpdate;
    private Form delete;

    private final Tuple[] pendingInserts;
    private int pendingInsertCount;
    private int pendingBytes;
    private Form pendingForm;
    private RowKind pendingKind;
    private int pendingRows;

    private final RowCounts counts;

    TableWriter(Connection connection, JdbcDialect dialect, TargetTable table, ApplySession session) {
        this.connection = connection;
        this.dialect = dialect;
        this.table = table;
        this.session = session;
        this.relation = table.relation();
        this.columns = relation.columns().size();
        this.types = table.types();
        this.counts = session.counts(relation.displayName());
        this.full = relation.replicaIdentity() == ReplicaIdentity.FULL;
        this.allColumns = new int[columns];
        for (int i = 0; i < columns; i++) {
            allColumns[i] = i;
        }
        this.insertRows = session.strict() ? 1 : Integer.highestOneBit(insertRows(columns));
        boolean upsert = session.options().divergence() == DivergencePolicy.UPSERT;
        // An upsert must happen before the next change of the same row.
        this.batchRows = session.strict() || upsert ? 1 : dialect.batchRows();
        this.inserts = new PreparedStatement[Integer.numberOfTrailingZeros(insertRows) + 1];
        this.pendingInserts = new Tuple[insertRows];
    }

    private int insertRows(int columns) {
        int most = session.options().maxRowsPerInsert();
        int rows = dialect.insertRows(columns);
        return most == 0 ? rows : Math.min(most, rows);
    }

    @Override
    public TargetTable table() {
        return table;
    }

    @Override
    public void insert(Tuple row) throws SQLException, TargetException {
        if (pendingForm != null) {
            flushBatch();
        }
        requireColumns(row);
        pendingInserts[pendingInsertCount++] = row;
        pendingBytes += Tuples.size(row);
        if (pendingInsertCount == insertRows || pendingBytes >= PENDING_BYTES) {
            flushInserts();
        }
    }

    @Override
    public void update(Change.Update change) throws SQLException, TargetException {
        Tuple row = change.row();
        Tuple old = change.old();
        requireIdentity("update");
        requireColumns(row);
        Form form = updateForm(row, old);
        begin(form, RowKind.UPDATE);
        PreparedStatement statement = form.statement();
        int parameter = 1;
        for (int column : form.set()) {
            bind(statement, parameter++, column, old != null && row.isUnchanged(column) ? old : row);
        }
        Tuple matched = old != null ? old : row;
        for (int column : form.match()) {
            bind(statement, parameter++, column, matched);
        }
        int size = Tuples.size(row) + (old != null ? Tuples.size(old) : 0);
        if (batchRows > 1) {
            add(size);
            return;
        }
        int count = execute(statement, "update");
        release(statement, size);
        if (count == 1) {
            counts.written(RowKind.UPDATE, 1);
        } else if (count == 0) {
            diverge(RowKind.UPDATE);
            upsert(row, old);
        } else {
            throw severalRows("update", count);
        }
    }

    @Override
    public void delete(Change.Delete change) throws SQLException, TargetException {
        requireIdentity("delete");
        Tuple old = change.old();
        requireColumns(old);
        begin(deleteForm(), RowKind.DELETE);
        bindMatched(old);
        if (batchRows > 1) {
            add(Tuples.size(old));
            return;
        }
        int count = execute(delete.statement(), "delete");
        release(delete.statement(), Tuples.size(old));
        if (count == 1) {
            counts.written(RowKind.DELETE, 1);
        } else if (count == 0) {
            diverge(RowKind.DELETE);
        } else {
            throw severalRows("delete", count);
        }
    }

    private Form deleteForm() throws TargetException {
        if (delete == null) {
            delete = new Form(
                    prepare(dialect.delete(table.name(), names(matchColumns()), table.keyless())),
                    new int[0],
                    matchColumns());
        }
        return delete;
    }

    private void bindMatched(Tuple old) throws SQLException, TargetException {
        int parameter = 1;
        for (int column : deleteForm().match()) {
            bind(delete.statement(), parameter++, column, old);
        }
    }

    /**
     * Takes the row out at once; it counts as nothing.
     *
     * @return whether it was there
     */
    boolean remove(Tuple old) throws SQLException, TargetException {
        bindMatched(old);
        return execute(delete.statement(), "delete") == 1;
    }

    /** Puts the row in at once; it counts as nothing. */
    void put(Tuple row) throws SQLException, TargetException {
        PreparedStatement statement = insertStatement(1);
        for (int column = 0; column < columns; column++) {
            bind(statement, column + 1, column, row);
        }
        execute(statement, "insert");
    }

    @Override
    public void truncate() throws SQLException, TargetException {
        try (Statement statement = connection.createStatement()) {
            statement.executeUpdate(dialect.truncate(table.name()));
        } catch (SQLException e) {
            throw refused("truncate", e);
        }
        counts.written(RowKind.TRUNCATE, 1);
    }

    @Override
    public void flush() throws SQLException, TargetException {
        flushInserts();
        flushBatch();
    }

    private void begin(Form form, RowKind kind) throws SQLException, TargetException {
        flushInserts();
        if (pendingForm != null && pendingForm != form) {
            flushBatch();
        }
        pendingKind = kind;
        if (batchRows > 1) {
            pendingForm = form;
        }
    }

    private void add(int size) throws SQLException, TargetException {
        pendingForm.statement().addBatch();
        pendingBytes += size;
        if (++pendingRows == batchRows || pendingBytes >= PENDING_BYTES) {
            flushBatch();
        }
    }

    private void flushInserts() throws SQLException, TargetException {
        if (pendingInsertCount == 0) {
            return;
        }
        try {
            int from = 0;
            while (from < pendingInsertCount) {
                int rows = Integer.highestOneBit(pendingInsertCount - from);
                insertBlock(from, rows);
                from += rows;
            }
        } finally {
            // A row that was refused must not come again with the next one.
            java.util.Arrays.fill(pendingInserts, 0, pendingInsertCount, null);
            pendingInsertCount = 0;
            pendingBytes = 0;
        }
    }

    private void insertBlock(int from, int rows) throws SQLException, TargetException {
        PreparedStatement statement = insertStatement(rows);
        int parameter = 1;
        for (int i = from; i < from + rows; i++) {
            Tuple row = pendingInserts[i];
            for (int column = 0; column < columns; column++) {
                bind(statement, parameter++, column, row);
            }
        }
        int count = execute(statement, "insert");
        release(statement, pendingBytes);
        counts.written(RowKind.INSERT, count);
        if (count != rows) {
            if (!session.strict()) {
                throw rejected(describe("insert") + ": " + count + " of " + rows + " rows", null);
            }
            diverge(RowKind.INSERT);
        }
    }

    private PreparedStatement insertStatement(int rows) throws SQLException, TargetException {
        int slot = Integer.numberOfTrailingZeros(rows);
        if (inserts[slot] == null) {
            inserts[slot] = prepare(dialect.insert(table.name(), names(allColumns), rows));
        }
        return inserts[slot];
    }

    private void flushBatch() throws SQLException, TargetException {
        if (pendingForm == null) {
            return;
        }
        if (pendingRows > 0) {
            int[] changed;
            try {
                changed = pendingForm.statement().executeBatch();
            } catch (SQLException e) {
                throw refused(pendingKind.name(), e);
            }
            for (int count : changed) {
                if (count == 1) {
                    counts.written(pendingKind, 1);
                } else if (count == 0 && session.options().divergence() == DivergencePolicy.WARN) {
                    diverge(pendingKind);
                } else {
                    throw new GroupRefusedException(describe(pendingKind.name()) + ": count " + count, null);
                }
            }
        }
        pendingRows = 0;
        pendingBytes = 0;
        pendingForm = null;
    }

    private void upsert(Tuple row, Tuple old) throws SQLException, TargetException {
        if (session.options().divergence() != DivergencePolicy.UPSERT) {
            return;
        }
        for (int column = 0; column < columns; column++) {
            if (row.isUnchanged(column) && !(full && old != null)) {
                return;
            }
        }
        PreparedStatement statement = insertStatement(1);
        for (int column = 0; column < columns; column++) {
            bind(statement, column + 1, column, row.isUnchanged(column) ? old : row);
        }
        counts.written(RowKind.UPDATE, execute(statement, "insert"));
    }

    /** Which statement an update needs: what it must leave alone, and whether it moves the key. */
    private Form updateForm(Tuple row, Tuple old) throws SQLException, TargetException {
        BitSet missing = null;
        if (!full || old == null) {
            for (int column = 0; column < columns; column++) {
                if (row.isUnchanged(column)) {
                    missing = missing == null ? new BitSet(columns) : missing;
                    missing.set(column);
                }
            }
        }
        boolean keyChanged = changesKey(row, old);
        if (missing == null && !keyChanged) {
            if (plainUpdate == null) {
                plainUpdate = newUpdateForm(false, new BitSet());
            }
            return plainUpdate;
        }
        FormKey key = new FormKey(keyChanged, missing == null ? new BitSet() : missing);
        Form form = updates.get(key);
        if (form == null) {
            if (updates.size() == CACHED_FORMS) {
                flush();
                closeForms();
            }
            form = newUpdateForm(keyChanged, key.missing());
            updates.put(key, form);
        }
        return form;
    }

    /** An out-of-line key that did not change comes with an old tuple too. */
    boolean changesKey(Tuple row, Tuple old) throws TargetException {
        boolean changed = false;
        if (old != null) {
            requireColumns(old);
            for (int column : table.key()) {
                changed |= !row.isUnchanged(column) && !row.sameValue(column, old, column);
            }
        }
        return changed;
    }

    private Form newUpdateForm(boolean keyChanged, BitSet missing) throws SQLException, TargetException {
        BitSet set = new BitSet(columns);
        set.set(0, columns);
        set.andNot(missing);
        if (!keyChanged) {
            for (int column : table.key()) {
                set.clear(column);
            }
        }
        // All of it is key and stays as it is: still the row must be there.
        int[] setColumns = set.isEmpty() ? matchColumns() : set.stream().toArray();
        int[] match = matchColumns();
        String sql = dialect.update(table.name(), names(setColumns), names(match), table.keyless());
        return new Form(prepare(sql), setColumns, match);
    }

    private int[] matchColumns() {
        return table.keyless() ? allColumns : table.key();
    }

    private List<String> names(int[] indexes) {
        List<String> names = new ArrayList<>(indexes.length);
        for (int index : indexes) {
            names.add(table.columnNames().get(index));
        }
        return names;
    }

    private PreparedStatement prepare(String sql) throws TargetException {
        try {
            return connection.prepareStatement(sql);
        } catch (SQLException e) {
            throw refused("prepare", e);
        }
    }

    private void bind(PreparedStatement statement, int parameter, int column, Tuple tuple)
            throws SQLException, TargetException {
        byte kind = tuple.kind(column);
        if (kind == Tuple.TEXT) {
            try {
                types[column]
                        .binding()
                        .bind(statement, parameter, tuple.bytes(), tuple.offset(column), tuple.length(column));
            } catch (UnrepresentableValueException e) {
                throw unusable(column, e.getMessage());
            }
        } else if (kind == Tuple.NULL) {
            statement.setNull(parameter, types[column].jdbcType());
        } else if (kind == Tuple.UNCHANGED) {
            throw unusable(
                    column,
                    "the source did not send its out-of-line value; REPLICA IDENTITY FULL on the source table makes it");
        } else {
            throw unusable(column, "binary format is not supported here; capture without the binary option");
        }
    }

    private TargetException unusable(int column, String reason) {
        String message = "column " + relation.columns().get(column).name() + " of " + describe("value") + ": " + reason;
        return rejected(message, null);
    }

    private int execute(PreparedStatement statement, String verb) throws TargetException {
        try {
            return statement.executeUpdate();
        } catch (SQLException e) {
            throw refused(verb, e);
        }
    }

    /** Neither the driver nor the database should keep a large value until the statement is used again. */
    private static void release(PreparedStatement statement, int bytes) throws SQLException {
        if (bytes >= RELEASE_BYTES) {
            statement.clearParameters();
        }
    }

    private TargetException refused(String verb, SQLException e) {
        Kind kind = session.kindOf(e, connection);
        String message = session.message(describe(verb), e);
        return kind == Kind.REJECTED ? rejected(message, e) : new TargetException(kind, message, e);
    }

    /** A row that waited is not where the place points to: only in strict order the message names the right one. */
    private TargetException rejected(String message, Throwable cause) {
        return session.strict()
                ? new TargetException(Kind.REJECTED, message, cause)
                : new GroupRefusedException(message, cause);
    }

    private TargetException severalRows(String verb, int count) {
        return new TargetException(
                Kind.REJECTED,
                describe(verb) + ": changed " + count + " rows with the same key; remove the duplicates from the target"
                        + " table and give it a unique key");
    }

    private void diverge(RowKind kind) throws TargetException {
        counts.diverged(kind);
        session.diverged(relation.displayName(), kind, () -> describe(kind.name()));
    }

    /** The place of a change without any value of it. */
    private String describe(String verb) {
        StringBuilder text = new StringBuilder(verb.toLowerCase(java.util.Locale.ROOT))
                .append(" in table ")
                .append(table.name().displayName())
                .append(" (source ")
                .append(relation.displayName());
        if (table.key().length > 0) {
            text.append(", key ").append(String.join(", ", names(table.key())));
        } else {
            text.append(", no key");
        }
        return text.append("), ").append(session.place()).toString();
    }

    void requireIdentity(String verb) throws TargetException {
        if (table.key().length == 0 && !full) {
            throw new TargetException(
                    Kind.REJECTED,
                    describe(verb) + ": the relation has no replica identity to find the row by; give the source table"
                            + " a primary key or REPLICA IDENTITY FULL");
        }
    }

    void requireColumns(Tuple tuple) throws TargetException {
        if (tuple.size() != columns) {
            throw new TargetException(
                    Kind.FATAL, describe("row") + ": has " + tuple.size() + " values for " + columns + " columns");
        }
    }

    private void closeForms() throws SQLException {
        for (Form form : updates.values()) {
            form.statement().close();
        }
        updates.clear();
    }

    @Override
    public void close() throws SQLException {
        closeForms();
        for (PreparedStatement statement : inserts) {
            if (statement != null) {
                statement.close();
            }
        }
        if (plainUpdate != null) {
            plainUpdate.statement().close();
        }
        if (delete != null) {
            delete.statement().close();
        }
    }
}
