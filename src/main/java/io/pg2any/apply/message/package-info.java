/**
 * Changes as events: the Debezium envelope or a compact JSON, and the keys that order them. Knows nothing of brokers.
 */
package io.pg2any.apply.message;
