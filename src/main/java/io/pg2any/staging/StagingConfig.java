package io.pg2any.staging;

import java.nio.file.Path;
import java.util.Objects;

/**
 * How staging works; refuses itself when invalid, naming the key.
 *
 * @param folder the folder that holds received/, pending/ and rejected/; one instance at a time
 * @param acknowledge {@code pg2any.staging.acknowledge}
 * @param batchBytes {@code pg2any.staging.batchBytes}: a file of small transactions is sealed at this size, and
 *     {@link StagingLog#take} merges small files up to it
 * @param transactionMemoryBytes {@code pg2any.staging.transactionMemoryBytes}: a transaction larger than this goes to
 *     a file of its own while it arrives; what bounds the memory
 * @param maxBytes {@code pg2any.staging.maxBytes}: the disk quota; at it {@link StagingLog#append} waits
 * @param offerWhileArriving {@code pg2any.staging.offerWhileArriving}: whether a transaction with a file of its own is
 *     offered to the target before its commit has arrived; one that the server streams while it is open never is
 * @param segmentBytes {@code pg2any.staging.segmentBytes}: size of the files that hold a transaction which does not fit
 *     in memory
 * @param compression {@code pg2any.staging.compression}: of what is written from now on; every file says its own
 */
public record StagingConfig(
        Path folder,
        AcknowledgeMode acknowledge,
        long batchBytes,
        long transactionMemoryBytes,
        long maxBytes,
        boolean offerWhileArriving,
        long segmentBytes,
        Compression compression) {
    public static final long DEFAULT_BATCH_BYTES = 4L << 20;
    public static final long DEFAULT_TRANSACTION_MEMORY_BYTES = 4L << 20;
    public static final long DEFAULT_MAX_BYTES = 10L << 30;
    public static final long DEFAULT_SEGMENT_BYTES = 64L << 20;

    private static final String PREFIX = "pg2any.staging.";

    public StagingConfig {
        Objects.requireNonNull(folder, PREFIX + "folder");
        Objects.requireNonNull(acknowledge, PREFIX + "acknowledge");
        Objects.requireNonNull(compression, PREFIX + "compression");
        requirePositive("batchBytes", batchBytes);
        requirePositive("transactionMemoryBytes", transactionMemoryBytes);
        requirePositive("maxBytes", maxBytes);
        requirePositive("segmentBytes", segmentBytes);
    }

    public StagingConfig(
            Path folder,
            AcknowledgeMode acknowledge,
            long batchBytes,
            long transactionMemoryBytes,
            long maxBytes,
            boolean offerWhileArriving,
            long segmentBytes) {
        this(
                folder,
                acknowledge,
                batchBytes,
                transactionMemoryBytes,
                maxBytes,
                offerWhileArriving,
                segmentBytes,
                Compression.NONE);
    }

    public StagingConfig(
            Path folder,
            AcknowledgeMode acknowledge,
            long batchBytes,
            long transactionMemoryBytes,
            long maxBytes,
            boolean offerWhileArriving) {
        this(
                folder,
                acknowledge,
                batchBytes,
                transactionMemoryBytes,
                maxBytes,
                offerWhileArriving,
                DEFAULT_SEGMENT_BYTES);
    }

    public static StagingConfig of(Path folder) {
        return new StagingConfig(
                folder,
                AcknowledgeMode.APPLIED,
                DEFAULT_BATCH_BYTES,
                DEFAULT_TRANSACTION_MEMORY_BYTES,
                DEFAULT_MAX_BYTES,
                true);
    }

    private static void requirePositive(String key, long value) {
        if (value <= 0) {
            throw new IllegalArgumentException(PREFIX + key + " is " + value + ", it must be greater than 0");
        }
    }

    Path received() {
        return folder.resolve("received");
    }

    Path pending() {
        return folder.resolve("pending");
    }

    Path prepared() {
        return folder.resolve("prepared");
    }

    Path rejected() {
        return folder.resolve("rejected");
    }

    Path lockFile() {
        return folder.resolve("staging.lock");
    }
}
