package io.pg2any.change;

import java.time.Instant;

/**
 * What is known of a transaction before its first change.
 *
 * @param xid the source's transaction id, unsigned
 * @param commitLsn the start of the commit record; orders transactions
 * @param commitTime the source's clock at commit, microseconds
 */
public record TransactionInfo(int xid, Lsn commitLsn, Instant commitTime) {}
