package io.pg2any.apply.jdbc;

import io.pg2any.apply.TargetStatus.RowKind;
import io.pg2any.change.Tuple;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * What has become of the rows of one table in a window: the net effect of their changes, by key.
 *
 * <p>Keys are told apart by their bytes. Should the target take two of them for the same (1.0 and 1.00), the order of
 * deletes, updates, inserts is still right: at the source one was gone before the other came.
 */
final class NetRows {
    private enum Net {
        INSERT,
        UPDATE,
        DELETE,
        /** Deleted and inserted anew. */
        REPLACE
    }

    private static final class NetRow {
        private Net net;
        private Tuple row;
        private final Tuple key;

        NetRow(Net net, Tuple row, Tuple key) {
            this.net = net;
            this.row = row;
            this.key = key;
        }
    }

    /** A row as it is to be, and the tuple that has the key by which the target finds it. */
    record Updated(Tuple row, Tuple key) {}

    /** What does not fold: strict order shows what is to be done with it. */
    static final class UnexpectedChangeException extends Exception {
        private static final long serialVersionUID = 1L;

        UnexpectedChangeException(String message) {
            super(message);
        }
    }

    private final int[] key;
    /**
     * As long as nothing but inserts waits, they wait here: what the source has inserted and not deleted has keys of its
     * own. {@link #rows} is empty then.
     */
    private final List<Tuple> inserts = new ArrayList<>();

    private final Map<RowKey, NetRow> rows = new LinkedHashMap<>();
    /** Changes that later ones have made needless to write. */
    private final RowCounts folded = new RowCounts();

    private boolean empty = true;

    NetRows(int[] key) {
        this.key = key;
    }

    /** Whether no change has come; those that have cancelled each other are still to be counted. */
    boolean isEmpty() {
        return empty;
    }

    RowCounts folded() {
        return folded;
    }

    void insert(Tuple row) throws UnexpectedChangeException {
        empty = false;
        if (rows.isEmpty()) {
            inserts.add(row);
        } else {
            foldInsert(row);
        }
    }

    private void foldInsert(Tuple row) throws UnexpectedChangeException {
        RowKey place = RowKey.of(row, key);
        NetRow known = rows.get(place);
        if (known == null) {
            rows.put(place, new NetRow(Net.INSERT, row, row));
        } else if (known.net == Net.DELETE) {
            known.net = Net.REPLACE;
            known.row = row;
        } else {
            throw new UnexpectedChangeException("a row is inserted that is there");
        }
    }

    /** From now on changes may be of a row that waits. */
    private void foldInserts() throws UnexpectedChangeException {
        for (Tuple row : inserts) {
            foldInsert(row);
        }
        inserts.clear();
    }

    /**
     * @param matched has the key
     */
    void update(Tuple row, Tuple matched) throws UnexpectedChangeException {
        empty = false;
        foldInserts();
        RowKey place = RowKey.of(matched, key);
        NetRow known = rows.get(place);
        if (known == null) {
            rows.put(place, new NetRow(Net.UPDATE, row, matched));
        } else if (known.net == Net.DELETE) {
            throw new UnexpectedChangeException("a row is updated that is gone");
        } else {
            known.row = Tuples.overlay(known.row, row);
            folded.written(RowKind.UPDATE, 1);
        }
    }

    void delete(Tuple old) throws UnexpectedChangeException {
        empty = false;
        foldInserts();
        RowKey place = RowKey.of(old, key);
        NetRow known = rows.get(place);
        if (known == null) {
            rows.put(place, new NetRow(Net.DELETE, null, old));
            return;
        }
        switch (known.net) {
            case INSERT -> {
                rows.remove(place);
                folded.written(RowKind.INSERT, 1);
                folded.written(RowKind.DELETE, 1);
            }
            case UPDATE -> {
                known.net = Net.DELETE;
                known.row = null;
                folded.written(RowKind.UPDATE, 1);
            }
            case REPLACE -> {
                known.net = Net.DELETE;
                known.row = null;
                folded.written(RowKind.INSERT, 1);
                folded.written(RowKind.DELETE, 1);
            }
            case DELETE -> throw new UnexpectedChangeException("a row is deleted that is gone");
        }
    }

    /** The keys to delete, in the tuples that have them. */
    List<Tuple> deleted() {
        List<Tuple> deleted = new ArrayList<>();
        for (NetRow row : rows.values()) {
            if (row.net == Net.DELETE || row.net == Net.REPLACE) {
                deleted.add(row.key);
            }
        }
        return deleted;
    }

    List<Tuple> inserted() {
        if (rows.isEmpty()) {
            return inserts;
        }
        List<Tuple> inserted = new ArrayList<>();
        for (NetRow row : rows.values()) {
            if (row.net == Net.INSERT || row.net == Net.REPLACE) {
                inserted.add(row.row);
            }
        }
        return inserted;
    }

    /** By the columns that are to be set: what was sent, without the key, which stays as it is. */
    Map<BitSet, List<Updated>> updated() {
        Map<BitSet, List<Updated>> updated = new LinkedHashMap<>();
        for (NetRow row : rows.values()) {
            if (row.net == Net.UPDATE) {
                updated.computeIfAbsent(present(row.row), columns -> new ArrayList<>())
                        .add(new Updated(row.row, row.key));
            }
        }
        return updated;
    }

    private BitSet present(Tuple row) {
        BitSet present = new BitSet(row.size());
        for (int column = 0; column < row.size(); column++) {
            if (!row.isUnchanged(column)) {
                present.set(column);
            }
        }
        for (int column : key) {
            present.clear(column);
        }
        return present;
    }
}
