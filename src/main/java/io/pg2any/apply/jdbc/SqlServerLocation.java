package io.pg2any.apply.jdbc;

import io.pg2any.apply.TargetException;
import io.pg2any.apply.TargetException.Kind;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** The forms in which SQL Server's users have their server at hand. No exception shows a password. */
final class SqlServerLocation {
    /** By lower-case names: in ADO strings case means nothing. */
    private static final Map<String, String> DRIVER_NAMES = Map.ofEntries(
            Map.entry("server", "server"),
            Map.entry("database", "database"),
            Map.entry("user", "user"),
            Map.entry("password", "password"),
            Map.entry("initial catalog", "database"),
            Map.entry("databasename", "database"),
            Map.entry("user id", "user"),
            Map.entry("uid", "user"),
            Map.entry("username", "user"),
            Map.entry("pwd", "password"),
            Map.entry("data source", "server"),
            Map.entry("addr", "server"),
            Map.entry("address", "server"),
            Map.entry("network address", "server"),
            Map.entry("servername", "server"),
            Map.entry("application name", "applicationName"),
            Map.entry("app", "applicationName"),
            Map.entry("trustservercertificate", "trustServerCertificate"),
            Map.entry("trust server certificate", "trustServerCertificate"),
            Map.entry("connect timeout", "loginTimeout"),
            Map.entry("connection timeout", "loginTimeout"));

    private SqlServerLocation() {}

    static DatabaseLocation parse(String url) throws TargetException {
        String text = url.strip();
        String lower = text.toLowerCase(Locale.ROOT);
        if (lower.startsWith("jdbc:sqlserver://")) {
            String rest = text.substring("jdbc:sqlserver://".length());
            int semicolon = rest.indexOf(';');
            String host = semicolon < 0 ? rest : rest.substring(0, semicolon);
            return pairs(host, semicolon < 0 ? "" : rest.substring(semicolon + 1));
        }
        if (lower.startsWith("sqlserver://") || lower.startsWith("mssql://")) {
            return DatabaseLocation.parse("SQL Server", text, List.of("sqlserver", "mssql"));
        }
        if (text.indexOf('=') > 0) {
            return pairs("", text);
        }
        throw new TargetException(
                Kind.CONFIG,
                "SQL Server target URL: expected jdbc:sqlserver://host:port;databaseName=…;user=…;password=…, or"
                        + " server=tcp:host,port;database=…;user id=…;password=…, or"
                        + " sqlserver://user:password@host:port/database");
    }

    private static DatabaseLocation pairs(String host, String text) throws TargetException {
        Map<String, String> values = new LinkedHashMap<>();
        int at = 0;
        while (at < text.length()) {
            int equals = text.indexOf('=', at);
            if (equals < 0) {
                break;
            }
            String name = text.substring(at, equals).strip();
            int from = equals + 1;
            char open = from < text.length() ? text.charAt(from) : 0;
            String value;
            if (open == '{' || open == '"' || open == '\'') {
                int end = text.indexOf(open == '{' ? '}' : open, from + 1);
                if (end < 0) {
                    throw new TargetException(
                            Kind.CONFIG, "SQL Server target URL: the value of " + name + " lacks its closing quote");
                }
                value = text.substring(from + 1, end);
                int semicolon = text.indexOf(';', end);
                at = semicolon < 0 ? text.length() : semicolon + 1;
            } else {
                int semicolon = text.indexOf(';', from);
                value = text.substring(from, semicolon < 0 ? text.length() : semicolon)
                        .strip();
                at = semicolon < 0 ? text.length() : semicolon + 1;
            }
            values.put(DRIVER_NAMES.getOrDefault(name.toLowerCase(Locale.ROOT), name), value);
        }
        String server = values.remove("server");
        String hosts = host.isEmpty() ? server(server == null ? "localhost" : server) : host;
        String database = values.remove("database");
        String user = values.remove("user");
        String password = values.remove("password");
        return new DatabaseLocation(
                hosts, database == null ? "" : database, user, password, Collections.unmodifiableMap(values));
    }

    /** {@code tcp:host,port} in the driver's spelling. */
    private static String server(String ado) {
        String plain = ado.toLowerCase(Locale.ROOT).startsWith("tcp:") ? ado.substring("tcp:".length()) : ado;
        return plain.replaceFirst("\\s*,\\s*", ":");
    }
}
