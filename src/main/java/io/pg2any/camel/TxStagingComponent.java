package io.pg2any.camel;

import io.pg2any.staging.AcknowledgeMode;
import io.pg2any.staging.Compression;
import io.pg2any.staging.StagingConfig;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import org.apache.camel.Endpoint;
import org.apache.camel.spi.Metadata;
import org.apache.camel.spi.annotations.Component;
import org.apache.camel.support.HealthCheckComponent;

/** Stages captured messages in crash-safe files and gives them on as whole transactions. */
@Component("txstaging")
public class TxStagingComponent extends HealthCheckComponent {
    @Metadata(
            label = "common",
            defaultValue = "staging",
            description =
                    "The folder of the staged files, for one pipeline; another one in the same process needs a component of its"
                            + " own")
    private String folder = "staging";

    @Metadata(
            label = "common",
            defaultValue = "applied",
            enums = "applied,staged",
            description = "What makes changes safe: applied (the target has committed them; nothing is synced here) or"
                    + " staged (synced to this disk, so that a target that is down costs no disk at the source)")
    private String acknowledge = "applied";

    @Metadata(
            label = "common",
            defaultValue = "10737418240",
            description = "Bytes the staged files may take; at this limit capture stops reading until the target has"
                    + " caught up")
    private long maxBytes = 10L << 30;

    @Metadata(
            label = "common",
            defaultValue = "1073741824",
            description =
                    "Bytes that changes which the target has refused may take, in blocks of 4 KiB; beyond them the"
                            + " next one stops the pipeline")
    private long rejectedMaxBytes = 1L << 30;

    @Metadata(
            label = "advanced",
            defaultValue = "4194304",
            description = "Bytes of small transactions that make one staged file and one target transaction while there"
                    + " is a backlog")
    private int batchBytes = 4 << 20;

    @Metadata(
            label = "advanced",
            defaultValue = "4194304",
            description = "Bytes of one transaction that are held in memory; a larger one gets files of its own")
    private int transactionMemoryBytes = 4 << 20;

    @Metadata(
            label = "advanced",
            defaultValue = "true",
            description =
                    "Whether the target may begin with a large transaction while it still arrives. PostgreSQL sends"
                            + " it only after its commit; nothing of it becomes visible before its end")
    private boolean offerWhileArriving = true;

    @Metadata(
            label = "advanced",
            defaultValue = "67108864",
            description = "Bytes of one file of a transaction that does not fit in memory")
    private long segmentBytes = 64 << 20;

    @Metadata(
            label = "advanced",
            defaultValue = "none",
            enums = "none,gzip,zstd,lz4",
            description = "Compression of what is staged from now on; what is there already is read whatever it has")
    private String compression = "none";

    private final ConcurrentMap<String, StagingResource> resources = new ConcurrentHashMap<>();

    @Override
    protected Endpoint createEndpoint(String uri, String remaining, Map<String, Object> parameters) throws Exception {
        if (remaining.isEmpty()) {
            throw new IllegalArgumentException("txstaging: needs the pipeline's name, as in txstaging:pg2any");
        }
        TxStagingEndpoint endpoint = new TxStagingEndpoint(uri, this, remaining);
        setProperties(endpoint, parameters);
        return endpoint;
    }

    /** One staging log per pipeline, shared by the producer and the consumer; open while either of them is started. */
    StagingResource resource(String pipeline) {
        return resources.computeIfAbsent(
                pipeline,
                name -> new StagingResource(Pipeline.of(getCamelContext(), name), config(), rejectedMaxBytes));
    }

    private StagingConfig config() {
        return new StagingConfig(
                Path.of(folder),
                acknowledgeMode(),
                batchBytes,
                transactionMemoryBytes,
                maxBytes,
                offerWhileArriving,
                segmentBytes,
                compressionOfBlocks());
    }

    private Compression compressionOfBlocks() {
        try {
            return Compression.valueOf(compression.toUpperCase(Locale.ROOT));
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException(
                    "txstaging: compression=" + compression + " is none of none, gzip, zstd, lz4", e);
        }
    }

    private AcknowledgeMode acknowledgeMode() {
        try {
            return AcknowledgeMode.valueOf(acknowledge.toUpperCase(Locale.ROOT));
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException(
                    "txstaging: acknowledge=" + acknowledge + " is neither applied nor staged", e);
        }
    }

    public String getFolder() {
        return folder;
    }

    public void setFolder(String folder) {
        this.folder = folder;
    }

    public String getAcknowledge() {
        return acknowledge;
    }

    public void setAcknowledge(String acknowledge) {
        this.acknowledge = acknowledge;
    }

    public long getMaxBytes() {
        return maxBytes;
    }

    public void setMaxBytes(long maxBytes) {
        this.maxBytes = maxBytes;
    }

    public long getRejectedMaxBytes() {
        return rejectedMaxBytes;
    }

    public void setRejectedMaxBytes(long rejectedMaxBytes) {
        this.rejectedMaxBytes = rejectedMaxBytes;
    }

    public int getBatchBytes() {
        return batchBytes;
    }

    public void setBatchBytes(int batchBytes) {
        this.batchBytes = batchBytes;
    }

    public int getTransactionMemoryBytes() {
        return transactionMemoryBytes;
    }

    public void setTransactionMemoryBytes(int transactionMemoryBytes) {
        this.transactionMemoryBytes = transactionMemoryBytes;
    }

    public long getSegmentBytes() {
        return segmentBytes;
    }

    public void setSegmentBytes(long segmentBytes) {
        this.segmentBytes = segmentBytes;
    }

    public String getCompression() {
        return compression;
    }

    public void setCompression(String compression) {
        this.compression = compression;
    }

    public boolean isOfferWhileArriving() {
        return offerWhileArriving;
    }

    public void setOfferWhileArriving(boolean offerWhileArriving) {
        this.offerWhileArriving = offerWhileArriving;
    }
}
