package io.pg2any.change;

import java.util.Objects;

/**
 * One column of a relation as the source announced it.
 *
 * @param name as in the catalog
 * @param typeOid the type's oid; below 10000 it is a built-in with a fixed meaning
 * @param typeModifier {@code atttypmod}, -1 when the type has none
 * @param typeName the name from the type message, empty for built-in types, which get none. For a domain it is the
 *     name of the base type under the domain's oid
 * @param identity whether the column is part of the replica identity; under FULL every column is
 */
public record Column(String name, int typeOid, int typeModifier, String typeName, boolean identity) {
    public Column {
        Objects.requireNonNull(name, "name");
        Objects.requireNonNull(typeName, "typeName");
    }
}
