/**
 * Kafka as a target: events and the position in one Kafka transaction.
 */
package io.pg2any.apply.kafka;
