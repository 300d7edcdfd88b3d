package io.pg2any.bench;

import io.pg2any.cli.EmbeddedPostgres;
import java.io.IOException;
import java.sql.SQLException;
import java.util.Locale;

/**
 * What it costs that rows came in one transaction: the same rows through the whole pipeline, once so and once in
 * transactions of 1,000.
 *
 * @param one all rows in one transaction, which the server streams while it decodes it
 */
record LargeTransaction(Drain one, Drain cut) {
    static final long ROWS = 10_000_000;

    private interface Source {
        Backlog open(EmbeddedPostgres server, Scenario scenario, long rows) throws SQLException;
    }

    /** From the first row written at the source to the last one visible in the target. */
    static LargeTransaction live(EmbeddedPostgres server, long rows, Drainer pipeline)
            throws IOException, SQLException, InterruptedException {
        return measure(server, rows, pipeline, Backlog::empty);
    }

    /** From the first message of the server, which has it all. */
    static LargeTransaction fromBacklog(EmbeddedPostgres server, long rows, Drainer pipeline)
            throws IOException, SQLException, InterruptedException {
        return measure(server, rows, pipeline, (on, scenario, count) -> Backlog.filled(on, scenario, count, false));
    }

    private static LargeTransaction measure(EmbeddedPostgres server, long rows, Drainer pipeline, Source source)
            throws IOException, SQLException, InterruptedException {
        return new LargeTransaction(
                drain(server, Scenario.A, rows, pipeline, source), drain(server, Scenario.B, rows, pipeline, source));
    }

    private static Drain drain(EmbeddedPostgres server, Scenario scenario, long rows, Drainer pipeline, Source source)
            throws IOException, SQLException, InterruptedException {
        Drain drain;
        try (Backlog backlog = source.open(server, scenario, rows)) {
            drain = pipeline.drain(backlog, backlog.copySlot("large"));
        }
        Backlog.dropDatabase(server, scenario);
        return drain;
    }

    @Override
    public String toString() {
        return String.format(
                Locale.ROOT,
                "%,d rows in one transaction: %s%n%,d rows in transactions of 1,000: %s%ntime of the one / the others: %.2f",
                one.rows(),
                text(one),
                cut.rows(),
                text(cut),
                one.seconds() / cut.seconds());
    }

    private static String text(Drain drain) {
        return String.format(
                Locale.ROOT,
                "%.1f s, %,.0f rows/s, peak RSS %.0f MiB, CPU of others %.0f %%",
                drain.seconds(),
                drain.rowsPerSecond(),
                drain.peakRssMib(),
                drain.others() * 100);
    }
}
