package io.pg2any.apply.message;

import static io.pg2any.apply.Relations.full;
import static io.pg2any.apply.Relations.keyed;
import static io.pg2any.apply.Tuples.UNCHANGED;
import static io.pg2any.apply.Tuples.tuple;
import static io.pg2any.apply.message.Events.text;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.pg2any.apply.KeySource;
import io.pg2any.apply.Relations;
import io.pg2any.apply.TableMapping;
import io.pg2any.apply.TargetException;
import io.pg2any.apply.message.Message.Operation;
import io.pg2any.apply.message.MessageOptions.Format;
import io.pg2any.change.Change;
import io.pg2any.change.Change.Delete;
import io.pg2any.change.Change.Insert;
import io.pg2any.change.Change.Truncate;
import io.pg2any.change.Change.Update;
import io.pg2any.change.Lsn;
import io.pg2any.change.Relation;
import io.pg2any.change.ReplicaIdentity;
import io.pg2any.change.TransactionInfo;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import org.junit.jupiter.api.Test;

class TransactionEventsTest {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final Relation PERSON = keyed(1, "person", "id* int4", "name text");

    private static JsonNode json(byte[] text) throws IOException {
        return JSON.readTree(text);
    }

    private static List<Message> messages(Change... changes) throws TargetException {
        return Events.of(Events.defaults(), changes);
    }

    private static MessageOptions options(Format format, boolean schemas, boolean tombstones, boolean boundaries) {
        MessageOptions d = Events.defaults();
        return new MessageOptions(
                d.prefix(),
                d.database(),
                d.version(),
                format,
                schemas,
                d.decimals(),
                d.times(),
                d.binaries(),
                d.intervals(),
                tombstones,
                boundaries,
                d.keyColumns(),
                d.topics(),
                d.keys(),
                d.mapping(),
                d.values());
    }

    private static MessageOptions messages(String topics) {
        return Events.withTopics(Events.defaults(), topics);
    }

    private static MessageOptions keys(String columns, KeySource keys, TableMapping mapping) {
        MessageOptions d = Events.defaults();
        return new MessageOptions(
                d.prefix(),
                d.database(),
                d.version(),
                d.format(),
                d.schemas(),
                d.decimals(),
                d.times(),
                d.binaries(),
                d.intervals(),
                d.tombstones(),
                d.boundaries(),
                KeyColumns.parse(columns),
                d.topics(),
                keys,
                mapping,
                d.values());
    }

    @Test
    void whatIsExcludedIsNotInTheEvents() throws Exception {
        TableMapping mapping = TableMapping.NONE.excludeTables("public.other").excludeColumns("public.person.name");
        Relation other = Relations.keyed(99, "other", "id* int8");
        List<Message> messages = Events.of(
                keys("", KeySource.NONE, mapping),
                new Insert(other, tuple("1")),
                new Insert(PERSON, tuple("7", "secret")));

        assertThat(messages).hasSize(1);
        assertThat(messages.get(0).ordinal()).isEqualTo(1);
        assertThat(text(messages.get(0).value()))
                .contains("\"after\":{\"id\":7}")
                .doesNotContain("secret");
    }

    @Test
    void anInsertIsAnEnvelopeUnderTheKeyOfItsIdentity() throws Exception {
        Message message =
                messages(new Insert(PERSON, tuple("7", "Ä \"quoted\"\n"))).get(0);

        assertThat(message.topic()).isEqualTo("pg2any.public.person");
        assertThat(message.operation()).isEqualTo(Operation.CREATE);
        assertThat(text(message.key())).isEqualTo("{\"id\":7}");
        assertThat(text(message.value())).isEqualTo("""
                {"before":null,"after":{"id":7,"name":"Ä \\"quoted\\"\\n"},\
                "source":{"version":"1.0","connector":"pg2any","name":"pg2any","ts_ms":1795341600123,\
                "ts_us":1795341600123456,"snapshot":"false","db":"shop","sequence":"[\\"4096\\",\\"1\\"]",\
                "schema":"public","table":"person","txId":774,"lsn":4096},\
                "transaction":{"id":"774:4096","total_order":1,"data_collection_order":1,"event_count":1},\
                "op":"c","ts_ms":1795341601000}""");
    }

    @Test
    void changesAreNumberedInTheTransactionAndInTheirTable() throws Exception {
        Relation other = keyed(2, "other", "id* int4");
        List<Message> messages = messages(
                new Insert(PERSON, tuple("1", "a")), new Insert(other, tuple("1")), new Insert(other, tuple("2")));

        assertThat(messages)
                .map(message -> json(message.value()).get("transaction").toString())
                .containsExactly(
                        "{\"id\":\"774:4096\",\"total_order\":1,\"data_collection_order\":1,\"event_count\":3}",
                        "{\"id\":\"774:4096\",\"total_order\":2,\"data_collection_order\":1,\"event_count\":3}",
                        "{\"id\":\"774:4096\",\"total_order\":3,\"data_collection_order\":2,\"event_count\":3}");
    }

    @Test
    void aDeleteIsFollowedByATombstoneOfItsKey() throws Exception {
        List<Message> messages = messages(new Delete(PERSON, tuple("7", null)));

        assertThat(messages).map(Message::operation).containsExactly(Operation.DELETE, Operation.TOMBSTONE);
        assertThat(messages).map(message -> text(message.key())).containsOnly("{\"id\":7}");
        assertThat(json(messages.get(0).value()).get("before").toString()).isEqualTo("{\"id\":7,\"name\":null}");
        assertThat(json(messages.get(0).value()).get("after").isNull()).isTrue();
        assertThat(messages.get(1).value()).isNull();
    }

    @Test
    void withoutTombstonesADeleteIsOneMessage() throws Exception {
        assertThat(Events.of(options(Format.DEBEZIUM, false, false, false), new Delete(PERSON, tuple("7", null))))
                .map(Message::operation)
                .containsExactly(Operation.DELETE);
    }

    @Test
    void aChangedKeyIsADeleteATombstoneAndACreate() throws Exception {
        List<Message> messages = messages(new Update(PERSON, tuple("7", null), tuple("8", "b")));

        assertThat(messages)
                .map(Message::operation)
                .containsExactly(Operation.DELETE, Operation.TOMBSTONE, Operation.CREATE);
        assertThat(messages)
                .map(message -> text(message.key()))
                .containsExactly("{\"id\":7}", "{\"id\":7}", "{\"id\":8}");
        assertThat(text(messages.get(0).otherKey())).isEqualTo("{\"id\":8}");
        assertThat(text(messages.get(2).otherKey())).isEqualTo("{\"id\":7}");
        assertThat(messages).map(Message::ordinal).containsOnly(1L);
    }

    @Test
    void anOldRowWithTheSameKeyIsAnUpdate() throws Exception {
        Relation relation = full(1, "person", "id int4", "name text");
        MessageOptions options = keys("", r -> List.of("id"), TableMapping.NONE);
        List<Message> messages = Events.of(options, new Update(relation, tuple("7", "a"), tuple("7", "b")));

        assertThat(messages).map(Message::operation).containsExactly(Operation.UPDATE);
        assertThat(json(messages.get(0).value()).get("before").toString()).isEqualTo("{\"id\":7,\"name\":\"a\"}");
    }

    @Test
    void anUnchangedToastIsDebeziumsPlaceholderAndNamedBesides() throws Exception {
        Relation relation = keyed(1, "doc", "id* int4", "body text", "raw bytea", "tags int4[]");
        Message message = messages(new Update(relation, null, tuple("1", UNCHANGED, UNCHANGED, UNCHANGED)))
                .get(0);

        JsonNode after = json(message.value()).get("after");
        assertThat(after.get("body").asText()).isEqualTo("__debezium_unavailable_value");
        assertThat(new String(after.get("raw").binaryValue())).isEqualTo("__debezium_unavailable_value");
        assertThat(after.get("tags").get(0).asInt()).isEqualTo('_');
        assertThat(message.unchanged()).isEqualTo("body,raw,tags");
    }

    @Test
    void underFullIdentityAnUnchangedToastIsTheOldValue() throws Exception {
        Relation relation = full(1, "doc", "id int4", "body text");
        Message message = messages(new Update(relation, tuple("1", "long"), tuple("2", UNCHANGED)))
                .get(0);

        assertThat(json(message.value()).get("after").get("body").asText()).isEqualTo("long");
        assertThat(message.unchanged()).isNull();
    }

    @Test
    void anUnchangedKeyIsTakenFromTheOldRow() throws Exception {
        Relation relation = keyed(1, "doc", "id* text", "v int4");
        List<Message> messages = messages(new Update(relation, tuple("long key", null), tuple(UNCHANGED, "2")));

        assertThat(messages).map(Message::operation).containsExactly(Operation.UPDATE);
        assertThat(text(messages.get(0).key())).isEqualTo("{\"id\":\"long key\"}");
    }

    @Test
    void aTruncateIsOneMessagePerTableWithoutKey() throws Exception {
        Relation other = keyed(2, "other", "id* int4");
        List<Message> messages = messages(new Truncate(List.of(PERSON, other), true, false));

        assertThat(messages).map(Message::topic).containsExactly("pg2any.public.person", "pg2any.public.other");
        assertThat(messages).map(Message::key).containsOnlyNulls();
        assertThat(json(messages.get(0).value()).get("op").asText()).isEqualTo("t");
    }

    @Test
    void aTableWithoutIdentityHasNoKeyAndNoTombstones() throws Exception {
        Relation relation = full(1, "log", "line text");
        List<Message> messages = messages(new Insert(relation, tuple("a")), new Delete(relation, tuple("a")));

        assertThat(messages).map(Message::operation).containsExactly(Operation.CREATE, Operation.DELETE);
        assertThat(messages).map(Message::key).containsOnlyNulls();
    }

    @Test
    void configuredKeyColumnsTakeThePlaceOfTheIdentity() throws Exception {
        Relation relation = full(1, "orders", "id int4", "customer int4");
        MessageOptions options = keys("public.orders:customer", KeySource.NONE, TableMapping.NONE);

        assertThat(Events.of(options, new Insert(relation, tuple("1", "9"))))
                .map(message -> text(message.key()))
                .containsExactly("{\"customer\":9}");
    }

    @Test
    void aConfiguredKeyThatADeleteWouldNotBringIsRefused() {
        Relation relation = keyed(1, "orders", "id* int4", "customer int4");
        MessageOptions options = keys("public.orders:customer", KeySource.NONE, TableMapping.NONE);

        assertThatThrownBy(() -> Events.of(options, new Insert(relation, tuple("1", "9"))))
                .isInstanceOf(TargetException.class)
                .hasMessageContaining("REPLICA IDENTITY FULL")
                .extracting(e -> ((TargetException) e).kind())
                .isEqualTo(TargetException.Kind.CONFIG);
    }

    @Test
    void aMappedSchemaIsInTopicAndSource() throws Exception {
        MessageOptions options = keys("", KeySource.NONE, TableMapping.parse("public:shop"));
        Message message =
                Events.of(options, new Insert(PERSON, tuple("1", "a"))).get(0);

        assertThat(message.topic()).isEqualTo("pg2any.shop.person");
        assertThat(json(message.value()).get("source").get("schema").asText()).isEqualTo("shop");
    }

    @Test
    void twoTablesNeverShareATopic() {
        assertThatThrownBy(() -> messages(
                        new Insert(keyed(1, "a b", "id* int4"), tuple("1")),
                        new Insert(keyed(2, "a/b", "id* int4"), tuple("1"))))
                .hasMessageContaining("would share topic pg2any.public.a_b");
    }

    @Test
    void boundariesCountTheTransaction() throws Exception {
        List<Message> messages = Events.of(
                options(Format.DEBEZIUM, false, true, true),
                new Insert(PERSON, tuple("1", "a")),
                new Insert(PERSON, tuple("2", "b")));

        assertThat(messages)
                .map(Message::topic)
                .startsWith("pg2any.transaction")
                .endsWith("pg2any.transaction");
        assertThat(text(messages.get(0).value()))
                .isEqualTo("{\"status\":\"BEGIN\",\"id\":\"774:4096\",\"event_count\":null,"
                        + "\"data_collections\":null,\"ts_ms\":1795341600123}");
        assertThat(text(messages.get(3).value()))
                .isEqualTo("{\"status\":\"END\",\"id\":\"774:4096\",\"event_count\":2,\"data_collections\":"
                        + "[{\"data_collection\":\"public.person\",\"event_count\":2}],\"ts_ms\":1795341600123}");
    }

    @Test
    void plainIsFlatAndLeavesUnchangedColumnsOut() throws Exception {
        Relation relation = keyed(1, "doc", "id* int4", "body text", "at timestamptz");
        List<Message> messages = Events.of(
                options(Format.PLAIN, false, true, false),
                new Update(relation, null, tuple("1", UNCHANGED, "2026-01-02 03:04:05.6+00")));

        assertThat(text(messages.get(0).value())).isEqualTo("""
                {"table":"public.doc","op":"update","lsn":"0/1000","ordinal":1,"count":1,"xid":774,\
                "committed":"2026-11-22T10:00:00.123456Z","row":{"id":1,"at":"2026-01-02T03:04:05.6Z"}}""");
        assertThat(messages.get(0).unchanged()).isEqualTo("body");
    }

    @Test
    void aRefusedValueNamesTableColumnAndPlaceAndTheNextTransactionIsWhole() throws Exception {
        ArrayList<Message> messages = new ArrayList<>();
        TransactionEvents events = new TransactionEvents(Events.defaults(), Events.CLOCK, messages::add);
        TransactionInfo info = new TransactionInfo(774, new Lsn(0x1000), Events.COMMITTED, OptionalLong.empty());
        Relation relation = keyed(1, "day", "id* int4", "d date");
        events.begin(info);
        assertThatThrownBy(() -> events.change(new Insert(relation, tuple("1", "infinity"))))
                .isInstanceOf(TargetException.class)
                .hasMessageContaining("public.day: change 1 of transaction 774 committed at 0/1000, column d");

        events.begin(info);
        events.change(new Insert(relation, tuple("1", "2026-11-22")));
        assertThat(json(messages.get(0).value()).get("after").get("d").asInt()).isEqualTo(20779);
    }

    @Test
    void aTransactionThatIsStillArrivingHasNoCountBeforeItsEnd() throws Exception {
        List<Message> messages = new ArrayList<>();
        TransactionEvents events =
                new TransactionEvents(options(Format.DEBEZIUM, false, true, true), Events.CLOCK, messages::add);
        events.begin(new TransactionInfo(774, new Lsn(0x1000), Events.COMMITTED, OptionalLong.empty()));
        events.change(new Insert(PERSON, tuple("1", "a")));
        events.end();

        assertThat(json(messages.get(1).value()).at("/transaction/event_count").isNull())
                .isTrue();
        assertThat(json(messages.get(2).value()).get("event_count").asInt()).isEqualTo(1);
    }

    @Test
    void aLogicalMessageGoesAsItIsToTheTopicOfItsPrefix() throws Exception {
        List<Message> messages = Events.of(
                messages("audit=shop.audit; order/*=shop.orders"),
                new Insert(PERSON, tuple("1", "a")),
                emitted("order/7", "{\"placed\":7}"),
                emitted("heartbeat", "x"),
                emitted("audit", ""));

        assertThat(messages).map(Message::topic).containsExactly("pg2any.public.person", "shop.orders", "shop.audit");
        assertThat(messages).map(message -> text(message.key())).containsExactly("{\"id\":1}", "7", "audit");
        assertThat(text(messages.get(1).value())).isEqualTo("{\"placed\":7}");
        assertThat(messages.get(2).value()).isEmpty();
        assertThat(messages).map(Message::ordinal).containsExactly(1L, 2L, 4L);
        assertThat(messages).map(Message::prefix).containsExactly(null, "order/7", "audit");
    }

    @Test
    void aMessageOutsideOfTransactionsHasNoBoundaries() throws Exception {
        List<Message> messages = new ArrayList<>();
        MessageOptions options = options(Format.DEBEZIUM, false, true, true);
        TransactionEvents events = new TransactionEvents(options, Events.CLOCK, messages::add);
        events.begin(new TransactionInfo(0, new Lsn(0xFFF), Instant.EPOCH, OptionalLong.of(1)));
        events.change(emitted("audit", "x"));
        events.end();

        assertThat(messages).isEmpty();
    }

    @Test
    void aTableAndLogicalMessagesNeverShareATopic() {
        assertThatThrownBy(() -> Events.of(messages("m*=pg2any.public.person"), new Insert(PERSON, tuple("1", "a"))))
                .hasMessageContaining("would share topic pg2any.public.person");
    }

    @Test
    void topicsOfLogicalMessagesAreReadOrRefused() {
        assertThat(MessageTopics.parse("a=b=t;*=u").of("a=b").orElseThrow().topic())
                .isEqualTo("t");
        assertThat(MessageTopics.parse("a=t;*=u").of("ab").orElseThrow().topic())
                .isEqualTo("u");
        assertThatThrownBy(() -> MessageTopics.parse("a")).hasMessageContaining("prefix=topic");
        assertThatThrownBy(() -> MessageTopics.parse("a*b=t")).hasMessageContaining("prefix*=topic");
        assertThatThrownBy(() -> MessageTopics.parse("a=t t")).hasMessageContaining("found 't t'");
    }

    private static Change emitted(String prefix, String content) {
        return new Change.LogicalMessage(true, new Lsn(0xF00), prefix, content.getBytes(StandardCharsets.UTF_8));
    }

    @Test
    void aTableThatIsAnnouncedAnewKeepsItsTopic() throws Exception {
        Relation wider = keyed(1, "person", "id* int4", "name text", "age int2");
        assertThat(messages(new Insert(PERSON, tuple("1", "a")), new Insert(wider, tuple("2", "b", "3"))))
                .map(Message::topic)
                .containsOnly("pg2any.public.person");
    }

    @Test
    void anInsertOnlyTableTakesItsKeyFromTheCatalog() throws Exception {
        Relation relation = Relations.relation(1, "public", "log", ReplicaIdentity.NOTHING, "id int8", "line text");
        MessageOptions options = keys("", r -> List.of("id"), TableMapping.NONE);

        assertThat(Events.of(options, new Insert(relation, tuple("1", "x"))))
                .map(message -> text(message.key()))
                .containsExactly("{\"id\":1}");
    }

    @Test
    void keyColumnsAreReadOrRefused() {
        assertThat(KeyColumns.parse("a.b:c,d;e.f:g").tables())
                .isEqualTo(Map.of("a.b", List.of("c", "d"), "e.f", List.of("g")));
        assertThatThrownBy(() -> KeyColumns.parse("b:c")).hasMessageContaining("schema.table");
        assertThatThrownBy(() -> KeyColumns.parse("a.b:c;a.b:d")).hasMessageContaining("twice");
    }
}
