package io.pg2any.capture;

import io.pg2any.change.Lsn;
import java.util.ArrayList;
import java.util.List;

/** Where one timeline branched off another: the lines of a {@code TIMELINE_HISTORY} file. */
record TimelineHistory(List<Switch> switches) {
    /** @param at the LSN at which {@code timeline} was left; what it wrote from there on is not in the new history */
    record Switch(int timeline, Lsn at) {}

    /** Lines of {@code timeline <tab> LSN <tab> reason}; comments and blank lines are skipped. */
    static TimelineHistory parse(String content) {
        List<Switch> switches = new ArrayList<>();
        for (String line : content.split("\n", -1)) {
            String[] fields = line.strip().split("\\s+", 3);
            if (fields.length >= 2 && !fields[0].startsWith("#")) {
                switches.add(new Switch(Integer.parseInt(fields[0]), Lsn.parse(fields[1])));
            }
        }
        return new TimelineHistory(List.copyOf(switches));
    }

    /** Whether history up to {@code lsn} on {@code timeline} is part of the history this file describes. */
    boolean contains(int timeline, Lsn lsn) {
        for (Switch left : switches) {
            if (left.timeline() == timeline) {
                return !left.at().isBefore(lsn);
            }
        }
        return false;
    }
}
