package io.pg2any.bench;

import io.pg2any.change.Lsn;
import java.io.EOFException;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;

/**
 * The yardstick: a client that speaks just enough of the replication protocol to be sent everything, looks at every
 * frame and keeps nothing. It confirms nothing; keepalives are answered so that the server does not hang up.
 *
 * <p>Frames stay where the socket put them ({@code Byte1 type, Int32 length, body}). Prints {@code nanoseconds
 * messages bytes} after the last transaction and lives until its standard input ends, so that its cost can be read.
 */
final class BareReader {
    private static final int PROTOCOL_3_0 = 196_608;
    private static final int FRAME_HEADER = 5;
    /** Byte1 'w', Int64 WAL start, Int64 WAL end, Int64 clock. */
    private static final int XLOG_DATA_HEADER = 25;

    private final SocketChannel socket;
    private final ByteBuffer buffer = ByteBuffer.allocateDirect(1 << 20).flip();
    private long received;

    private BareReader(SocketChannel socket) {
        this.socket = socket;
    }

    /** Arguments: port, database, slot, LSN of the end, START_REPLICATION options. */
    public static void main(String[] arguments) throws IOException {
        int port = Integer.parseInt(arguments[0]);
        long end = Lsn.parse(arguments[3]).value();
        try (SocketChannel socket = SocketChannel.open(new InetSocketAddress("127.0.0.1", port))) {
            BareReader reader = new BareReader(socket);
            reader.logIn(arguments[1]);
            System.out.println(reader.drain(arguments[2], end, arguments[4]));
            System.out.flush();
            while (System.in.read() >= 0) {
                continue; // until the other side closes
            }
        }
    }

    private void logIn(String database) throws IOException {
        ByteBuffer startup = ByteBuffer.allocate(512).putInt(0).putInt(PROTOCOL_3_0);
        for (String word : new String[] {
            "user", "postgres", "database", database, "replication", "database", "client_encoding", "UTF8"
        }) {
            putString(startup, word);
        }
        startup.put((byte) 0);
        send(startup.putInt(0, startup.position()).flip());
        awaitMessage('Z'); // ReadyForQuery; the cluster trusts everybody
    }

    private String drain(String slot, long end, String options) throws IOException {
        ByteBuffer query = ByteBuffer.allocate(1024).put((byte) 'Q').putInt(0);
        putString(query, "START_REPLICATION SLOT \"" + slot + "\" LOGICAL 0/0 (" + options + ")");
        long start = System.nanoTime();
        send(query.putInt(1, query.position() - 1).flip());
        awaitMessage('W'); // CopyBothResponse

        long messages = 0;
        long bytes = 0;
        while (true) {
            int length = awaitFrame();
            int at = buffer.position();
            byte type = buffer.get(at);
            if (type == 'E') {
                throw new IOException("server error: " + text(at, length));
            }
            if (type == 'd') {
                int body = at + FRAME_HEADER;
                if (buffer.get(body) == 'w') {
                    messages++;
                    bytes += length;
                    int message = body + XLOG_DATA_HEADER;
                    // Commit: Byte1 'C', Int8 flags, Int64 commit LSN, Int64 end LSN.
                    if (buffer.get(message) == 'C') {
                        received = buffer.getLong(message + 10);
                        if (Long.compareUnsigned(received, end) > 0) {
                            return (System.nanoTime() - start) + " " + messages + " " + bytes;
                        }
                    }
                } else if (buffer.get(body) == 'k' && buffer.get(body + 17) == 1) {
                    sendStatus();
                }
            }
            buffer.position(at + length);
        }
    }

    private void awaitMessage(char wanted) throws IOException {
        while (true) {
            int length = awaitFrame();
            int at = buffer.position();
            byte type = buffer.get(at);
            if (type == 'E') {
                throw new IOException("server error: " + text(at, length));
            }
            buffer.position(at + length);
            if (type == wanted) {
                return;
            }
        }
    }

    /** Reads until the buffer starts with a whole frame and gives its length with header. */
    private int awaitFrame() throws IOException {
        while (true) {
            if (buffer.remaining() >= FRAME_HEADER) {
                int length = 1 + buffer.getInt(buffer.position() + 1);
                if (buffer.remaining() >= length) {
                    return length;
                }
                if (length > buffer.capacity()) {
                    throw new IOException("a frame of " + length + " bytes is more than the benchmark ever makes");
                }
            }
            buffer.compact();
            if (socket.read(buffer) < 0) {
                throw new EOFException("the server hung up");
            }
            buffer.flip();
        }
    }

    /** Status update: Byte1 'r', Int64 written, Int64 flushed (0: nothing), Int64 applied, Int64 clock, Byte1. */
    private void sendStatus() throws IOException {
        ByteBuffer status = ByteBuffer.allocate(39).put((byte) 'd').putInt(38).put((byte) 'r');
        status.putLong(received).putLong(0).putLong(0).putLong(0).put((byte) 0);
        send(status.flip());
    }

    private void send(ByteBuffer bytes) throws IOException {
        while (bytes.hasRemaining()) {
            socket.write(bytes);
        }
    }

    private String text(int at, int length) {
        byte[] bytes = new byte[length];
        buffer.get(at, bytes);
        return new String(bytes, StandardCharsets.UTF_8).replace('\0', ' ');
    }

    private static void putString(ByteBuffer to, String text) {
        to.put(text.getBytes(StandardCharsets.UTF_8)).put((byte) 0);
    }
}
