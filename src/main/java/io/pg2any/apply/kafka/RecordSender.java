package io.pg2any.apply.kafka;

import io.pg2any.apply.RejectedChange;
import io.pg2any.apply.TargetException;
import io.pg2any.apply.TargetStatus;
import io.pg2any.apply.TargetStatus.RowKind;
import io.pg2any.apply.TargetStatus.TableRows;
import io.pg2any.apply.message.Message;
import io.pg2any.change.Relation;
import io.pg2any.change.TransactionInfo;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.atomic.AtomicReference;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.producer.Callback;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.errors.InterruptException;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.header.internals.RecordHeader;

/**
 * Sends the messages of one connection without waiting, and remembers the first that failed. The applying thread's own,
 * but for the failure, which the client's thread reports.
 */
final class RecordSender implements Message.Receiver {
    static final String LSN_HEADER = "pg2any.lsn";
    static final String ORDINAL_HEADER = "pg2any.ordinal";
    static final String PART_HEADER = "pg2any.part";
    static final String COUNT_HEADER = "pg2any.count";
    static final String PREFIX_HEADER = "pg2any.prefix";
    static final String UNCHANGED_HEADER = "pg2any.unchanged";
    /** Debezium's names: on the delete that a changed key makes the new key, on the create the old one. */
    static final String NEW_KEY_HEADER = "__debezium.newkey";

    static final String OLD_KEY_HEADER = "__debezium.oldkey";

    /**
     * @param place null for the position
     */
    private record Failure(String what, Exception cause, RefusedRecordException.Place place) {}

    private final KafkaProducer<byte[], byte[]> producer;
    private final Admin admin;
    private final Topics topics;
    private final KafkaErrors errors;
    private final KafkaOptions.Keyless keyless;
    private final AtomicReference<Failure> failure = new AtomicReference<>();
    private final Map<String, Integer> partitions = new HashMap<>();
    private final Map<String, long[]> counts = new HashMap<>();
    private final Map<TableRows, Long> rejections = new HashMap<>();

    private TransactionInfo transaction;
    private Header lsn;
    /** Null while the transaction is still arriving. */
    private Header count;

    RecordSender(
            KafkaProducer<byte[], byte[]> producer,
            Admin admin,
            Topics topics,
            KafkaErrors errors,
            KafkaOptions.Keyless keyless) {
        this.producer = producer;
        this.admin = admin;
        this.topics = topics;
        this.errors = errors;
        this.keyless = keyless;
    }

    @Override
    public void receive(Message message) throws TargetException {
        throwFailure();
        try {
            topics.require(admin, message.topic());
        } catch (ExecutionException e) {
            throw errors.of("topic " + message.topic(), e);
        } catch (InterruptedException e) {
            throw new InterruptException(e);
        }
        if (message.transaction() != transaction) {
            transaction = message.transaction();
            lsn = header(
                    LSN_HEADER, Long.toUnsignedString(transaction.commitLsn().value()));
            count = transaction.changes().isEmpty()
                    ? null
                    : header(COUNT_HEADER, Long.toString(transaction.changes().getAsLong()));
        }
        ProducerRecord<byte[], byte[]> record =
                new ProducerRecord<>(message.topic(), partition(message), message.key(), message.value());
        record.headers().add(lsn).add(header(ORDINAL_HEADER, Long.toString(message.ordinal())));
        if (message.part() > 1) {
            record.headers().add(header(PART_HEADER, Integer.toString(message.part())));
        }
        if (count != null) {
            record.headers().add(count);
        }
        if (message.prefix() != null) {
            record.headers().add(header(PREFIX_HEADER, message.prefix()));
        }
        if (message.unchanged() != null) {
            record.headers().add(header(UNCHANGED_HEADER, message.unchanged()));
        }
        if (message.otherKey() != null) {
            boolean delete = message.operation() == Message.Operation.DELETE;
            record.headers().add(delete ? NEW_KEY_HEADER : OLD_KEY_HEADER, message.otherKey());
        }
        producer.send(record, new Outcome(message));
        count(message);
    }

    void send(ProducerRecord<byte[], byte[]> position) {
        producer.send(position, (metadata, e) -> {
            if (e != null) {
                failure.compareAndSet(null, new Failure("position", e, null));
            }
        });
    }

    /**
     * @throws TargetException for the first message that the brokers did not take
     */
    void throwFailure() throws TargetException {
        Failure failed = failure.get();
        if (failed != null) {
            TargetException error = errors.of(failed.what(), failed.cause());
            throw error.kind() == TargetException.Kind.REJECTED && failed.place() != null
                    ? new RefusedRecordException(failed.place(), error)
                    : error;
        }
    }

    /** The cause of the first failure, null while there is none. */
    Exception failure() {
        Failure failed = failure.get();
        return failed == null ? null : failed.cause();
    }

    /** Names the change only if it fails. */
    private final class Outcome implements Callback {
        private final String table;
        private final String prefix;
        private final TransactionInfo of;
        private final long ordinal;

        Outcome(Message message) {
            table = message.table();
            prefix = message.prefix();
            of = message.transaction();
            ordinal = message.ordinal();
        }

        @Override
        public void onCompletion(RecordMetadata metadata, Exception e) {
            if (e != null && failure.get() == null) {
                failure.compareAndSet(
                        null,
                        new Failure(
                                Message.place(table, prefix, of, ordinal),
                                e,
                                new RefusedRecordException.Place(of.commitLsn(), ordinal)));
            }
        }
    }

    private Integer partition(Message message) {
        if (message.key() != null || keyless == KafkaOptions.Keyless.NULL) {
            return null;
        }
        int count = partitions.computeIfAbsent(
                message.topic(), topic -> producer.partitionsFor(topic).size());
        return Math.floorMod(Long.hashCode(message.transaction().commitLsn().value() * 0x9E3779B97F4A7C15L), count);
    }

    private static Header header(String name, String value) {
        return new RecordHeader(name, value.getBytes(StandardCharsets.UTF_8));
    }

    /** A change counts once, however many messages it makes. */
    private void count(Message message) {
        RowKind kind = switch (message.operation()) {
            case CREATE -> message.otherKey() == null ? RowKind.INSERT : RowKind.UPDATE;
            case UPDATE -> RowKind.UPDATE;
            case DELETE -> message.otherKey() == null ? RowKind.DELETE : null;
            case TRUNCATE -> RowKind.TRUNCATE;
            case TOMBSTONE, MESSAGE, BEGIN, END -> null;
        };
        if (kind != null) {
            counts.computeIfAbsent(message.table(), table -> new long[RowKind.values().length])[kind.ordinal()]++;
        }
    }

    /** Counts a change that was set aside instead. */
    void rejected(RejectedChange change) {
        for (Relation relation : change.change().relations()) {
            rejections.merge(new TableRows(relation.displayName(), change.kind()), 1L, Long::sum);
        }
    }

    /** After an abort, which fails the messages that were still on their way. */
    void forget() {
        counts.clear();
        rejections.clear();
        failure.set(null);
    }

    /**
     * After a commit.
     *
     * @return inserted, updated and deleted rows
     */
    long publishCounts(TargetStatus status) {
        long rows = 0;
        for (Map.Entry<String, long[]> entry : counts.entrySet()) {
            for (RowKind kind : RowKind.values()) {
                long count = entry.getValue()[kind.ordinal()];
                if (count > 0) {
                    status.rows(entry.getKey(), kind).add(count);
                    rows += kind == RowKind.TRUNCATE ? 0 : count;
                }
            }
        }
        counts.clear();
        rejections.forEach(
                (of, count) -> status.rejections(of.table(), of.kind()).add(count));
        rejections.clear();
        return rows;
    }
}
