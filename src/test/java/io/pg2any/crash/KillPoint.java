package io.pg2any.crash;

import java.util.List;

/**
 * A place in the product where a process dies.
 *
 * @param name what is true there, in words
 * @param signature JVM signature of the method; null where the name is enough
 * @param hits how often a process under load surely passes there within seconds
 */
record KillPoint(String name, String className, String method, String signature, Where where, int hits) {
    enum Where {
        /** Before the method's first instruction. */
        ENTRY,
        /** Before its last, a {@code return} of nothing: all it does is done. */
        RETURN
    }

    private static final String FILES = "io.pg2any.staging.LocalStagingFiles";

    /**
     * Around every step that a change takes into a database.
     *
     * @param connectionClass of the target's driver
     */
    static List<KillPoint> onTheWayTo(String connectionClass) {
        return List.of(
                new KillPoint("before target commit", connectionClass, "commit", "()V", Where.ENTRY, 20),
                entry("after target commit", "io.pg2any.apply.jdbc.ApplySession", "publishCounts", 15),
                entry("before acknowledge", "io.pg2any.capture.SlotFeedback", "safe", 10),
                returning("after acknowledge", "io.pg2any.capture.SlotFeedback", "safe", 10),
                new KillPoint("mid-file", "java.io.RandomAccessFile", "write", "([BII)V", Where.ENTRY, 100),
                entry("before rename", FILES, "rename", 10),
                returning("after rename", FILES, "rename", 10),
                entry("before an applied file goes", FILES, "delete", 10),
                entry("before taking the target over", "io.pg2any.apply.jdbc.PositionTable", "takeOver", 1));
    }

    static KillPoint entry(String name, String className, String method, int hits) {
        return new KillPoint(name, className, method, null, Where.ENTRY, hits);
    }

    static KillPoint returning(String name, String className, String method, int hits) {
        return new KillPoint(name, className, method, null, Where.RETURN, hits);
    }

    @Override
    public String toString() {
        return name;
    }
}
