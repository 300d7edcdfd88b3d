package io.pg2any.pgoutput;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.sun.management.ThreadMXBean;
import io.pg2any.change.Change;
import io.pg2any.change.Column;
import io.pg2any.change.Relation;
import java.lang.management.ManagementFactory;
import org.junit.jupiter.api.Test;

class ChangeDecoderTest {
    private static final long LSN = 0x16_0000_00A0L;

    private final PgOutputDecoder decoder = new PgOutputDecoder(false);
    private final RelationCache relations = new RelationCache();
    private final ChangeDecoder changes = new ChangeDecoder(relations);

    @Test
    void aChangeKeepsTheRelationVersionThatWasInForceWhenItWasDecoded() throws Exception {
        announce(Wire.relation(100, "public", "item", 'd', "*id:23"));
        Change.Insert before = (Change.Insert) decode(Wire.insert(100, "1"));
        announce(Wire.relation(100, "public", "item", 'd', "*id:23", "name:25"));
        Change.Insert after = (Change.Insert) decode(Wire.insert(100, "2", "two"));

        assertThat(before.relation().columns()).extracting(Column::name).containsExactly("id");
        assertThat(after.relation().columns()).extracting(Column::name).containsExactly("id", "name");
        assertThat(after.row().text(1)).isEqualTo("two");
    }

    @Test
    void aCopiedCacheAndItsOriginLearnApart() throws Exception {
        announce(Wire.relation(100, "public", "item", 'd', "*id:23"));
        RelationCache copy = new RelationCache(relations);
        copy.accept(relationMessage(Wire.relation(100, "public", "renamed", 'd', "*id:23")));
        copy.accept(relationMessage(Wire.relation(116, "public", "other", 'd', "*id:23")));

        assertThat(copy.get(100).name()).isEqualTo("renamed");
        assertThat(relations.get(100).name()).isEqualTo("item");
        assertThatThrownBy(() -> relations.get(116)).hasMessageContaining("oid 116");
    }

    @Test
    void theEmptySchemaIsPgCatalog() throws Exception {
        announce(Wire.relation(100, "", "pg_thing", 'd', "*id:23"));

        assertThat(relations.get(100).schema()).isEqualTo("pg_catalog");
    }

    @Test
    void aColumnTakesTheNameFromTheLastTypeMessageOfItsOid() throws Exception {
        for (String name : new String[] {"mood", "temper"}) {
            relations.accept((PgOutputMessage.TypeMessage) message(
                    Wire.message('Y').int32(16500).string("public").string(name).bytes()));
        }
        announce(Wire.relation(100, "public", "item", 'd', "*id:23", "m:16500"));

        assertThat(relations.get(100).columns()).extracting(Column::typeName).containsExactly("", "temper");
    }

    @Test
    void manyRelationsAreFoundByTheirOid() throws Exception {
        for (int oid = 16384; oid < 16384 + 3000; oid += 3) {
            announce(Wire.relation(oid, "public", "t" + oid, 'd', "*id:23"));
        }
        for (int oid = 16384; oid < 16384 + 3000; oid += 3) {
            assertThat(relations.get(oid).name()).isEqualTo("t" + oid);
        }
        announce(Wire.relation(-2, "public", "beyond2billion", 'd', "*id:23"));
        assertThat(relations.get(-2).name()).isEqualTo("beyond2billion");
        assertThatThrownBy(() -> relations.get(-3))
                .isInstanceOf(MalformedMessageException.class)
                .hasMessageContaining("4294967293");
    }

    @Test
    void anUnknownRelationIsNamedByItsOid() {
        assertMalformed(Wire.insert(4711, "1"), "Insert message at LSN 16/A0", "oid 4711");
    }

    @Test
    void aTupleOfAnotherShapeThanItsRelationIsMalformed() throws Exception {
        announce(Wire.relation(100, "public", "item", 'd', "*id:23", "name:25"));

        assertMalformed(
                Wire.insert(100, "1"), "Insert message at LSN 16/A0", "1 columns", "public.item", "announced with 2");
        assertMalformed(
                Wire.message('U')
                        .int32(100)
                        .int8('K')
                        .tuple("1")
                        .int8('N')
                        .tuple("2", "x")
                        .bytes(),
                "Update",
                "1 columns",
                "announced with 2");
        assertMalformed(
                Wire.message('U').int32(100).int8('N').tuple("2", "x", "y").bytes(), "Update", "3 columns");
        assertMalformed(Wire.message('D').int32(100).int8('K').tuple("2").bytes(), "Delete", "1 columns");
    }

    @Test
    void updatesAndDeletesOfARelationWithoutIdentityAreMalformed() throws Exception {
        announce(Wire.relation(100, "public", "log", 'd', "line:25"));

        assertThat(decode(Wire.insert(100, "x"))).isInstanceOf(Change.Insert.class);
        assertMalformed(
                Wire.message('U').int32(100).int8('N').tuple("x").bytes(), "Update", "public.log", "REPLICA IDENTITY");
        assertMalformed(
                Wire.message('D').int32(100).int8('K').tuple("x").bytes(), "Delete", "public.log", "REPLICA IDENTITY");
    }

    @Test
    void aKeyTupleUnderFullIdentityIsMalformedBecauseItsGapsWouldPassForNulls() throws Exception {
        announce(Wire.relation(100, "public", "item", 'f', "*id:23", "*name:25"));

        assertMalformed(
                Wire.message('D').int32(100).int8('K').tuple("1", null).bytes(),
                "Delete",
                "KEY",
                "public.item",
                "FULL");
        assertThat(decode(
                        Wire.message('D').int32(100).int8('O').tuple("1", null).bytes()))
                .isInstanceOf(Change.Delete.class);
    }

    @Test
    void anOldTupleNeverHoldsAnUnchangedValue() throws Exception {
        announce(Wire.relation(100, "public", "item", 'd', "*id:23", "name:25"));

        assertMalformed(
                Wire.message('D').int32(100).int8('K').tuple("u", null).bytes(), "kind of column 1 of old tuple");
    }

    @Test
    void streamedMessagesCarryAnXidMore() throws Exception {
        announce(Wire.relation(100, "public", "item", 'd', "*id:23"));
        byte[] streamed = Wire.streamed(777, Wire.insert(100, "5"));

        Change.Insert insert = (Change.Insert) changes.decodeChange(streamed, 0, streamed.length, LSN, true);
        PgOutputMessage.Insert message =
                (PgOutputMessage.Insert) decoder.decode(streamed, 0, streamed.length, LSN, true);

        assertThat(insert.row().text(0)).isEqualTo("5");
        assertThat(message.xid()).isEqualTo(777);
        assertThat(RawMessage.streamedXid(streamed, 0, streamed.length, LSN)).isEqualTo(777);
        assertThat(RawMessage.oid(streamed, 0, streamed.length, LSN, true)).isEqualTo(100);
    }

    @Test
    void aTupleIsAViewOfTheGivenBytesAtTheirPlace() throws Exception {
        announce(Wire.relation(100, "public", "item", 'd', "*id:23", "name:25"));
        byte[] message = Wire.insert(100, "12", "äé");
        byte[] surrounded = new byte[message.length + 20];
        System.arraycopy(message, 0, surrounded, 7, message.length);

        Change.Insert insert = (Change.Insert) changes.decodeChange(surrounded, 7, message.length, LSN, false);

        assertThat(insert.row().bytes()).isSameAs(surrounded);
        assertThat(insert.row().text(0)).isEqualTo("12");
        assertThat(insert.row().text(1)).isEqualTo("äé");
    }

    @Test
    void truncateBindsEveryRelationOfTheStatement() throws Exception {
        announce(Wire.relation(100, "public", "a", 'd', "*id:23"));
        announce(Wire.relation(101, "public", "b", 'd', "*id:23"));

        Change.Truncate truncate = (Change.Truncate)
                decode(Wire.message('T').int32(2).int8(3).int32(101).int32(100).bytes());

        assertThat(truncate.relations()).extracting(Relation::name).containsExactly("b", "a");
        assertThat(truncate.cascade()).isTrue();
        assertThat(truncate.restartIdentity()).isTrue();
    }

    @Test
    void aMessageWithoutDataIsNotAChange() {
        assertMalformed(Wire.streamStop(), "Stream Stop", "not a message that carries data");
    }

    @Test
    void aRowCostsItsTupleAndItsChangeAndNothingElse() throws Exception {
        announce(Wire.relation(100000, "public", "item", 'd', "*a:20", "b:23", "c:25", "d:25", "e:1700", "f:16"));
        byte[] insert = Wire.insert(100000, "1", "2", "three", null, "5.00", "t");
        StreamState state = new StreamState();
        state.accept(Wire.begin(100, 7), 0, 21, 0);
        ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        int rows = 100_000;
        long perRow = Long.MAX_VALUE;
        for (int round = 0; round < 3; round++) {
            long before = threads.getCurrentThreadAllocatedBytes();
            for (int i = 0; i < rows; i++) {
                state.accept(insert, 0, insert.length, 0);
                decode(insert);
            }
            perRow = Math.min(perRow, (threads.getCurrentThreadAllocatedBytes() - before) / rows);
        }
        int headers = 16 + 16 + 16;
        int fields = 2 * 8 + 6 * 4 + 2 * 8;
        assertThat(perRow).isLessThanOrEqualTo(headers + fields);
    }

    private void announce(byte[] relation) throws MalformedMessageException {
        relations.accept(relationMessage(relation));
    }

    private PgOutputMessage.RelationMessage relationMessage(byte[] relation) throws MalformedMessageException {
        return (PgOutputMessage.RelationMessage) message(relation);
    }

    private PgOutputMessage message(byte[] message) throws MalformedMessageException {
        return decoder.decode(message, 0, message.length, LSN, false);
    }

    private Change decode(byte[] message) throws MalformedMessageException {
        return changes.decodeChange(message, 0, message.length, LSN, false);
    }

    private void assertMalformed(byte[] message, String... named) {
        assertThatThrownBy(() -> decode(message))
                .isInstanceOf(MalformedMessageException.class)
                .hasMessageContainingAll(named);
    }
}
