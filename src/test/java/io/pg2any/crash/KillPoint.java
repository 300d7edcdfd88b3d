package io.pg2any.crash;

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
