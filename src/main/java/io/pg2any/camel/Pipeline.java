package io.pg2any.camel;

import io.pg2any.apply.KeySource;
import io.pg2any.apply.Target;
import io.pg2any.apply.TargetException;
import io.pg2any.capture.CaptureConfig;
import io.pg2any.capture.CaptureStatus;
import io.pg2any.capture.SlotFeedback;
import io.pg2any.capture.SourceCatalog;
import io.pg2any.change.Lsn;
import io.pg2any.change.Position;
import io.pg2any.change.Relation;
import io.pg2any.pgoutput.MessageChunk;
import io.pg2any.staging.AcknowledgeMode;
import io.pg2any.staging.RejectedFiles;
import io.pg2any.staging.StagingLog;
import io.pg2any.staging.StagingStatus;
import java.io.IOException;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.apache.camel.CamelContext;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What the routes of one pipeline share inside a Camel context, so that capture, staging and apply need not know one
 * another: where to resume, how far the target is, what may be acknowledged, and whether it has failed for good.
 *
 * <p>Thread-safe. The start order of the routes does not matter: capture waits for {@link #resumePosition}.
 */
public final class Pipeline implements KeySource {
    private static final Logger LOG = LoggerFactory.getLogger(Pipeline.class);

    private final String name;
    private final SlotFeedback feedback = new SlotFeedback();
    private final AtomicReference<PipelineFailedException> failure = new AtomicReference<>();
    private final List<Consumer<PipelineFailedException>> failureListeners = new CopyOnWriteArrayList<>();

    // Guarded by this.
    private StagingLog staging;
    private AcknowledgeMode acknowledge;
    private boolean targetKnown;
    private Position targetPosition;

    private volatile RejectedFiles rejected;
    private volatile MessageChunk lastStaged;
    private volatile Target target;
    private volatile CaptureConfig source;
    private volatile Supplier<Optional<CaptureStatus>> captureStatus = Optional::empty;
    private volatile boolean targetFails;
    private volatile Lsn applied = Lsn.ZERO;
    private volatile Lsn durable = Lsn.ZERO;
    private volatile Instant unacknowledgedSince = Instant.EPOCH;
    private volatile long appliedAtMillis;
    private volatile Instant newestApplied;
    private volatile Instant caughtUpAt;
    private final LongAdder appliedTransactions = new LongAdder();
    private final LongAdder applyFailures = new LongAdder();
    private final LongAdder captureFailures = new LongAdder();

    private Pipeline(String name) {
        this.name = name;
    }

    /** The pipeline of that name in this context; made on first use. */
    public static Pipeline of(CamelContext context, String name) {
        Pipelines pipelines;
        synchronized (Pipelines.class) {
            pipelines = context.getCamelContextExtension().getContextPlugin(Pipelines.class);
            if (pipelines == null) {
                pipelines = new Pipelines(new ConcurrentHashMap<>());
                context.getCamelContextExtension().addContextPlugin(Pipelines.class, pipelines);
            }
        }
        return pipelines.byName().computeIfAbsent(name, Pipeline::new);
    }

    private record Pipelines(ConcurrentMap<String, Pipeline> byName) {}

    public String name() {
        return name;
    }

    /** The LSN that may be confirmed to PostgreSQL. */
    public SlotFeedback feedback() {
        return feedback;
    }

    synchronized void stagingOpened(StagingLog log, RejectedFiles letters, AcknowledgeMode mode) throws IOException {
        if (targetPosition != null) {
            log.reconcile(targetPosition);
        }
        staging = log;
        rejected = letters;
        acknowledge = mode;
        notifyAll();
    }

    synchronized void stagingClosed() {
        staging = null;
        rejected = null;
    }

    /** The target is to be asked again before anything is resumed or applied. */
    synchronized void targetClosed() {
        target = null;
        targetKnown = false;
        targetPosition = null;
    }

    /**
     * The target has been opened and says how far it is.
     *
     * @throws IOException if what is staged does not continue where the target stands
     */
    synchronized void targetOpened(Optional<Position> position) throws IOException {
        targetPosition = position.orElse(null);
        if (targetPosition != null) {
            applied = targetPosition.lsn();
            if (staging != null) {
                staging.reconcile(targetPosition);
            }
        }
        targetKnown = true;
        notifyAll();
    }

    /** Staging has taken this chunk: the proof that it was delivered. */
    void staged(MessageChunk chunk) {
        lastStaged = chunk;
    }

    boolean wasStaged(MessageChunk chunk) {
        return lastStaged == chunk;
    }

    /**
     * Whether batches may be taken from staging: not before a target that keeps the position has said how far it is,
     * since what it has already is still to be removed there. Waits for that at most so long.
     */
    synchronized boolean mayApply(Duration wait) throws InterruptedException {
        if (target != null && !targetKnown) {
            wait(wait.toMillis());
        }
        return target == null || targetKnown;
    }

    /**
     * Where capture must start: at what the target has, or at what is staged beyond it. Waits until both have been
     * opened; with acknowledge mode STAGED a target that is down is not waited for once something has been staged.
     *
     * @return empty for a pipeline that has never run
     */
    synchronized Optional<Position> resumePosition() throws InterruptedException {
        while (true) {
            if (staging != null) {
                Optional<Position> staged = staging.stagedPosition();
                if (targetKnown) {
                    return later(staged, Optional.ofNullable(targetPosition));
                }
                if (acknowledge == AcknowledgeMode.STAGED && staged.isPresent()) {
                    return staged;
                }
            }
            wait();
        }
    }

    private static Optional<Position> later(Optional<Position> staged, Optional<Position> target) {
        if (staged.isEmpty() || target.isEmpty()) {
            return staged.or(() -> target);
        }
        return staged.get().lsn().isAfter(target.get().lsn()) ? staged : target;
    }

    void target(Target opened) {
        target = opened;
    }

    /** Whether the newest try to apply failed and will be repeated. */
    boolean targetFails() {
        return targetFails;
    }

    void targetFails(boolean fails) {
        targetFails = fails;
    }

    Optional<Target> target() {
        return Optional.ofNullable(target);
    }

    void source(CaptureConfig config, Supplier<Optional<CaptureStatus>> status) {
        source = config;
        captureStatus = status;
    }

    Optional<CaptureStatus> captureStatus() {
        return captureStatus.get();
    }

    long captureFailures() {
        return captureFailures.sum();
    }

    /** Asks the source's catalog; a pipeline that captures nothing here has no answer. */
    @Override
    public List<String> primaryKey(Relation relation) throws TargetException {
        CaptureConfig config = source;
        if (config == null) {
            return List.of();
        }
        try {
            return new SourceCatalog(config).primaryKey(relation);
        } catch (SQLException e) {
            throw new TargetException(
                    TargetException.Kind.RETRYABLE,
                    "the primary key of " + relation.displayName() + " cannot be read from the source's catalog: "
                            + e.getMessage(),
                    e);
        }
    }

    @Override
    public Set<String> notNull(Relation relation) {
        CaptureConfig config = source;
        if (config == null) {
            return Set.of();
        }
        try {
            return Set.copyOf(new SourceCatalog(config).notNullColumns(relation));
        } catch (SQLException e) {
            LOG.warn(
                    "{}: which columns are NOT NULL cannot be read from the source's catalog: {}; they may hold NULL at the target",
                    relation.displayName(),
                    e.getMessage());
            return Set.of();
        }
    }

    /**
     * The target has committed everything before this position: the proof that a batch was delivered.
     *
     * @param newest when the newest of the transactions committed at the source, null when there was none
     */
    void applied(Lsn lsn, int transactions, Instant newest) {
        appliedTransactions.add(transactions);
        if (newest != null) {
            newestApplied = newest;
        }
        if (lsn.isAfter(applied)) {
            applied = lsn;
            appliedAtMillis = System.currentTimeMillis();
        }
        if (!received().isAfter(applied)) {
            caughtUpAt = Instant.now();
        }
    }

    /** A power failure would not take back from the target what committed before this position. */
    void durable(Lsn lsn) {
        if (!durable.isAfter(feedback.confirmable())) {
            unacknowledgedSince = Instant.now();
        }
        durable = lsn;
    }

    /** Since when the route has kept from PostgreSQL what the target has for good; empty when it was told. */
    Optional<Instant> unacknowledgedSince() {
        return durable.isAfter(feedback.confirmable()) ? Optional.of(unacknowledgedSince) : Optional.empty();
    }

    Lsn durableLsn() {
        return durable;
    }

    long appliedTransactions() {
        return appliedTransactions.sum();
    }

    void applyFailed() {
        applyFailures.increment();
    }

    long applyFailures() {
        return applyFailures.sum();
    }

    void captureFailed() {
        captureFailures.increment();
    }

    /**
     * How far the target is behind: the age, by the source's clock, of the newest applied transaction (or of the moment
     * when nothing waited, if that was later) while others are known to wait; zero when none does.
     */
    Duration lag() {
        if (!received().isAfter(applied)) {
            return Duration.ZERO;
        }
        Instant base = newestApplied;
        Instant caughtUp = caughtUpAt;
        if (base == null || (caughtUp != null && caughtUp.isAfter(base))) {
            base = caughtUp;
        }
        if (base == null) {
            base = stagingStatus().flatMap(StagingStatus::oldestUnappliedSince).orElse(Instant.now());
        }
        Duration behind = Duration.between(base, Instant.now());
        return behind.isNegative() ? Duration.ZERO : behind;
    }

    private Lsn received() {
        return captureStatus().map(CaptureStatus::received).orElse(Lsn.ZERO);
    }

    public Lsn appliedLsn() {
        return applied;
    }

    /** When the applied position last moved, epoch milliseconds; 0 before the first time. */
    public long appliedAtMillis() {
        return appliedAtMillis;
    }

    /** Empty while staging is closed, or when its disk cannot be asked, which the health check tells. */
    Optional<StagingStatus> stagingStatus() {
        Optional<StagingLog> log = staging();
        if (log.isEmpty()) {
            return Optional.empty();
        }
        try {
            return Optional.of(log.get().status());
        } catch (IOException e) {
            LOG.debug("Staging of pipeline {} cannot be asked", name, e);
            return Optional.empty();
        }
    }

    synchronized Optional<StagingLog> staging() {
        return Optional.ofNullable(staging);
    }

    /** Where dead letters are kept; empty while staging is closed. */
    Optional<RejectedFiles> rejected() {
        return Optional.ofNullable(rejected);
    }

    /** How many dead letters wait, by table; none while their folder cannot be asked. */
    Map<String, Long> waitingRejected() {
        Optional<RejectedFiles> letters = rejected();
        if (letters.isEmpty()) {
            return Map.of();
        }
        try {
            return letters.get().waiting();
        } catch (IOException e) {
            LOG.debug("Dead letters of pipeline {} cannot be asked", name, e);
            return Map.of();
        }
    }

    /** Stops the pipeline for good; the first failure is the one that is told. */
    public void fail(PipelineFailedException exception) {
        if (failure.compareAndSet(null, exception)) {
            Throwable cause = exception.getCause();
            if (cause instanceof RuntimeException || cause instanceof Error) {
                LOG.error("Pipeline {} stops: {}", name, exception.getMessage(), cause);
            } else {
                LOG.error("Pipeline {} stops: {}", name, exception.getMessage());
                LOG.debug("Pipeline {} stopped by", name, exception);
            }
            failureListeners.forEach(listener -> listener.accept(exception));
        }
    }

    public Optional<PipelineFailedException> failure() {
        return Optional.ofNullable(failure.get());
    }

    /** Is told of the failure, at once if there has been one already. */
    public void onFailure(Consumer<PipelineFailedException> listener) {
        failureListeners.add(listener);
        failure().ifPresent(listener);
    }
}
