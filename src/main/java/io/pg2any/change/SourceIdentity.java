package io.pg2any.change;

import java.util.Objects;

/**
 * Which history a position belongs to: an LSN means something only inside one cluster, on one timeline.
 *
 * @param systemIdentifier the cluster's identifier as {@code IDENTIFY_SYSTEM} prints it
 * @param timeline the timeline the server was on when the position was received
 * @param slot the replication slot the changes came through
 */
public record SourceIdentity(String systemIdentifier, int timeline, String slot) {
    public SourceIdentity {
        Objects.requireNonNull(systemIdentifier, "systemIdentifier");
        Objects.requireNonNull(slot, "slot");
    }
}
