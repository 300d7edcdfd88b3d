package io.pg2any.apply.jdbc;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.SocketTimeoutException;
import java.sql.SQLException;
import java.time.Duration;
import org.junit.jupiter.api.Test;

class StatementLimitTest {
    private final StatementLimit limit = new StatementLimit(Duration.ofMillis(100));

    private static SQLException silence() {
        return new SQLException("no answer", "08S01", new IOException(new SocketTimeoutException()));
    }

    @Test
    void aStatementThatWasEndedDoublesTheTimeOfTheNextConnection() {
        for (SQLException ended : new SQLException[] {
            silence(), new SQLException("canceled", "57014"), new SQLException("max_statement_time", "70100", 1969)
        }) {
            Duration before = limit.ofNewConnection();
            limit.failed(ended);
            assertThat(limit.ofNewConnection()).isEqualTo(before.multipliedBy(2));
        }
    }

    @Test
    void oneErrorThatIsToldTwiceCountsOnce() {
        limit.failed(silence());
        limit.failed(silence());
        assertThat(limit.ofNewConnection()).isEqualTo(Duration.ofMillis(200));
    }

    @Test
    void anyOtherErrorLeavesItAsItIs() {
        limit.failed(new SQLException("deadlock", "40001", 1213));
        limit.failed(new SQLException("connection reset", "08S01"));
        assertThat(limit.ofNewConnection()).isEqualTo(Duration.ofMillis(100));
    }

    @Test
    void theServerHasTheFirstWord() {
        assertThat(limit.silenceMillis()).isGreaterThan(100);
    }

    @Test
    void itStaysWithinWhatServersCanCount() {
        StatementLimit wide = new StatementLimit(Duration.ofDays(6));
        wide.failed(silence());
        wide.ofNewConnection();
        wide.failed(silence());
        assertThat(wide.ofNewConnection()).isEqualTo(Duration.ofDays(7));
        assertThat(wide.silenceMillis()).isPositive();
    }
}
