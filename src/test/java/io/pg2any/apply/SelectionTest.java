package io.pg2any.apply;

import static io.pg2any.apply.Relations.keyed;
import static io.pg2any.apply.Tuples.UNCHANGED;
import static io.pg2any.apply.Tuples.tuple;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.pg2any.apply.TargetException.Kind;
import io.pg2any.change.Change;
import io.pg2any.change.Column;
import io.pg2any.change.Lsn;
import io.pg2any.change.Relation;
import io.pg2any.change.Tuple;
import java.util.List;
import org.junit.jupiter.api.Test;

class SelectionTest {
    private final Relation person = keyed(1, "person", "id* int8", "name text", "secret text", "note text");
    private final Relation other = keyed(2, "other", "id* int8");

    @Test
    void anExcludedColumnIsGoneFromRelationAndRow() throws Exception {
        Selection selection = new Selection(TableMapping.NONE.excludeColumns("public.person.secret"));
        Change.Insert insert = (Change.Insert) selection.of(new Change.Insert(person, tuple("1", "n", "s", null)));

        assertThat(insert.relation().columns().stream().map(Column::name)).containsExactly("id", "name", "note");
        assertThat(insert.row().size()).isEqualTo(3);
        assertThat(insert.row().text(1)).isEqualTo("n");
        assertThat(insert.row().isNull(2)).isTrue();
        Tuple old = tuple("1", null, null, null);
        Change.Update update =
                (Change.Update) selection.of(new Change.Update(person, old, tuple("2", UNCHANGED, "s", "x")));
        assertThat(update.relation()).isSameAs(insert.relation());
        assertThat(update.old().text(0)).isEqualTo("1");
        assertThat(update.row().isUnchanged(1)).isTrue();
        assertThat(update.row().text(2)).isEqualTo("x");
    }

    @Test
    void whatIsNotExcludedIsTheSameInstance() throws Exception {
        Selection selection = new Selection(TableMapping.NONE.excludeTables("public.person"));
        Change change = new Change.Delete(other, tuple("1"));

        assertThat(selection.of(change)).isSameAs(change);
    }

    @Test
    void anExcludedTableIsGoneFromATruncateOfSeveral() throws Exception {
        Selection selection = new Selection(TableMapping.NONE.excludeTables("public.person"));

        assertThat(selection.of(new Change.Insert(person, tuple("1", "n", "s", null))))
                .isNull();
        assertThat(selection.of(new Change.Truncate(List.of(person), false, false)))
                .isNull();
        assertThat(selection.of(new Change.Truncate(List.of(person, other), true, false)))
                .isEqualTo(new Change.Truncate(List.of(other), true, false));
        Change message = new Change.LogicalMessage(true, Lsn.ZERO, "p", new byte[0]);
        assertThat(selection.of(message)).isSameAs(message);
    }

    @Test
    void aKeyCannotBeExcluded() {
        Selection selection = new Selection(TableMapping.NONE.excludeColumns("public.person.id"));

        assertThatExceptionOfType(TargetException.class)
                .isThrownBy(() -> selection.of(person))
                .withMessageContaining("column id belongs to its key")
                .satisfies(e -> assertThat(e.kind()).isEqualTo(Kind.CONFIG));
    }

    @Test
    void namesThatNothingBearsAreKnown() {
        TableMapping mapping = TableMapping.NONE
                .renameTables("public.person:p,public.gone:g")
                .renameColumns("public.person.name:n,public.person.gone:g")
                .excludeTables("public.other,Public.other")
                .excludeColumns("public.person.Secret");

        assertThat(mapping.unmatched(List.of(person, other)))
                .containsExactly("public.gone", "public.person.gone", "Public.other", "public.person.Secret");
    }
}
