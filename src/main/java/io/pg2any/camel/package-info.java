/**
 * The components: the only importer of Camel. Routes say what, components say how.
 */
package io.pg2any.camel;
