package io.pg2any.apply.message;

import io.pg2any.apply.message.ConnectSchema.Field;

/** The schema of Debezium's envelope around a table's rows. */
final class EnvelopeSchema {
    private static final ConnectSchema STRING = ConnectSchema.of("string");
    private static final ConnectSchema INT64 = ConnectSchema.of("int64");

    static final ConnectSchema SOURCE = ConnectSchema.struct(
            "io.debezium.connector.postgresql.Source",
            1,
            new Field("version", STRING, false),
            new Field("connector", STRING, false),
            new Field("name", STRING, false),
            new Field("ts_ms", INT64, false),
            new Field("ts_us", INT64, true),
            new Field("snapshot", STRING, true),
            new Field("db", STRING, false),
            new Field("sequence", STRING, true),
            new Field("schema", STRING, false),
            new Field("table", STRING, false),
            new Field("txId", INT64, true),
            new Field("lsn", INT64, true));

    private static final ConnectSchema TRANSACTION = ConnectSchema.struct(
            "event.block",
            1,
            new Field("id", STRING, false),
            new Field("total_order", INT64, false),
            new Field("data_collection_order", INT64, false),
            new Field("event_count", INT64, true));

    private EnvelopeSchema() {}

    static ConnectSchema of(String topic, ConnectSchema row) {
        return ConnectSchema.struct(
                topic + ".Envelope",
                2,
                new Field("before", row, true),
                new Field("after", row, true),
                new Field("source", SOURCE, false),
                new Field("transaction", TRANSACTION, true),
                new Field("op", STRING, false),
                new Field("ts_ms", INT64, true));
    }
}
