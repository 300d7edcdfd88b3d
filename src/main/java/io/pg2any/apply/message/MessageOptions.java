package io.pg2any.apply.message;

import io.pg2any.apply.KeySource;
import io.pg2any.apply.TableMapping;
import io.pg2any.apply.ValuePolicy;
import java.util.Objects;

/**
 * What events look like.
 *
 * @param prefix begins every topic name, and is the envelope's {@code source.name}
 * @param database the source database's name, for {@code source.db}
 * @param version of this program, for {@code source.version}
 * @param schemas whether every value and key carries its Connect schema; only for {@link Format#DEBEZIUM}
 * @param tombstones whether a delete is followed by a message without a value
 * @param boundaries whether the transaction topic gets a BEGIN and an END per transaction
 * @param topics which logical messages become events, and where they go
 */
public record MessageOptions(
        String prefix,
        String database,
        String version,
        Format format,
        boolean schemas,
        Decimals decimals,
        Times times,
        Binaries binaries,
        Intervals intervals,
        boolean tombstones,
        boolean boundaries,
        KeyColumns keyColumns,
        MessageTopics topics,
        KeySource keys,
        TableMapping mapping,
        ValuePolicy values) {

    public enum Format {
        /** {@code before}, {@code after}, {@code source}, {@code transaction}, {@code op}. */
        DEBEZIUM,
        /** One flat object; values in forms people read. */
        PLAIN
    }

    /** How NUMERIC appears. */
    public enum Decimals {
        /** Connect's Decimal: base64 of the unscaled value; without declared scale a struct. */
        PRECISE,
        STRING,
        DOUBLE
    }

    /** How times without a zone appear; those with one are always ISO strings in UTC. */
    public enum Times {
        /** Milliseconds up to three fractional digits, microseconds beyond. */
        ADAPTIVE,
        /** As {@link #ADAPTIVE}, but TIME always in microseconds. */
        ADAPTIVE_TIME_MICROSECONDS,
        /** Connect's own types: milliseconds, finer digits are cut. */
        CONNECT,
        ISOSTRING
    }

    /** How BYTEA appears; in JSON {@link #BYTES} is base64, too, but declared as bytes. */
    public enum Binaries {
        BYTES,
        BASE64,
        BASE64_URL_SAFE,
        HEX
    }

    public enum Intervals {
        /** Microseconds, a month counted as 365.25 / 12 days. */
        NUMERIC,
        /** ISO 8601, exact. */
        STRING
    }

    public MessageOptions {
        Objects.requireNonNull(database, "database");
        Objects.requireNonNull(version, "version");
        Objects.requireNonNull(format, "format");
        Objects.requireNonNull(decimals, "decimals");
        Objects.requireNonNull(times, "times");
        Objects.requireNonNull(binaries, "binaries");
        Objects.requireNonNull(intervals, "intervals");
        Objects.requireNonNull(keyColumns, "keyColumns");
        Objects.requireNonNull(topics, "topics");
        Objects.requireNonNull(keys, "keys");
        Objects.requireNonNull(mapping, "mapping");
        Objects.requireNonNull(values, "values");
        if (!prefix.matches("[a-zA-Z0-9._-]{1,100}")) {
            throw new IllegalArgumentException(
                    "topic prefix: expected 1 to 100 letters, digits, '.', '_', '-', found '" + prefix + "'");
        }
        if (schemas && format == Format.PLAIN) {
            throw new IllegalArgumentException("schemas: the plain format has none");
        }
    }

    /** As the namesake and Debezium have it, except that no message carries its schema and decimals are text. */
    public static MessageOptions defaults(String prefix, String database, String version) {
        return new MessageOptions(
                prefix,
                database,
                version,
                Format.DEBEZIUM,
                false,
                Decimals.STRING,
                Times.ADAPTIVE,
                Binaries.BYTES,
                Intervals.NUMERIC,
                true,
                false,
                KeyColumns.NONE,
                MessageTopics.NONE,
                KeySource.NONE,
                TableMapping.NONE,
                ValuePolicy.FAIL);
    }

    /** Of every message of this pipeline that is about transactions, not about rows. */
    public String transactionTopic() {
        return prefix + ".transaction";
    }
}
