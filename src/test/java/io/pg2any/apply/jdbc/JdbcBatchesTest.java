package io.pg2any.apply.jdbc;

import io.pg2any.apply.ApplyOptions;
import io.pg2any.apply.TargetException;
import java.util.Map;

/** The contract for what a database behind a network has: JDBC batches of updates, and DDL that commits. */
class JdbcBatchesTest extends SqliteDialectTest {
    @Override
    JdbcDialect dialect(ApplyOptions options) throws TargetException {
        return with(super.dialect(options), Map.of("batchRows", () -> 50, "transactionalDdl", () -> false));
    }
}
