package io.pg2any.apply;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class DottedNameTest {
    @Test
    void namesAreTakenAsTheyAreWritten() {
        assertThat(DottedName.list(" public.Orders , s.my table", 2, "schema.table"))
                .containsExactly(DottedName.of("public", "Orders"), DottedName.of("s", "my table"));
        assertThat(DottedName.list(null, 2, "")).isEmpty();
        assertThat(DottedName.list("  ", 2, "")).isEmpty();
    }

    @Test
    void anyNameCanStandInDoubleQuotes() {
        assertThat(DottedName.list("\"a.b\".\"c,d:e \"\"f\"\" \"", 2, ""))
                .containsExactly(DottedName.of("a.b", "c,d:e \"f\" "));
        assertThat(DottedName.pairs("\"a.b\".c : \"x,y\" , a.b:c", 2, 2, ""))
                .containsEntry(DottedName.of("a.b", "c"), DottedName.of("x,y"))
                .containsEntry(DottedName.of("a", "b"), DottedName.of("c"))
                .hasSize(2);
    }

    @Test
    void aNamePrintsAsItIsWritten() {
        for (String text : List.of("a.b", "\"a.b\".\" c\"", "\"x\"\"y\".\"p,q\"", "\"\".a")) {
            assertThat(DottedName.list(text, 2, "").get(0)).hasToString(text);
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"a", "a.b.c", "a.b,", ",a.b", "a..b", "a.", "\"a.b", "a\"b.c", "\"a\"b.c", "a.b:c", "a.b a\"c\""
            })
    void aNameOfAnotherFormIsRefusedWithTheOneThatIsExpected(String text) {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> DottedName.list(text, 2, "schema.table"))
                .withMessageContaining("expected schema.table")
                .withMessageContaining(text);
    }

    @ParameterizedTest
    @ValueSource(strings = {"a.b", "a.b:", "a.b:c:d", "a.b:c.d.e", "a.b:c,"})
    void aPairOfAnotherFormIsRefused(String text) {
        assertThatIllegalArgumentException().isThrownBy(() -> DottedName.pairs(text, 2, 2, "pairs"));
    }

    @Test
    void aNameThatIsRenamedTwiceIsRefused() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> DottedName.pairs("a.b:c,a.b:d", 2, 2, ""))
                .withMessageContaining("a.b is renamed twice");
    }
}
