package io.pg2any.pgoutput;

import io.pg2any.change.Lsn;
import java.io.IOException;

/**
 * Bytes that are not what the protocol allows at this place: damaged, cut off, out of order, or of a protocol this
 * decoder does not know. Nothing after them can be trusted; never skip one.
 */
public class MalformedMessageException extends IOException {
    private static final long serialVersionUID = 1L;

    public MalformedMessageException(String message) {
        super(message);
    }

    /**
     * @param type the message's type byte
     * @param walStart of the message's XLogData header
     */
    static MalformedMessageException of(byte type, long walStart, String problem) {
        return new MalformedMessageException(
                MessageType.name(type) + " message at LSN " + new Lsn(walStart) + ": " + problem);
    }
}
