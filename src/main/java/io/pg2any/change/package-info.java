/**
 * What happened at the source: relations, tuples, changes, whole transactions, WAL positions.
 * Every stage speaks these words; this package knows nothing but the JDK.
 */
package io.pg2any.change;
