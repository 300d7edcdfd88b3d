package io.pg2any.apply;

import io.pg2any.change.Lsn;

/**
 * What a target has after a batch.
 *
 * @param applied the target's position: visible to its readers
 * @param durable what survives a power failure of the target, and so what may be acknowledged; at most {@code applied}
 * @param transactions applied by this call, without those that were there already
 * @param rows inserted, updated and deleted by this call, as the source counted them
 */
public record Applied(Lsn applied, Lsn durable, int transactions, long rows) {}
