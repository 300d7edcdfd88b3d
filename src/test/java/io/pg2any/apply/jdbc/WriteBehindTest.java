package io.pg2any.apply.jdbc;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.sql.SQLException;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.Test;

class WriteBehindTest {
    private final WriteBehind behind = new WriteBehind("test");
    private final List<Integer> written = new CopyOnWriteArrayList<>();

    @Test
    void whatIsStartedRunsBesideTheCallerAndInOrder() throws Exception {
        CountDownLatch go = new CountDownLatch(1);
        behind.start(() -> {
            await(go);
            written.add(1);
        });
        assertThat(written).isEmpty();
        go.countDown();
        for (int i = 2; i < 50; i++) {
            int number = i;
            behind.start(() -> written.add(number));
        }
        behind.await();
        assertThat(written).isSorted().hasSize(49);
    }

    @Test
    void aFailureIsThrownToTheNextWhoWaitsAndOnlyOnce() throws Exception {
        SQLException failure = new SQLException("refused");
        behind.start(() -> {
            throw failure;
        });
        assertThatThrownBy(() -> behind.start(() -> written.add(1))).isSameAs(failure);
        behind.await();
        assertThat(written).isEmpty();
    }

    @Test
    void whatIsForgottenHasEndedAllTheSame() throws Exception {
        behind.start(() -> {
            written.add(1);
            throw new IllegalStateException("broken");
        });
        assertThatCode(behind::forget).doesNotThrowAnyException();
        assertThat(written).containsExactly(1);
    }

    @Test
    void anInterruptedThreadWaitsForTheEndAndStaysInterrupted() throws Exception {
        CountDownLatch go = new CountDownLatch(1);
        behind.start(() -> {
            await(go);
            written.add(1);
        });
        Thread.currentThread().interrupt();
        new Thread(go::countDown).start();
        behind.await();
        assertThat(Thread.interrupted()).isTrue();
        assertThat(written).containsExactly(1);
    }

    private static void await(CountDownLatch latch) {
        try {
            latch.await();
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }
}
