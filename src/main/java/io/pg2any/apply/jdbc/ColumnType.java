package io.pg2any.apply.jdbc;

/**
 * How one source column lives in the target.
 *
 * @param declaration the type a created column gets
 * @param jdbcType of {@link java.sql.Types}, for binding NULL
 * @param binding puts the stream's text form into a statement
 */
public record ColumnType(String declaration, int jdbcType, ValueBinding binding) {}
