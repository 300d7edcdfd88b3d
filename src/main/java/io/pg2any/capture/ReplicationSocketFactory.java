package io.pg2any.capture;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.sql.SQLException;
import java.util.Properties;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import javax.net.SocketFactory;
import org.postgresql.util.ObjectFactory;

/**
 * Gives pgjdbc a {@link ReplicationSocket}, around the socket of the user's own factory where there is one.
 *
 * <p>pgjdbc instantiates it by name and keeps the socket to itself; the connection that asked finds it again by the
 * token it put into the driver properties.
 */
public final class ReplicationSocketFactory extends SocketFactory {
    static final String TOKEN = "pg2any.token";
    static final String USER_FACTORY = "pg2any.socketFactory";

    private static final ConcurrentMap<String, ReplicationSocket> LATEST = new ConcurrentHashMap<>();

    private final String token;
    private final SocketFactory factory;

    /** Called by pgjdbc with the connection's properties. */
    public ReplicationSocketFactory(Properties properties) throws ReflectiveOperationException, SQLException {
        token = properties.getProperty(TOKEN);
        String userFactory = properties.getProperty(USER_FACTORY);
        factory = userFactory == null
                ? SocketFactory.getDefault()
                : ObjectFactory.instantiate(
                        SocketFactory.class, userFactory, properties, true, properties.getProperty("socketFactoryArg"));
    }

    /** The last socket made for this token, the one in use: with several hosts the driver tries one after the other. */
    static ReplicationSocket latest(String token) {
        return LATEST.get(token);
    }

    static void forget(String token) {
        LATEST.remove(token);
    }

    @Override
    public Socket createSocket() throws IOException {
        ReplicationSocket socket = new ReplicationSocket(factory.createSocket());
        if (token != null) {
            LATEST.put(token, socket);
        }
        return socket;
    }

    @Override
    public Socket createSocket(String host, int port) throws IOException {
        return connected(new InetSocketAddress(host, port), null);
    }

    @Override
    public Socket createSocket(InetAddress host, int port) throws IOException {
        return connected(new InetSocketAddress(host, port), null);
    }

    @Override
    public Socket createSocket(String host, int port, InetAddress localHost, int localPort) throws IOException {
        return connected(new InetSocketAddress(host, port), new InetSocketAddress(localHost, localPort));
    }

    @Override
    public Socket createSocket(InetAddress host, int port, InetAddress localHost, int localPort) throws IOException {
        return connected(new InetSocketAddress(host, port), new InetSocketAddress(localHost, localPort));
    }

    private Socket connected(InetSocketAddress remote, InetSocketAddress local) throws IOException {
        Socket socket = createSocket();
        try {
            if (local != null) {
                socket.bind(local);
            }
            socket.connect(remote);
            return socket;
        } catch (IOException e) {
            socket.close();
            throw e;
        }
    }
}
