package io.pg2any.apply.jdbc;

import io.pg2any.change.Tuple;
import java.lang.reflect.Proxy;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.sql.SQLFeatureNotSupportedException;

/** What a binding would put into a statement, for ways to the target that take values as objects. For one thread. */
final class BoundValue {
    private final PreparedStatement statement = (PreparedStatement) Proxy.newProxyInstance(
            BoundValue.class.getClassLoader(), new Class<?>[] {PreparedStatement.class}, (proxy, method, arguments) -> {
                if (!method.getName().startsWith("set") || arguments.length < 2) {
                    throw new SQLFeatureNotSupportedException("a binding needs " + method.getName());
                }
                value = method.getName().equals("setNull") ? null : arguments[1];
                return null;
            });

    private Object value;

    /** The value in the Java type that its binding chooses; null for NULL. */
    Object of(ColumnType type, Tuple tuple, int column) throws SQLException, UnrepresentableValueException {
        byte kind = tuple.kind(column);
        if (kind == Tuple.NULL) {
            return null;
        }
        if (kind != Tuple.TEXT) {
            throw new UnrepresentableValueException("a value was not sent, or in binary format");
        }
        type.binding().bind(statement, 1, tuple.bytes(), tuple.offset(column), tuple.length(column));
        return value;
    }
}
