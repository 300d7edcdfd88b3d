package io.pg2any.camel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.pg2any.change.Relation;
import io.pg2any.change.ReplicaIdentity;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class TablePatternsTest {
    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "                        | public.orders | true",
                "public.*                | public.orders | true",
                "public.*                | sales.orders  | false",
                "public.*,!public.audit  | public.audit  | false",
                "!public.audit           | public.orders | true",
                "!public.audit           | public.audit  | false",
                "sales.o*s , public.x    | sales.orders  | true",
                "public.a.b              | public.a.b    | true",
                "public.a.b              | public.axb    | false",
            })
    void aTablePassesWhenIncludedAndNotExcluded(String patterns, String table, boolean passes) {
        int dot = table.indexOf('.');
        Relation relation =
                new Relation(1, table.substring(0, dot), table.substring(dot + 1), ReplicaIdentity.DEFAULT, List.of());

        assertThat(TablePatterns.parse(patterns).pass(relation)).isEqualTo(passes);
    }

    @Test
    void aPatternWithoutASchemaIsRefused() {
        assertThatThrownBy(() -> TablePatterns.parse("orders")).hasMessageContaining("schema.table");
    }
}
