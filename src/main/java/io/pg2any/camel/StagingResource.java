package io.pg2any.camel;

import io.pg2any.staging.CorruptStagedFileException;
import io.pg2any.staging.PositionMismatchException;
import io.pg2any.staging.RejectedFiles;
import io.pg2any.staging.StagingConfig;
import io.pg2any.staging.StagingFiles;
import io.pg2any.staging.StagingLog;
import java.io.IOException;

/**
 * The staging log of one pipeline, counted: the route that writes and the route that reads start and stop in any order,
 * the log is open from the first start to the last stop.
 */
class StagingResource {
    private final Pipeline pipeline;
    private final StagingConfig config;
    private final long rejectedMaxBytes;
    private int users;
    private StagingLog log;

    StagingResource(Pipeline pipeline, StagingConfig config, long rejectedMaxBytes) {
        this.pipeline = pipeline;
        this.config = config;
        this.rejectedMaxBytes = rejectedMaxBytes;
    }

    Pipeline pipeline() {
        return pipeline;
    }

    /**
     * @throws PipelineFailedException if the folder cannot be used or holds what must not be ignored
     */
    synchronized StagingLog acquire() {
        if (log == null) {
            try {
                StagingFiles files = StagingFiles.local();
                StagingLog opened = StagingLog.open(config, files);
                try {
                    RejectedFiles rejected = RejectedFiles.open(config.folder(), files, rejectedMaxBytes);
                    pipeline.stagingOpened(opened, rejected, config.acknowledge());
                } catch (IOException | RuntimeException e) {
                    opened.close();
                    throw e;
                }
                log = opened;
            } catch (IOException | PositionMismatchException e) {
                PipelineFailedException failure = new PipelineFailedException(
                        e.getMessage(), !(e instanceof CorruptStagedFileException || e instanceof RuntimeException), e);
                pipeline.fail(failure);
                throw failure;
            }
        }
        users++;
        return log;
    }

    synchronized void release() throws IOException {
        if (users > 0 && --users == 0 && log != null) {
            pipeline.stagingClosed();
            log.close();
            log = null;
        }
    }
}
