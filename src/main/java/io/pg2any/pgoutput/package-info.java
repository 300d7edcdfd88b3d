/**
 * From bytes to messages to changes: the pgoutput plug-in's protocol 1 to 4, decoded strictly.
 */
package io.pg2any.pgoutput;
