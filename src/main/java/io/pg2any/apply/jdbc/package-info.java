/**
 * Targets behind JDBC: one applier ({@link io.pg2any.apply.jdbc.JdbcTarget}), one file per dialect.
 *
 * <p>A batch becomes one target transaction: lock the position row, write each table's runs of rows through
 * {@code TableWriter}, move the position, commit. {@link io.pg2any.apply.jdbc.JdbcDialect} says how to add a database.
 */
package io.pg2any.apply.jdbc;
