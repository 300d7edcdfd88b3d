package io.pg2any.camel;

import org.apache.camel.spi.Metadata;

/** Message headers of the pg2any components. */
public interface Pg2anyHeaders {
    @Metadata(
            description = "The replication slot the messages of a chunk or batch came through",
            javaType = "String",
            label = "consumer")
    String SLOT = "CamelPg2anySlot";

    @Metadata(
            description = "The number of protocol messages in a chunk",
            javaType = "Integer",
            label = "consumer",
            applicableFor = "pgcapture")
    String MESSAGES = "CamelPg2anyMessages";

    @Metadata(
            description = "The position a batch continues from",
            javaType = "io.pg2any.change.Lsn",
            label = "consumer",
            applicableFor = "txstaging")
    String AFTER_LSN = "CamelPg2anyAfterLsn";

    @Metadata(
            description = "The position the target stands at after it has committed a batch",
            javaType = "io.pg2any.change.Lsn",
            label = "producer",
            applicableFor = "jdbcapply")
    String APPLIED_LSN = "CamelPg2anyAppliedLsn";

    @Metadata(
            description =
                    "Everything that committed before this position is safe and may be acknowledged to PostgreSQL:"
                            + " durable at the target, or durably staged",
            javaType = "io.pg2any.change.Lsn",
            label = "producer")
    String SAFE_LSN = "CamelPg2anySafeLsn";

    @Metadata(
            description = "The number of source transactions in the applied batch",
            javaType = "Integer",
            label = "producer",
            applicableFor = "jdbcapply")
    String TRANSACTIONS = "CamelPg2anyTransactions";

    @Metadata(
            description = "The number of changes in the applied batch",
            javaType = "Long",
            label = "producer",
            applicableFor = "jdbcapply")
    String CHANGES = "CamelPg2anyChanges";

    @Metadata(
            description = "The table of a change, schema.table as at the source",
            javaType = "String",
            label = "producer",
            applicableFor = "eventapply")
    String TABLE = "CamelPg2anyTable";

    @Metadata(
            description =
                    "What a change is: insert, update, delete, truncate, tombstone, or a logical message; begin and end of transactions",
            javaType = "String",
            label = "producer",
            applicableFor = "eventapply")
    String OPERATION = "CamelPg2anyOperation";

    @Metadata(
            description = "The key of the changed row as JSON; absent for tables without one",
            javaType = "String",
            label = "producer",
            applicableFor = "eventapply")
    String KEY = "CamelPg2anyKey";

    @Metadata(
            description = "The commit LSN of a change's transaction, as PostgreSQL prints it",
            javaType = "String",
            label = "producer",
            applicableFor = "eventapply")
    String COMMIT_LSN = "CamelPg2anyCommitLsn";

    @Metadata(
            description = "The number of a change in its transaction, from 1",
            javaType = "Long",
            label = "producer",
            applicableFor = "eventapply")
    String ORDINAL = "CamelPg2anyOrdinal";

    @Metadata(
            description = "How many changes the transaction has; absent while it is still arriving",
            javaType = "Long",
            label = "producer",
            applicableFor = "eventapply")
    String COUNT = "CamelPg2anyCount";

    @Metadata(
            description = "The topic that the message would have in Kafka",
            javaType = "String",
            label = "producer",
            applicableFor = "eventapply")
    String TOPIC = "CamelPg2anyTopic";

    @Metadata(
            description = "The prefix of a logical message",
            javaType = "String",
            label = "producer",
            applicableFor = "eventapply")
    String PREFIX = "CamelPg2anyPrefix";

    @Metadata(
            description = "The number of a change's transaction at the source",
            javaType = "Long",
            label = "producer",
            applicableFor = "eventapply")
    String XID = "CamelPg2anyXid";

    @Metadata(
            description = "When a change's transaction committed at the source, ISO 8601",
            javaType = "String",
            label = "producer",
            applicableFor = "eventapply")
    String COMMIT_TIME = "CamelPg2anyCommitTime";

    @Metadata(
            description = "Columns whose value was not sent because it did not change, joined by commas",
            javaType = "String",
            label = "producer",
            applicableFor = "eventapply")
    String UNCHANGED = "CamelPg2anyUnchanged";

    @Metadata(
            description =
                    "Sorts changes in the source's order and is the same when one comes again: for receivers that discard repetitions",
            javaType = "String",
            label = "producer",
            applicableFor = "eventapply")
    String EVENT_ID = "CamelPg2anyEventId";
}
