package io.pg2any.change;

/** What the source sends of the old row with an UPDATE or DELETE ({@code ALTER TABLE … REPLICA IDENTITY}). */
public enum ReplicaIdentity {
    DEFAULT('d'),
    NOTHING('n'),
    FULL('f'),
    INDEX('i');

    private final char code;

    ReplicaIdentity(char code) {
        this.code = code;
    }

    /** The {@code relreplident} letter of the wire and of {@code pg_class}. */
    public char code() {
        return code;
    }

    /**
     * @throws IllegalArgumentException for a letter PostgreSQL does not define
     */
    public static ReplicaIdentity of(char code) {
        for (ReplicaIdentity identity : values()) {
            if (identity.code == code) {
                return identity;
            }
        }
        throw new IllegalArgumentException("unknown replica identity '" + code + "' (expected d, n, f or i)");
    }
}
