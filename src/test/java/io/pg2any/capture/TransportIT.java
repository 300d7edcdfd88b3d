package io.pg2any.capture;

import static org.assertj.core.api.Assertions.assertThat;

import io.pg2any.capture.CaptureStatus.State;
import io.pg2any.change.Position;
import io.pg2any.cli.EmbeddedPostgres;
import io.pg2any.cli.EmbeddedPostgres.StopMode;
import io.pg2any.pgoutput.MessageChunk;
import io.pg2any.server.TestPostgres;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import javax.net.SocketFactory;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class TransportIT {
    /** As a user might bring one along for a proxy. */
    public static final class CountingSocketFactory extends SocketFactory {
        static final AtomicInteger SOCKETS = new AtomicInteger();

        @Override
        public Socket createSocket() {
            SOCKETS.incrementAndGet();
            return new Socket();
        }

        @Override
        public Socket createSocket(String host, int port) throws IOException {
            return new Socket(host, port);
        }

        @Override
        public Socket createSocket(String host, int port, InetAddress local, int localPort) throws IOException {
            return new Socket(host, port, local, localPort);
        }

        @Override
        public Socket createSocket(InetAddress host, int port) throws IOException {
            return new Socket(host, port);
        }

        @Override
        public Socket createSocket(InetAddress host, int port, InetAddress local, int localPort) throws IOException {
            return new Socket(host, port, local, localPort);
        }
    }

    @Test
    void verifyFullTlsWorksAndAForeignAuthorityIsRefused(@TempDir Path folder) throws Exception {
        Path key = certificate(folder, "server");
        certificate(folder, "foreign");
        try (EmbeddedPostgres server = TestPostgres.start(18)) {
            // The server's own copy: it insists on owning its key.
            Path data = server.logFile().resolveSibling("data");
            for (String name : new String[] {"server.key", "server.crt"}) {
                Path to = data.resolve(name);
                Files.copy(folder.resolve(name), to);
                Files.setPosixFilePermissions(to, PosixFilePermissions.fromString("rw-------"));
                Files.setOwner(to, Files.getOwner(data));
            }
            assertThat(key).exists();
            Source.createShop(server);
            Source.execute(server, "postgres", "ALTER SYSTEM SET ssl = on");
            Source.execute(server, "postgres", "SELECT pg_reload_conf()");
            Source.await(() -> Source.queryUnchecked(server, "SHOW ssl").equals("on"));

            String address =
                    "postgresql://postgres@127.0.0.1:" + server.port() + "/shop?sslmode=verify-full&sslrootcert=";
            SlotFeedback feedback = new SlotFeedback();
            CaptureConfig config = CaptureConfig.builder(
                            ConnectionString.parse(address + folder.resolve("server.crt")),
                            Source.SLOT,
                            List.of("items"))
                    .build();
            try (Capture capture = Source.capture(config, feedback, null)) {
                capture.start();
                Downstream downstream = new Downstream(capture, feedback, true);
                downstream.until(() -> downstream.position != null);
                Source.execute(server, "shop", "INSERT INTO item SELECT g, 'bulk' FROM generate_series(1, 50000) g");
                Source.execute(server, "shop", "INSERT INTO item VALUES (0, repeat('x', 3000000))");
                downstream.untilTransactions(2);
                assertThat(downstream.transactions.get(1)).isEqualTo("0,3000000 bytes");
                assertThat(Source.query(
                                server, "SELECT ssl FROM pg_stat_ssl JOIN pg_stat_replication USING (pid) LIMIT 1"))
                        .isEqualTo("t");
            }
            CaptureConfig wrong = CaptureConfig.builder(
                            ConnectionString.parse(address + folder.resolve("foreign.crt")),
                            Source.SLOT,
                            List.of("items"))
                    .build();
            try (Capture capture = Source.capture(wrong, feedback, null)) {
                capture.start();
                Source.await(() -> capture.status().attempts() > 0);
                assertThat(capture.status().error().orElseThrow()).contains("SSL");
            }
        }
    }

    private static Path certificate(Path folder, String name) throws Exception {
        Path key = folder.resolve(name + ".key");
        Process process = new ProcessBuilder(
                        "openssl",
                        "req",
                        "-new",
                        "-x509",
                        "-days",
                        "30",
                        "-nodes",
                        "-newkey",
                        "rsa:2048",
                        "-subj",
                        "/CN=127.0.0.1",
                        "-addext",
                        "subjectAltName=IP:127.0.0.1",
                        "-keyout",
                        key.toString(),
                        "-out",
                        folder.resolve(name + ".crt").toString())
                .redirectErrorStream(true)
                .redirectOutput(folder.resolve(name + ".out").toFile())
                .start();
        assertThat(process.waitFor()).isZero();
        return key;
    }

    /** 6 MB at about 1.5 MB/s is twice the server's patience; only status updates in mid-message keep it. */
    @ParameterizedTest
    @ValueSource(ints = {14, 18})
    void aMessageThatTakesLongerThanTheServersPatienceArrives(int version) throws Exception {
        try (EmbeddedPostgres server = TestPostgres.start(version, Map.of("wal_sender_timeout", "2s"));
                SlowProxy proxy = new SlowProxy(server.port(), 1_500_000)) {
            Source.createShop(server);
            SlotFeedback feedback = new SlotFeedback();
            CaptureConfig config = CaptureConfig.builder(
                            ConnectionString.parse("postgresql://postgres@127.0.0.1:" + proxy.port() + "/shop"),
                            Source.SLOT,
                            List.of("items"))
                    .build();
            try (Capture capture = Source.capture(config, feedback, null)) {
                capture.start();
                Downstream downstream = new Downstream(capture, feedback, true);
                downstream.until(() -> downstream.position != null);
                Source.execute(server, "shop", "ALTER TABLE item ALTER name SET STORAGE EXTERNAL");
                Source.execute(server, "shop", "INSERT INTO item VALUES (1, repeat('x', 12000000))");
                downstream.untilTransactions(1);
                assertThat(downstream.chunks)
                        .extracting(MessageChunk::session)
                        .containsOnly(downstream.chunks.get(0).session());
            }
        }
    }

    @Test
    void valuesComeInPinnedFormatsThroughTheUsersOwnSocketFactory() throws Exception {
        try (EmbeddedPostgres server = TestPostgres.start(18)) {
            Source.createShop(server);
            Source.execute(server, "shop", """
                    CREATE TABLE formats (id int PRIMARY KEY, a timestamptz, b interval, c bytea, d float8);
                    ALTER PUBLICATION items ADD TABLE formats;
                    ALTER ROLE postgres SET datestyle = 'German';
                    ALTER ROLE postgres SET intervalstyle = 'iso_8601';
                    ALTER ROLE postgres SET timezone = 'Asia/Tokyo';
                    ALTER ROLE postgres SET bytea_output = 'escape';
                    ALTER ROLE postgres SET extra_float_digits = -5;
                    """);
            SlotFeedback feedback = new SlotFeedback();
            CaptureConfig config = Source.config(server)
                    .driverProperties(Map.of("socketFactory", CountingSocketFactory.class.getName()))
                    .build();
            try (Capture capture = Source.capture(config, feedback, null)) {
                capture.start();
                Downstream downstream = new Downstream(capture, feedback, true);
                downstream.until(() -> downstream.position != null);
                Source.execute(
                        server,
                        "shop",
                        "INSERT INTO formats VALUES (1, '2024-03-01 00:00:00Z', '1 day 2 hours', '\\x00ff', 1/3.0)");
                downstream.untilTransactions(1);
                assertThat(downstream.transactions.get(0))
                        .isEqualTo("1,2024-03-01 00:00:00+00,1 day 02:00:00,\\x00ff,0.3333333333333333");
                assertThat(CountingSocketFactory.SOCKETS).hasPositiveValue();
            }
        }
    }

    @Test
    void aPositionThatTheNewTimelineDoesNotContainStopsCapture() throws Exception {
        try (EmbeddedPostgres server = TestPostgres.start(18)) {
            Source.createShop(server);
            SlotFeedback feedback = new SlotFeedback();
            Position position;
            try (Capture capture = Source.capture(Source.config(server).build(), feedback, null)) {
                capture.start();
                Downstream downstream = new Downstream(capture, feedback, true);
                downstream.until(() -> downstream.position != null);
                Source.insert(server, 1);
                downstream.untilTransactions(1);
                position = downstream.position;
            }
            server.stop(StopMode.FAST);
            Path data = server.logFile().resolveSibling("data");
            Path signal = Files.createFile(data.resolve("recovery.signal"));
            Files.setOwner(signal, Files.getOwner(data));
            Files.writeString(
                    server.logFile().resolveSibling("extra.conf"),
                    "restore_command = 'false'\n",
                    java.nio.file.StandardOpenOption.APPEND);
            server.start();
            Source.await(() ->
                    Source.queryUnchecked(server, "SELECT pg_is_in_recovery()").equals("f"));
            Source.insert(server, 2);

            // What was captured lies before the switch: it goes on, on the new timeline.
            try (Capture capture = Source.capture(Source.config(server).build(), new SlotFeedback(), position)) {
                capture.start();
                Downstream downstream = new Downstream(capture, feedback, false);
                downstream.untilTransactions(1);
                assertThat(downstream.transactions).isEqualTo(List.of("2,n2"));
                assertThat(downstream.position.source().timeline()).isEqualTo(2);
            }
            // A target that followed the old timeline beyond the switch does not.
            Position ahead = new Position(
                    position.source(), new io.pg2any.change.Lsn(position.lsn().value() + (1L << 20)));
            Source.execute(
                    server, "shop", "INSERT INTO item SELECT g, repeat('x', 999) FROM generate_series(9, 9999) g");
            try (Capture capture = Source.capture(Source.config(server).build(), new SlotFeedback(), ahead)) {
                capture.start();
                Source.await(() -> capture.status().state() == State.FAILED);
                assertThat(capture.status().error().orElseThrow()).contains("timeline 2");
            }
        }
    }

    /** Passes bytes on, towards the client not faster than given. */
    private static final class SlowProxy implements AutoCloseable {
        private final ServerSocket listener = new ServerSocket(0, 5, InetAddress.getLoopbackAddress());
        private final int bytesPerSecond;

        SlowProxy(int serverPort, int bytesPerSecond) throws IOException {
            this.bytesPerSecond = bytesPerSecond;
            listener.setReceiveBufferSize(64 << 10);
            daemon(() -> {
                while (true) {
                    Socket client = listener.accept();
                    Socket server = new Socket(InetAddress.getLoopbackAddress(), serverPort);
                    server.setReceiveBufferSize(64 << 10);
                    client.setSendBufferSize(64 << 10);
                    daemon(() -> copy(client, server, Integer.MAX_VALUE));
                    daemon(() -> copy(server, client, this.bytesPerSecond));
                }
            });
        }

        int port() {
            return listener.getLocalPort();
        }

        private interface Task {
            void run() throws Exception;
        }

        private static void daemon(Task task) {
            Thread thread = new Thread(() -> {
                try {
                    task.run();
                } catch (SocketException e) {
                    return; // one side has closed, as it ends in every test
                } catch (Exception e) {
                    throw new IllegalStateException(e);
                }
            });
            thread.setDaemon(true);
            thread.start();
        }

        private static void copy(Socket from, Socket to, int bytesPerSecond) throws Exception {
            byte[] buffer = new byte[16 << 10];
            try (InputStream in = from.getInputStream();
                    OutputStream out = to.getOutputStream()) {
                for (int count; (count = in.read(buffer)) >= 0; ) {
                    out.write(buffer, 0, count);
                    Thread.sleep(Duration.ofSeconds(count).toMillis() / bytesPerSecond);
                }
            }
        }

        @Override
        public void close() throws IOException {
            listener.close();
        }
    }
}
