package io.pg2any.camel;

import java.util.Map;
import org.apache.camel.RuntimeCamelException;
import org.apache.camel.spi.Configurer;
import org.apache.camel.spi.UriParam;
import org.apache.camel.spi.UriParams;

/** Options of {@code pgcapture:} endpoints beyond those of the stock replication slot component. */
@Configurer
@UriParams
public class PgCaptureConfiguration implements Cloneable {
    @UriParam(label = "common", description = "The publications to subscribe to, separated by commas")
    private String publication;

    @UriParam(
            label = "common",
            defaultValue = "false",
            description = "Create a missing publication FOR ALL TABLES; otherwise a missing one is an error")
    private boolean createPublication;

    @UriParam(
            label = "common",
            description = "The pipeline whose staging and target say where to resume and what may be acknowledged."
                    + " Without it the slot's own confirmed position is where capture starts")
    private String pipeline;

    @UriParam(
            label = "consumer",
            defaultValue = "0",
            enums = "0,1,2,3,4",
            description = "The version of the pgoutput protocol to ask for; 0 is the highest that the server offers")
    private int protocolVersion;

    @UriParam(
            label = "consumer",
            defaultValue = "auto",
            enums = "auto,off,on,parallel",
            description =
                    "Whether the server sends large transactions while they are open (on, parallel) or after their"
                            + " commit (off); auto is on where the protocol has it, from version 2. Nothing of an open"
                            + " transaction reaches the target")
    private String streaming = "auto";

    @UriParam(
            label = "consumer",
            defaultValue = "any",
            enums = "any,none",
            description = "any: all changes; none (PostgreSQL 16 and newer): only those made at the server itself, not"
                    + " those it got by replication")
    private String origin = "any";

    @UriParam(
            label = "consumer",
            defaultValue = "false",
            description = "Whether logical messages (pg_logical_emit_message) are sent")
    private boolean messages;

    @UriParam(
            label = "consumer",
            defaultValue = "false",
            description =
                    "Whether prepared transactions are sent at their prepare (PostgreSQL 15 and newer) and kept in"
                            + " staging until they are committed. A slot that was read so once stays so")
    private boolean twoPhase;

    @UriParam(
            label = "consumer",
            defaultValue = "30000",
            javaType = "java.time.Duration",
            description = "How long connecting to the server may take")
    private long connectTimeout = 30_000;

    @UriParam(
            label = "consumer,advanced",
            defaultValue = "10000",
            javaType = "java.time.Duration",
            description = "How often the position of an idle source is passed on to be persisted and acknowledged")
    private long idleConfirmInterval = 10_000;

    @UriParam(
            label = "consumer,advanced",
            defaultValue = "8388608",
            description = "Bytes that may wait between the socket and the route; when they are full the socket is not"
                    + " read, but the server still hears from us")
    private int handoffBytes = 8 << 20;

    @UriParam(
            label = "consumer,advanced",
            defaultValue = "131072",
            description = "Bytes of messages that make one exchange while the source is busy")
    private int chunkBytes = 128 << 10;

    @UriParam(
            label = "consumer,advanced",
            prefix = "driver.",
            multiValue = true,
            description = "Properties for the PostgreSQL JDBC driver, TLS among them")
    private Map<String, Object> driver = Map.of();

    @UriParam(
            label = "security",
            secret = true,
            description = "Where the source is, for endpoints that name only a slot: a postgresql:// URI, a"
                    + " jdbc:postgresql: URL or key=value pairs. Set it on the component, so that no endpoint URI holds a"
                    + " password")
    private String connection;

    PgCaptureConfiguration copy() {
        try {
            return (PgCaptureConfiguration) clone();
        } catch (CloneNotSupportedException e) {
            throw new RuntimeCamelException(e);
        }
    }

    public String getPublication() {
        return publication;
    }

    public void setPublication(String publication) {
        this.publication = publication;
    }

    public boolean isCreatePublication() {
        return createPublication;
    }

    public void setCreatePublication(boolean createPublication) {
        this.createPublication = createPublication;
    }

    public String getPipeline() {
        return pipeline;
    }

    public void setPipeline(String pipeline) {
        this.pipeline = pipeline;
    }

    public int getProtocolVersion() {
        return protocolVersion;
    }

    public void setProtocolVersion(int protocolVersion) {
        this.protocolVersion = protocolVersion;
    }

    public String getStreaming() {
        return streaming;
    }

    public void setStreaming(String streaming) {
        this.streaming = streaming;
    }

    public boolean isTwoPhase() {
        return twoPhase;
    }

    public void setTwoPhase(boolean twoPhase) {
        this.twoPhase = twoPhase;
    }

    public String getOrigin() {
        return origin;
    }

    public void setOrigin(String origin) {
        this.origin = origin;
    }

    public boolean isMessages() {
        return messages;
    }

    public void setMessages(boolean messages) {
        this.messages = messages;
    }

    public long getConnectTimeout() {
        return connectTimeout;
    }

    public void setConnectTimeout(long connectTimeout) {
        this.connectTimeout = connectTimeout;
    }

    public long getIdleConfirmInterval() {
        return idleConfirmInterval;
    }

    public void setIdleConfirmInterval(long idleConfirmInterval) {
        this.idleConfirmInterval = idleConfirmInterval;
    }

    public int getHandoffBytes() {
        return handoffBytes;
    }

    public void setHandoffBytes(int handoffBytes) {
        this.handoffBytes = handoffBytes;
    }

    public int getChunkBytes() {
        return chunkBytes;
    }

    public void setChunkBytes(int chunkBytes) {
        this.chunkBytes = chunkBytes;
    }

    public Map<String, Object> getDriver() {
        return driver;
    }

    public void setDriver(Map<String, Object> driver) {
        this.driver = driver;
    }

    public String getConnection() {
        return connection;
    }

    public void setConnection(String connection) {
        this.connection = connection;
    }
}
