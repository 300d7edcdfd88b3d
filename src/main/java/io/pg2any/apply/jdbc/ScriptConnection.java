package io.pg2any.apply.jdbc;

import java.lang.reflect.InvocationHandler;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLFeatureNotSupportedException;
import java.sql.Statement;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Consumer;

/**
 * A JDBC connection to nowhere: what it is to run goes to a consumer as text, with the bound values in it. Every query
 * finds nothing, every statement counts one row.
 */
final class ScriptConnection {
    private final JdbcDialect dialect;
    private final Consumer<String> statements;

    private ScriptConnection(JdbcDialect dialect, Consumer<String> statements) {
        this.dialect = dialect;
        this.statements = statements;
    }

    static Connection open(JdbcDialect dialect, Consumer<String> statements) {
        return new ScriptConnection(dialect, statements).connection();
    }

    private Connection connection() {
        return proxy(Connection.class, (proxy, method, arguments) -> switch (method.getName()) {
            case "prepareStatement" -> prepared((String) arguments[0]);
            case "createStatement" -> statement();
            case "isClosed" -> false;
            default -> nothing(method);
        });
    }

    private Statement statement() {
        return proxy(Statement.class, (proxy, method, arguments) -> switch (method.getName()) {
            case "execute", "executeUpdate" -> {
                statements.accept((String) arguments[0]);
                yield method.getReturnType() == boolean.class ? (Object) false : (Object) 1;
            }
            case "executeQuery" -> noRows();
            default -> nothing(method);
        });
    }

    private PreparedStatement prepared(String sql) {
        Map<Integer, Object> parameters = new TreeMap<>();
        return proxy(PreparedStatement.class, (proxy, method, arguments) -> {
            String name = method.getName();
            if (name.startsWith("set") && arguments.length >= 2 && arguments[0] instanceof Integer index) {
                parameters.put(index, name.equals("setNull") ? null : arguments[1]);
                return null;
            }
            return switch (name) {
                case "executeUpdate" -> {
                    statements.accept(filled(sql, parameters));
                    yield 1;
                }
                case "executeQuery" -> noRows();
                case "clearParameters" -> {
                    parameters.clear();
                    yield null;
                }
                default -> nothing(method);
            };
        });
    }

    private static ResultSet noRows() {
        return proxy(
                ResultSet.class,
                (proxy, method, arguments) -> method.getName().equals("next") ? (Object) false : nothing(method));
    }

    /** Puts the values where the markers are; a question mark inside quotes is none. */
    private String filled(String sql, Map<Integer, Object> parameters) {
        StringBuilder text = new StringBuilder(sql.length() + 64);
        int marker = 0;
        char quoted = 0;
        for (int i = 0; i < sql.length(); i++) {
            char c = sql.charAt(i);
            if (quoted != 0) {
                quoted = c == quoted ? 0 : quoted;
                text.append(c);
            } else if (c == '?') {
                text.append(dialect.literal(parameters.get(++marker)));
            } else {
                quoted = switch (c) {
                    case '"', '\'', '`' -> c;
                    case '[' -> ']';
                    default -> 0;
                };
                text.append(c);
            }
        }
        return text.toString();
    }

    private static Object nothing(Method method) throws SQLFeatureNotSupportedException {
        if (method.getReturnType() == void.class) {
            return null;
        }
        throw new SQLFeatureNotSupportedException("a script has no " + method.getName());
    }

    private static <T> T proxy(Class<T> type, InvocationHandler handler) {
        return type.cast(
                Proxy.newProxyInstance(ScriptConnection.class.getClassLoader(), new Class<?>[] {type}, handler));
    }
}
