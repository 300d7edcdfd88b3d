package io.pg2any.capture;

import io.pg2any.capture.CaptureException.Kind;
import io.pg2any.capture.CaptureStatus.State;
import io.pg2any.change.Lsn;
import io.pg2any.change.Position;
import io.pg2any.change.SourceIdentity;
import io.pg2any.pgoutput.MessageChunk;
import java.io.IOException;
import java.sql.SQLException;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import java.util.function.LongSupplier;
import org.postgresql.copy.CopyDual;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Reads one slot: connects, checks that the slot continues where the target ends, streams, and connects again for as
 * long as that can help. Trouble that cannot pass by itself ends it: then {@link #take} throws, once everything read
 * before has been taken.
 *
 * <p>One reader thread owns the socket. {@link #take} belongs to one dispatch thread; every other method may be called
 * from any thread.
 */
public final class Capture implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Capture.class);
    private static final Duration GOODBYE = Duration.ofSeconds(2);

    private final CaptureConfig config;
    private final ResumePosition resumePosition;
    private final SlotFeedback feedback;
    private final Clock clock;
    private final LongSupplier nanoClock;
    private final HandOff handOff;
    private final ReadProgress progress = new ReadProgress();
    private final Thread reader;

    private volatile boolean started;
    private volatile boolean closing;
    private volatile boolean suspended;
    private volatile State state = State.CONNECTING;
    private volatile Trouble trouble = Trouble.NONE;
    private volatile String serverVersion = "";
    private volatile SourceConnection.Abort abort = new SourceConnection.Abort();

    // The reader thread's own.
    private Optional<Position> position = Optional.empty();
    private long session;
    /** A stage behind outlives this object when a route is restarted: sessions grow over the whole process. */
    private static final AtomicLong SESSIONS = new AtomicLong();

    private record Trouble(String error, Instant since, int attempts) {
        static final Trouble NONE = new Trouble(null, null, 0);
    }

    public Capture(CaptureConfig config, ResumePosition resumePosition, SlotFeedback feedback) {
        this(config, resumePosition, feedback, Clock.systemUTC(), System::nanoTime);
    }

    Capture(
            CaptureConfig config,
            ResumePosition resumePosition,
            SlotFeedback feedback,
            Clock clock,
            LongSupplier nanoClock) {
        this.config = Objects.requireNonNull(config, "config");
        this.resumePosition = Objects.requireNonNull(resumePosition, "resumePosition");
        this.feedback = Objects.requireNonNull(feedback, "feedback");
        this.clock = clock;
        this.nanoClock = nanoClock;
        this.handOff = new HandOff(config.handoffBytes(), nanoClock);
        this.reader = new Thread(this::run, "pg2any-capture-" + config.slot());
        this.reader.setDaemon(true);
        this.handOff.reader(reader);
    }

    /** Never fails because PostgreSQL is down; {@link #status()} tells how it goes. */
    public void start() {
        synchronized (reader) {
            if (started || closing) {
                throw new IllegalStateException("a capture is started once");
            }
            started = true;
            reader.start();
        }
    }

    /**
     * The next chunk, in the order of the stream; null when none comes in time, while suspended, and after the last
     * one of a closed capture.
     *
     * @throws CaptureException once the reader has failed for good and everything it read has been taken
     */
    public MessageChunk take(Duration timeout) throws InterruptedException, CaptureException {
        return handOff.take(timeout);
    }

    /** Hands out and reads nothing any more; the connection stays and the slot active. */
    public void suspend() {
        suspended = true;
        handOff.suspended(true);
    }

    public void resume() {
        suspended = false;
        handOff.suspended(false);
        LockSupport.unpark(reader);
    }

    public CaptureStatus status() {
        Trouble now = trouble;
        State shown = state == State.STREAMING && suspended ? State.SUSPENDED : state;
        return new CaptureStatus(
                shown,
                Optional.ofNullable(now.error()),
                Optional.ofNullable(now.since()),
                now.attempts(),
                serverVersion,
                new Lsn(progress.received()),
                new Lsn(progress.serverWalEnd()),
                new Lsn(progress.confirmed()),
                handOff.bytes(),
                handOff.oldestAge(),
                progress.totals(),
                Optional.ofNullable(progress.lastMessageAt()));
    }

    /**
     * Stops reading, tells the server what is confirmable now, and disconnects; takes a few seconds at most, whatever
     * the server does. What was read but not taken is dropped: PostgreSQL sends it again.
     */
    @Override
    public void close() {
        synchronized (reader) {
            closing = true;
            if (!started) {
                state = State.CLOSED;
                return;
            }
        }
        LockSupport.unpark(reader);
        if (state != State.STREAMING) {
            reader.interrupt(); // waits for the position or backs off
            abort.abort();
        }
        boolean interrupted = !ended(GOODBYE.plusSeconds(1));
        abort.abort();
        interrupted |= !ended(Duration.ofSeconds(1));
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
        if (state != State.FAILED) {
            state = State.CLOSED;
        }
    }

    /** False when the caller was interrupted while waiting. */
    private boolean ended(Duration patience) {
        try {
            reader.join(patience.toMillis());
            return true;
        } catch (InterruptedException e) {
            return false;
        }
    }

    private void run() {
        try {
            position = resumePosition.get();
            while (!closing) {
                connectAndRead();
            }
        } catch (InterruptedException e) {
            LOG.debug("capture of slot {} was interrupted", config.slot(), e);
        } catch (CaptureException e) {
            fail(e);
        } catch (RuntimeException | Error e) {
            fail(new CaptureException(
                    Kind.FATAL, "the reader of slot " + config.slot() + " broke: " + e, "report it with the log", e));
        }
    }

    private void fail(CaptureException e) {
        if (closing) {
            LOG.debug("capture of slot {} failed while closing", config.slot(), e);
            return;
        }
        // Whoever takes chunks gets the error and tells it.
        LOG.debug("capture of slot {} stopped", config.slot(), e);
        remember(e);
        state = State.FAILED;
        handOff.fail(e);
    }

    private void remember(CaptureException e) {
        Trouble before = trouble;
        trouble = new Trouble(
                e.getMessage(), before.since() == null ? Instant.now(clock) : before.since(), before.attempts() + 1);
    }

    /** One session, and the pause after its end. */
    private void connectAndRead() throws CaptureException, InterruptedException {
        state = State.CONNECTING;
        long receivedBefore = progress.received();
        long began = nanoClock.getAsLong();
        CaptureException end;
        try {
            abort = new SourceConnection.Abort();
            try (SourceConnection source = SourceConnection.replication(config, abort)) {
                stream(source);
            }
            return;
        } catch (SQLException e) {
            end = SourceErrors.classify(e, config, "read slot " + config.slot());
        } catch (IOException e) {
            end = new CaptureException(
                    Kind.RETRYABLE,
                    config.connection().mask("lost the connection: " + e.getMessage()),
                    "it is tried again",
                    e);
        } catch (CaptureException e) {
            end = e;
        }
        if (closing) {
            return;
        }
        if (end.kind() != Kind.RETRYABLE) {
            throw end;
        }
        boolean progressed = progress.received() != receivedBefore
                || (state == State.STREAMING
                        && nanoClock.getAsLong() - began > config.reconnectMax().toNanos());
        if (progressed) {
            trouble = Trouble.NONE;
        }
        state = State.CONNECTING;
        remember(end);
        pause(end);
    }

    private void pause(CaptureException end) throws InterruptedException {
        int attempts = trouble.attempts();
        long pause = config.reconnectMin().toNanos() << Math.min(attempts - 1, 20);
        pause = pause <= 0
                ? config.reconnectMax().toNanos()
                : Math.min(pause, config.reconnectMax().toNanos());
        pause = pause / 2 + ThreadLocalRandom.current().nextLong(pause / 2 + 1);
        LOG.warn(
                "capture of slot {}: {}. Attempt {} in {} ms",
                config.slot(),
                end.getMessage(),
                attempts + 1,
                TimeUnit.NANOSECONDS.toMillis(pause));
        if (!closing) {
            TimeUnit.NANOSECONDS.sleep(pause);
        }
    }

    private void stream(SourceConnection source) throws SQLException, IOException, CaptureException {
        serverVersion = source.serverVersion();
        SourceConnection.Identity identity = source.identify();
        failOnFirst(SourceRules.walLevel(source.setting("wal_level")));
        PgOutputOptions options = PgOutputOptions.negotiate(config, source.serverMajor());
        failOnFirst(options.problems(source.serverMajor()));
        boolean fresh = position.isEmpty();
        Lsn start = fresh ? freshStart(source, identity) : resumedStart(source, identity);
        SourceIdentity history = new SourceIdentity(identity.systemIdentifier(), identity.timeline(), config.slot());

        long timeoutMillis = Long.parseLong(source.setting("wal_sender_timeout"));
        long statusNanos = config.statusInterval().toNanos();
        if (timeoutMillis > 0) {
            statusNanos = Math.min(statusNanos, TimeUnit.MILLISECONDS.toNanos(timeoutMillis) / 3);
        }
        CopyDual copy = source.startReplication(config, options, start);
        session = SESSIONS.incrementAndGet();
        LOG.info(
                "capture of slot {} streams from {} (PostgreSQL {}, timeline {}, protocol {}, streaming {}, session {})",
                config.slot(),
                start,
                serverVersion,
                identity.timeline(),
                options.protocol(),
                options.streaming(),
                session);
        ReplicationStream stream = new ReplicationStream(
                config,
                source,
                copy,
                history,
                session,
                start,
                statusNanos,
                handOff,
                feedback,
                progress,
                clock,
                nanoClock);
        state = State.STREAMING;
        try {
            if (fresh) {
                stream.announceStart();
            }
            stream.read(() -> closing, () -> suspended);
        } catch (SQLException e) {
            if ("42704".equals(e.getSQLState())) {
                // The slot exists, it streams: what the server misses while decoding is a publication.
                throw SourceErrors.publicationMissing(config, e.getMessage(), e);
            }
            throw e;
        } finally {
            position = Optional.of(new Position(history, new Lsn(progress.received())));
        }
        try {
            stream.finish(GOODBYE.toNanos());
        } catch (SQLException e) {
            // Nothing depends on a polite end: what was not confirmed is sent again.
            LOG.debug("slot {} was not left in order", config.slot(), e);
        }
    }

    private Lsn resumedStart(SourceConnection source, SourceConnection.Identity identity)
            throws SQLException, CaptureException {
        Position known = position.orElseThrow();
        TimelineHistory history = known.source().timeline() == identity.timeline()
                ? TimelineHistory.parse("")
                : source.timelineHistory(identity.timeline());
        failOnFirst(SourceRules.position(
                known, config, identity.systemIdentifier(), identity.timeline(), identity.walEnd(), history));
        Optional<ReplicationSlot> slot = ReplicationSlot.read(source.jdbc(), config.slot());
        failOnFirst(SourceRules.slot(slot, position, config, identity.database()));
        failOnFirst(SourceRules.publications(source.publications(), config, true));
        return known.lsn();
    }

    /** A fresh pipeline begins where its slot does; publications come first, because a slot decodes with old catalogs. */
    private Lsn freshStart(SourceConnection source, SourceConnection.Identity identity)
            throws SQLException, CaptureException {
        Optional<ReplicationSlot> slot = ReplicationSlot.read(source.jdbc(), config.slot());
        failOnFirst(SourceRules.slot(slot, position, config, identity.database()));
        var publications = source.publications();
        failOnFirst(SourceRules.publications(publications, config, slot.isPresent()));
        if (slot.isPresent()) {
            Lsn start = slot.get().confirmedFlush();
            LOG.warn(
                    "capture adopts slot {}, which continues at {}: the target has no position yet, and what committed"
                            + " before that will not come; if the target was filled before, it has been lost or set"
                            + " back, and its tables must be copied again",
                    config.slot(),
                    start);
            return start;
        }
        for (String name : config.publications()) {
            if (!publications.contains(name)) {
                source.createPublication(name);
                LOG.info("created publication {} for all tables", name);
            }
        }
        LOG.info("creating slot {}; it waits for the write transactions that run now", config.slot());
        Lsn start = source.createSlot(config.slot(), config.twoPhase());
        LOG.info("created slot {}, which begins at {}", config.slot(), start);
        return start;
    }

    private static void failOnFirst(List<Problem> problems) throws CaptureException {
        if (!problems.isEmpty()) {
            throw new CaptureException(problems.get(0));
        }
    }
}
