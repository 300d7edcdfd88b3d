package io.pg2any.camel;

import static org.assertj.core.api.Assertions.assertThat;

import io.pg2any.change.Lsn;
import io.pg2any.staging.AcknowledgeMode;
import io.pg2any.staging.RejectedFiles;
import io.pg2any.staging.StagingConfig;
import io.pg2any.staging.StagingFiles;
import io.pg2any.staging.StagingLog;
import java.nio.file.Path;
import java.time.Duration;
import org.apache.camel.health.HealthCheck;
import org.apache.camel.impl.DefaultCamelContext;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class StagingHealthCheckTest {
    private static final Lsn APPLIED = new Lsn(0x200);

    private final Pipeline pipeline = Pipeline.of(new DefaultCamelContext(), "test");

    @TempDir
    private Path folder;

    private StagingLog log;

    @BeforeEach
    void open() throws Exception {
        log = StagingLog.open(StagingConfig.of(folder), StagingFiles.local());
        pipeline.stagingOpened(
                log, RejectedFiles.open(folder, StagingFiles.local(), Long.MAX_VALUE), AcknowledgeMode.APPLIED);
    }

    @AfterEach
    void close() throws Exception {
        log.close();
    }

    @Test
    void aRouteThatAppliesButDoesNotAcknowledgeIsDown() {
        HealthCheck check = new StagingHealthCheck(pipeline, "apply", Duration.ofNanos(-1));
        pipeline.applied(APPLIED, 1, null);
        pipeline.durable(APPLIED);

        HealthCheck.Result result = check.call();
        assertThat(result.getState()).isEqualTo(HealthCheck.State.DOWN);
        assertThat(result.getMessage().orElseThrow()).contains("pgcapture:acknowledge?pipeline=test");

        pipeline.feedback().safe(APPLIED);
        assertThat(check.call().getState()).isEqualTo(HealthCheck.State.UP);
    }

    @Test
    void theTimeIsThatOfTheFirstUnacknowledgedPosition() throws Exception {
        pipeline.durable(APPLIED);
        var since = pipeline.unacknowledgedSince();
        Thread.sleep(2);
        pipeline.durable(new Lsn(0x300));

        assertThat(since).isPresent();
        assertThat(pipeline.unacknowledgedSince()).isEqualTo(since);
    }
}
