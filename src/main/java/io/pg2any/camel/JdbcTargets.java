package io.pg2any.camel;

import io.pg2any.apply.ApplyOptions;
import io.pg2any.apply.ApplyOrder;
import io.pg2any.apply.DivergencePolicy;
import io.pg2any.apply.EvolvePolicy;
import io.pg2any.apply.KeySource;
import io.pg2any.apply.RejectedChanges;
import io.pg2any.apply.TableMapping;
import io.pg2any.apply.TablesPolicy;
import io.pg2any.apply.Target;
import io.pg2any.apply.TargetException;
import io.pg2any.apply.ValuePolicy;
import io.pg2any.apply.jdbc.JdbcDialect;
import io.pg2any.apply.jdbc.JdbcTarget;
import io.pg2any.apply.jdbc.MariaDbDialect;
import io.pg2any.apply.jdbc.MySqlDialect;
import io.pg2any.apply.jdbc.PostgresDialect;
import io.pg2any.apply.jdbc.SqlScript;
import io.pg2any.apply.jdbc.SqlServerDialect;
import io.pg2any.apply.jdbc.SqliteDialect;
import java.io.PrintWriter;
import java.time.Duration;
import java.util.Locale;
import java.util.Optional;

/** Makes the target that a configuration describes. */
public final class JdbcTargets {
    /** No pipeline's name has a slash. */
    private static final String REPLAY = "/rejected";

    /** A statement may go on for as long as so many waits for a lock: a large one works long without waiting. */
    private static final int WAITS_OF_A_STATEMENT = 60;

    private static final long SHORTEST_WAIT_MILLIS = 1000;

    private JdbcTargets() {}

    public static Target create(String pipeline, JdbcApplyConfiguration configuration) throws TargetException {
        return create(pipeline, configuration, KeySource.NONE, RejectedChanges.STOP);
    }

    /**
     * @param keys looks up primary keys that the stream does not tell
     * @param rejected what becomes of changes that the target refuses for good
     * @throws IllegalArgumentException for an option that means nothing; names it
     */
    public static Target create(
            String pipeline, JdbcApplyConfiguration configuration, KeySource keys, RejectedChanges rejected)
            throws TargetException {
        return create(
                configuration, options(pipeline, configuration, keys, rejected).build());
    }

    /** For applying dead letters: the pipeline's tables, a position of their own, and every commit durable. */
    public static Target createForReplay(String pipeline, JdbcApplyConfiguration configuration, KeySource keys)
            throws TargetException {
        return create(
                configuration,
                options(pipeline, configuration, keys, RejectedChanges.STOP)
                        .position(pipeline + REPLAY)
                        .durableInterval(Duration.ZERO)
                        .build());
    }

    private static Target create(JdbcApplyConfiguration configuration, ApplyOptions options) throws TargetException {
        return new JdbcTarget(dialect(configuration, options), options);
    }

    /**
     * What {@link #create}'s target would run, written down instead.
     *
     * @throws IllegalArgumentException for an option that means nothing; names it
     */
    public static SqlScript script(String pipeline, JdbcApplyConfiguration configuration, PrintWriter out)
            throws TargetException {
        ApplyOptions options = options(pipeline, configuration, KeySource.NONE, RejectedChanges.STOP)
                .build();
        return new SqlScript(dialect(configuration, options), options, out);
    }

    private static ApplyOptions.Builder options(
            String pipeline, JdbcApplyConfiguration configuration, KeySource keys, RejectedChanges rejected) {
        return ApplyOptions.builder(pipeline)
                .mapping(TableMapping.parse(configuration.getSchemaMapping())
                        .renameTables(configuration.getRenameTables())
                        .renameColumns(configuration.getRenameColumns())
                        .excludeTables(configuration.getExcludeTables())
                        .excludeColumns(configuration.getExcludeColumns()))
                .tables(constant(TablesPolicy.class, "tables", configuration.getTables()))
                .evolve(constant(EvolvePolicy.class, "evolve", configuration.getEvolve()))
                .values(constant(ValuePolicy.class, "unrepresentable", configuration.getUnrepresentable()))
                .divergence(constant(DivergencePolicy.class, "divergence", configuration.getDivergence()))
                .keys(keys)
                .rejected(rejected)
                .durableInterval(Duration.ofMillis(configuration.getDurableInterval()))
                .connectTimeout(Duration.ofMillis(configuration.getConnectTimeout()))
                .lockTimeout(Duration.ofMillis(configuration.getQueryTimeout()))
                .statementTimeout(Duration.ofMillis(
                        Math.max(SHORTEST_WAIT_MILLIS, configuration.getQueryTimeout()) * WAITS_OF_A_STATEMENT))
                .maxRowsPerInsert(configuration.getMaxRowsPerInsert())
                .maxRowsPerCommit(configuration.getMaxRowsPerCommit())
                .order(constant(ApplyOrder.class, "order", configuration.getOrder()))
                .windowRows(configuration.getWindowRows())
                .bulkInsertThreshold(configuration.getBulkInsertThreshold())
                .markOrigin(configuration.isMarkOrigin());
    }

    private static JdbcDialect dialect(JdbcApplyConfiguration configuration, ApplyOptions options)
            throws TargetException {
        String type = Optional.ofNullable(configuration.getType()).orElse("SQLite");
        String url = Optional.ofNullable(configuration.getUrl())
                .orElseThrow(() -> new IllegalArgumentException("jdbcapply: needs a url"));
        if (type.equalsIgnoreCase("SQLite")) {
            return new SqliteDialect(url, options.values(), options.lockTimeout());
        }
        if (type.equalsIgnoreCase("PostgreSQL")) {
            return new PostgresDialect(url, options);
        }
        if (type.equalsIgnoreCase("MySQL")) {
            return new MySqlDialect(url, options);
        }
        if (type.equalsIgnoreCase("MariaDB")) {
            return new MariaDbDialect(url, options);
        }
        if (type.equalsIgnoreCase("SqlServer")) {
            return new SqlServerDialect(url, options);
        }
        throw new IllegalArgumentException(
                "jdbcapply: type " + type + " is unknown; there are SQLite, PostgreSQL, MySQL, MariaDB, SqlServer");
    }

    private static <E extends Enum<E>> E constant(Class<E> type, String option, String value) {
        try {
            return Enum.valueOf(type, value.toUpperCase(Locale.ROOT));
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException("jdbcapply: " + option + "=" + value + " is none of "
                    + java.util.Arrays.toString(type.getEnumConstants()).toLowerCase(Locale.ROOT));
        }
    }
}
