package io.pg2any.capture;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.postgresql.util.PSQLException;
import org.postgresql.util.PSQLState;
import org.postgresql.util.ServerErrorMessage;

class SourceErrorsTest {
    private final CaptureConfig config = CaptureConfig.builder(
                    ConnectionString.parse("postgresql://someone@localhost/shop"), "cdc_slot", List.of("cdc_pub"))
            .build();

    @Test
    void aStatusWrittenAfterTheServerEndedTheCopyIsNoLostSlot() {
        PSQLException ended =
                new PSQLException("Tried to write to an inactive copy operation", PSQLState.OBJECT_NOT_IN_STATE);

        assertThat(SourceErrors.classify(ended, config, "read slot cdc_slot").kind())
                .isEqualTo(CaptureException.Kind.RETRYABLE);
    }

    @Test
    void aServerThatAsksForAPasswordWhenNoneIsSetIsALoginThatFailed() {
        PSQLException noPassword = new PSQLException(
                "The server requested SCRAM-based authentication, but no password was provided.",
                PSQLState.CONNECTION_REJECTED);

        assertThat(SourceErrors.isAuthentication(SourceErrors.classify(noPassword, config, "connect")))
                .isTrue();
    }

    @Test
    void aServerThatRefusesTheSlotsStateHasLostIt() {
        PSQLException refused = new PSQLException(
                new ServerErrorMessage("SERROR\0C55000\0Mcan no longer get changes from replication slot\0"));

        assertThat(SourceErrors.classify(refused, config, "read slot cdc_slot").kind())
                .isEqualTo(CaptureException.Kind.FATAL);
    }
}
