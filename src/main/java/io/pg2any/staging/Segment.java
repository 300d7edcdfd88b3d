package io.pg2any.staging;

import java.nio.file.Path;

/**
 * A part of a transaction's body in a file of its own, next to the staged file that names it.
 *
 * @param name of the file
 * @param bytes of the whole file
 * @param crcOfCrcs of its footer: tells it from another one of that name
 */
record Segment(String name, long bytes, int crcOfCrcs) {
    /**
     * What was read has to be what was named; the name may have changed meanwhile.
     *
     * @throws CorruptStagedFileException if it is another one
     */
    void requireIs(Segment named, Path path) throws CorruptStagedFileException {
        if (bytes != named.bytes || crcOfCrcs != named.crcOfCrcs) {
            throw new CorruptStagedFileException(
                    path,
                    bytes,
                    named.bytes + " bytes of CRC " + StagedFileFormat.hex(named.crcOfCrcs),
                    bytes + " bytes of CRC " + StagedFileFormat.hex(crcOfCrcs));
        }
    }
}
