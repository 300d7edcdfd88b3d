package io.pg2any.bench;

import java.io.IOException;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.OptionalLong;

/** Drains with PostgreSQL's own logical replication, as it comes, into the server that the pipeline drains into. */
final class SubscriptionDrainer implements Drainer {
    private static final String NAME = "bench_subscription";

    private final PostgresTarget target;

    SubscriptionDrainer(PostgresTarget target) {
        this.target = target;
    }

    @Override
    public Drain drain(Backlog backlog, String slot) throws IOException, SQLException, InterruptedException {
        target.emptyDatabase();
        try (Connection connection = target.connect();
                DatabaseView view = new DatabaseView(target.connect())) {
            backlog.scenario().create(connection);
            Backlog.execute(connection, Backlog.CREATE_MARKS);
            long started = System.nanoTime();
            Backlog.execute(
                    connection,
                    "CREATE SUBSCRIPTION " + NAME + " CONNECTION 'host=127.0.0.1 port="
                            + backlog.server().port() + " user=postgres dbname=" + backlog.database() + "' PUBLICATION "
                            + Backlog.PUBLICATION + " WITH (create_slot = false, copy_data = false, slot_name = '"
                            + slot + "')");
            Deadline deadline = Deadline.seconds(1800, "the last row in the subscription");
            OptionalLong walsenderPid;
            while ((walsenderPid = SlotActivity.of(backlog.connection(), slot)).isEmpty()) {
                deadline.pause(5);
            }
            long streaming = System.nanoTime();
            MachineLoad machine = new MachineLoad();
            ProcessCost walsender = new ProcessCost(walsenderPid.getAsLong());
            double targetCpuAtStart = target.cpuSeconds();
            while (!view.has(Backlog.END)) {
                deadline.pause(10);
            }
            long ended = System.nanoTime();
            walsender.sample();
            double targetCpu = target.cpuSeconds() - targetCpuAtStart;
            double others = machine.others(targetCpu + walsender.cpuSeconds());
            view.verifyTables(backlog);
            Backlog.execute(connection, "ALTER SUBSCRIPTION " + NAME + " DISABLE");
            Backlog.execute(connection, "ALTER SUBSCRIPTION " + NAME + " SET (slot_name = NONE)");
            Backlog.execute(connection, "DROP SUBSCRIPTION " + NAME);
            return new Drain(
                    backlog.allRows(),
                    (ended - streaming) / 1e9,
                    (ended - started) / 1e9,
                    0,
                    walsender.cpuSeconds(),
                    targetCpu,
                    0,
                    others);
        }
    }
}
