package io.pg2any.apply.jdbc;

import static io.pg2any.apply.Tuples.tuple;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import com.microsoft.sqlserver.jdbc.SQLServerBulkCopyOptions;
import io.pg2any.apply.ApplyOptions;
import io.pg2any.apply.ValuePolicy;
import io.pg2any.change.Column;
import io.pg2any.change.Relation;
import io.pg2any.change.ReplicaIdentity;
import io.pg2any.change.Tuple;
import java.math.BigDecimal;
import java.sql.SQLException;
import java.sql.Types;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** What the driver's bulk copy is given: columns, values and options. No server is needed for that. */
class SqlServerBulkCopyTest {
    private static final Relation RELATION = new Relation(
            1,
            "public",
            "t",
            ReplicaIdentity.DEFAULT,
            List.of(
                    new Column("id", 20, -1, "", true),
                    new Column("flag", 16, -1, "", false),
                    new Column("amount", 1700, 786438, "", false),
                    new Column("price", 790, -1, "", false),
                    new Column("ratio", 701, -1, "", false),
                    new Column("at", 1184, -1, "", false),
                    new Column("day", 1082, -1, "", false),
                    new Column("guid", 2950, -1, "", false),
                    new Column("short", 1043, 14, "", false),
                    new Column("long", 25, -1, "", false),
                    new Column("raw", 17, -1, "", false)));

    private static TargetTable table(ValuePolicy values, TableName name, String... rename) throws Exception {
        SqlServerDialect dialect = new SqlServerDialect(
                "sqlserver://u:p@localhost/db",
                ApplyOptions.builder("test").values(values).build());
        ColumnType[] types = new ColumnType[RELATION.columns().size()];
        List<String> names = new ArrayList<>();
        List<String> declarations = new ArrayList<>();
        for (int i = 0; i < types.length; i++) {
            types[i] = dialect.columnType(RELATION, i, List.of("id"));
            names.add(RELATION.columns().get(i).name());
            declarations.add(types[i].declaration());
        }
        for (int i = 0; i < rename.length; i++) {
            names.set(i, rename[i]);
        }
        return new TargetTable(RELATION, name, names, declarations, types, new int[] {0}, new int[0]);
    }

    private static final TableName T = new TableName(null, "t");

    private static Tuple row() {
        return tuple(
                "9223372036854775807",
                "t",
                "123456.789012",
                "-$1,234.50",
                "1e-7",
                "2026-11-22 10:00:00.123456+00",
                "0001-01-01",
                "550e8400-e29b-41d4-a716-446655440000",
                "😀é",
                "",
                "\\x00ff");
    }

    @Test
    void valuesHaveTheTypeTheyAreAnnouncedIn() throws Exception {
        SqlServerBulkRows rows = new SqlServerBulkRows(table(ValuePolicy.FAIL, T), List.of(row()));

        assertThat(rows.next()).isTrue();
        assertThat(rows.getRowData())
                .containsExactly(
                        Long.MAX_VALUE,
                        true,
                        new BigDecimal("123456.789012"),
                        new BigDecimal("-1234.50"),
                        1e-7,
                        "2026-11-22 10:00:00.123456 +00:00",
                        "0001-01-01",
                        "550e8400-e29b-41d4-a716-446655440000",
                        "😀é",
                        "",
                        new byte[] {0, -1});
        assertThat(rows.next()).isFalse();
        assertThat(rows.getColumnOrdinals()).hasSize(11).contains(1, 11);
        assertThat(rows.getColumnOrdinals().stream().map(rows::getColumnType))
                .containsExactly(
                        Types.BIGINT,
                        Types.BIT,
                        Types.DECIMAL,
                        Types.DECIMAL,
                        Types.DOUBLE,
                        Types.NVARCHAR,
                        Types.NVARCHAR,
                        Types.NVARCHAR,
                        Types.NVARCHAR,
                        Types.NVARCHAR,
                        Types.LONGVARBINARY);
    }

    /** A scale that is too short would round. */
    @Test
    void lengthsAndScalesAreThoseOfTheSource() throws Exception {
        SqlServerBulkRows rows = new SqlServerBulkRows(table(ValuePolicy.FAIL, T), List.of());

        assertThat(rows.getColumnName(3)).isEqualTo("amount");
        assertThat(rows.getPrecision(3)).isEqualTo(12);
        assertThat(rows.getScale(3)).isEqualTo(2);
        assertThat(rows.getPrecision(4)).isEqualTo(19);
        assertThat(rows.getPrecision(6)).isEqualTo(40);
        assertThat(rows.getPrecision(9)).as("characters of two units each").isEqualTo(20);
        assertThat(rows.getPrecision(10)).as("nvarchar(max)").isGreaterThan(4000);
    }

    @Test
    void nullIsNullAndWhatCannotBeHeldEndsTheCopy() throws Exception {
        Tuple nulls = tuple("1", null, "NaN", null, null, null, null, null, null, null, null);
        SqlServerBulkRows allowed = new SqlServerBulkRows(table(ValuePolicy.NULL, T), List.of(nulls));
        allowed.next();
        assertThat(allowed.getRowData())
                .containsExactly(1L, null, null, null, null, null, null, null, null, null, null);
        SqlServerBulkRows refused = new SqlServerBulkRows(table(ValuePolicy.FAIL, T), List.of(nulls));
        refused.next();
        assertThatExceptionOfType(SQLException.class)
                .isThrownBy(refused::getRowData)
                .withMessageContaining("column amount")
                .satisfies(e -> assertThat(SqlServerErrors.classify(e).name()).isEqualTo("REJECTED"));
    }

    @Test
    void aCopyDoesWhatAnInsertWouldDo() throws Exception {
        SQLServerBulkCopyOptions options = SqlServerRowSets.options();

        assertThat(options.isKeepIdentity()).isTrue();
        assertThat(options.isKeepNulls()).isTrue();
        assertThat(options.isCheckConstraints()).isTrue();
        assertThat(options.isFireTriggers()).isTrue();
        assertThat(options.isTableLock()).isFalse();
        assertThat(options.isUseInternalTransaction()).isFalse();
        assertThat(options.getBatchSize()).isZero();
    }

    @Test
    void namesThatTheDriverDoesNotQuoteGoByStatements() throws Exception {
        assertThat(SqlServerRowSets.mayBeCopied(table(ValuePolicy.FAIL, new TableName("it s", "a;b\"c"))))
                .isTrue();
        assertThat(SqlServerRowSets.mayBeCopied(table(ValuePolicy.FAIL, new TableName(null, "a]b"))))
                .isFalse();
        assertThat(SqlServerRowSets.mayBeCopied(table(ValuePolicy.FAIL, new TableName("it's", "t"))))
                .isFalse();
        assertThat(SqlServerRowSets.mayBeCopied(table(ValuePolicy.FAIL, T, "x(y)")))
                .isTrue();
        assertThat(SqlServerRowSets.mayBeCopied(table(ValuePolicy.FAIL, T, "x]y")))
                .isFalse();
    }
}
