/**
 * The command line: {@code run}, {@code check}, {@code quickstart}, {@code inspect}.
 */
package io.pg2any.cli;
