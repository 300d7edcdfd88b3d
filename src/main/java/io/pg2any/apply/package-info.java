/**
 * The target side: whole transactions and the position in one target transaction.
 */
package io.pg2any.apply;
