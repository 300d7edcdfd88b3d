/**
 * The source side: slot, publication, preflight, the replication session, and the one LSN that may be confirmed.
 */
package io.pg2any.capture;
