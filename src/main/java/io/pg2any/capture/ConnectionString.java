package io.pg2any.capture;

import java.net.URLDecoder;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Properties;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.postgresql.PGProperty;

/**
 * Where the source is and how to get in, in any of the forms users have at hand: {@code postgresql://} or
 * {@code postgres://} URIs, JDBC URLs, and libpq's {@code key=value} list. Parameters are pgjdbc's; libpq's names for
 * the same things are translated, so that either vocabulary works in either form.
 *
 * <p>Immutable. Neither {@link #toString()} nor any exception shows a password.
 */
public final class ConnectionString {
    /** One server of a possibly longer list; an IPv6 address is kept without its brackets. */
    public record Host(String name, int port) {
        @Override
        public String toString() {
            return (name.indexOf(':') >= 0 ? "[" + name + "]" : name) + ":" + port;
        }
    }

    private static final String MASK = "****";
    private static final int DEFAULT_PORT = 5432;

    /** libpq's names where the driver's differ; an empty name means that the driver settles it by itself. */
    private static final Map<String, String> DRIVER_NAMES = Map.ofEntries(
            Map.entry("application_name", "ApplicationName"),
            Map.entry("fallback_application_name", ""),
            Map.entry("connect_timeout", "connectTimeout"),
            Map.entry("target_session_attrs", "targetServerType"),
            Map.entry("load_balance_hosts", "loadBalanceHosts"),
            Map.entry("channel_binding", "channelBinding"),
            Map.entry("gssencmode", "gssEncMode"),
            Map.entry("krbsrvname", "kerberosServerName"),
            Map.entry("sslnegotiation", "sslNegotiation"),
            Map.entry("require_auth", "requireAuth"),
            Map.entry("keepalives", "tcpKeepAlive"),
            Map.entry("client_encoding", ""),
            Map.entry("replication", ""));

    private static final Map<String, String> SERVER_TYPES = Map.of(
            "any", "any",
            "read-write", "primary",
            "primary", "primary",
            "read-only", "secondary",
            "standby", "secondary",
            "prefer-standby", "preferSecondary");

    private final List<Host> hosts;
    private final String database;
    private final String user;
    private final String password;
    private final Map<String, String> parameters;

    private ConnectionString(Parts parts) {
        this.hosts = List.copyOf(parts.hosts());
        this.user = parts.user;
        this.password = parts.password;
        this.database = parts.database != null ? parts.database : parts.user;
        if (database == null) {
            throw new IllegalArgumentException("the connection string names neither a database nor a user");
        }
        this.parameters = Collections.unmodifiableMap(new TreeMap<>(parts.parameters));
    }

    /**
     * @throws IllegalArgumentException if a part is malformed or a parameter unknown; names the part, not its secrets
     */
    public static ConnectionString parse(String text) {
        String trimmed = text == null ? "" : text.strip();
        String lower = trimmed.toLowerCase(Locale.ROOT);
        Parts parts = new Parts();
        if (lower.startsWith("jdbc:postgresql:")) {
            String rest = trimmed.substring("jdbc:postgresql:".length());
            parts.uri(rest.startsWith("//") ? rest.substring(2) : "/" + rest, true);
        } else if (lower.startsWith("postgresql://") || lower.startsWith("postgres://")) {
            parts.uri(trimmed.substring(trimmed.indexOf("://") + 3), false);
        } else if (trimmed.indexOf('=') > 0
                && !trimmed.substring(0, trimmed.indexOf('=')).contains("://")) {
            parts.keywords(trimmed);
        } else {
            throw new IllegalArgumentException("not a connection string: expected postgresql://user@host/database, "
                    + "jdbc:postgresql://host/database or key=value pairs");
        }
        return new ConnectionString(parts);
    }

    public List<Host> hosts() {
        return hosts;
    }

    public String database() {
        return database;
    }

    public Optional<String> user() {
        return Optional.ofNullable(user);
    }

    public Optional<String> password() {
        return Optional.ofNullable(password);
    }

    /** Everything else, under pgjdbc's names, sorted. */
    public Map<String, String> parameters() {
        return parameters;
    }

    /** For messages that others wrote: takes this connection's secrets out of them. */
    public String mask(String text) {
        String masked = text;
        for (String secret : secrets()) {
            masked = masked.replace(secret, MASK);
        }
        return masked;
    }

    /** Hosts and database only: everything else goes to the driver as properties, where nothing needs escaping. */
    String jdbcUrl() {
        String servers = hosts.stream().map(Host::toString).collect(Collectors.joining(","));
        return "jdbc:postgresql://" + servers + "/" + URLEncoder.encode(database, StandardCharsets.UTF_8);
    }

    Properties driverProperties() {
        Properties properties = new Properties();
        properties.putAll(parameters);
        if (user != null) {
            properties.setProperty("user", user);
        }
        if (password != null) {
            properties.setProperty("password", password);
        }
        return properties;
    }

    /** {@code postgresql://user:****@host:port/database?parameters}. */
    @Override
    public String toString() {
        StringBuilder text = new StringBuilder("postgresql://");
        if (user != null) {
            text.append(user).append(password == null ? "" : ":" + MASK).append('@');
        }
        text.append(hosts.stream().map(Host::toString).collect(Collectors.joining(",")))
                .append('/')
                .append(database);
        char separator = '?';
        for (Map.Entry<String, String> parameter : parameters.entrySet()) {
            text.append(separator)
                    .append(parameter.getKey())
                    .append('=')
                    .append(isSecret(parameter.getKey()) ? MASK : parameter.getValue());
            separator = '&';
        }
        return text.toString();
    }

    private List<String> secrets() {
        List<String> secrets = new ArrayList<>();
        if (password != null && !password.isEmpty()) {
            secrets.add(password);
        }
        parameters.forEach((name, value) -> {
            if (isSecret(name) && !value.isEmpty()) {
                secrets.add(value);
            }
        });
        return secrets;
    }

    private static boolean isSecret(String parameter) {
        return parameter.toLowerCase(Locale.ROOT).contains("password");
    }

    /** What has been read so far; parameters may still override the authority, as they do in libpq. */
    private static final class Parts {
        private List<String> names = List.of();
        private List<String> ports = List.of();
        private String database;
        private String user;
        private String password;
        private final Map<String, String> parameters = new LinkedHashMap<>();

        /** {@code [user[:password]@][host[:port],…][/database][?name=value&…]}, percent-encoded. */
        private void uri(String rest, boolean jdbc) {
            int question = rest.indexOf('?');
            String before = question < 0 ? rest : rest.substring(0, question);
            // An unescaped slash may stand in a password, never in a host list.
            int slash = before.indexOf('/', before.lastIndexOf('@') + 1);
            String authority = slash < 0 ? before : before.substring(0, slash);
            String path = slash < 0 ? "" : before.substring(slash + 1);
            int at = authority.lastIndexOf('@');
            if (at >= 0) {
                String login = authority.substring(0, at);
                int colon = login.indexOf(':');
                user = emptyToNull(decode("user", colon < 0 ? login : login.substring(0, colon)));
                password = colon < 0 ? null : decode("password", login.substring(colon + 1));
            }
            addresses(authority.substring(at + 1));
            database = emptyToNull(decode("database", path));
            if (question >= 0) {
                for (String pair : rest.substring(question + 1).split("&", -1)) {
                    if (!pair.isEmpty()) {
                        query(pair, jdbc);
                    }
                }
            }
        }

        private void query(String pair, boolean jdbc) {
            int equals = pair.indexOf('=');
            if (equals <= 0) {
                // Not quoted: an unescaped question mark makes the rest of a password look like parameters.
                throw new IllegalArgumentException("a connection parameter after '?' is not of the form name=value;"
                        + " percent-encode '?', '&' and '@' in a password");
            }
            String name = decode("parameter", pair.substring(0, equals));
            String raw = pair.substring(equals + 1);
            // pgjdbc reads a plus sign as a blank, libpq does not: each form keeps its own reading.
            parameter(name, decode("parameter " + name, jdbc ? raw.replace("+", "%20") : raw));
        }

        private void addresses(String text) {
            List<String> hosts = new ArrayList<>();
            List<String> portTexts = new ArrayList<>();
            if (!text.isEmpty()) {
                for (String address : text.split(",", -1)) {
                    int bracket = address.lastIndexOf(']');
                    int colon = address.indexOf(':', Math.max(bracket, 0));
                    if (address.startsWith("[") != (bracket > 0)
                            || (bracket > 0 && bracket + 1 < address.length() && colon != bracket + 1)
                            || (bracket < 0 && colon != address.lastIndexOf(':'))) {
                        // Not quoted: without its @host, a login reads like an address.
                        throw new IllegalArgumentException(
                                "malformed host " + (hosts.size() + 1) + " (expected host:port or [IPv6]:port)");
                    }
                    hosts.add(decode("host", colon < 0 ? address : address.substring(0, colon)));
                    portTexts.add(colon < 0 ? "" : address.substring(colon + 1));
                }
            }
            names = hosts;
            ports = portTexts;
        }

        /** libpq's list: blanks around {@code =} allowed, values in single quotes, backslash escapes. */
        private void keywords(String text) {
            int i = 0;
            while (i < text.length()) {
                int equals = text.indexOf('=', i);
                if (equals < 0) {
                    throw new IllegalArgumentException("connection parameter without a value after: "
                            + (parameters.isEmpty() ? "the last complete pair" : lastName()));
                }
                String name = text.substring(i, equals).strip();
                if (name.isEmpty() || !name.chars().allMatch(c -> Character.isLetterOrDigit(c) || c == '_')) {
                    throw new IllegalArgumentException(
                            "malformed connection parameter name before character " + equals);
                }
                i = equals + 1;
                while (i < text.length() && Character.isWhitespace(text.charAt(i))) {
                    i++;
                }
                boolean quoted = i < text.length() && text.charAt(i) == '\'';
                if (quoted) {
                    i++;
                }
                StringBuilder value = new StringBuilder();
                boolean closed = !quoted;
                for (; i < text.length(); i++) {
                    char c = text.charAt(i);
                    if (quoted ? c == '\'' : Character.isWhitespace(c)) {
                        closed = true;
                        i++;
                        break;
                    }
                    if (c == '\\' && i + 1 < text.length()) {
                        c = text.charAt(++i);
                    }
                    value.append(c);
                }
                if (!closed) {
                    throw new IllegalArgumentException("connection parameter " + name + " lacks its closing quote");
                }
                parameter(name, value.toString());
                while (i < text.length() && Character.isWhitespace(text.charAt(i))) {
                    i++;
                }
            }
        }

        private String lastName() {
            return List.copyOf(parameters.keySet()).get(parameters.size() - 1);
        }

        private void parameter(String name, String value) {
            switch (name) {
                case "host", "hostaddr", "PGHOST" -> names = List.of(value.split(",", -1));
                case "port", "PGPORT" -> ports = List.of(value.split(",", -1));
                case "dbname", "database", "PGDBNAME" -> database = emptyToNull(value);
                case "user" -> user = emptyToNull(value);
                case "password" -> password = value;
                default -> {
                    String driverName = DRIVER_NAMES.getOrDefault(name, name);
                    if (driverName.isEmpty()) {
                        return;
                    }
                    if (PGProperty.forName(driverName) == null) {
                        throw new IllegalArgumentException("unknown connection parameter: " + name);
                    }
                    parameters.put(driverName, driverValue(name, value));
                }
            }
        }

        private static String driverValue(String name, String value) {
            switch (name) {
                case "target_session_attrs" -> {
                    String type = SERVER_TYPES.get(value);
                    if (type == null) {
                        throw new IllegalArgumentException("target_session_attrs must be one of "
                                + new TreeMap<>(SERVER_TYPES).keySet() + ", not " + value);
                    }
                    return type;
                }
                case "load_balance_hosts" -> {
                    return Boolean.toString(value.equals("random"));
                }
                case "keepalives" -> {
                    return Boolean.toString(!value.equals("0"));
                }
                default -> {
                    return value;
                }
            }
        }

        private List<Host> hosts() {
            List<String> hosts = names.isEmpty() ? List.of("localhost") : names;
            if (ports.size() > 1 && ports.size() != hosts.size()) {
                throw new IllegalArgumentException(hosts.size() + " hosts but " + ports.size() + " ports");
            }
            List<Host> result = new ArrayList<>();
            for (int i = 0; i < hosts.size(); i++) {
                String name = hosts.get(i).isEmpty() ? "localhost" : hosts.get(i);
                if (name.startsWith("/")) {
                    throw new IllegalArgumentException(
                            "host " + name + " is a Unix socket; the driver connects by TCP only");
                }
                if (name.startsWith("[") && name.endsWith("]")) {
                    name = name.substring(1, name.length() - 1);
                }
                String port = ports.isEmpty() ? "" : ports.get(ports.size() == 1 ? 0 : i);
                result.add(new Host(name, port(port, i + 1)));
            }
            return result;
        }

        private static int port(String text, int host) {
            if (text.isEmpty()) {
                return DEFAULT_PORT;
            }
            if (!text.matches("[0-9]{1,5}") || Integer.parseInt(text) < 1 || Integer.parseInt(text) > 65535) {
                throw new IllegalArgumentException(
                        "port of host " + host + " must be a number between 1 and 65535 (missing user:password@host?)");
            }
            return Integer.parseInt(text);
        }

        private static String decode(String part, String text) {
            try {
                return URLDecoder.decode(text.replace("+", "%2B"), StandardCharsets.UTF_8);
            } catch (IllegalArgumentException e) {
                // The decoder's own message quotes the text, which may be a password.
                throw new IllegalArgumentException("malformed percent-encoding in the " + part);
            }
        }

        private static String emptyToNull(String text) {
            return text.isEmpty() ? null : text;
        }
    }
}
