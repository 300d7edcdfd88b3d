package io.pg2any.apply.kafka;

import io.pg2any.apply.Applied;
import io.pg2any.apply.RejectedChange;
import io.pg2any.apply.RejectedChanges;
import io.pg2any.apply.Target;
import io.pg2any.apply.TargetException;
import io.pg2any.apply.TargetException.Kind;
import io.pg2any.apply.TargetStatus;
import io.pg2any.apply.message.TransactionEvents;
import io.pg2any.change.Change;
import io.pg2any.change.Lsn;
import io.pg2any.change.Position;
import io.pg2any.change.Relation;
import io.pg2any.change.TransactionBatch;
import io.pg2any.change.TransactionCursor;
import io.pg2any.change.TransactionInfo;
import java.io.IOException;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ExecutionException;
import java.util.function.Consumer;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.errors.InterruptException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Applies batches as events through one producer.
 *
 * <p>Exactly once: a batch and its position record are one Kafka transaction. After any error of the client the
 * producer is given up. The next one, under the same transactional id, ends what the old one left open, and only then is
 * the position read, with {@code read_committed}: so a commit whose answer was lost is found out. Before a reconnect and
 * after it the epoch in the position record tells whether another process has taken over.
 *
 * <p>At least once: the position record is sent when every message before it has been acknowledged by all in-sync
 * replicas.
 */
public final class KafkaTarget implements Target {
    private static final Logger LOG = LoggerFactory.getLogger(KafkaTarget.class);
    /** A producer that has failed has nothing worth waiting for. */
    private static final Duration CLOSE_LIMIT = Duration.ofSeconds(2);

    /** For a transaction of another pipeline in the position topic; an own one is over once the producer is ready. */
    private static final Duration PATIENCE = Duration.ofSeconds(10);
    /** Without taking over, the transaction of an own predecessor that was killed stays open. */
    private static final Duration LOOK_PATIENCE = Duration.ofSeconds(1);

    private final KafkaOptions options;
    private final RejectedChanges rejected;
    private final Clock clock;
    private final KafkaClients clients;
    private final KafkaErrors errors;
    private final Topics topics;
    private final PositionTopic positions;
    private final TargetStatus status = new TargetStatus();

    private Admin admin;
    private KafkaProducer<byte[], byte[]> producer;
    private RecordSender sender;
    private TransactionEvents events;
    private boolean inTransaction;
    /** As committed; what is in the topic while this process owns the pipeline. */
    private PositionTopic.Row row = PositionTopic.Row.NONE;
    /** Of the row that this process took over; 0 before {@link #open}. */
    private long epoch;
    /** Changes of the batch under way that the brokers have refused, and why. */
    private final Map<RefusedRecordException.Place, String> refused = new HashMap<>();

    private final Set<String> parkedTables = new HashSet<>();

    /**
     * @param rejected what becomes of changes that have no message, or one that the brokers never take
     */
    public KafkaTarget(KafkaOptions options, RejectedChanges rejected) {
        this(options, rejected, Clock.systemUTC());
    }

    KafkaTarget(KafkaOptions options, RejectedChanges rejected, Clock clock) {
        this.options = options;
        this.rejected = rejected;
        this.clock = clock;
        this.clients = new KafkaClients(options);
        this.errors = new KafkaErrors(options);
        this.topics = new Topics(options);
        this.positions = new PositionTopic(options, clients);
    }

    /** One conversation with the cluster. */
    private interface Work<T, E extends Exception> {
        T run() throws TargetException, ExecutionException, InterruptedException, E;
    }

    @Override
    public Optional<Position> open() throws TargetException {
        return guarded("opening", () -> {
            drop();
            topics.requirePosition(admin());
            connect();
            row = positions.read(admin(), PATIENCE).takenOver();
            begin();
            commit(row);
            epoch = row.epoch();
            status.connected(true);
            return row.position();
        });
    }

    @Override
    public Optional<Position> position() throws TargetException {
        return guarded(
                "position",
                () -> topics.exists(admin(), options.positionTopic())
                        ? positions.read(admin(), LOOK_PATIENCE).position()
                        : Optional.empty());
    }

    @Override
    public List<TargetException> check(List<Relation> relations) {
        List<TargetException> problems = new ArrayList<>();
        TransactionEvents examined = new TransactionEvents(options.messages(), clock, message -> {});
        try {
            guarded("check", () -> {
                if (topics.exists(admin(), options.positionTopic())) {
                    topics.requireCompaction(admin(), options.positionTopic());
                } else if (!options.topics().enabled()) {
                    problems.add(topics.missing(options.positionTopic()));
                }
                for (String topic : options.messages().topics().topics()) {
                    requireTopic(topic, problems);
                }
                for (Relation relation : relations) {
                    try {
                        requireTopic(examined.topicOf(relation), problems);
                    } catch (TargetException e) {
                        problems.add(e);
                    }
                }
                return null;
            });
        } catch (TargetException e) {
            problems.add(e);
        }
        return problems;
    }

    private void requireTopic(String topic, List<TargetException> problems)
            throws ExecutionException, InterruptedException {
        if (!options.topics().enabled() && !topics.exists(admin(), topic)) {
            problems.add(topics.missing(topic));
        }
    }

    @Override
    public Applied apply(TransactionBatch batch) throws TargetException, IOException {
        if (epoch == 0) {
            throw new IllegalStateException("open() must have succeeded before apply()");
        }
        refused.clear();
        while (true) {
            try {
                return applyKnowingRefused(batch);
            } catch (RefusedRecordException e) {
                // What the brokers say comes late: the batch is sent again without the change.
                if (!rejected.parksAny() || refused.putIfAbsent(e.place(), e.getMessage()) != null) {
                    throw e;
                }
            }
        }
    }

    private Applied applyKnowingRefused(TransactionBatch batch) throws TargetException, IOException {
        try {
            Applied applied = this.<Applied, IOException>guarded("apply", () -> {
                reconnect();
                return applyOnce(batch);
            });
            return applied;
        } catch (IOException | RuntimeException e) {
            abort(e);
            throw e;
        }
    }

    private Applied applyOnce(TransactionBatch batch) throws TargetException, IOException {
        try (TransactionCursor cursor = batch.open()) {
            requireContinuation(batch);
            int transactions = 0;
            while (cursor.nextTransaction()) {
                // Only what a part of a redelivered batch left out: a commit before the position is in the target.
                if (!cursor.transaction().commitLsn().isBefore(row.lsn())) {
                    begin();
                    rejected.retract(cursor.transaction(), 0);
                    events.begin(cursor.transaction());
                    for (Change change; (change = cursor.nextChange()) != null; ) {
                        send(batch, cursor.transaction(), change);
                    }
                    events.end();
                    transactions++;
                }
            }
            Lsn through = Lsn.max(cursor.through(), row.lsn());
            if (through.equals(row.lsn())) {
                return new Applied(through, through, 0, 0);
            }
            begin();
            commit(row.movedTo(batch.source(), through));
            long rows = sender.publishCounts(status);
            status.committed(clock.instant());
            return new Applied(through, through, transactions, rows);
        }
    }

    private void send(TransactionBatch batch, TransactionInfo transaction, Change change)
            throws TargetException, IOException {
        String refusal = refused.isEmpty()
                ? null
                : refused.get(new RefusedRecordException.Place(transaction.commitLsn(), events.ordinal() + 1));
        if (refusal != null) {
            events.leaveOut();
            if (!rejected.parks(change)) {
                throw new TargetException(Kind.REJECTED, refusal);
            }
        } else {
            try {
                events.change(change);
                return;
            } catch (TargetException e) {
                // Of a change that could not be made nothing has been sent.
                if (e.kind() != Kind.REJECTED || sender.failure() != null || !rejected.parks(change)) {
                    throw e;
                }
                refusal = e.getMessage();
            }
        }
        park(new RejectedChange(batch.source(), transaction, events.ordinal(), change, refusal, clock.instant()));
    }

    private void park(RejectedChange change) throws TargetException, IOException {
        rejected.park(change);
        sender.rejected(change);
        for (Relation relation : change.change().relations()) {
            if (parkedTables.add(relation.displayName())) {
                LOG.warn(
                        "Set aside, to be seen with 'pg2any rejected list': {}. Further ones of {} are only counted",
                        change.error(),
                        relation.displayName());
            }
        }
    }

    private void begin() {
        if (!inTransaction) {
            if (options.exactlyOnce()) {
                producer.beginTransaction();
            }
            inTransaction = true;
        }
    }

    /** The brokers have everything when this returns; when it throws, the outcome is unknown. */
    private void commit(PositionTopic.Row moved) throws TargetException {
        if (!options.exactlyOnce()) {
            producer.flush();
            sender.throwFailure();
        }
        sender.send(positions.record(moved, clock.instant()));
        if (options.exactlyOnce()) {
            producer.commitTransaction();
        } else {
            producer.flush();
        }
        sender.throwFailure();
        inTransaction = false;
        row = moved;
    }

    private void reconnect() throws TargetException, ExecutionException, InterruptedException {
        if (producer != null) {
            return;
        }
        // A look first: to initialize the transactional id would fence off the process that has taken over.
        if (positions.read(admin(), null).epoch() > epoch) {
            throw takenOver();
        }
        connect();
        row = positions.read(admin(), PATIENCE);
        if (row.epoch() != epoch) {
            throw takenOver();
        }
        status.connected(true);
    }

    private void connect() {
        topics.forget();
        producer = clients.producer();
        if (options.exactlyOnce()) {
            producer.initTransactions();
        }
        sender = new RecordSender(producer, admin(), topics, errors, options.keyless());
        events = new TransactionEvents(options.messages(), clock, sender);
        inTransaction = false;
    }

    private Admin admin() {
        if (admin == null) {
            admin = clients.admin();
        }
        return admin;
    }

    private TargetException takenOver() {
        return new TargetException(
                Kind.FATAL,
                "Kafka " + options.servers() + ": another process has taken over pipeline " + options.pipeline()
                        + "; let only one run, or give each its own pipeline name");
    }

    private void requireContinuation(TransactionBatch batch) throws TargetException {
        if (row.position().isEmpty()) {
            return;
        }
        String known = row.source().systemIdentifier();
        String given = batch.source().systemIdentifier();
        if (!known.equals(given)) {
            throw new TargetException(
                    Kind.FATAL,
                    "Kafka " + options.servers() + ": pipeline " + options.pipeline() + " holds the changes of cluster "
                            + known + ", not of " + given + "; point it to the old source, or start a new pipeline");
        }
        if (batch.after().isAfter(row.lsn())) {
            throw new TargetException(
                    Kind.FATAL,
                    "Kafka " + options.servers() + ": gap: pipeline " + options.pipeline() + " stands at " + row.lsn()
                            + " but the next changes begin after " + batch.after()
                            + "; topic " + options.positionTopic() + " was set back or changes were lost");
        }
    }

    /** Turns errors of the clients into the one that counts, and gives the producer up after them. */
    private <T, E extends Exception> T guarded(String what, Work<T, E> work) throws TargetException, E {
        try {
            return work.run();
        } catch (TargetException e) {
            if (e.kind() == Kind.REJECTED && sender.failure() == null) {
                abort(e);
            } else {
                endAndDrop(e);
            }
            throw failed(e);
        } catch (ExecutionException e) {
            drop();
            throw failed(errors.of(what, e));
        } catch (InterruptedException | InterruptException e) {
            endAndDrop(e);
            Thread.currentThread().interrupt();
            throw failed(new TargetException(Kind.RETRYABLE, "interrupted by a stop", e));
        } catch (KafkaException e) {
            throw failed(clientFailure(what, e));
        }
    }

    private TargetException clientFailure(String what, KafkaException e) {
        // A commit reports that sending failed; the message's own error tells which and why.
        Exception first = sender == null ? null : sender.failure();
        TargetException failure = errors.of(what, e);
        if (KafkaErrors.isFenced(e) || (first != null && KafkaErrors.isFenced(first))) {
            drop();
            return fenced(failure);
        }
        if (first != null) {
            try {
                sender.throwFailure();
            } catch (TargetException told) {
                failure = told;
            }
        }
        endAndDrop(failure);
        return failure;
    }

    /** Another process, or the coordinator, which ends what takes too long. The position topic knows. */
    private TargetException fenced(TargetException failure) {
        try {
            if (epoch != 0 && positions.read(admin(), null).epoch() > epoch) {
                return takenOver();
            }
        } catch (TargetException | ExecutionException | KafkaException e) {
            failure.addSuppressed(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        return new TargetException(
                Kind.RETRYABLE,
                failure.getMessage() + "; if it comes again, the transaction takes longer than"
                        + " transaction.timeout.ms allows",
                failure);
    }

    private TargetException failed(TargetException error) {
        status.failed(error);
        return error;
    }

    /** Nothing of the open transaction becomes visible; the producer stays in use if that works. */
    private void abort(Exception cause) {
        if (!inTransaction || producer == null) {
            return;
        }
        if (!options.exactlyOnce()) {
            drop();
            return;
        }
        try {
            producer.abortTransaction();
            inTransaction = false;
            sender.forget();
        } catch (KafkaException e) {
            cause.addSuppressed(e);
            drop();
        }
    }

    /** Readers of committed messages wait for open transactions: where it is possible, it is ended at once. */
    private void endAndDrop(Exception cause) {
        boolean answers = !(cause instanceof TargetException e) || e.kind() != Kind.RETRYABLE;
        if (answers && !Thread.currentThread().isInterrupted()) {
            abort(cause);
        }
        drop();
    }

    private void drop() {
        KafkaProducer<byte[], byte[]> dropped = producer;
        Admin droppedAdmin = admin;
        producer = null;
        admin = null;
        sender = null;
        events = null;
        inTransaction = false;
        status.connected(false);
        if (dropped != null) {
            close(dropped::close, CLOSE_LIMIT);
        }
        if (droppedAdmin != null) {
            close(droppedAdmin::close, CLOSE_LIMIT);
        }
    }

    private static void close(Consumer<Duration> client, Duration limit) {
        boolean interrupted = Thread.interrupted();
        try {
            client.accept(limit);
        } catch (KafkaException e) {
            LOG.debug("A client was not closed cleanly", e);
        } finally {
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }

    @Override
    public TargetStatus status() {
        return status;
    }

    @Override
    public void close() {
        if (producer != null) {
            abort(new IOException("closing the target"));
        }
        drop();
    }
}
