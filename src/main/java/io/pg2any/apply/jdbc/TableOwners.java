package io.pg2any.apply.jdbc;

import io.pg2any.apply.TargetException;
import io.pg2any.change.Column;
import io.pg2any.change.Relation;
import io.pg2any.change.ReplicaIdentity;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Which source table fills which target table, kept in the target itself: two that land on one are found out also when
 * they come years, processes or pipelines apart. A row is written in the transaction of the table's first change.
 *
 * <p>A table is known by its cluster and name, or by its oid there: one that was put aside and made again goes on, and so
 * does one that was renamed, if the operator sends the new name to the same place.
 */
final class TableOwners {
    static final String NAME = "pg2any_tables";

    private static final int TEXT = 25;
    private static final int INT8 = 20;
    private static final int BOOL = 16;

    /** The table itself as a relation: every dialect declares its columns as it does those of any other. */
    private static final Relation TABLE = new Relation(
            0,
            "public",
            NAME,
            ReplicaIdentity.DEFAULT,
            List.of(
                    new Column("target_table", TEXT, -1, "", true),
                    new Column("system_identifier", TEXT, -1, "", false),
                    new Column("source_oid", INT8, -1, "", false),
                    new Column("source_table", TEXT, -1, "", false),
                    new Column("created", BOOL, -1, "", false)));

    private static final String SELECT =
            "SELECT system_identifier, source_oid, source_table, created FROM " + NAME + " WHERE target_table = ?";
    private static final String INSERT = "INSERT INTO " + NAME
            + " (system_identifier, source_oid, source_table, created, target_table) VALUES (?, ?, ?, ?, ?)";
    private static final String UPDATE = "UPDATE " + NAME
            + " SET system_identifier = ?, source_oid = ?, source_table = ?, created = ? WHERE target_table = ?";

    /**
     * @param systemIdentifier of the source's cluster; empty when it is not known here
     * @param source {@code schema.table}
     * @param created whether pg2any made the target table, and may alter what it has made
     */
    record Owner(String systemIdentifier, int oid, String source, boolean created) {
        /** Whether both are one source table, as far as is known. */
        boolean same(Owner other) {
            boolean sameCluster = systemIdentifier.isEmpty()
                    || other.systemIdentifier.isEmpty()
                    || systemIdentifier.equals(other.systemIdentifier);
            return sameCluster && (oid == other.oid || source.equals(other.source));
        }
    }

    private final JdbcDialect dialect;

    TableOwners(JdbcDialect dialect) {
        this.dialect = dialect;
    }

    void create(Connection connection) throws SQLException {
        TableName name = new TableName(null, NAME);
        if (dialect.columns(connection, name).isPresent()) {
            return;
        }
        List<String> key = List.of(TABLE.columns().get(0).name());
        List<String> definitions = new ArrayList<>();
        for (int i = 0; i < TABLE.columns().size(); i++) {
            definitions.add(dialect.quote(TABLE.columns().get(i).name()) + " "
                    + dialect.columnType(TABLE, i, key).declaration() + " NOT NULL");
        }
        try (Statement statement = connection.createStatement()) {
            statement.execute(dialect.createTable(name, definitions, key));
        }
    }

    boolean exists(Connection connection) throws SQLException {
        return dialect.columns(connection, new TableName(null, NAME)).isPresent();
    }

    /** Of the target table of this place, as {@link #place} writes it. */
    Optional<Owner> find(Connection connection, String place) throws SQLException {
        try (PreparedStatement select = connection.prepareStatement(SELECT)) {
            select.setString(1, place);
            try (ResultSet row = select.executeQuery()) {
                return row.next()
                        ? Optional.of(
                                new Owner(row.getString(1), (int) row.getLong(2), row.getString(3), row.getBoolean(4)))
                        : Optional.empty();
            }
        }
    }

    void write(Connection connection, String place, Owner owner) throws SQLException {
        if (!set(connection, UPDATE, place, owner)) {
            set(connection, INSERT, place, owner);
        }
    }

    private static boolean set(Connection connection, String sql, String place, Owner owner) throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement(sql)) {
            statement.setString(1, owner.systemIdentifier());
            statement.setLong(2, Integer.toUnsignedLong(owner.oid()));
            statement.setString(3, owner.source());
            statement.setBoolean(4, owner.created());
            statement.setString(5, place);
            return statement.executeUpdate() > 0;
        }
    }

    /** One text for one target table, whichever way it was named. */
    String place(Connection connection, TableName name) throws SQLException, TargetException {
        String container = name.container() == null ? dialect.defaultContainer(connection) : name.container();
        return dialect.foldTable(dialect.qualified(new TableName(container, name.name())));
    }
}
