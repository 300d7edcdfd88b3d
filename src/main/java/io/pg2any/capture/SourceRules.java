package io.pg2any.capture;

import io.pg2any.capture.CaptureException.Kind;
import io.pg2any.change.Lsn;
import io.pg2any.change.Position;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;

/**
 * What must hold before a single change is read. One place for both users: capture stops at the first problem,
 * preflight lists them all.
 */
final class SourceRules {
    private SourceRules() {}

    /**
     * @param history of the server's present timeline; may be empty when it is the position's own
     * @param walEnd where the server's WAL ends now
     */
    static List<Problem> position(
            Position position,
            CaptureConfig config,
            String systemIdentifier,
            int timeline,
            Lsn walEnd,
            TimelineHistory history) {
        List<Problem> problems = new ArrayList<>();
        String known = position.source().systemIdentifier();
        if (!known.equals(systemIdentifier)) {
            problems.add(Problem.error(
                    Kind.FATAL,
                    "the server is another cluster (system identifier " + systemIdentifier + ") than the one the target"
                            + " was filled from (" + known + ")",
                    "connect to the right server, or rebuild the target from this one"));
            return problems; // its LSNs mean nothing here
        }
        if (!position.source().slot().equals(config.slot())) {
            problems.add(Problem.error(
                    Kind.CONFIG,
                    "the target was filled through slot " + position.source().slot() + ", not " + config.slot(),
                    "configure slot " + position.source().slot() + ", or use a target of its own"));
        }
        if (position.source().timeline() != timeline
                && !history.contains(position.source().timeline(), position.lsn())) {
            problems.add(Problem.error(
                    Kind.FATAL,
                    "the server went over to timeline " + timeline + " before " + position.lsn() + " of timeline "
                            + position.source().timeline() + ", up to which the target was filled: the target holds"
                            + " transactions that this server never had",
                    "reconcile or rebuild the target from this server"));
        } else if (walEnd.isBefore(position.lsn())) {
            problems.add(Problem.error(
                    Kind.FATAL,
                    "the server's WAL ends at " + walEnd + ", before " + position.lsn()
                            + ", up to which the target was filled: the server was restored to an earlier state",
                    "reconcile or rebuild the target from this server"));
        }
        return problems;
    }

    static List<Problem> slot(
            Optional<ReplicationSlot> found, Optional<Position> position, CaptureConfig config, String database) {
        List<Problem> problems = new ArrayList<>();
        String name = config.slot();
        if (found.isEmpty()) {
            if (position.isPresent()) {
                problems.add(Problem.error(
                        Kind.FATAL,
                        "slot " + name + " is lost: it does not exist, but the target was filled through it up to "
                                + position.get().lsn(),
                        "drop the target's content and its position and start afresh; a new slot would silently skip"
                                + " what was committed in between"));
            } else if (!config.createSlot()) {
                problems.add(Problem.error(
                        Kind.CONFIG,
                        "slot " + name + " does not exist",
                        "create it with SELECT pg_create_logical_replication_slot('" + name
                                + "', 'pgoutput'), or allow its creation"));
            }
            return problems;
        }
        ReplicationSlot slot = found.get();
        if (slot.plugin() == null) {
            problems.add(Problem.error(
                    Kind.CONFIG, "slot " + name + " is a physical slot", "use the name of a logical pgoutput slot"));
            return problems;
        }
        if (!slot.plugin().equals("pgoutput")) {
            problems.add(Problem.error(
                    Kind.CONFIG,
                    "slot " + name + " belongs to plug-in " + slot.plugin() + ", not pgoutput",
                    "use another slot name"));
        }
        if (!database.equals(slot.database())) {
            problems.add(Problem.error(
                    Kind.CONFIG,
                    "slot " + name + " belongs to database " + slot.database() + ", not " + database,
                    "connect to database " + slot.database() + " or use another slot name"));
        }
        if (slot.twoPhase() && !config.twoPhase()) {
            problems.add(Problem.error(
                    Kind.CONFIG,
                    "slot " + name + " was made for two-phase decoding and would send prepared transactions",
                    "set two-phase (PG2ANY_TWO_PHASE) to true, or use a slot without two_phase"));
        }
        if (slot.invalidation() != null) {
            problems.add(Problem.error(
                    Kind.FATAL,
                    "slot " + name + " is lost: the server invalidated it (" + slot.invalidation() + ")",
                    "drop the slot and rebuild the target from a fresh copy; raise max_slot_wal_keep_size (and"
                            + " idle_replication_slot_timeout) if the pipeline must survive longer pauses"));
        } else if (slot.confirmedFlush() == null) {
            problems.add(Problem.error(
                    Kind.RETRYABLE,
                    "slot " + name + " is still being created: it waits for running write transactions",
                    "end the transactions that pg_stat_activity shows with the oldest backend_xid"));
        } else if (position.isPresent()
                && slot.confirmedFlush().isAfter(position.get().lsn())) {
            problems.add(Problem.error(
                    Kind.FATAL,
                    "gap: slot " + name + " was confirmed up to " + slot.confirmedFlush()
                            + " but the target was filled only up to "
                            + position.get().lsn()
                            + "; somebody else read, advanced or re-created the slot",
                    "rebuild the target from a fresh copy; what was committed between the two is gone from the slot"));
        }
        return problems;
    }

    /** @param slotExists then creating a publication is too late: older changes cannot be decoded with it */
    static List<Problem> publications(Set<String> existing, CaptureConfig config, boolean slotExists) {
        Set<String> missing = new TreeSet<>(config.publications());
        missing.removeAll(existing);
        if (missing.isEmpty() || (config.createPublication() && !slotExists)) {
            return List.of();
        }
        String what = "publication " + String.join(", ", missing) + " does not exist";
        return List.of(Problem.error(
                Kind.CONFIG,
                slotExists ? what + ", but slot " + config.slot() + " does" : what,
                slotExists
                        ? "correct the name (it is case-sensitive); a publication made after its slot cannot decode"
                                + " what came before it: drop the slot, and create the publication first"
                        : "create it (CREATE PUBLICATION ... FOR ALL TABLES or FOR TABLE ...), correct its name (it is"
                                + " case-sensitive), or allow its creation"));
    }

    static List<Problem> walLevel(String walLevel) {
        return walLevel.equals("logical")
                ? List.of()
                : List.of(Problem.error(
                        Kind.CONFIG,
                        "wal_level is " + walLevel + ", not logical",
                        "ALTER SYSTEM SET wal_level = logical, then restart the server"));
    }
}
