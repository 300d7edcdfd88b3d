package io.pg2any.crash;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.Locale;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * Stands between the pipeline and the target's server and cuts the connection that commits next. A driver sends its
 * COMMIT alone, and waits; so it is a short read that holds the word.
 */
final class CommitCuttingProxy implements AutoCloseable {
    enum Place {
        /** The server commits, and its answer is lost. */
        AFTER,
        /** The server never hears of it, and holds the transaction's locks until it learns that the client is gone. */
        BEFORE
    }

    /** SQL Server's, in UTF-16 and behind its headers. */
    private static final int LONGEST_COMMIT = 100;

    /** Neither a setting ({@code autocommit}, {@code synchronous_commit}) nor a level ({@code READ COMMITTED}). */
    private static final Pattern COMMIT = Pattern.compile("\\bCOMMIT\\b");

    private static final long GHOST_MILLIS = 1500;

    private record Cut(Place place, CountDownLatch done) {}

    private final ServerSocket listener = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
    private final String serverHost;
    private final int serverPort;
    private final Set<Socket> sockets = ConcurrentHashMap.newKeySet();
    private final AtomicReference<Cut> next = new AtomicReference<>();
    private final AtomicReference<CountDownLatch> passed = new AtomicReference<>(new CountDownLatch(1));

    CommitCuttingProxy(String serverHost, int serverPort) throws IOException {
        this.serverHost = serverHost;
        this.serverPort = serverPort;
        start("proxy-accept", this::accept);
    }

    int port() {
        return listener.getLocalPort();
    }

    /** Waits until a COMMIT has come by and its connection was cut there. */
    boolean cut(Place place, long limitSeconds) throws InterruptedException {
        Cut cut = new Cut(place, new CountDownLatch(1));
        next.set(cut);
        return cut.done().await(limitSeconds, TimeUnit.SECONDS);
    }

    /** Waits until a COMMIT has reached the server. */
    boolean awaitCommit(long limitSeconds) throws InterruptedException {
        CountDownLatch commit = new CountDownLatch(1);
        passed.set(commit);
        return commit.await(limitSeconds, TimeUnit.SECONDS);
    }

    private interface Work {
        void run() throws IOException;
    }

    private static void start(String name, Work work) {
        Thread thread = new Thread(
                () -> {
                    try {
                        work.run();
                    } catch (IOException e) {
                        // One of the sides has closed: the end of a connection, or of the proxy.
                    }
                },
                name);
        thread.setDaemon(true);
        thread.start();
    }

    private void accept() throws IOException {
        while (true) {
            Socket client = listener.accept();
            Socket server;
            try {
                server = new Socket(serverHost, serverPort);
            } catch (IOException e) {
                client.close(); // the server is down
                continue;
            }
            client.setTcpNoDelay(true);
            server.setTcpNoDelay(true);
            sockets.add(client);
            sockets.add(server);
            start("proxy-requests", () -> forwardRequests(client, server));
            start("proxy-answers", () -> forwardAnswers(client, server));
        }
    }

    private void forwardRequests(Socket client, Socket server) throws IOException {
        byte[] bytes = new byte[1 << 16];
        try (client;
                server) {
            InputStream in = client.getInputStream();
            OutputStream out = server.getOutputStream();
            for (int count; (count = in.read(bytes)) >= 0; ) {
                boolean commit = isCommit(bytes, count);
                Cut cut = commit ? next.getAndSet(null) : null;
                if (cut != null && cut.place() == Place.BEFORE) {
                    client.close();
                    cut.done().countDown();
                    sleep(GHOST_MILLIS);
                    return;
                }
                if (cut != null) {
                    // First, so that the answer finds nobody.
                    client.close();
                }
                out.write(bytes, 0, count);
                if (commit && cut == null) {
                    passed.get().countDown();
                }
                if (cut != null) {
                    cut.done().countDown();
                    // A server that is told at once may notice before it has read the COMMIT.
                    sleep(GHOST_MILLIS);
                    return;
                }
            }
        }
    }

    /** The server's side stays open when the client is gone: only the requests' thread ends it. */
    private static void forwardAnswers(Socket client, Socket server) throws IOException {
        byte[] bytes = new byte[1 << 16];
        try (client) {
            InputStream in = server.getInputStream();
            OutputStream out = client.getOutputStream();
            for (int count; (count = in.read(bytes)) >= 0; ) {
                out.write(bytes, 0, count);
            }
        }
    }

    static boolean isCommit(byte[] bytes, int count) {
        if (count > LONGEST_COMMIT) {
            return false;
        }
        return Stream.of(StandardCharsets.ISO_8859_1, StandardCharsets.UTF_16LE)
                .map(charset -> new String(bytes, 0, count, charset).toUpperCase(Locale.ROOT))
                .anyMatch(text -> COMMIT.matcher(text).find());
    }

    private static void sleep(long millis) {
        try {
            Thread.sleep(millis);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    @Override
    public void close() throws IOException {
        listener.close();
        for (Socket socket : sockets) {
            socket.close();
        }
    }
}
