package io.pg2any.pgoutput;

import io.pg2any.change.Change;
import io.pg2any.change.Column;
import io.pg2any.change.Lsn;
import io.pg2any.change.Relation;
import io.pg2any.change.ReplicaIdentity;
import io.pg2any.change.TransactionInfo;
import io.pg2any.change.Tuple;
import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.List;

/**
 * A change as the messages that it could have come in: the way back of {@link ChangeDecoder}, to keep a single change.
 * The bytes of its values are those that were received.
 */
public final class ChangeEncoder {
    private static final Instant POSTGRES_EPOCH = Instant.parse("2000-01-01T00:00:00Z");
    private static final int TRUNCATE_CASCADE = 1;
    private static final int TRUNCATE_RESTART_IDENTITY = 2;

    private final ByteArrayOutputStream records = new ByteArrayOutputStream();

    private ChangeEncoder() {}

    /**
     * A transaction of one change in the record layout of {@link MessageChunk}, with walStart 0: Begin, what announces
     * the change's relations, the change, Commit. The transaction's end is not known: its commit LSN stands for it.
     */
    public static byte[] transaction(TransactionInfo transaction, Change change) {
        ChangeEncoder encoder = new ChangeEncoder();
        Lsn commit = transaction.commitLsn();
        long time = ChronoUnit.MICROS.between(POSTGRES_EPOCH, transaction.commitTime());
        encoder.append(
                new Message(MessageType.BEGIN).int64(commit.value()).int64(time).int32(transaction.xid()));
        encoder.change(change);
        encoder.append(new Message(MessageType.COMMIT)
                .int8(0)
                .int64(commit.value())
                .int64(commit.value())
                .int64(time));
        return encoder.records.toByteArray();
    }

    private void change(Change change) {
        if (change instanceof Change.Insert insert) {
            announce(insert.relation());
            append(new Message(MessageType.INSERT)
                    .int32(insert.relation().oid())
                    .int8('N')
                    .tuple(insert.row()));
        } else if (change instanceof Change.Update update) {
            announce(update.relation());
            Message message =
                    new Message(MessageType.UPDATE).int32(update.relation().oid());
            if (update.old() != null) {
                message.int8(oldTuple(update.relation())).tuple(update.old());
            }
            append(message.int8('N').tuple(update.row()));
        } else if (change instanceof Change.Delete delete) {
            announce(delete.relation());
            append(new Message(MessageType.DELETE)
                    .int32(delete.relation().oid())
                    .int8(oldTuple(delete.relation()))
                    .tuple(delete.old()));
        } else if (change instanceof Change.Truncate truncate) {
            truncate.relations().forEach(this::announce);
            append(truncate(truncate));
        } else if (change instanceof Change.LogicalMessage message) {
            append(new Message(MessageType.LOGICAL_MESSAGE)
                    .int8(message.transactional() ? 1 : 0)
                    .int64(message.lsn().value())
                    .string(message.prefix())
                    .content(message.content()));
        }
    }

    private static Message truncate(Change.Truncate truncate) {
        List<Relation> relations = truncate.relations();
        int flags = (truncate.cascade() ? TRUNCATE_CASCADE : 0)
                | (truncate.restartIdentity() ? TRUNCATE_RESTART_IDENTITY : 0);
        Message message =
                new Message(MessageType.TRUNCATE).int32(relations.size()).int8(flags);
        relations.forEach(relation -> message.int32(relation.oid()));
        return message;
    }

    private static int oldTuple(Relation relation) {
        return relation.replicaIdentity() == ReplicaIdentity.FULL ? 'O' : 'K';
    }

    private void announce(Relation relation) {
        Message message = new Message(MessageType.RELATION)
                .int32(relation.oid())
                .string(relation.schema())
                .string(relation.name())
                .int8(relation.replicaIdentity().code())
                .int16(relation.columns().size());
        for (Column column : relation.columns()) {
            if (!column.typeName().isEmpty()) {
                // Nothing asks for a type's schema.
                append(new Message(MessageType.TYPE)
                        .int32(column.typeOid())
                        .string("")
                        .string(column.typeName()));
            }
            message.int8(column.identity() ? 1 : 0)
                    .string(column.name())
                    .int32(column.typeOid())
                    .int32(column.typeModifier());
        }
        append(message);
    }

    private void append(Message message) {
        records.writeBytes(ByteBuffer.allocate(MessageChunk.RECORD_HEADER)
                .putInt(message.out.size())
                .putLong(0)
                .array());
        records.writeBytes(message.out.toByteArray());
    }

    private static final class Message {
        private final ByteArrayOutputStream out = new ByteArrayOutputStream();

        Message(byte type) {
            out.write(type);
        }

        Message int8(int value) {
            out.write(value);
            return this;
        }

        Message int16(int value) {
            out.write(value >> 8);
            out.write(value);
            return this;
        }

        Message int32(int value) {
            int16(value >> 16);
            return int16(value);
        }

        Message int64(long value) {
            int32((int) (value >> 32));
            return int32((int) value);
        }

        Message string(String value) {
            out.writeBytes(value.getBytes(StandardCharsets.UTF_8));
            return int8(0);
        }

        Message content(byte[] value) {
            int32(value.length);
            out.writeBytes(value);
            return this;
        }

        Message tuple(Tuple tuple) {
            int16(tuple.size());
            for (int column = 0; column < tuple.size(); column++) {
                byte kind = tuple.kind(column);
                int8(kind);
                if (kind == Tuple.TEXT || kind == Tuple.BINARY) {
                    int32(tuple.length(column));
                    out.write(tuple.bytes(), tuple.offset(column), tuple.length(column));
                }
            }
            return this;
        }
    }
}
