package io.pg2any.cli;

import java.io.IOException;
import java.net.BindException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.util.concurrent.ThreadLocalRandom;

/**
 * A port of the loopback address for a server that is about to be started. Below the range from which Linux takes ports
 * for outgoing connections: one of those could get the port before it is listened on, and a client that tries until
 * somebody listens could be connected to itself.
 */
public final class FreePort {
    private static final int LOWEST = 15_000;
    private static final int FIRST_OUTGOING = 32_768;

    private FreePort() {}

    public static int find() throws IOException {
        int port = candidate();
        while (!isFree(port)) {
            port = candidate();
        }
        return port;
    }

    private static int candidate() {
        return ThreadLocalRandom.current().nextInt(LOWEST, FIRST_OUTGOING);
    }

    private static boolean isFree(int port) throws IOException {
        try (ServerSocket socket = new ServerSocket(port, 1, InetAddress.getLoopbackAddress())) {
            return socket.isBound();
        } catch (BindException e) {
            return false;
        }
    }
}
