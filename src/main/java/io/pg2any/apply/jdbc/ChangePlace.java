package io.pg2any.apply.jdbc;

import io.pg2any.change.TransactionInfo;

/** Which change is being applied, for messages. Moved along by the applying thread, printed only in errors. */
final class ChangePlace {
    private TransactionInfo transaction;
    private long ordinal;

    void enter(TransactionInfo next) {
        transaction = next;
        ordinal = 0;
    }

    /** The cursor's ordinal of the next change. */
    void at(long change) {
        ordinal = change;
    }

    TransactionInfo transaction() {
        return transaction;
    }

    /** Of the change in its transaction, from 1. */
    long ordinal() {
        return ordinal;
    }

    @Override
    public String toString() {
        return "change " + ordinal + " of transaction " + Integer.toUnsignedString(transaction.xid()) + " committed at "
                + transaction.commitLsn();
    }
}
