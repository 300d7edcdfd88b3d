/**
 * The benchmark behind {@code bench/run}: how near the whole pipeline comes to a reader that throws everything away.
 *
 * <p>Every scenario fills one backlog behind one slot and drains it several times; each drain gets its own copy of the
 * slot, so all of them start at the same LSN. The drains of a round follow one another closely and only they are
 * compared: on a shared machine the absolute figures drift, the ratio inside a round drifts far less.
 */
package io.pg2any.bench;
