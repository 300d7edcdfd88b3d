package io.pg2any.capture;

import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.regex.Pattern;

/**
 * What to capture and how. Made by {@link #builder}; immutable; every bad value is refused by its key.
 *
 * @param connection the source
 * @param slot the logical replication slot, plug-in {@code pgoutput}
 * @param publications at least one, names exactly as the catalog has them
 * @param createSlot whether a fresh pipeline may create the slot; a lost slot is never created again
 * @param createPublication whether a fresh pipeline may create missing publications, {@code FOR ALL TABLES}
 * @param protocolVersion pgoutput's protocol, 1 to 4; 0 is the highest that the server offers
 * @param streaming whether large transactions are sent while they are open
 * @param twoPhase whether prepared transactions are sent at their prepare, not when they are committed; a slot that was
 *     read so once stays so
 * @param localOnly whether what the server itself got by replication is left out, so that two pipelines in opposite
 *     directions do not send changes round in circles
 * @param messages whether logical messages ({@code pg_logical_emit_message}) are sent
 * @param statusInterval longest silence towards the server; shortened to a third of its {@code wal_sender_timeout}
 * @param idleConfirmInterval shortest time between two idle positions that nobody waits for
 * @param connectTimeout for each host
 * @param handoffBytes how much may wait to be taken before reading stops
 * @param chunkBytes when a chunk is full
 * @param reconnectMin first pause after a failure; doubles up to {@code reconnectMax}, with jitter
 * @param reconnectMax longest pause
 * @param driverProperties pgjdbc properties that win over the connection string's
 */
public record CaptureConfig(
        ConnectionString connection,
        String slot,
        List<String> publications,
        boolean createSlot,
        boolean createPublication,
        int protocolVersion,
        Streaming streaming,
        boolean twoPhase,
        boolean localOnly,
        boolean messages,
        Duration statusInterval,
        Duration idleConfirmInterval,
        Duration connectTimeout,
        int handoffBytes,
        int chunkBytes,
        Duration reconnectMin,
        Duration reconnectMax,
        Map<String, String> driverProperties) {
    private static final Pattern SLOT = Pattern.compile("[a-z0-9_]{1,63}");
    private static final int NAME_BYTES = 63;

    public CaptureConfig {
        Objects.requireNonNull(connection, "connection");
        require(slot != null && SLOT.matcher(slot).matches(), "slot", "1 to 63 of a-z, 0-9 and _", slot);
        require(publications != null && !publications.isEmpty(), "publications", "at least one name", publications);
        publications = List.copyOf(publications);
        for (String publication : publications) {
            int length = publication.getBytes(java.nio.charset.StandardCharsets.UTF_8).length;
            require(
                    length > 0 && length <= NAME_BYTES && publication.indexOf('\0') < 0,
                    "publications",
                    "names of 1 to 63 bytes",
                    publication);
        }
        require(protocolVersion >= 0 && protocolVersion <= 4, "protocolVersion", "0 to 4", protocolVersion);
        Objects.requireNonNull(streaming, "streaming");
        requirePositive(statusInterval, "statusInterval");
        requirePositive(idleConfirmInterval, "idleConfirmInterval");
        requirePositive(connectTimeout, "connectTimeout");
        require(chunkBytes >= 1024 && chunkBytes <= 1 << 28, "chunkBytes", "1 KiB to 256 MiB", chunkBytes);
        require(handoffBytes >= chunkBytes, "handoffBytes", "at least chunkBytes (" + chunkBytes + ")", handoffBytes);
        requirePositive(reconnectMin, "reconnectMin");
        requirePositive(reconnectMax, "reconnectMax");
        require(reconnectMax.compareTo(reconnectMin) >= 0, "reconnectMax", "at least reconnectMin", reconnectMax);
        driverProperties = Map.copyOf(driverProperties);
    }

    public static Builder builder(ConnectionString connection, String slot, List<String> publications) {
        return new Builder(connection, slot, publications);
    }

    /**
     * @param origin {@code any} or {@code none}, as the server's option of that name
     */
    public static boolean localOnly(String origin) {
        return switch (origin.strip().toLowerCase(Locale.ROOT)) {
            case "any" -> false;
            case "none" -> true;
            default -> throw new IllegalArgumentException("any or none, not \"" + origin + "\"");
        };
    }

    private static void requirePositive(Duration value, String key) {
        require(value != null && !value.isNegative() && !value.isZero(), key, "a positive duration", value);
    }

    private static void require(boolean holds, String key, String expected, Object actual) {
        if (!holds) {
            throw new IllegalArgumentException(key + " must be " + expected + ", not " + actual);
        }
    }

    /** Shows no secret: the connection masks its own, driver properties appear by name only. */
    @Override
    public String toString() {
        return "CaptureConfig[" + connection + ", slot=" + slot + ", publications=" + publications + ", createSlot="
                + createSlot + ", createPublication=" + createPublication + ", protocolVersion=" + protocolVersion
                + ", streaming=" + streaming + ", twoPhase=" + twoPhase + ", localOnly=" + localOnly
                + ", messages=" + messages
                + ", statusInterval=" + statusInterval
                + ", idleConfirmInterval=" + idleConfirmInterval
                + ", connectTimeout=" + connectTimeout + ", handoffBytes=" + handoffBytes + ", chunkBytes="
                + chunkBytes + ", reconnectMin=" + reconnectMin + ", reconnectMax=" + reconnectMax
                + ", driverProperties=" + driverProperties.keySet() + "]";
    }

    /** Starts from defaults that fit a production server. */
    public static final class Builder {
        private final ConnectionString connection;
        private final String slot;
        private final List<String> publications;
        private boolean createSlot = true;
        private boolean createPublication;
        private int protocolVersion;
        private Streaming streaming = Streaming.AUTO;
        private boolean twoPhase;
        private boolean localOnly;
        private boolean messages;
        private Duration statusInterval = Duration.ofSeconds(10);
        private Duration idleConfirmInterval = Duration.ofSeconds(10);
        private Duration connectTimeout = Duration.ofSeconds(10);
        private int handoffBytes = 8 << 20;
        private int chunkBytes = 128 << 10;
        private Duration reconnectMin = Duration.ofMillis(200);
        private Duration reconnectMax = Duration.ofSeconds(10);
        private Map<String, String> driverProperties = Map.of();

        private Builder(ConnectionString connection, String slot, List<String> publications) {
            this.connection = connection;
            this.slot = slot;
            this.publications = publications;
        }

        public Builder createSlot(boolean value) {
            createSlot = value;
            return this;
        }

        public Builder createPublication(boolean value) {
            createPublication = value;
            return this;
        }

        public Builder protocolVersion(int value) {
            protocolVersion = value;
            return this;
        }

        public Builder streaming(Streaming value) {
            streaming = value;
            return this;
        }

        public Builder twoPhase(boolean value) {
            twoPhase = value;
            return this;
        }

        public Builder localOnly(boolean value) {
            localOnly = value;
            return this;
        }

        public Builder messages(boolean value) {
            messages = value;
            return this;
        }

        public Builder statusInterval(Duration value) {
            statusInterval = value;
            return this;
        }

        public Builder idleConfirmInterval(Duration value) {
            idleConfirmInterval = value;
            return this;
        }

        public Builder connectTimeout(Duration value) {
            connectTimeout = value;
            return this;
        }

        public Builder handoffBytes(int value) {
            handoffBytes = value;
            return this;
        }

        public Builder chunkBytes(int value) {
            chunkBytes = value;
            return this;
        }

        public Builder reconnect(Duration min, Duration max) {
            reconnectMin = min;
            reconnectMax = max;
            return this;
        }

        public Builder driverProperties(Map<String, String> value) {
            driverProperties = value;
            return this;
        }

        /**
         * @throws IllegalArgumentException naming the key whose value is bad
         */
        public CaptureConfig build() {
            return new CaptureConfig(
                    connection,
                    slot,
                    publications,
                    createSlot,
                    createPublication,
                    protocolVersion,
                    streaming,
                    twoPhase,
                    localOnly,
                    messages,
                    statusInterval,
                    idleConfirmInterval,
                    connectTimeout,
                    handoffBytes,
                    chunkBytes,
                    reconnectMin,
                    reconnectMax,
                    driverProperties);
        }
    }
}
