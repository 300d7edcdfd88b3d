package io.pg2any.capture;

import static org.assertj.core.api.Assertions.assertThat;

import io.pg2any.cli.EmbeddedPostgres;
import io.pg2any.server.TestPostgres;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class RoundTripIT {
    @ParameterizedTest
    @ValueSource(ints = {14, 15, 16, 17, 18})
    void transactionsArriveInOrderAndARestartContinuesAtThePosition(int version) throws Exception {
        try (EmbeddedPostgres server = TestPostgres.start(version)) {
            Source.createShop(server);
            SlotFeedback feedback = new SlotFeedback();
            Downstream first;
            try (Capture capture = Source.capture(Source.config(server).build(), feedback, null)) {
                capture.start();
                first = new Downstream(capture, feedback, true);
                Downstream early = first;
                first.until(() -> early.position != null);
                for (int id = 1; id <= 20; id++) {
                    Source.insert(server, id);
                }
                Source.execute(server, "shop", "INSERT INTO item SELECT g, 'bulk' FROM generate_series(100, 102) g");
                first.untilTransactions(21);
                CaptureStatus status = capture.status();
                assertThat(status.state()).isEqualTo(CaptureStatus.State.STREAMING);
                assertThat(status.error()).isEmpty();
                assertThat(status.totals().inserts()).isEqualTo(23);
                assertThat(status.serverVersion()).startsWith(version + ".");
                assertThat(status.received()).isEqualTo(first.position.lsn());
            }
            assertThat(first.transactions.subList(0, 20))
                    .isEqualTo(IntStream.rangeClosed(1, 20)
                            .mapToObj(id -> id + ",n" + id)
                            .toList());
            assertThat(first.transactions.get(20)).isEqualTo("100,bulk 101,bulk 102,bulk");
            assertThat(Source.confirmedFlush(server)).isEqualTo(first.position.lsn());

            Source.insert(server, 200);
            try (Capture capture = Source.capture(Source.config(server).build(), feedback, first.position)) {
                capture.start();
                Downstream second = new Downstream(capture, feedback, true);
                second.untilTransactions(1);
                assertThat(second.transactions).isEqualTo(List.of("200,n200"));
                assertThat(second.chunks.get(0).start()).isEqualTo(first.position.lsn());
                assertThat(second.chunks.get(0).source()).isEqualTo(first.position.source());
            }
        }
    }
}
