package io.pg2any.apply.jdbc;

import static io.pg2any.apply.Relations.keyed;
import static io.pg2any.apply.Tuples.tuple;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.pg2any.apply.ApplyOptions;
import io.pg2any.apply.ChangesBatch;
import io.pg2any.apply.TargetException;
import io.pg2any.apply.TargetException.Kind;
import io.pg2any.change.Change.Insert;
import io.pg2any.change.Relation;
import io.pg2any.server.MySqlServer;
import java.time.Duration;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

class MariaDbDialectIT extends MySqlContract {
    private static MySqlServer server;

    @BeforeAll
    static void start() throws Exception {
        server = MySqlServer.mariaDb();
    }

    @AfterAll
    static void stop() throws Exception {
        server.close();
    }

    /** As one whose machine has lost its power, or its network. */
    @Test
    void aServerThatFallsSilentIsGivenUpAndTriedAgain() throws Exception {
        Relation t = keyed(1, "t", "id* int8");
        open(ApplyOptions.builder("test")
                .statementTimeout(Duration.ofSeconds(1))
                .connectTimeout(Duration.ofSeconds(1))
                .build());
        apply(new Insert(t, tuple("1")));
        ChangesBatch batch = next().transaction(new Insert(t, tuple("2")));
        signal("STOP");
        try {
            long start = System.nanoTime();
            for (int tries = 0; tries < 2; tries++) {
                TargetException error = catchThrowableOfType(TargetException.class, () -> target().apply(batch));
                assertThat(error.kind()).isEqualTo(Kind.RETRYABLE);
            }
            assertThat(Duration.ofNanos(System.nanoTime() - start)).isLessThan(Duration.ofSeconds(30));
        } finally {
            signal("CONT");
        }
        apply(batch);
        assertThat(rows("SELECT id FROM t ORDER BY id")).containsExactly(row("1"), row("2"));
    }

    private static void signal(String name) throws Exception {
        Process kill = new ProcessBuilder("kill", "-" + name, Long.toString(server.pid())).start();
        assertThat(kill.waitFor()).isZero();
    }

    @Override
    String jdbcUrl() {
        return server.jdbcUrl("test");
    }

    @Override
    JdbcDialect dialect(ApplyOptions options) throws TargetException {
        return new MariaDbDialect(server.url("mariadb", "test"), options);
    }
}
