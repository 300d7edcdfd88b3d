package io.pg2any.camel;

import org.apache.camel.RuntimeCamelException;
import org.apache.camel.spi.Configurer;
import org.apache.camel.spi.UriParam;
import org.apache.camel.spi.UriParams;

/** Options of {@code jdbcapply:} endpoints. */
@Configurer
@UriParams
public class JdbcApplyConfiguration implements Cloneable {
    @UriParam(
            label = "common",
            enums = "SQLite,PostgreSQL,MySQL,MariaDB,SqlServer",
            description = "The kind of database behind the URL")
    private String type;

    @UriParam(
            label = "common",
            secret = true,
            description = "Where the target is: a JDBC URL, or the short form of its kind (for SQLite a file)")
    private String url;

    @UriParam(
            label = "common",
            description = "Where schemas go: source:target pairs separated by commas, as in public:main,sales:shop")
    private String schemaMapping;

    @UriParam(
            label = "common",
            description = "Other names for tables: schema.table:table or schema.table:schema.table pairs separated by"
                    + " commas; a name that holds a dot, comma, colon or double quote stands in double quotes")
    private String renameTables;

    @UriParam(
            label = "common",
            description = "Other names for columns: schema.table.column:column pairs separated by commas")
    private String renameColumns;

    @UriParam(
            label = "common",
            description = "Tables whose changes are left out: schema.table names separated by commas, exact and"
                    + " case-sensitive; a name that holds a dot, comma, colon or double quote stands in double quotes")
    private String excludeTables;

    @UriParam(
            label = "common",
            description = "Columns that are left out: schema.table.column names separated by commas; none of a key")
    private String excludeColumns;

    @UriParam(
            label = "common",
            defaultValue = "create",
            enums = "create,expect",
            description = "create makes missing tables and columns from what the source announces; expect refuses them")
    private String tables = "create";

    @UriParam(
            label = "common",
            defaultValue = "add",
            enums = "add,fail",
            description = "Whether a new column of a source table is added to its target table, or is an error")
    private String evolve = "add";

    @UriParam(
            label = "common",
            defaultValue = "warn",
            enums = "warn,fail,upsert",
            description = "What happens when an update or delete finds no row at the target")
    private String divergence = "warn";

    @UriParam(
            label = "common",
            defaultValue = "fail",
            enums = "fail,null,clamp,text",
            description = "What happens to a value the target cannot hold")
    private String unrepresentable = "fail";

    @UriParam(
            label = "common",
            defaultValue = "stop",
            enums = "stop,park",
            description = "What happens to a change that the target refuses for good: stop ends the pipeline, park sets"
                    + " it aside in the staging folder and goes on")
    private String rejected = "stop";

    @UriParam(
            label = "common",
            description = "The tables whose changes may be set aside: patterns of schema.table separated by commas, as"
                    + " in public.*,!public.orders; all unless set")
    private String rejectedTables;

    @UriParam(
            label = "advanced",
            defaultValue = "30000",
            javaType = "java.time.Duration",
            description = "How long connecting to the target may take")
    private long connectTimeout = 30_000;

    @UriParam(
            label = "advanced",
            defaultValue = "10000",
            javaType = "java.time.Duration",
            description = "How long a statement may wait for a lock before the batch is rolled back and tried again."
                    + " Sixty times as long it may go on; the next try of one that did gets twice the time")
    private long queryTimeout = 10_000;

    @UriParam(
            label = "advanced",
            defaultValue = "1000",
            javaType = "java.time.Duration",
            description = "How often a commit is forced to the target's disk; only what is there is acknowledged")
    private long durableInterval = 1_000;

    @UriParam(
            label = "advanced",
            defaultValue = "0",
            description = "Rows of one multi-row INSERT; 0 leaves it to the dialect")
    private int maxRowsPerInsert;

    @UriParam(
            label = "advanced",
            defaultValue = "0",
            description =
                    "A source transaction with more rows is committed in parts, each visible at once; 0 commits it"
                            + " as a whole, whatever its size. Where it is set, the component txstaging should have"
                            + " offerWhileArriving=false: a transaction that still arrives is not committed in parts")
    private int maxRowsPerCommit;

    @UriParam(
            label = "advanced",
            defaultValue = "false",
            description = "PostgreSQL: whether changes are marked with a replication origin, so that a pipeline in the"
                    + " other direction can leave them out (origin=none of pgcapture)")
    private boolean markOrigin;

    @UriParam(
            label = "advanced",
            defaultValue = "grouped",
            enums = "grouped,strict",
            description = "grouped writes rows by table and net effect per key where nothing at the target can tell;"
                    + " strict keeps the source's order everywhere")
    private String order = "grouped";

    @UriParam(
            label = "advanced",
            defaultValue = "20000",
            description = "How many changes are folded together at most before they are written")
    private int windowRows = 20_000;

    @UriParam(
            label = "advanced",
            defaultValue = "500",
            description = "From how many rows on an insert goes through the target's bulk protocol, where there is one")
    private int bulkInsertThreshold = 500;

    JdbcApplyConfiguration copy() {
        try {
            return (JdbcApplyConfiguration) clone();
        } catch (CloneNotSupportedException e) {
            throw new RuntimeCamelException(e);
        }
    }

    public String getType() {
        return type;
    }

    public void setType(String type) {
        this.type = type;
    }

    public String getUrl() {
        return url;
    }

    public void setUrl(String url) {
        this.url = url;
    }

    public String getSchemaMapping() {
        return schemaMapping;
    }

    public void setSchemaMapping(String schemaMapping) {
        this.schemaMapping = schemaMapping;
    }

    public String getRenameTables() {
        return renameTables;
    }

    public void setRenameTables(String renameTables) {
        this.renameTables = renameTables;
    }

    public String getRenameColumns() {
        return renameColumns;
    }

    public void setRenameColumns(String renameColumns) {
        this.renameColumns = renameColumns;
    }

    public String getExcludeTables() {
        return excludeTables;
    }

    public void setExcludeTables(String excludeTables) {
        this.excludeTables = excludeTables;
    }

    public String getExcludeColumns() {
        return excludeColumns;
    }

    public void setExcludeColumns(String excludeColumns) {
        this.excludeColumns = excludeColumns;
    }

    public String getEvolve() {
        return evolve;
    }

    public void setEvolve(String evolve) {
        this.evolve = evolve;
    }

    public String getTables() {
        return tables;
    }

    public void setTables(String tables) {
        this.tables = tables;
    }

    public String getDivergence() {
        return divergence;
    }

    public void setDivergence(String divergence) {
        this.divergence = divergence;
    }

    public String getUnrepresentable() {
        return unrepresentable;
    }

    public void setUnrepresentable(String unrepresentable) {
        this.unrepresentable = unrepresentable;
    }

    public String getRejected() {
        return rejected;
    }

    public void setRejected(String rejected) {
        this.rejected = rejected;
    }

    public String getRejectedTables() {
        return rejectedTables;
    }

    public void setRejectedTables(String rejectedTables) {
        this.rejectedTables = rejectedTables;
    }

    public long getConnectTimeout() {
        return connectTimeout;
    }

    public void setConnectTimeout(long connectTimeout) {
        this.connectTimeout = connectTimeout;
    }

    public long getQueryTimeout() {
        return queryTimeout;
    }

    public void setQueryTimeout(long queryTimeout) {
        this.queryTimeout = queryTimeout;
    }

    public long getDurableInterval() {
        return durableInterval;
    }

    public void setDurableInterval(long durableInterval) {
        this.durableInterval = durableInterval;
    }

    public String getOrder() {
        return order;
    }

    public void setOrder(String order) {
        this.order = order;
    }

    public int getWindowRows() {
        return windowRows;
    }

    public void setWindowRows(int windowRows) {
        this.windowRows = windowRows;
    }

    public int getBulkInsertThreshold() {
        return bulkInsertThreshold;
    }

    public void setBulkInsertThreshold(int bulkInsertThreshold) {
        this.bulkInsertThreshold = bulkInsertThreshold;
    }

    public int getMaxRowsPerCommit() {
        return maxRowsPerCommit;
    }

    public void setMaxRowsPerCommit(int maxRowsPerCommit) {
        this.maxRowsPerCommit = maxRowsPerCommit;
    }

    public boolean isMarkOrigin() {
        return markOrigin;
    }

    public void setMarkOrigin(boolean markOrigin) {
        this.markOrigin = markOrigin;
    }

    public int getMaxRowsPerInsert() {
        return maxRowsPerInsert;
    }

    public void setMaxRowsPerInsert(int maxRowsPerInsert) {
        this.maxRowsPerInsert = maxRowsPerInsert;
    }
}
