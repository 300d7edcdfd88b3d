package io.pg2any.capture;

import io.pg2any.capture.CaptureException.Kind;
import io.pg2any.change.Position;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * Looks at the source before anything is started and changes nothing there: every problem at once, each with its
 * remedy. Uses an ordinary session for the catalogs and a walsender for what only a walsender tells.
 */
public final class SourcePreflight {
    /** Earlier minors lose changes or break on them in ways capture cannot see. */
    private static final Map<Integer, Integer> FIRST_SOUND_MINOR = Map.of(14, 19, 15, 14, 16, 10, 17, 6, 18, 2);

    private static final int OLDEST_MAJOR = 14;

    /**
     * Tables whose updates and deletes the source itself will refuse: identity default without a (live) primary key,
     * identity by an index that is gone, or identity nothing, while updates or deletes are published. Partitioned
     * parents hold no rows of their own.
     */
    private static final String WITHOUT_IDENTITY = """
            SELECT DISTINCT n.nspname || '.' || c.relname AS name
            FROM pg_catalog.pg_publication p
            JOIN LATERAL pg_catalog.pg_get_publication_tables(p.pubname::text) t ON true
            JOIN pg_catalog.pg_class c ON c.oid = t.relid
            JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
            WHERE p.pubname = ANY (?) AND (p.pubupdate OR p.pubdelete) AND c.relkind = 'r'
              AND (c.relreplident = 'n'
                OR c.relreplident = 'd' AND NOT EXISTS (
                     SELECT FROM pg_catalog.pg_index i WHERE i.indrelid = c.oid AND i.indisprimary AND i.indisvalid)
                OR c.relreplident = 'i' AND NOT EXISTS (
                     SELECT FROM pg_catalog.pg_index i WHERE i.indrelid = c.oid AND i.indisreplident AND i.indisvalid))
            ORDER BY 1
            """;

    private final CaptureConfig config;
    private final Optional<Position> position;
    private final List<Problem> problems = new ArrayList<>();

    private SourcePreflight(CaptureConfig config, Optional<Position> position) {
        this.config = config;
        this.position = position;
    }

    /**
     * @param position where the target is, empty for a fresh pipeline
     * @return errors first; empty when all is well
     */
    public static List<Problem> check(CaptureConfig config, Optional<Position> position) {
        SourcePreflight preflight = new SourcePreflight(config, position);
        preflight.check();
        preflight.problems.sort((a, b) -> a.severity().compareTo(b.severity()));
        return List.copyOf(preflight.problems);
    }

    private void check() {
        try (SourceConnection source = SourceConnection.sql(config, new SourceConnection.Abort())) {
            checkCatalogs(source);
        } catch (SQLException e) {
            report(e, "connect to " + config.connection());
            return; // whatever stands in the way of a session stands in the way of a walsender
        }
        checkReplication();
    }

    private void checkCatalogs(SourceConnection source) throws SQLException {
        checkVersion(source);
        problems.addAll(PgOutputOptions.negotiate(config, source.serverMajor()).problems(source.serverMajor()));
        problems.addAll(SourceRules.walLevel(source.setting("wal_level")));
        Optional<ReplicationSlot> slot = ReplicationSlot.read(source.jdbc(), config.slot());
        boolean read = slot.isPresent() && slot.get().activePid() != null;
        // Who reads the slot now may have confirmed more since the position was read: that is no gap. Whether there is
        // one shows when the slot is free.
        problems.addAll(SourceRules.slot(
                slot, read ? Optional.empty() : position, config, source.jdbc().getCatalog()));
        slot.filter(found -> read)
                .ifPresent(found -> problems.add(Problem.error(
                        Kind.RETRYABLE,
                        "slot " + found.name() + " is read by another process now (pid " + found.activePid() + ")",
                        "stop the other reader, or use a slot of its own")));
        Set<String> publications = source.publications();
        problems.addAll(SourceRules.publications(publications, config, slot.isPresent()));
        boolean creates = slot.isEmpty() && position.isEmpty() && config.createSlot();
        if (creates
                && query(source.jdbc(), "SELECT count(*) FROM pg_catalog.pg_replication_slots")
                        >= Long.parseLong(source.setting("max_replication_slots"))) {
            problems.add(Problem.error(
                    Kind.CONFIG,
                    "all replication slots are in use (max_replication_slots = "
                            + source.setting("max_replication_slots") + "); slot " + config.slot()
                            + " cannot be created",
                    "drop an unused slot, or raise max_replication_slots and restart the server"));
        }
        if (config.createPublication() && slot.isEmpty() && !publications.containsAll(config.publications())) {
            checkMayPublish(source.jdbc());
        }
        checkReplicaIdentity(source.jdbc());
    }

    private void checkVersion(SourceConnection source) throws SQLException {
        int number = Integer.parseInt(source.setting("server_version_num"));
        int major = number / 10_000;
        int minor = number % 10_000;
        if (major < OLDEST_MAJOR) {
            problems.add(Problem.error(
                    Kind.CONFIG,
                    "PostgreSQL " + source.serverVersion() + " is older than " + OLDEST_MAJOR,
                    "upgrade the server"));
        } else if (minor < FIRST_SOUND_MINOR.getOrDefault(major, 0)) {
            problems.add(Problem.warning(
                    "PostgreSQL " + source.serverVersion()
                            + " has known faults in logical decoding that can lose changes",
                    "update to " + major + "." + FIRST_SOUND_MINOR.get(major) + " or later"));
        }
    }

    private void checkMayPublish(Connection connection) throws SQLException {
        if (query(
                        connection,
                        "SELECT count(*) FROM pg_catalog.pg_roles WHERE rolname = current_user AND rolsuper AND"
                                + " pg_catalog.has_database_privilege(pg_catalog.current_database(), 'CREATE')")
                == 0) {
            problems.add(Problem.error(
                    Kind.CONFIG,
                    "the role may not create a publication for all tables (that takes a superuser with CREATE on the"
                            + " database)",
                    "let an administrator run CREATE PUBLICATION "
                            + SourceConnection.identifier(config.publications().get(0)) + " FOR ALL TABLES"));
        }
    }

    private void checkReplicaIdentity(Connection connection) throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement(WITHOUT_IDENTITY)) {
            statement.setArray(
                    1, connection.createArrayOf("text", config.publications().toArray()));
            try (ResultSet rows = statement.executeQuery()) {
                while (rows.next()) {
                    problems.add(Problem.warning(
                            "table " + rows.getString(1) + " has no usable replica identity: its updates and deletes"
                                    + " fail at the source while it is published",
                            "add a primary key, or ALTER TABLE " + rows.getString(1) + " REPLICA IDENTITY FULL"));
                }
            }
        }
    }

    /** Asking for a walsender is the only sure test of the role: managed services grant it without the attribute. */
    private void checkReplication() {
        try (SourceConnection source = SourceConnection.replication(config, new SourceConnection.Abort())) {
            if (position.isPresent()) {
                SourceConnection.Identity identity = source.identify();
                Position known = position.get();
                TimelineHistory history = known.source().timeline() == identity.timeline()
                        ? TimelineHistory.parse("")
                        : source.timelineHistory(identity.timeline());
                problems.addAll(SourceRules.position(
                        known, config, identity.systemIdentifier(), identity.timeline(), identity.walEnd(), history));
            }
        } catch (SQLException e) {
            report(e, "open a replication connection");
        }
    }

    private void report(SQLException e, String doing) {
        CaptureException problem = SourceErrors.classify(e, config, doing);
        Kind kind = SourceErrors.isAuthentication(problem) ? Kind.CONFIG : problem.kind();
        problems.add(Problem.of(problem, kind));
    }

    private static long query(Connection connection, String sql) throws SQLException {
        try (Statement statement = connection.createStatement();
                ResultSet row = statement.executeQuery(sql)) {
            row.next();
            return row.getLong(1);
        }
    }
}
