/**
 * Targets behind JDBC: one applier, one file per dialect.
 */
package io.pg2any.apply.jdbc;
