package io.pg2any.camel;

import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Tags;
import io.pg2any.apply.Target;
import io.pg2any.apply.TargetStatus;
import io.pg2any.capture.CaptureStatus;
import io.pg2any.change.Lsn;
import io.pg2any.staging.StagingStatus;
import java.lang.management.ManagementFactory;
import java.time.Duration;
import java.time.Instant;
import java.util.HashSet;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.ToDoubleFunction;

/**
 * The meters of one pipeline: the namesake's names, each true, and the ones its alerts ask for. Everything is read when
 * it is scraped; nothing is counted for the meters' sake.
 */
public class PipelineMeters {
    private final Pipeline pipeline;
    private final String targetType;
    private final MeterRegistry registry;
    private final Set<TargetStatus.TableRows> boundRows = new HashSet<>();
    private final Set<TargetStatus.TableRows> boundDivergences = new HashSet<>();
    private final Set<TargetStatus.TableRows> boundRejections = new HashSet<>();
    private final Set<String> boundWaiting = new HashSet<>();
    /** As of the last refresh. */
    private Map<String, Long> waitingRejected = Map.of();

    private long eventsBefore;
    private long nanosBefore = System.nanoTime();
    private double eventsPerSecond;

    public PipelineMeters(Pipeline pipeline, String targetType, MeterRegistry registry) {
        this.pipeline = pipeline;
        this.targetType = targetType;
        this.registry = registry;
        bindCapture();
        bindStaging();
        bindApply();
        bindProcess();
    }

    /** Brings in the tables that have appeared since; call before each scrape, from one thread at a time. */
    public void refresh() {
        pipeline.target().map(Target::status).ifPresent(status -> {
            bindRows(status.rows(), boundRows, this::bindApplied);
            bindRows(
                    status.divergences(),
                    boundDivergences,
                    (rows, count) -> counter(
                            "pg2any.divergences",
                            "Updates and deletes that found no row at the target",
                            tableTags(rows),
                            count,
                            LongAdder::sum));
            bindRows(
                    status.rejections(),
                    boundRejections,
                    (rows, count) -> counter(
                            "pg2any.rejected.changes",
                            "Changes set aside because the target refused them",
                            tableTags(rows),
                            count,
                            LongAdder::sum));
        });
        waitingRejected = pipeline.waitingRejected();
        waitingRejected.keySet().stream().filter(boundWaiting::add).forEach(this::bindWaiting);
        long now = System.nanoTime();
        if (now - nanosBefore >= Duration.ofSeconds(1).toNanos()) {
            long events = capture().map(status -> status.totals().messages()).orElse(0L);
            eventsPerSecond = Math.max(0, events - eventsBefore) * 1e9 / (now - nanosBefore);
            eventsBefore = events;
            nanosBefore = now;
        }
    }

    private void bindCapture() {
        counter(
                "pg2any.events.processed",
                "Protocol messages received from PostgreSQL",
                Tags.empty(),
                this,
                meters -> meters.capture()
                        .map(status -> status.totals().messages())
                        .orElse(0L));
        counter(
                "pg2any.received.bytes",
                "Bytes of protocol messages received from PostgreSQL",
                Tags.empty(),
                this,
                meters ->
                        meters.capture().map(status -> status.totals().bytes()).orElse(0L));
        counter(
                "pg2any.received.transactions",
                "Committed transactions received from PostgreSQL",
                Tags.empty(),
                this,
                meters -> meters.capture()
                        .map(status -> status.totals().transactions())
                        .orElse(0L));
        gauge(
                "pg2any.events.per.second",
                "Messages received per second, between the last two scrapes",
                meters -> meters.eventsPerSecond);
        gauge(
                "pg2any.current.received.lsn",
                "Everything that committed before this LSN has been received",
                meters -> meters.capture()
                        .map(status -> status.received().value())
                        .orElse(0L));
        gauge(
                "pg2any.confirmed.lsn",
                "Everything that committed before this LSN has been acknowledged",
                meters -> meters.capture()
                        .map(status -> status.confirmed().value())
                        .orElse(0L));
        gauge("pg2any.source.connection.status", "1 while the slot streams", PipelineMeters::sourceConnected);
        Gauge.builder("pg2any.connection.status", this, PipelineMeters::sourceConnected)
                .tags("connection_type", "source", "destination_type", "")
                .description("1 while the connection works")
                .register(registry);
        gauge(
                "pg2any.buffer.memory.usage.bytes",
                "Bytes between the socket and staging",
                meters -> meters.capture().map(CaptureStatus::handoffBytes).orElse(0L));
        counter(
                "pg2any.errors",
                "Failures, each of which was or is being tried again",
                Tags.of("component", "producer", "error_type", "replication_stream_error"),
                pipeline,
                Pipeline::captureFailures);
    }

    private void bindStaging() {
        gauge(
                "pg2any.consumer.queue.length",
                "Whole transactions that wait for the target",
                meters ->
                        meters.staging().map(StagingStatus::waitingTransactions).orElse(0L));
        gauge(
                "pg2any.queue.depth",
                "Whole transactions that wait for the target",
                meters ->
                        meters.staging().map(StagingStatus::waitingTransactions).orElse(0L));
        gauge(
                "pg2any.staged.bytes",
                "Bytes of staged files",
                meters -> meters.staging().map(StagingStatus::stagedBytes).orElse(0L));
        gauge(
                "pg2any.staged.lsn",
                "Everything that committed before this LSN is staged",
                meters -> meters.staging()
                        .map(status -> status.staged().map(Lsn::value).orElse(0L))
                        .orElse(0L));
        gauge(
                "pg2any.oldest.unapplied.seconds",
                "Age of the oldest transaction that waits for the target",
                meters -> meters.staging()
                        .flatMap(StagingStatus::oldestUnappliedSince)
                        .map(since -> seconds(Duration.between(since, Instant.now())))
                        .orElse(0.0));
        gauge(
                "pg2any.staging.quota.reached",
                "1 while the disk quota keeps capture from reading",
                meters -> meters.staging()
                                .flatMap(StagingStatus::quotaReachedSince)
                                .isPresent()
                        ? 1
                        : 0);
    }

    private void bindApply() {
        gauge(
                "pg2any.last.processed.lsn",
                "Everything that committed before this LSN is applied",
                meters -> meters.pipeline.appliedLsn().value());
        counter(
                "pg2any.transactions.processed",
                "Source transactions applied",
                Tags.empty(),
                pipeline,
                Pipeline::appliedTransactions);
        counter(
                "pg2any.full.transactions.processed",
                "Source transactions applied whole, which is all of them",
                Tags.empty(),
                pipeline,
                Pipeline::appliedTransactions);
        counter(
                "pg2any.errors",
                "Failures, each of which was or is being tried again",
                Tags.of("component", "consumer", "error_type", "transaction_file_execution_failed"),
                pipeline,
                Pipeline::applyFailures);
        Gauge.builder("pg2any.destination.connection.status", this, PipelineMeters::targetConnected)
                .tag("destination_type", targetType)
                .description("1 while the target works")
                .register(registry);
        Gauge.builder("pg2any.connection.status", this, PipelineMeters::targetConnected)
                .tags("connection_type", "destination", "destination_type", targetType)
                .description("1 while the connection works")
                .register(registry);
        Gauge.builder("pg2any.active.connections", this, PipelineMeters::targetConnected)
                .tag("connection_type", "consumer")
                .description("Connections to the target")
                .register(registry);
        Gauge.builder("pg2any.replication.lag", pipeline, p -> seconds(p.lag()))
                .baseUnit("seconds")
                .description("How long ago the newest applied transaction committed, 0 when nothing waits")
                .register(registry);
        gauge(
                "pg2any.replication.lag.bytes",
                "WAL between the server's end and the applied position",
                meters -> meters.capture()
                        .map(status -> Math.max(
                                0,
                                status.serverWalEnd().value()
                                        - meters.pipeline.appliedLsn().value()))
                        .orElse(0L));
    }

    private void bindProcess() {
        Gauge.builder(
                        "pg2any.uptime",
                        () -> ManagementFactory.getRuntimeMXBean().getUptime() / 1000.0)
                .baseUnit("seconds")
                .description("Since the process started")
                .register(registry);
    }

    private interface RowsBinder {
        void bind(TargetStatus.TableRows rows, LongAdder count);
    }

    private static void bindRows(
            Map<TargetStatus.TableRows, LongAdder> live, Set<TargetStatus.TableRows> bound, RowsBinder binder) {
        live.forEach((rows, count) -> {
            if (bound.add(rows)) {
                binder.bind(rows, count);
            }
        });
    }

    /** Also of letters that an earlier process has left. */
    private void bindWaiting(String table) {
        Gauge.builder("pg2any.rejected.changes.waiting", this, meters -> meters.waitingRejected.getOrDefault(table, 0L))
                .tags("schema", schema(table), "table", table(table))
                .description("Changes set aside that were neither replayed nor dropped yet")
                .register(registry);
    }

    private void bindApplied(TargetStatus.TableRows rows, LongAdder count) {
        counter("pg2any.applied.rows", "Changes applied", tableTags(rows), count, LongAdder::sum);
        counter(
                "pg2any.events.by.type",
                "Changes applied; the table without its schema",
                Tags.of("event_type", kind(rows), "table_name", table(rows.table()), "schema", schema(rows.table())),
                count,
                LongAdder::sum);
    }

    private static Tags tableTags(TargetStatus.TableRows rows) {
        return Tags.of("schema", schema(rows.table()), "table", table(rows.table()), "kind", kind(rows));
    }

    private static String schema(String table) {
        return table.substring(0, table.indexOf('.'));
    }

    private static String table(String table) {
        return table.substring(table.indexOf('.') + 1);
    }

    private static String kind(TargetStatus.TableRows rows) {
        return rows.kind().name().toLowerCase(Locale.ROOT);
    }

    private double sourceConnected() {
        return capture()
                        .map(status -> status.state() == CaptureStatus.State.STREAMING
                                || status.state() == CaptureStatus.State.SUSPENDED)
                        .orElse(false)
                ? 1
                : 0;
    }

    private double targetConnected() {
        return pipeline.target()
                        .map(target -> target.status().connected()
                                && target.status().lastError().isEmpty())
                        .orElse(false)
                ? 1
                : 0;
    }

    private Optional<CaptureStatus> capture() {
        return pipeline.captureStatus();
    }

    private Optional<StagingStatus> staging() {
        return pipeline.stagingStatus();
    }

    private static double seconds(Duration duration) {
        return duration.toNanos() / 1e9;
    }

    private void gauge(String name, String description, ToDoubleFunction<PipelineMeters> value) {
        Gauge.builder(name, this, value).description(description).register(registry);
    }

    private <T> void counter(String name, String description, Tags tags, T of, ToDoubleFunction<T> value) {
        FunctionCounter.builder(name, of, value)
                .tags(tags)
                .description(description)
                .register(registry);
    }
}
