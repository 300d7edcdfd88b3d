/**
 * The source side: slot, publication, preflight, the replication session, and the one LSN that may be confirmed.
 *
 * <p>{@link io.pg2any.capture.Capture} is the way in. One thread of it owns the socket and never waits for anything
 * downstream; what it reads waits in a byte-bounded hand-off for {@link io.pg2any.capture.Capture#take}.
 */
package io.pg2any.capture;
