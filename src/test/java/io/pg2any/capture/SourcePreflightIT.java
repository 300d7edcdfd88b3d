package io.pg2any.capture;

import static org.assertj.core.api.Assertions.assertThat;

import io.pg2any.capture.CaptureException.Kind;
import io.pg2any.capture.Problem.Severity;
import io.pg2any.change.Lsn;
import io.pg2any.change.Position;
import io.pg2any.change.Relation;
import io.pg2any.change.SourceIdentity;
import io.pg2any.cli.EmbeddedPostgres;
import io.pg2any.server.TestPostgres;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class SourcePreflightIT {
    @ParameterizedTest
    @ValueSource(ints = {14, 18})
    void everyProblemIsToldAtOnceAndNothingIsChanged(int version) throws Exception {
        try (EmbeddedPostgres server =
                TestPostgres.start(version, Map.of("wal_level", "replica", "max_replication_slots", "1"))) {
            Source.createShop(server);
            Source.execute(
                    server,
                    "shop",
                    "CREATE TABLE keyless (t text); ALTER PUBLICATION items ADD TABLE keyless; CREATE ROLE weak LOGIN");
            Source.execute(server, "shop", "SELECT pg_create_physical_replication_slot('taken')");
            CaptureConfig config = CaptureConfig.builder(
                            ConnectionString.parse("postgresql://weak:s3cr3t@127.0.0.1:" + server.port() + "/shop"),
                            Source.SLOT,
                            List.of("items", "missing"))
                    .createPublication(true)
                    .build();
            List<Problem> problems = SourcePreflight.check(config, Optional.empty());
            assertThat(problems)
                    .anySatisfy(p -> assertThat(p.what()).contains("wal_level is replica"))
                    .anySatisfy(p -> assertThat(p.what()).contains("all replication slots are in use"))
                    .anySatisfy(p -> assertThat(p.what()).contains("may not create a publication"))
                    .anySatisfy(p -> assertThat(p.remedy()).contains("REPLICATION"))
                    .anySatisfy(p -> {
                        assertThat(p.what()).contains("public.keyless");
                        assertThat(p.severity()).isEqualTo(Severity.WARN);
                    })
                    .allSatisfy(p -> assertThat(p.kind()).isEqualTo(Kind.CONFIG))
                    .allSatisfy(p -> assertThat(p.toString()).doesNotContain("s3cr3t"));
            assertThat(problems.get(problems.size() - 1).severity()).isEqualTo(Severity.WARN);

            CaptureConfig superuser = Source.config(server).build();
            Position elsewhere = new Position(new SourceIdentity("1", 1, Source.SLOT), Lsn.parse("0/1"));
            assertThat(SourcePreflight.check(superuser, Optional.of(elsewhere)))
                    .anySatisfy(p -> assertThat(p.what()).contains("is lost"))
                    .anySatisfy(p -> assertThat(p.what()).contains("another cluster"));
            assertThat(Source.query(server, "SELECT count(*) FROM pg_publication"))
                    .isEqualTo("1");
        }
    }

    @Test
    void aSoundSourceHasNoProblem() throws Exception {
        try (EmbeddedPostgres server = TestPostgres.start(18)) {
            Source.createShop(server);
            CaptureConfig config = Source.config(server).build();
            assertThat(SourcePreflight.check(config, Optional.empty())).isEmpty();

            SourceCatalog catalog = new SourceCatalog(config);
            Relation relation = catalog.publishedRelations().get(0);
            assertThat(catalog.primaryKey(relation)).isNotEmpty();
            assertThat(catalog.notNullColumns(relation))
                    .containsAll(catalog.primaryKey(relation))
                    .hasSizeLessThan(relation.columns().size());
        }
    }

    @Test
    void aSlotThatIsReadAndConfirmedMeanwhileIsNoGap() throws Exception {
        try (EmbeddedPostgres server = TestPostgres.start(18)) {
            Source.createShop(server);
            CaptureConfig config = Source.config(server).build();
            try (SourceConnection reader = SourceConnection.replication(config, new SourceConnection.Abort())) {
                SourceConnection.Identity identity = reader.identify();
                Lsn start = reader.createSlot(config.slot(), false);
                reader.startReplication(config, PgOutputOptions.negotiate(config, 18), start);
                SourceIdentity source =
                        new SourceIdentity(identity.systemIdentifier(), identity.timeline(), config.slot());
                Position before = new Position(source, Lsn.parse("0/1"));

                assertThat(SourcePreflight.check(config, Optional.of(before)))
                        .singleElement()
                        .satisfies(problem -> {
                            assertThat(problem.what()).contains("is read by another process");
                            assertThat(problem.kind()).isEqualTo(Kind.RETRYABLE);
                        });
            }
        }
    }

    @Test
    void aServerThatIsDownIsOneRetryableProblem() {
        CaptureConfig config = CaptureConfig.builder(
                        ConnectionString.parse("postgresql://u:s3cr3t@127.0.0.1:1/d"), "s", List.of("p"))
                .build();
        assertThat(SourcePreflight.check(config, Optional.empty()))
                .singleElement()
                .satisfies(problem -> {
                    assertThat(problem.kind()).isEqualTo(Kind.RETRYABLE);
                    assertThat(problem.what()).contains("127.0.0.1:1").doesNotContain("s3cr3t");
                });
    }
}
