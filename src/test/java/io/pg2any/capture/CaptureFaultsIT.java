package io.pg2any.capture;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.pg2any.capture.CaptureException.Kind;
import io.pg2any.capture.CaptureStatus.State;
import io.pg2any.change.Lsn;
import io.pg2any.change.Position;
import io.pg2any.change.SourceIdentity;
import io.pg2any.cli.EmbeddedPostgres;
import io.pg2any.cli.EmbeddedPostgres.StopMode;
import io.pg2any.pgoutput.MessageChunk;
import io.pg2any.server.TestPostgres;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** One server per version and test; the rules in one story each, because a server start costs more than the story. */
class CaptureFaultsIT {
    @ParameterizedTest
    @ValueSource(ints = {14, 18})
    void killsAndCrashesNeitherLoseNorRepeatACompleteTransaction(int version) throws Exception {
        try (EmbeddedPostgres server = TestPostgres.start(version)) {
            Source.createShop(server);
            SlotFeedback feedback = new SlotFeedback();
            try (Capture capture = Source.capture(Source.config(server).build(), feedback, null)) {
                capture.start();
                Downstream downstream = new Downstream(capture, feedback, true);
                downstream.until(() -> downstream.position != null);
                int id = 0;
                for (int kill = 1; kill <= 5; kill++) {
                    for (int i = 0; i < 10; i++) {
                        Source.insert(server, ++id);
                    }
                    Source.execute(
                            server,
                            "shop",
                            "SELECT pg_terminate_backend(active_pid) FROM pg_replication_slots WHERE active");
                    Source.insert(server, ++id);
                    downstream.untilTransactions(id);
                }
                Source.insert(server, ++id);
                downstream.untilTransactions(id);
                server.stop(StopMode.IMMEDIATE);
                downstream.until(() -> capture.status().state() == State.CONNECTING
                        && capture.status().attempts() > 1);
                assertThat(capture.status().error()).isPresent();
                assertThat(capture.status().failingSince()).isPresent();
                server.start();
                Source.insert(server, ++id);
                downstream.untilTransactions(id);
                assertThat(downstream.transactions)
                        .isEqualTo(IntStream.rangeClosed(1, id)
                                .mapToObj(n -> n + ",n" + n)
                                .toList());
                downstream.until(() ->
                        capture.status().error().isEmpty() || capture.status().state() == State.STREAMING);
            }
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {14, 18})
    void aStalledOrSuspendedConsumerKeepsItsConnection(int version) throws Exception {
        try (EmbeddedPostgres server = TestPostgres.start(version, Map.of("wal_sender_timeout", "2s"))) {
            Source.createShop(server);
            SlotFeedback feedback = new SlotFeedback();
            CaptureConfig config = Source.config(server)
                    .handoffBytes(64 << 10)
                    .chunkBytes(16 << 10)
                    .build();
            try (Capture capture = Source.capture(config, feedback, null)) {
                capture.start();
                Downstream downstream = new Downstream(capture, feedback, true);
                downstream.until(() -> downstream.position != null);
                Source.execute(
                        server,
                        "shop",
                        "INSERT INTO item SELECT g, repeat('x', 1000) FROM generate_series(1, 20000) g");
                Source.await(() -> capture.status().handoffBytes() >= config.handoffBytes());
                Thread.sleep(5000); // the rule is about time: longer than the server's patience
                assertThat(capture.status().handoffBytes()).isLessThan(2L * config.handoffBytes());
                assertThat(capture.status().oldestChunkAge()).isGreaterThan(Duration.ofSeconds(4));
                downstream.untilTransactions(1);

                capture.suspend();
                Source.insert(server, 30000);
                Thread.sleep(4000);
                assertThat(capture.status().state()).isEqualTo(State.SUSPENDED);
                assertThat(capture.take(Duration.ofMillis(50))).isNull();
                assertThat(Source.query(server, "SELECT active FROM pg_replication_slots"))
                        .isEqualTo("t");
                capture.resume();
                downstream.untilTransactions(2);
                assertThat(downstream.transactions.get(1)).isEqualTo("30000,n30000");
                assertThat(downstream.chunks)
                        .extracting(MessageChunk::session)
                        .containsOnly(downstream.chunks.get(0).session());

                Source.execute(
                        server,
                        "shop",
                        "INSERT INTO item SELECT g, repeat('x', 1000) FROM generate_series(40000, 80000) g");
                Source.await(() -> capture.status().handoffBytes() >= config.handoffBytes());
                long before = System.nanoTime();
                capture.close();
                assertThat(Duration.ofNanos(System.nanoTime() - before)).isLessThan(Duration.ofSeconds(5));
                assertThat(capture.status().state()).isEqualTo(State.CLOSED);
            }
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {14, 18})
    void idleTrafficMovesTheSlotAndAFastShutdownDoesNotWait(int version) throws Exception {
        try (EmbeddedPostgres server = TestPostgres.start(version)) {
            Source.createShop(server);
            Source.execute(server, "postgres", "CREATE TABLE unpublished (t text)");
            SlotFeedback feedback = new SlotFeedback();
            CaptureConfig config = Source.config(server)
                    .statusInterval(Duration.ofMillis(200))
                    .idleConfirmInterval(Duration.ofMillis(200))
                    .build();
            try (Capture capture = Source.capture(config, feedback, null)) {
                capture.start();
                Downstream downstream = new Downstream(capture, feedback, true);
                downstream.until(() -> downstream.position != null);
                Source.execute(
                        server,
                        "postgres",
                        "INSERT INTO unpublished SELECT repeat('x', 1000) FROM generate_series(1, 5000)");
                Lsn written = Lsn.parse(Source.query(server, "SELECT pg_current_wal_lsn()"));
                Source.execute(server, "postgres", "INSERT INTO unpublished VALUES ('y')");
                downstream.until(() -> !downstream.position.lsn().isBefore(written));
                Source.await(() -> !Lsn.parse(
                                Source.queryUnchecked(server, "SELECT confirmed_flush_lsn FROM pg_replication_slots"))
                        .isBefore(written));
                assertThat(downstream.transactions).isEmpty();

                Thread stop = new Thread(() -> {
                    try {
                        server.stop(StopMode.FAST);
                    } catch (java.io.IOException e) {
                        throw new java.io.UncheckedIOException(e);
                    }
                });
                long before = System.nanoTime();
                stop.start();
                downstream.until(() -> !stop.isAlive());
                assertThat(Duration.ofNanos(System.nanoTime() - before)).isLessThan(Duration.ofSeconds(6));
                server.start();
                Source.insert(server, 1);
                downstream.untilTransactions(1);
            }
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {14, 18})
    void whatWouldLoseDataStopsCaptureForGood(int version) throws Exception {
        try (EmbeddedPostgres server = TestPostgres.start(
                version, Map.of("max_slot_wal_keep_size", "1MB", "min_wal_size", "32MB", "max_wal_size", "64MB"))) {
            Source.createShop(server);
            Position position;
            SlotFeedback feedback = new SlotFeedback();
            try (Capture capture = Source.capture(Source.config(server).build(), feedback, null)) {
                capture.start();
                Downstream downstream = new Downstream(capture, feedback, true);
                Source.await(() -> capture.status().state() == State.STREAMING);
                Source.insert(server, 1);
                downstream.untilTransactions(1);
                position = downstream.position;
            }
            SourceIdentity source = position.source();

            assertThat(failure(server, new Position(new SourceIdentity("1", 1, Source.SLOT), position.lsn())))
                    .satisfies(e -> assertThat(e.kind()).isEqualTo(Kind.FATAL))
                    .hasMessageContaining("another cluster");
            assertThat(failure(server, new Position(source, Lsn.parse("FF/0"))))
                    .satisfies(e -> assertThat(e.kind()).isEqualTo(Kind.FATAL))
                    .hasMessageContaining("restored to an earlier state");
            assertThat(failure(
                            server,
                            new Position(new SourceIdentity(source.systemIdentifier(), 1, "other"), position.lsn())))
                    .satisfies(e -> assertThat(e.kind()).isEqualTo(Kind.CONFIG))
                    .hasMessageContaining("through slot other");

            Source.insert(server, 2);
            Source.execute(
                    server, "shop", "SELECT pg_replication_slot_advance('" + Source.SLOT + "', pg_current_wal_lsn())");
            Lsn advanced = Source.confirmedFlush(server);
            assertThat(failure(server, position))
                    .satisfies(e -> assertThat(e.kind()).isEqualTo(Kind.FATAL))
                    .hasMessageContainingAll(
                            "gap", advanced.toString(), position.lsn().toString());
            assertThat(SourcePreflight.check(Source.config(server).build(), java.util.Optional.of(position)))
                    .anySatisfy(problem -> assertThat(problem.what()).contains("gap"));

            for (int i = 0; i < 4; i++) {
                Source.execute(
                        server,
                        "shop",
                        "CREATE TABLE junk AS SELECT repeat('x', 2000) FROM"
                                + " generate_series(1, 10000); DROP TABLE junk; SELECT pg_switch_wal(); CHECKPOINT");
            }
            assertThat(failure(server, new Position(source, advanced)))
                    .satisfies(e -> assertThat(e.kind()).isEqualTo(Kind.FATAL))
                    .hasMessageContaining("lost");
            assertThat(failure(server, null).kind()).isEqualTo(Kind.FATAL);

            Source.dropSlot(server, Source.SLOT);
            assertThat(failure(server, position))
                    .satisfies(e -> assertThat(e.kind()).isEqualTo(Kind.FATAL))
                    .hasMessageContaining("is lost");
            assertThat(Source.query(server, "SELECT count(*) FROM pg_replication_slots"))
                    .isEqualTo("0");
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {14, 18})
    void whatSettingsMustChangeIsSaidAndWhatMayPassIsWaitedFor(int version) throws Exception {
        try (EmbeddedPostgres server = TestPostgres.start(version)) {
            Source.createShop(server);
            Source.execute(server, "shop", "CREATE ROLE weak LOGIN");
            Source.execute(
                    server,
                    "shop",
                    "SELECT pg_create_logical_replication_slot('" + Source.SLOT + "', 'test_decoding')");
            assertThat(failure(server, null))
                    .satisfies(e -> assertThat(e.kind()).isEqualTo(Kind.CONFIG))
                    .hasMessageContaining("test_decoding");
            Source.dropSlot(server, Source.SLOT);
            Source.execute(server, "shop", "SELECT pg_create_physical_replication_slot('" + Source.SLOT + "')");
            assertThat(failure(server, null)).hasMessageContaining("physical");
            Source.dropSlot(server, Source.SLOT);
            Source.execute(
                    server, "postgres", "SELECT pg_create_logical_replication_slot('" + Source.SLOT + "', 'pgoutput')");
            assertThat(failure(server, null)).hasMessageContaining("database postgres");
            Source.dropSlot(server, Source.SLOT);
            Source.execute(
                    server,
                    "shop",
                    "SELECT pg_create_logical_replication_slot('" + Source.SLOT + "', 'pgoutput', false, true)");
            assertThat(failure(server, null)).hasMessageContaining("two-phase");
            Source.dropSlot(server, Source.SLOT);

            assertThat(failure(CaptureConfig.builder(
                                    ConnectionString.parse(server.sourceUri("shop")), Source.SLOT, List.of("Items"))
                            .build()))
                    .satisfies(e -> assertThat(e.kind()).isEqualTo(Kind.CONFIG))
                    .hasMessageContaining("publication Items does not exist");
            assertThat(failure(CaptureConfig.builder(
                                    ConnectionString.parse("postgresql://weak@127.0.0.1:" + server.port() + "/shop"),
                                    Source.SLOT,
                                    List.of("items"))
                            .build()))
                    .satisfies(e -> assertThat(e.kind()).isEqualTo(Kind.CONFIG))
                    .hasMessageContaining("42501");

            CaptureConfig creating = CaptureConfig.builder(
                            ConnectionString.parse(server.sourceUri("shop")), Source.SLOT, List.of("Every\"thing's"))
                    .createPublication(true)
                    .build();
            SlotFeedback feedback = new SlotFeedback();
            try (Capture holder = Source.capture(creating, feedback, null)) {
                holder.start();
                Downstream downstream = new Downstream(holder, feedback, true);
                Source.await(() -> holder.status().state() == State.STREAMING);
                Source.insert(server, 1);
                downstream.untilTransactions(1);
                try (Capture second = Source.capture(Source.config(server).build(), new SlotFeedback(), null)) {
                    second.start();
                    Source.await(() -> second.status().attempts() >= 2);
                    assertThat(second.status().state()).isEqualTo(State.CONNECTING);
                    assertThat(second.status().error())
                            .hasValueSatisfying(text -> assertThat(text).contains("55006"));
                }
                // A publication that disappears under a running stream must not turn into skipped changes.
                Source.execute(server, "shop", "DROP PUBLICATION \"Every\"\"thing's\"");
                Source.insert(server, 2);
                CaptureException e =
                        catchThrowableOfType(CaptureException.class, () -> downstream.untilTransactions(2));
                assertThat(e.kind()).isEqualTo(Kind.CONFIG);
                assertThat(downstream.transactions).hasSize(1);
            }
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {14, 18})
    void aValueOfAHundredMegabytesPasses(int version) throws Exception {
        try (EmbeddedPostgres server = TestPostgres.start(version)) {
            Source.createShop(server);
            Source.execute(server, "shop", "ALTER TABLE item ALTER name SET STORAGE EXTERNAL");
            SlotFeedback feedback = new SlotFeedback();
            try (Capture capture = Source.capture(
                    Source.config(server).streaming(Streaming.OFF).build(), feedback, null)) {
                capture.start();
                Downstream downstream = new Downstream(capture, feedback, true);
                downstream.until(() -> downstream.position != null);
                Source.execute(server, "shop", "INSERT INTO item VALUES (1, repeat('x', 100000000)), (2, 'small')");
                downstream.untilTransactions(1);
                assertThat(downstream.transactions).isEqualTo(List.of("1,100000000 bytes 2,small"));
            }
        }
    }

    private static CaptureException failure(EmbeddedPostgres server, Position position) throws Exception {
        return failure(Source.config(server).build(), position);
    }

    private static CaptureException failure(CaptureConfig config) throws Exception {
        return failure(config, null);
    }

    private static CaptureException failure(CaptureConfig config, Position position) throws Exception {
        try (Capture capture = Source.capture(config, new SlotFeedback(), position)) {
            capture.start();
            CaptureException e = catchThrowableOfType(CaptureException.class, () -> {
                while (capture.take(Duration.ofSeconds(10)) != null) {}
            });
            assertThat(e).as("%s", capture.status()).isNotNull();
            assertThat(capture.status().state()).isEqualTo(State.FAILED);
            assertThat(e.remedy()).isNotBlank();
            return e;
        }
    }
}
