package io.pg2any.apply.jdbc;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.pg2any.apply.ApplyOptions;
import io.pg2any.apply.TargetException;
import io.pg2any.apply.TargetException.Kind;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.time.Duration;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A server that takes connections and never says a word, as one behind a broken gateway does. */
class ConnectTimeoutTest {
    private static JdbcDialect dialect(String type, int port, ApplyOptions options) throws TargetException {
        String place = "://user:secret@127.0.0.1:" + port + "/test";
        return switch (type) {
            case "MySQL" -> new MySqlDialect("mysql" + place, options);
            case "MariaDB" -> new MariaDbDialect("mariadb" + place, options);
            case "PostgreSQL" -> new PostgresDialect("postgresql" + place, options);
            default -> new SqlServerDialect("sqlserver" + place, options);
        };
    }

    @ParameterizedTest
    @ValueSource(strings = {"MySQL", "MariaDB", "PostgreSQL", "SqlServer"})
    void aSilentServerIsGivenUpAndTriedAgain(String type) throws Exception {
        try (ServerSocket silent = new ServerSocket(0, 10, InetAddress.getLoopbackAddress())) {
            ApplyOptions options = ApplyOptions.builder("test")
                    .connectTimeout(Duration.ofSeconds(1))
                    .build();
            JdbcDialect dialect = dialect(type, silent.getLocalPort(), options);
            try (JdbcTarget target = new JdbcTarget(dialect, options)) {
                long start = System.nanoTime();
                TargetException error = catchThrowableOfType(TargetException.class, target::open);
                assertThat(error.kind()).isEqualTo(Kind.RETRYABLE);
                assertThat(error).hasMessageNotContaining("secret");
                assertThat(Duration.ofNanos(System.nanoTime() - start)).isLessThan(Duration.ofSeconds(20));
            }
        }
    }
}
