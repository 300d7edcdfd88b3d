package io.pg2any.camel;

import io.pg2any.apply.TargetException;
import io.pg2any.apply.message.Message;
import io.pg2any.apply.message.MessageOptions;
import io.pg2any.apply.message.TransactionEvents;
import io.pg2any.change.Change;
import io.pg2any.change.TransactionAbandonedException;
import io.pg2any.change.TransactionCursor;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Iterator;
import java.util.NoSuchElementException;
import org.apache.camel.CamelContext;
import org.apache.camel.Exchange;
import org.apache.camel.spi.Synchronization;
import org.apache.camel.support.DefaultMessage;
import org.apache.camel.support.SynchronizationAdapter;
import org.apache.camel.util.json.DeserializationException;
import org.apache.camel.util.json.Jsoner;

/** The changes of a batch as Camel messages, made while they are asked for. Read by one thread, from the start each time. */
class ChangeMessages implements Iterable<org.apache.camel.Message> {
    private final CamelContext context;
    private final Pipeline pipeline;
    private final MessageOptions options;
    private final EventApplyEndpoint.Body body;
    private final DeliveredBatch batch;
    private final EventHealthCheck healthCheck;

    private Reading reading;

    ChangeMessages(
            CamelContext context,
            Pipeline pipeline,
            MessageOptions options,
            EventApplyEndpoint.Body body,
            DeliveredBatch batch,
            EventHealthCheck healthCheck) {
        this.context = context;
        this.pipeline = pipeline;
        this.options = options;
        this.body = body;
        this.batch = batch;
        this.healthCheck = healthCheck;
    }

    DeliveredBatch batch() {
        return batch;
    }

    /** Of the last reading. */
    int transactions() {
        return reading == null ? 0 : reading.transactions;
    }

    long changes() {
        return reading == null ? 0 : reading.changes;
    }

    @Override
    public Iterator<org.apache.camel.Message> iterator() {
        close();
        reading = new Reading();
        return reading;
    }

    /** Gives the files back when the exchange is over, however it ended. */
    Synchronization closing() {
        return new SynchronizationAdapter() {
            @Override
            public void onDone(Exchange exchange) {
                close();
            }
        };
    }

    private void close() {
        healthCheck.idle();
        if (reading != null) {
            try {
                reading.cursor.close();
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
    }

    private final class Reading implements Iterator<org.apache.camel.Message> {
        private final TransactionCursor cursor;
        private final Deque<Message> made = new ArrayDeque<>();
        private final TransactionEvents events = new TransactionEvents(options, Clock.systemUTC(), made::add);
        /** With the endpoint, as far as is known: a split asks for the next before it hands this one out. */
        private Message handedOut;

        private boolean inTransaction;
        private boolean ended;
        private int transactions;
        private long changes;

        Reading() {
            try {
                cursor = batch.open();
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }

        @Override
        public boolean hasNext() {
            if (made.isEmpty() && !ended) {
                // A source that is slow is not the endpoint's fault.
                healthCheck.idle();
                read();
                if (handedOut != null) {
                    healthCheck.given(handedOut);
                }
            }
            return !made.isEmpty();
        }

        private void read() {
            try {
                while (made.isEmpty() && !ended) {
                    advance();
                }
            } catch (TransactionAbandonedException e) {
                // The source sends it again, whole. What was given out of it comes again, too.
                ended = true;
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            } catch (TargetException e) {
                PipelineFailedException failure =
                        new PipelineFailedException(e.getMessage(), e.kind() == TargetException.Kind.CONFIG, e);
                if (e.kind() == TargetException.Kind.RETRYABLE) {
                    throw new UncheckedIOException(new IOException(e.getMessage(), e));
                }
                pipeline.fail(failure);
                throw failure;
            }
        }

        private void advance() throws IOException, TargetException {
            if (!inTransaction) {
                if (!cursor.nextTransaction()) {
                    ended = true;
                    return;
                }
                events.begin(cursor.transaction());
                inTransaction = true;
                transactions++;
                return;
            }
            Change change = cursor.nextChange();
            if (change != null) {
                events.change(change);
                changes++;
            } else {
                events.end();
                inTransaction = false;
            }
        }

        @Override
        public org.apache.camel.Message next() {
            if (!hasNext()) {
                throw new NoSuchElementException();
            }
            handedOut = made.poll();
            healthCheck.given(handedOut);
            return camelMessage(handedOut);
        }
    }

    private org.apache.camel.Message camelMessage(Message event) {
        DefaultMessage message = new DefaultMessage(context);
        message.setBody(body(event));
        message.setHeader(Pg2anyHeaders.TABLE, event.table());
        message.setHeader(Pg2anyHeaders.TOPIC, event.topic());
        message.setHeader(Pg2anyHeaders.OPERATION, event.operation().word());
        message.setHeader(Pg2anyHeaders.KEY, text(event.key()));
        message.setHeader(
                Pg2anyHeaders.COMMIT_LSN, event.transaction().commitLsn().toString());
        message.setHeader(Pg2anyHeaders.ORDINAL, event.ordinal());
        event.transaction().changes().ifPresent(count -> message.setHeader(Pg2anyHeaders.COUNT, count));
        message.setHeader(
                Pg2anyHeaders.XID, Integer.toUnsignedLong(event.transaction().xid()));
        message.setHeader(
                Pg2anyHeaders.COMMIT_TIME, event.transaction().commitTime().toString());
        message.setHeader(Pg2anyHeaders.EVENT_ID, id(event));
        if (event.prefix() != null) {
            message.setHeader(Pg2anyHeaders.PREFIX, event.prefix());
        }
        if (event.unchanged() != null) {
            message.setHeader(Pg2anyHeaders.UNCHANGED, event.unchanged());
        }
        return message;
    }

    /** A logical message's is what was emitted, byte for byte. */
    private Object body(Message event) {
        if (event.operation() == Message.Operation.MESSAGE) {
            return event.value();
        }
        String json = text(event.value());
        return body == EventApplyEndpoint.Body.json || json == null ? json : map(json);
    }

    /** Sorts in source order, and is the same whenever this message comes again. */
    private static String id(Message event) {
        return String.format(
                java.util.Locale.ROOT,
                "%016X-%012d-%04d-%s",
                event.transaction().commitLsn().value(),
                event.ordinal(),
                event.part(),
                event.operation().word());
    }

    private static String text(byte[] json) {
        return json == null ? null : new String(json, StandardCharsets.UTF_8);
    }

    private static Object map(String json) {
        try {
            return Jsoner.deserialize(json);
        } catch (DeserializationException e) {
            throw new IllegalStateException("an event is no JSON", e);
        }
    }
}
