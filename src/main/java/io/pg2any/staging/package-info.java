/**
 * Between capture and apply: the transaction aggregator turns chunks of messages into whole committed transactions, in
 * files that survive a crash, and hands them on in commit order. {@link io.pg2any.staging.StagingLog} is the way in.
 *
 * <pre>
 * append(chunk) → TransactionAggregator → CommittedFiles (received/) → Sealing → pending/ → take() → complete() deletes
 * </pre>
 */
package io.pg2any.staging;
