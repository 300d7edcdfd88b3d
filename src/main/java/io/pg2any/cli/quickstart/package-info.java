/**
 * A source, a workload and a judge: what {@code quickstart} shows and what the crash tests are built from. Everything
 * here sees the pipeline from outside, as a process.
 */
package io.pg2any.cli.quickstart;
