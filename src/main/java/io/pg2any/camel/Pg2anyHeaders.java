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
}
