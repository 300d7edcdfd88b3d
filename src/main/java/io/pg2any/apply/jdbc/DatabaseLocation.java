package io.pg2any.apply.jdbc;

import io.pg2any.apply.TargetException;
import io.pg2any.apply.TargetException.Kind;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Properties;
import java.util.regex.Pattern;

/**
 * Where a database server is: {@code scheme://user:password@host:port/database?name=value}, percent-encoded, or the
 * same after {@code jdbc:}. Secrets leave it only as driver properties.
 *
 * @param hosts as in the URL: several, with ports, IPv6 in brackets
 * @param database empty when the URL names none
 * @param user null when the URL names none
 * @param parameters everything after the question mark, without user and password
 */
record DatabaseLocation(String hosts, String database, String user, String password, Map<String, String> parameters) {
    private static final Pattern PORT = Pattern.compile("[0-9]{1,5}");

    /**
     * @param schemes without {@code jdbc:}, the first one for messages
     * @throws TargetException CONFIG, naming the part that is wrong and no secret
     */
    static DatabaseLocation parse(String dialect, String url, List<String> schemes) throws TargetException {
        String text = url.strip();
        String plain = text.toLowerCase(Locale.ROOT).startsWith("jdbc:") ? text.substring("jdbc:".length()) : text;
        for (String scheme : schemes) {
            if (plain.toLowerCase(Locale.ROOT).startsWith(scheme + "://")) {
                return parse(dialect, plain.substring(scheme.length() + "://".length()));
            }
        }
        throw config(dialect, "expected " + schemes.get(0) + "://user:password@host:port/database, or its JDBC URL");
    }

    private static DatabaseLocation parse(String dialect, String rest) throws TargetException {
        // An at sign or a slash may stand unescaped in a password, never in a host list.
        int question = rest.indexOf('?', Math.max(0, rest.lastIndexOf('@')));
        String before = question < 0 ? rest : rest.substring(0, question);
        int at = before.lastIndexOf('@');
        int slash = before.indexOf('/', at + 1);
        String hosts = before.substring(at + 1, slash < 0 ? before.length() : slash);
        requirePorts(dialect, hosts);
        String database = slash < 0 ? "" : decode(dialect, "database", before.substring(slash + 1));
        String user = null;
        String password = null;
        if (at >= 0) {
            String login = before.substring(0, at);
            int colon = login.indexOf(':');
            user = decode(dialect, "user", colon < 0 ? login : login.substring(0, colon));
            password = colon < 0 ? null : decode(dialect, "password", login.substring(colon + 1));
        }
        Map<String, String> parameters = new LinkedHashMap<>();
        if (question >= 0) {
            for (String pair : rest.substring(question + 1).split("&", -1)) {
                int equals = pair.indexOf('=');
                if (equals > 0) {
                    String name = decode(dialect, "parameter", pair.substring(0, equals));
                    String value = decode(dialect, "parameter " + name, pair.substring(equals + 1));
                    if (name.equals("user")) {
                        user = value;
                    } else if (name.equals("password")) {
                        password = value;
                    } else {
                        parameters.put(name, value);
                    }
                } else if (!pair.isEmpty()) {
                    // Not quoted: an unescaped question mark makes the rest of a password look like parameters.
                    throw config(dialect, "a parameter after '?' is not of the form name=value");
                }
            }
        }
        return new DatabaseLocation(
                hosts.isEmpty() ? "localhost" : hosts,
                database,
                user,
                password,
                Collections.unmodifiableMap(parameters));
    }

    /** Not quoted, as with parameters. MySQL's {@code address=(…)} is left to its driver. */
    private static void requirePorts(String dialect, String hosts) throws TargetException {
        for (String host : hosts.split(",", -1)) {
            int colon = host.lastIndexOf(':');
            if (colon > host.lastIndexOf(']')
                    && host.indexOf('(') < 0
                    && !PORT.matcher(host.substring(colon + 1)).matches()) {
                throw config(dialect, "the port after the host is not a number");
            }
        }
    }

    private static String decode(String dialect, String part, String text) throws TargetException {
        try {
            return URLDecoder.decode(text.replace("+", "%2B"), StandardCharsets.UTF_8);
        } catch (IllegalArgumentException e) {
            // The decoder's own message quotes the text, which may be a password.
            throw config(dialect, "malformed percent-encoding in the " + part);
        }
    }

    private static TargetException config(String dialect, String problem) {
        return new TargetException(Kind.CONFIG, dialect + " target URL: " + problem);
    }

    /** The driver's properties: the URL's parameters over these defaults, and the login. */
    Properties properties(Map<String, String> defaults) {
        Properties properties = new Properties();
        properties.putAll(defaults);
        properties.putAll(parameters);
        if (user != null) {
            properties.setProperty("user", user);
        }
        if (password != null) {
            properties.setProperty("password", password);
        }
        return properties;
    }

    /** Without user, password and parameters. */
    @Override
    public String toString() {
        return hosts + "/" + database;
    }
}
