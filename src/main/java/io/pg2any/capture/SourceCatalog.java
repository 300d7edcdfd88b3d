package io.pg2any.capture;

import io.pg2any.change.Column;
import io.pg2any.change.Relation;
import io.pg2any.change.ReplicaIdentity;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;

/**
 * What the stream does not say but the source's catalog knows now. It may be ahead of the changes that are still to
 * come: use it for enrichment and checks, never to decode.
 */
public final class SourceCatalog {
    /** As the wire announces a relation: a type message's name is the base type's for a domain, and only user types have one. */
    private static final String RELATIONS = """
            SELECT c.oid::int8, n.nspname, c.relname, c.relreplident, a.attname, a.atttypid::int8, a.atttypmod,
                   CASE WHEN t.oid >= 10000 THEN coalesce(b.typname, t.typname) ELSE '' END,
                   c.relreplident = 'f' OR EXISTS (
                       SELECT FROM pg_catalog.pg_index i
                       WHERE i.indrelid = c.oid AND a.attnum = ANY (i.indkey)
                         AND CASE c.relreplident WHEN 'd' THEN i.indisprimary WHEN 'i' THEN i.indisreplident
                             ELSE false END)
            FROM (SELECT DISTINCT schemaname, tablename FROM pg_catalog.pg_publication_tables
                  WHERE pubname = ANY (?)) p
            JOIN pg_catalog.pg_namespace n ON n.nspname = p.schemaname
            JOIN pg_catalog.pg_class c ON c.relnamespace = n.oid AND c.relname = p.tablename
            JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
                 AND a.attgenerated = ''
            JOIN pg_catalog.pg_type t ON t.oid = a.atttypid
            LEFT JOIN pg_catalog.pg_type b ON t.typtype = 'd' AND b.oid = t.typbasetype
            ORDER BY n.nspname, c.relname, a.attnum
            """;

    private static final String PRIMARY_KEY = """
            SELECT a.attname
            FROM pg_catalog.pg_index i
            CROSS JOIN LATERAL unnest(i.indkey) WITH ORDINALITY AS k(attnum, place)
            JOIN pg_catalog.pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.attnum
            WHERE i.indrelid = ?::int8::oid AND i.indisprimary
            ORDER BY k.place
            """;

    private static final String NOT_NULL = """
            SELECT attname FROM pg_catalog.pg_attribute
            WHERE attrelid = ?::int8::oid AND attnum > 0 AND NOT attisdropped AND attnotnull
            """;

    private final CaptureConfig config;

    public SourceCatalog(CaptureConfig config) {
        this.config = config;
    }

    /** The published tables as they would be announced now, generated columns left out. */
    public List<Relation> publishedRelations() throws SQLException {
        List<Relation> relations = new ArrayList<>();
        try (SourceConnection connection = connect();
                PreparedStatement statement = connection.jdbc().prepareStatement(RELATIONS)) {
            statement.setArray(
                    1,
                    connection
                            .jdbc()
                            .createArrayOf("text", config.publications().toArray()));
            try (ResultSet rows = statement.executeQuery()) {
                Relation current = null;
                List<Column> columns = new ArrayList<>();
                while (rows.next()) {
                    int oid = (int) rows.getLong(1);
                    if (current != null && current.oid() != oid) {
                        relations.add(withColumns(current, columns));
                        columns.clear();
                    }
                    current = new Relation(
                            oid,
                            rows.getString(2),
                            rows.getString(3),
                            ReplicaIdentity.of(rows.getString(4).charAt(0)),
                            List.of());
                    columns.add(new Column(
                            rows.getString(5),
                            (int) rows.getLong(6),
                            rows.getInt(7),
                            rows.getString(8),
                            rows.getBoolean(9)));
                }
                if (current != null) {
                    relations.add(withColumns(current, columns));
                }
            }
        }
        return relations;
    }

    private static Relation withColumns(Relation relation, List<Column> columns) {
        return new Relation(
                relation.oid(), relation.schema(), relation.name(), relation.replicaIdentity(), List.copyOf(columns));
    }

    /** The primary key's columns in key order, empty when the table has none or is gone. */
    public List<String> primaryKey(Relation relation) throws SQLException {
        return columns(PRIMARY_KEY, relation);
    }

    /** The columns that are NOT NULL now, empty when the table is gone. */
    public List<String> notNullColumns(Relation relation) throws SQLException {
        return columns(NOT_NULL, relation);
    }

    private List<String> columns(String sql, Relation relation) throws SQLException {
        List<String> columns = new ArrayList<>();
        try (SourceConnection connection = connect();
                PreparedStatement statement = connection.jdbc().prepareStatement(sql)) {
            statement.setLong(1, Integer.toUnsignedLong(relation.oid()));
            try (ResultSet rows = statement.executeQuery()) {
                while (rows.next()) {
                    columns.add(rows.getString(1));
                }
            }
        }
        return columns;
    }

    private SourceConnection connect() throws SQLException {
        try {
            return SourceConnection.sql(config, new SourceConnection.Abort());
        } catch (SQLException e) {
            throw new SQLException(config.connection().mask(e.getMessage()), e.getSQLState());
        }
    }
}
