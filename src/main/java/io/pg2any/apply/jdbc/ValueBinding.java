package io.pg2any.apply.jdbc;

import java.sql.PreparedStatement;
import java.sql.SQLException;

/** Puts a value in PostgreSQL's text form into a statement, straight from the bytes it arrived in. Stateless. */
@FunctionalInterface
public interface ValueBinding {
    void bind(PreparedStatement statement, int parameter, byte[] bytes, int offset, int length)
            throws SQLException, UnrepresentableValueException;
}
