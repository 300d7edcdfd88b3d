package io.pg2any.capture;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.Socket;
import java.net.SocketAddress;
import java.net.SocketException;
import java.net.SocketImpl;
import java.net.SocketOption;
import java.net.SocketTimeoutException;
import java.time.Duration;
import java.util.Set;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A socket that reads ahead. The walsender sends every message by itself, and the driver asks for at most 8 KiB at a
 * time and spends a blocking read of 1 ms to find out that there is nothing; here one {@code recv} brings whatever has
 * gathered in the kernel, below TLS too, and the reader says when to ask again.
 *
 * <p>While {@link #streaming}, the reader thread calls {@link #poll} and {@link #await} to bring bytes in; the driver's
 * own check for pending messages (recognised by its timeout of 1 ms) sees only what was brought. A read without
 * timeout is the rest of a message: it waits, keeps calling {@link Upkeep#run} so that the server hears of us during
 * a message that takes minutes, and gives up when nothing arrives for too long, because then the peer is dead.
 *
 * <p>Only {@link #close} and {@link #cut} may be called from another thread than the reader's.
 */
final class ReplicationSocket extends Socket {
    /** What must happen on time even in the middle of a message. */
    @FunctionalInterface
    interface Upkeep {
        void run() throws IOException;
    }

    private static final Logger LOG = LoggerFactory.getLogger(ReplicationSocket.class);
    private static final int BUFFER_BYTES = 256 << 10;
    private static final int DRIVER_POLL_MILLIS = 1;
    private static final int SLICE_MILLIS = 250;

    private final Socket socket;
    private final Input input = new Input();
    private InputStream raw;
    private int timeoutMillis;
    private int rawTimeoutMillis;
    private boolean ended;
    private Upkeep upkeep;
    private volatile long longestSilenceNanos = Duration.ofSeconds(60).toNanos();
    private Long deadlineNanos;

    ReplicationSocket(Socket socket) throws SocketException {
        super((SocketImpl) null);
        this.socket = socket;
    }

    /** From here on reads behave as described above. */
    void streaming(Upkeep whileReading) {
        upkeep = whileReading;
    }

    /** How long a read without timeout waits for the next byte. */
    void longestSilence(Duration longest) {
        longestSilenceNanos = longest.toNanos();
    }

    /** Waiting reads fail after this moment of {@link System#nanoTime()}. */
    void deadline(long nanos) {
        deadlineNanos = nanos;
    }

    /** Whether the server has closed its side and everything before that was read. */
    boolean ended() {
        return ended && input.position == input.limit;
    }

    /** Brings in what the kernel holds; never waits. */
    void poll() throws IOException {
        if (input.position == input.limit && raw.available() > 0) {
            await(1);
        }
    }

    /** Waits for bytes, at most so long; returns at once when some are buffered or the server has hung up. */
    void await(int millis) throws IOException {
        if (input.position < input.limit || ended) {
            return;
        }
        try {
            rawTimeout(Math.max(1, millis));
            input.limit = Math.max(0, readRaw(input.buffer, 0, input.buffer.length));
            input.position = 0;
        } catch (SocketTimeoutException e) {
            input.limit = input.position; // nothing has come: the caller looks at the buffer
        }
    }

    /** Closes without a word; whoever reads fails. Any thread. */
    void cut() {
        try {
            socket.close();
        } catch (IOException e) {
            LOG.debug("closing {}", socket, e);
        }
    }

    private int readRaw(byte[] into, int offset, int length) throws IOException {
        int count = raw.read(into, offset, length);
        ended |= count < 0;
        return count;
    }

    private void rawTimeout(int millis) throws SocketException {
        if (millis != rawTimeoutMillis) {
            socket.setSoTimeout(millis);
            rawTimeoutMillis = millis;
        }
    }

    private final class Input extends InputStream {
        private final byte[] buffer = new byte[BUFFER_BYTES];
        private int position;
        private int limit;

        @Override
        public int read() throws IOException {
            byte[] one = new byte[1];
            return read(one, 0, 1) < 0 ? -1 : one[0] & 0xFF;
        }

        @Override
        public int read(byte[] into, int offset, int length) throws IOException {
            if (length == 0) {
                return 0;
            }
            if (position == limit) {
                if (ended) {
                    return -1;
                }
                if (length >= buffer.length) {
                    return fetch(into, offset, length);
                }
                int count = fetch(buffer, 0, buffer.length);
                position = 0;
                limit = Math.max(0, count);
                if (count < 0) {
                    return -1;
                }
            }
            int count = Math.min(length, limit - position);
            System.arraycopy(buffer, position, into, offset, count);
            position += count;
            return count;
        }

        private int fetch(byte[] into, int offset, int length) throws IOException {
            if (upkeep != null && timeoutMillis == DRIVER_POLL_MILLIS) {
                throw new SocketTimeoutException("nothing buffered");
            }
            if (timeoutMillis > 0) {
                rawTimeout(timeoutMillis);
                return readRaw(into, offset, length);
            }
            long waitingSince = System.nanoTime();
            while (true) {
                if (upkeep != null) {
                    upkeep.run();
                }
                if (deadlineNanos != null && System.nanoTime() - deadlineNanos > 0) {
                    throw new SocketException("no time left to read on");
                }
                try {
                    rawTimeout(SLICE_MILLIS);
                    return readRaw(into, offset, length);
                } catch (SocketTimeoutException e) {
                    if (System.nanoTime() - waitingSince > longestSilenceNanos) {
                        throw new SocketException("the server fell silent in the middle of an answer");
                    }
                }
            }
        }

        @Override
        public int available() throws IOException {
            if (position < limit) {
                return limit - position;
            }
            return upkeep == null ? raw.available() : 0;
        }

        @Override
        public void close() throws IOException {
            ReplicationSocket.this.close();
        }
    }

    @Override
    public InputStream getInputStream() throws IOException {
        if (raw == null) {
            raw = socket.getInputStream();
        }
        return input;
    }

    @Override
    public void setSoTimeout(int timeout) {
        timeoutMillis = timeout;
    }

    @Override
    public int getSoTimeout() {
        return timeoutMillis;
    }

    // Everything else is the other socket's business.

    @Override
    public OutputStream getOutputStream() throws IOException {
        return socket.getOutputStream();
    }

    @Override
    public void connect(SocketAddress endpoint) throws IOException {
        socket.connect(endpoint);
    }

    @Override
    public void connect(SocketAddress endpoint, int timeout) throws IOException {
        socket.connect(endpoint, timeout);
    }

    @Override
    public void bind(SocketAddress bindpoint) throws IOException {
        socket.bind(bindpoint);
    }

    @Override
    public void close() throws IOException {
        socket.close();
    }

    @Override
    public boolean isConnected() {
        return socket.isConnected();
    }

    @Override
    public boolean isBound() {
        return socket.isBound();
    }

    @Override
    public boolean isClosed() {
        return socket.isClosed();
    }

    @Override
    public boolean isInputShutdown() {
        return socket.isInputShutdown();
    }

    @Override
    public boolean isOutputShutdown() {
        return socket.isOutputShutdown();
    }

    @Override
    public void shutdownInput() throws IOException {
        socket.shutdownInput();
    }

    @Override
    public void shutdownOutput() throws IOException {
        socket.shutdownOutput();
    }

    @Override
    public InetAddress getInetAddress() {
        return socket.getInetAddress();
    }

    @Override
    public InetAddress getLocalAddress() {
        return socket.getLocalAddress();
    }

    @Override
    public int getPort() {
        return socket.getPort();
    }

    @Override
    public int getLocalPort() {
        return socket.getLocalPort();
    }

    @Override
    public SocketAddress getRemoteSocketAddress() {
        return socket.getRemoteSocketAddress();
    }

    @Override
    public SocketAddress getLocalSocketAddress() {
        return socket.getLocalSocketAddress();
    }

    @Override
    public void setTcpNoDelay(boolean on) throws SocketException {
        socket.setTcpNoDelay(on);
    }

    @Override
    public boolean getTcpNoDelay() throws SocketException {
        return socket.getTcpNoDelay();
    }

    @Override
    public void setKeepAlive(boolean on) throws SocketException {
        socket.setKeepAlive(on);
    }

    @Override
    public boolean getKeepAlive() throws SocketException {
        return socket.getKeepAlive();
    }

    @Override
    public void setSoLinger(boolean on, int linger) throws SocketException {
        socket.setSoLinger(on, linger);
    }

    @Override
    public int getSoLinger() throws SocketException {
        return socket.getSoLinger();
    }

    @Override
    public void setSendBufferSize(int size) throws SocketException {
        socket.setSendBufferSize(size);
    }

    @Override
    public int getSendBufferSize() throws SocketException {
        return socket.getSendBufferSize();
    }

    @Override
    public void setReceiveBufferSize(int size) throws SocketException {
        socket.setReceiveBufferSize(size);
    }

    @Override
    public int getReceiveBufferSize() throws SocketException {
        return socket.getReceiveBufferSize();
    }

    @Override
    public <T> Socket setOption(SocketOption<T> name, T value) throws IOException {
        socket.setOption(name, value);
        return this;
    }

    @Override
    public <T> T getOption(SocketOption<T> name) throws IOException {
        return socket.getOption(name);
    }

    @Override
    public Set<SocketOption<?>> supportedOptions() {
        return socket.supportedOptions();
    }

    @Override
    public String toString() {
        return socket.toString();
    }
}
