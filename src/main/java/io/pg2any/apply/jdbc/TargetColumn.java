package io.pg2any.apply.jdbc;

/**
 * A column the target's table has.
 *
 * @param declaredType as the target's catalog prints it
 * @param keyOrdinal place in the primary key from 1; 0 when it is not part of it
 * @param required whether an insert must give it: NOT NULL and without a default
 */
public record TargetColumn(String name, String declaredType, int keyOrdinal, boolean required) {}
