package io.pg2any.camel;

import io.pg2any.capture.CaptureConfig;
import io.pg2any.capture.ConnectionString;
import io.pg2any.capture.Streaming;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.apache.camel.Category;
import org.apache.camel.Consumer;
import org.apache.camel.Processor;
import org.apache.camel.Producer;
import org.apache.camel.component.pg.replication.slot.PgReplicationSlotEndpoint;
import org.apache.camel.spi.Metadata;
import org.apache.camel.spi.UriEndpoint;
import org.apache.camel.spi.UriParam;
import org.apache.camel.util.URISupport;

/**
 * Capture committed changes of a PostgreSQL publication through a logical replication slot, and acknowledge them.
 *
 * <p>The path is a slot's name (the server then comes from {@code connection}), or hosts, database and slot as in the
 * stock component ({@code host:port/database/slot:pgoutput}; several hosts, IPv6 and names with dashes are fine), or
 * the word {@code acknowledge} for the producer.
 */
@UriEndpoint(
        firstVersion = "0.1.0",
        scheme = "pgcapture",
        extendsScheme = "pg-replication-slot",
        title = "PostgreSQL Capture",
        syntax = "pgcapture:host:port/database/slot:outputPlugin",
        category = {Category.DATABASE},
        headersClass = Pg2anyHeaders.class)
// Capture is pushed by the server: what polls mean nothing here.
@Metadata(
        excludeProperties =
                "delay,greedy,initialDelay,repeatCount,runLoggingLevel,scheduledExecutorService,scheduler,schedulerProperties,"
                        + "startScheduler,timeUnit,useFixedDelay,backoffMultiplier,backoffIdleThreshold,backoffErrorThreshold,"
                        + "pollStrategy,sendEmptyMessageWhenIdle")
public class PgCaptureEndpoint extends PgReplicationSlotEndpoint {
    /** The path that names the producer; a slot of that name needs the long form of the URI. */
    static final String ACKNOWLEDGE = "acknowledge";

    private static final Pattern LONG_PATH = Pattern.compile(
            "(?://)?(?<hosts>[^/]*)/(?<database>[^/]+)/(?<slot>[a-z0-9_]+)(?::(?<plugin>[A-Za-z0-9_-]+))?");
    private static final Pattern SLOT_PATH =
            Pattern.compile("(?://)?(?<slot>[a-z0-9_]+)(?::(?<plugin>[A-Za-z0-9_-]+))?");

    @UriParam
    private PgCaptureConfiguration configuration;

    private final boolean acknowledge;
    private String hosts;

    PgCaptureEndpoint(
            String uri, PgCaptureComponent component, String remaining, PgCaptureConfiguration configuration) {
        // The stock constructor insists on parsing a URI of its own narrow form.
        super("pg-replication-slot:localhost/x/x:pgoutput", component);
        setEndpointUri(uri);
        setHost(null);
        setDatabase(null);
        this.configuration = configuration;
        this.acknowledge = remaining.equals(ACKNOWLEDGE) || remaining.equals("//" + ACKNOWLEDGE);
        parsePath(remaining);
    }

    private void parsePath(String path) {
        Matcher matcher = SLOT_PATH.matcher(path);
        if (!matcher.matches()) {
            matcher = LONG_PATH.matcher(path);
            if (!matcher.matches()) {
                throw new IllegalArgumentException("pgcapture:" + path
                        + " is neither pgcapture:slot, pgcapture:host:port/database/slot nor pgcapture:" + ACKNOWLEDGE
                        + " (slot names hold lower-case letters, digits and _)");
            }
            hosts = matcher.group("hosts").isEmpty() ? "localhost" : matcher.group("hosts");
            setDatabase(matcher.group("database"));
        }
        setSlot(matcher.group("slot"));
        String plugin = matcher.group("plugin");
        setOutputPlugin(plugin == null ? "pgoutput" : plugin);
        if (!getOutputPlugin().equals("pgoutput")) {
            throw new IllegalArgumentException(
                    "pgcapture:" + path + ": output plugin " + plugin + " is not supported, only pgoutput is");
        }
    }

    @Override
    public Producer createProducer() {
        if (!acknowledge) {
            throw new UnsupportedOperationException(URISupport.sanitizeUri(getEndpointUri())
                    + " only captures; the producer is pgcapture:" + ACKNOWLEDGE);
        }
        return new AcknowledgeProducer(this, Pipeline.of(getCamelContext(), pipelineName()));
    }

    @Override
    public Consumer createConsumer(Processor processor) throws Exception {
        if (acknowledge) {
            throw new UnsupportedOperationException(
                    "pgcapture:" + ACKNOWLEDGE + " cannot be consumed from; name a slot");
        }
        PgCaptureConsumer consumer = new PgCaptureConsumer(this, processor, captureConfig());
        configureConsumer(consumer);
        return consumer;
    }

    /** A pipeline of its own, under the slot's name, unless one is named. */
    private String pipelineName() {
        return Optional.ofNullable(configuration.getPipeline()).orElse(getSlot());
    }

    Pipeline pipeline() {
        return Pipeline.of(getCamelContext(), pipelineName());
    }

    private CaptureConfig captureConfig() {
        Map<String, Object> slotOptions = new HashMap<>(getSlotOptions());
        Object publications = slotOptions.remove("publication_names");
        Object protocol = slotOptions.remove("proto_version");
        Object streaming = slotOptions.remove("streaming");
        Object origin = slotOptions.remove("origin");
        Object messages = slotOptions.remove("messages");
        if (!slotOptions.isEmpty()) {
            throw new IllegalArgumentException("slotOptions " + slotOptions.keySet() + " of "
                    + URISupport.sanitizeUri(getEndpointUri())
                    + " are not supported; publication_names, proto_version, streaming, origin and messages are");
        }
        String publication = publications != null
                ? publications.toString()
                : Optional.ofNullable(configuration.getPublication()).orElse("");
        List<String> names = Arrays.stream(publication.split(","))
                .map(String::strip)
                .filter(name -> !name.isEmpty())
                .toList();
        Map<String, String> driver = new HashMap<>();
        configuration.getDriver().forEach((key, value) -> driver.put(key, String.valueOf(value)));
        return CaptureConfig.builder(connectionString(), getSlot(), names)
                .createSlot(getAutoCreateSlot())
                .createPublication(configuration.isCreatePublication())
                .protocolVersion(
                        protocol != null ? Integer.parseInt(protocol.toString()) : configuration.getProtocolVersion())
                .streaming(Streaming.parse(streaming != null ? streaming.toString() : configuration.getStreaming()))
                .twoPhase(configuration.isTwoPhase())
                .localOnly(CaptureConfig.localOnly(origin != null ? origin.toString() : configuration.getOrigin()))
                .messages(messages != null ? Boolean.parseBoolean(messages.toString()) : configuration.isMessages())
                .statusInterval(Duration.ofSeconds(getStatusInterval()))
                .idleConfirmInterval(Duration.ofMillis(configuration.getIdleConfirmInterval()))
                .connectTimeout(Duration.ofMillis(configuration.getConnectTimeout()))
                .handoffBytes(configuration.getHandoffBytes())
                .chunkBytes(configuration.getChunkBytes())
                .driverProperties(driver)
                .build();
    }

    private ConnectionString connectionString() {
        if (hosts != null) {
            String user = getUser() == null ? "" : encode(getUser());
            String password = getPassword() == null ? "" : ":" + encode(getPassword());
            return ConnectionString.parse(
                    "postgresql://" + user + password + "@" + hosts + "/" + encode(getDatabase()));
        }
        String connection = Optional.ofNullable(configuration.getConnection())
                .orElseThrow(
                        () -> new IllegalArgumentException(
                                "pgcapture:" + getSlot()
                                        + " names only a slot: set camel.component.pgcapture.connection, or the endpoint's connection"));
        return ConnectionString.parse(connection);
    }

    private static String encode(String part) {
        // The form encoder writes a space as +, which a URI's user, password and path take literally.
        return URLEncoder.encode(part, StandardCharsets.UTF_8).replace("+", "%20");
    }

    public PgCaptureConfiguration getConfiguration() {
        return configuration;
    }

    public void setConfiguration(PgCaptureConfiguration configuration) {
        this.configuration = configuration;
    }

    void setDriver(Map<String, Object> driver) {
        if (!driver.isEmpty()) {
            configuration.setDriver(driver);
        }
    }
}
