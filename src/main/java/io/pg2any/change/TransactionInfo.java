package io.pg2any.change;

import java.time.Instant;
import java.util.OptionalLong;

/**
 * What is known of a transaction before its first change.
 *
 * @param xid the source's transaction id, unsigned; 0 for a logical message that belongs to no transaction and counts as
 *     one of its own
 * @param commitLsn orders transactions: the start of the commit record; of a lone message the last byte of its record,
 *     where no commit record can start
 * @param commitTime the source's clock at commit, microseconds; the epoch for a lone message, which carries none
 * @param changes how many there are; empty while the transaction is still arriving
 */
public record TransactionInfo(int xid, Lsn commitLsn, Instant commitTime, OptionalLong changes) {
    /** Whether this is a logical message that belongs to no transaction. */
    public boolean isLoneMessage() {
        return xid == 0;
    }
}
