package io.pg2any.staging;

/**
 * A part of a transaction's body in a file of its own, next to the staged file that names it.
 *
 * @param name of the file
 * @param bytes of the whole file
 * @param crcOfCrcs of its footer: tells it from another one of that name
 */
record Segment(String name, long bytes, int crcOfCrcs) {}
