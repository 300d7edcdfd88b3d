package io.pg2any.apply.kafka;

import static io.pg2any.apply.Relations.full;
import static io.pg2any.apply.Relations.keyed;
import static io.pg2any.apply.Tuples.tuple;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.pg2any.apply.Applied;
import io.pg2any.apply.ChangesBatch;
import io.pg2any.apply.RejectedChange;
import io.pg2any.apply.RejectedChanges;
import io.pg2any.apply.TargetException;
import io.pg2any.apply.TargetException.Kind;
import io.pg2any.apply.TargetStatus.RowKind;
import io.pg2any.apply.TargetStatus.TableRows;
import io.pg2any.apply.kafka.KafkaOptions.Delivery;
import io.pg2any.apply.kafka.KafkaOptions.Keyless;
import io.pg2any.apply.kafka.KafkaOptions.TopicCreation;
import io.pg2any.apply.message.Events;
import io.pg2any.apply.message.MessageOptions;
import io.pg2any.change.Change;
import io.pg2any.change.Change.Delete;
import io.pg2any.change.Change.Insert;
import io.pg2any.change.Change.LogicalMessage;
import io.pg2any.change.Change.Update;
import io.pg2any.change.Lsn;
import io.pg2any.change.Position;
import io.pg2any.change.Relation;
import io.pg2any.change.SourceIdentity;
import io.pg2any.change.TransactionAbandonedException;
import io.pg2any.change.TransactionInfo;
import io.pg2any.cli.FreePort;
import io.pg2any.server.CommittedRecords;
import io.pg2any.server.TestKafka;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The target's contract against a real broker. */
class KafkaTargetIT {
    private static final long START = 0x1000;
    private static final Relation PERSON = keyed(1, "person", "id* int4", "name text");
    private static final AtomicInteger PREFIX = new AtomicInteger();

    private static TestKafka kafka;

    private final String prefix = "t" + PREFIX.incrementAndGet();
    private final List<KafkaTarget> targets = new ArrayList<>();

    @BeforeAll
    static void startBroker() throws IOException {
        kafka = TestKafka.start();
    }

    @AfterAll
    static void stopBroker() throws IOException {
        kafka.close();
    }

    @AfterEach
    void closeTargets() {
        targets.forEach(KafkaTarget::close);
    }

    private KafkaOptions options() {
        return new KafkaOptions(
                kafka.servers(),
                "test",
                MessageOptions.defaults(prefix, "shop", "1.0"),
                Delivery.EXACTLY_ONCE,
                Keyless.NULL,
                TopicCreation.BROKER_DEFAULTS,
                Map.of());
    }

    private static KafkaOptions with(KafkaOptions o, Delivery delivery, TopicCreation topics, Keyless keyless) {
        return new KafkaOptions(
                o.servers(), o.pipeline(), o.messages(), delivery, keyless, topics, o.clientProperties());
    }

    private static KafkaOptions with(KafkaOptions o, String... properties) {
        Map<String, String> map = new java.util.HashMap<>();
        for (int i = 0; i < properties.length; i += 2) {
            map.put(properties[i], properties[i + 1]);
        }
        return new KafkaOptions(o.servers(), o.pipeline(), o.messages(), o.delivery(), o.keyless(), o.topics(), map);
    }

    private KafkaTarget target(KafkaOptions options) {
        KafkaTarget target = new KafkaTarget(options, RejectedChanges.STOP);
        targets.add(target);
        return target;
    }

    private KafkaTarget open() throws TargetException {
        KafkaTarget target = target(options());
        target.open();
        return target;
    }

    private List<ConsumerRecord<byte[], byte[]>> data() {
        return CommittedRecords.of(
                kafka.servers(),
                Map.of(),
                topic -> topic.startsWith(prefix + ".public.") || topic.equals(prefix + ".transaction"));
    }

    private List<String> keys() {
        return data().stream()
                .map(record -> record.key() == null ? null : new String(record.key(), StandardCharsets.UTF_8))
                .toList();
    }

    private static Change insert(int id) {
        return new Insert(PERSON, tuple(Integer.toString(id), "name " + id));
    }

    private static List<String> ids(int from, int to) {
        return IntStream.rangeClosed(from, to)
                .mapToObj(id -> "{\"id\":" + id + "}")
                .toList();
    }

    @Test
    void aBatchAndItsPositionAreVisibleTogether() throws Exception {
        KafkaTarget target = target(options());
        assertThat(target.position()).isEmpty();
        assertThat(target.open()).isEmpty();

        ChangesBatch batch = ChangesBatch.after(START).transaction(insert(1)).transaction(insert(2), insert(3));
        Applied applied = target.apply(batch);

        assertThat(applied).isEqualTo(new Applied(batch.end(), batch.end(), 2, 3));
        assertThat(keys()).isEqualTo(ids(1, 3));
        assertThat(target(options()).position()).contains(new Position(ChangesBatch.SOURCE, batch.end()));
        assertThat(target.status()
                        .rows()
                        .get(new TableRows("public.person", RowKind.INSERT))
                        .sum())
                .isEqualTo(3);
        assertThat(target.status().connected()).isTrue();
    }

    @Test
    void aRedeliveredBatchIsSkippedAndTheRestOfALongerOneApplied() throws Exception {
        KafkaTarget target = open();
        target.apply(ChangesBatch.after(START).transaction(insert(1)));
        target.apply(ChangesBatch.after(START).transaction(insert(1)));
        Applied applied =
                target.apply(ChangesBatch.after(START).transaction(insert(1)).transaction(insert(2)));

        assertThat(applied.transactions()).isEqualTo(1);
        assertThat(keys()).isEqualTo(ids(1, 2));
    }

    @Test
    void anIdlePositionMovesWithoutTransactions() throws Exception {
        KafkaTarget target = open();
        target.apply(ChangesBatch.after(START).through(0x5000));

        assertThat(target.position().orElseThrow().lsn()).isEqualTo(new Lsn(0x5000));
        assertThat(data()).isEmpty();
    }

    @Test
    void nothingOfAnAbandonedTransactionIsSeenAndTheNextTryAppliesItOnce() throws Exception {
        KafkaTarget target = open();
        List<Change> many =
                IntStream.rangeClosed(1, 20_000).mapToObj(KafkaTargetIT::insert).toList();

        assertThatThrownBy(() ->
                        target.apply(ChangesBatch.after(START).transaction(many).abandoned()))
                .isInstanceOf(TransactionAbandonedException.class);
        assertThat(data()).isEmpty();

        target.apply(ChangesBatch.after(START).transaction(many));
        assertThat(keys()).isEqualTo(ids(1, 20_000));
    }

    @Test
    void aChangeThatHasNoFormIsRejectedAndNothingIsSeen() throws Exception {
        KafkaTarget target = open();
        Relation day = keyed(2, "day", "id* int4", "d date");

        TargetException e = catchThrowableOfType(
                TargetException.class,
                () -> target.apply(
                        ChangesBatch.after(START).transaction(insert(1), new Insert(day, tuple("1", "infinity")))));

        assertThat(e.kind()).isEqualTo(Kind.REJECTED);
        assertThat(e).hasMessageContaining("public.day: change 2 of transaction 700");
        assertThat(data()).isEmpty();
        target.apply(ChangesBatch.after(START).transaction(insert(1)));
        assertThat(keys()).isEqualTo(ids(1, 1));
    }

    @Test
    void aMessageOverTheLimitIsRejectedWithItsPlace() throws Exception {
        KafkaTarget target = open();
        Insert huge = new Insert(PERSON, tuple("2", "x".repeat(3 << 20)));

        TargetException e = catchThrowableOfType(
                TargetException.class,
                () -> target.apply(ChangesBatch.after(START).transaction(insert(1), huge)));

        assertThat(e.kind()).isEqualTo(Kind.REJECTED);
        assertThat(e)
                .hasMessageContaining("public.person: change 2 of transaction 700 committed at")
                .hasMessageContaining("CDC_KAFKA_MESSAGE_MAX_BYTES");
        assertThat(data()).isEmpty();
    }

    @Test
    void aMessageOverTheBrokersLimitIsRejectedWithItsPlace() throws Exception {
        KafkaTarget target = target(with(options(), "max.request.size", "20000000"));
        target.open();
        Insert huge = new Insert(PERSON, tuple("2", incompressible(3 << 20)));

        TargetException e = catchThrowableOfType(
                TargetException.class,
                () -> target.apply(ChangesBatch.after(START).transaction(insert(1), huge)));

        assertThat(e.kind()).isEqualTo(Kind.REJECTED);
        assertThat(e).hasMessageContaining("public.person: change 2 of transaction 700 committed at");
        assertThat(data()).isEmpty();
    }

    private static String incompressible(int length) {
        return new java.util.Random(1)
                .ints(length, ' ', '~')
                .collect(StringBuilder::new, StringBuilder::appendCodePoint, StringBuilder::append)
                .toString();
    }

    @Test
    void theOlderOfTwoProcessesIsFencedOffForGood() throws Exception {
        KafkaTarget old = open();
        old.apply(ChangesBatch.after(START).transaction(insert(1)));
        KafkaTarget young = open();

        for (int attempt = 1; attempt <= 2; attempt++) {
            TargetException e = catchThrowableOfType(
                    TargetException.class,
                    () -> old.apply(
                            ChangesBatch.after(START + ChangesBatch.STEP).transaction(insert(2))));
            assertThat(e.kind()).isEqualTo(Kind.FATAL);
            assertThat(e).hasMessageContaining("another process has taken over");
        }
        young.apply(ChangesBatch.after(START + ChangesBatch.STEP).transaction(insert(3)));
        assertThat(keys()).containsExactly("{\"id\":1}", "{\"id\":3}");
    }

    @Test
    void whatAKilledProcessLeftOpenIsNeverSeen() throws Exception {
        KafkaTarget killed = open();
        killed.apply(ChangesBatch.after(START).transaction(insert(1)));
        // As a process that dies between the position record and the commit.
        org.apache.kafka.clients.producer.KafkaProducer<byte[], byte[]> half = new KafkaClients(options()).producer();
        half.initTransactions();
        half.beginTransaction();
        half.send(new ProducerRecord<>(prefix + ".public.person", "{\"id\":2}".getBytes(StandardCharsets.UTF_8), null));
        half.send(new PositionTopic(options(), new KafkaClients(options()))
                .record(new PositionTopic.Row(ChangesBatch.SOURCE, new Lsn(0x9000), 1), java.time.Instant.now()));
        half.flush();

        KafkaTarget next = target(options());
        assertThat(next.open().orElseThrow().lsn()).isEqualTo(new Lsn(START + ChangesBatch.STEP));
        next.apply(ChangesBatch.after(START + ChangesBatch.STEP).transaction(insert(2)));
        assertThat(keys()).isEqualTo(ids(1, 2));
        half.close(Duration.ZERO);
    }

    @Test
    void anUnknownOutcomeIsResolvedFromThePosition() throws Exception {
        KafkaTarget target = open();
        ChangesBatch batch = ChangesBatch.after(START).transaction(insert(1));
        target.apply(batch);
        // The answer is lost: the process knows nothing of its commit, but its connection.
        target.close();

        Applied again = target.apply(batch);

        assertThat(again).isEqualTo(new Applied(batch.end(), batch.end(), 0, 0));
        assertThat(keys()).isEqualTo(ids(1, 1));
    }

    @Test
    void aHugeTransactionIsOneKafkaTransaction() throws Exception {
        KafkaTarget target = open();
        int rows = 300_000;
        Iterable<Change> changes = () -> new Iterator<>() {
            private int at;

            @Override
            public boolean hasNext() {
                if (at == rows - 1) {
                    assertThat(data()).as("nothing is visible before the end").isEmpty();
                }
                return at < rows;
            }

            @Override
            public Change next() {
                return insert(++at);
            }
        };
        Applied applied = target.apply(ChangesBatch.after(START).transaction(changes));

        assertThat(applied.rows()).isEqualTo(rows);
        assertThat(data()).hasSize(rows);
    }

    @Test
    void aGapIsRefused() throws Exception {
        KafkaTarget target = open();
        target.apply(ChangesBatch.after(START).transaction(insert(1)));

        assertThatThrownBy(() -> target.apply(ChangesBatch.after(0x9000).transaction(insert(2))))
                .isInstanceOf(TargetException.class)
                .hasMessageContaining("gap")
                .extracting(e -> ((TargetException) e).kind())
                .isEqualTo(Kind.FATAL);
        assertThatThrownBy(() -> target.apply(ChangesBatch.after(new SourceIdentity("99", 1, "s"), START)
                        .transaction(insert(2))))
                .hasMessageContaining("cluster");
    }

    @Test
    void messagesCarryTheirPlaceAndChangedKeysEachOther() throws Exception {
        KafkaTarget target = open();
        target.apply(ChangesBatch.after(START)
                .transaction(insert(1), new Update(PERSON, tuple("1", null), tuple("2", "b")))
                .transaction(new Delete(PERSON, tuple("2", null))));

        assertThat(data())
                .map(record -> header(record, "pg2any.lsn") + "/" + header(record, "pg2any.ordinal"))
                .containsExactly("4304/1", "4304/2", "4304/2", "4304/2", "4560/1", "4560/1");
        assertThat(data()).map(record -> header(record, "__debezium.newkey")).contains("{\"id\":2}");
        assertThat(data()).map(record -> header(record, "__debezium.oldkey")).contains("{\"id\":1}");
        assertThat(target.status()
                        .rows()
                        .get(new TableRows("public.person", RowKind.UPDATE))
                        .sum())
                .isEqualTo(1);
    }

    @Test
    void messagesSayHowManyChangesTheirTransactionHas() throws Exception {
        KafkaTarget target = open();
        target.apply(ChangesBatch.after(START)
                .transaction(insert(1), new Update(PERSON, tuple("1", null), tuple("2", "b")))
                .transaction(insert(3)));

        assertThat(data())
                .map(record -> header(record, "pg2any.ordinal") + "." + header(record, "pg2any.part") + "/"
                        + header(record, "pg2any.count"))
                .containsExactly("1.null/2", "2.null/2", "2.2/2", "2.3/2", "1.null/1");
    }

    @Test
    void logicalMessagesAreSentAsTheyWereEmittedAndOnceThoughTheyComeAgain() throws Exception {
        KafkaOptions o = options();
        KafkaTarget target = target(new KafkaOptions(
                o.servers(),
                o.pipeline(),
                Events.withTopics(o.messages(), "order/*=" + prefix + ".public.orders"),
                o.delivery(),
                o.keyless(),
                o.topics(),
                o.clientProperties()));
        target.open();
        byte[] content = {0, 1, (byte) 0xFF};
        ChangesBatch batch = ChangesBatch.after(START)
                .transaction(
                        insert(1),
                        new LogicalMessage(true, new Lsn(0x1050), "order/7", content),
                        new LogicalMessage(true, new Lsn(0x1060), "heartbeat", content));
        target.apply(batch);
        target.apply(batch);

        assertThat(keys()).containsExactlyInAnyOrder("{\"id\":1}", "7");
        assertThat(data().stream().filter(record -> record.topic().endsWith("orders")))
                .singleElement()
                .satisfies(record -> {
                    assertThat(record.value()).isEqualTo(content);
                    assertThat(header(record, "pg2any.prefix")).isEqualTo("order/7");
                    assertThat(header(record, "pg2any.ordinal")).isEqualTo("2");
                });
    }

    @Test
    void whatCanNeverBeSentIsSetAsideAndTheRestIsSent() throws Exception {
        Relation day = keyed(2, "day", "id* int4", "d date");
        List<RejectedChange> letters = new ArrayList<>();
        KafkaTarget target = new KafkaTarget(with(options(), "max.request.size", "20000000"), parking(letters, true));
        targets.add(target);
        target.open();
        ChangesBatch batch = ChangesBatch.after(START)
                .transaction(insert(1), new Insert(PERSON, tuple("2", incompressible(3 << 20))), insert(3))
                .transaction(new Insert(day, tuple("4", "infinity")), insert(5));

        Applied applied = target.apply(batch);

        assertThat(applied.applied()).isEqualTo(batch.end());
        assertThat(keys()).containsExactlyInAnyOrder("{\"id\":1}", "{\"id\":3}", "{\"id\":5}");
        assertThat(data()).map(record -> header(record, "pg2any.ordinal")).containsExactlyInAnyOrder("1", "3", "2");
        assertThat(letters)
                .map(letter -> letter.transaction().xid() + "/" + letter.ordinal())
                .containsExactly("700/2", "701/1");
        assertThat(letters)
                .map(RejectedChange::error)
                .allSatisfy(error -> assertThat(error).contains("of transaction"));
        // Counted once, though the transactions were sent again without what the broker had refused.
        assertThat(target.status().rejections())
                .hasSize(2)
                .allSatisfy((rows, count) -> assertThat(count.sum()).isEqualTo(1));
    }

    @Test
    void aTableThatDoesNotOptInStops() throws Exception {
        List<RejectedChange> letters = new ArrayList<>();
        KafkaTarget target = new KafkaTarget(options(), parking(letters, false));
        targets.add(target);
        target.open();
        Insert huge = new Insert(PERSON, tuple("2", "x".repeat(3 << 20)));

        assertThatThrownBy(() -> target.apply(ChangesBatch.after(START).transaction(insert(1), huge)))
                .hasMessageContaining("public.person: change 2 of transaction 700")
                .extracting(e -> ((TargetException) e).kind())
                .isEqualTo(Kind.REJECTED);
        assertThat(letters).isEmpty();
        assertThat(data()).isEmpty();
    }

    /** Dead letters in memory: what a try that was rolled back has left is retracted by the next. */
    private static RejectedChanges parking(List<RejectedChange> letters, boolean optedIn) {
        return new RejectedChanges() {
            @Override
            public boolean parksAny() {
                return true;
            }

            @Override
            public boolean parks(Relation relation) {
                return optedIn;
            }

            @Override
            public void retract(TransactionInfo transaction, long ordinal) {
                letters.removeIf(letter ->
                        letter.transaction().commitLsn().equals(transaction.commitLsn()) && letter.ordinal() > ordinal);
            }

            @Override
            public void park(RejectedChange change) {
                letters.add(change);
            }
        };
    }

    @ParameterizedTest
    @ValueSource(strings = {"none", "gzip", "snappy", "lz4", "zstd"})
    void everyCompressionArrives(String codec) throws Exception {
        KafkaTarget target = target(with(options(), "compression.type", codec));
        target.open();
        target.apply(ChangesBatch.after(START)
                .transaction(IntStream.rangeClosed(1, 500)
                        .mapToObj(KafkaTargetIT::insert)
                        .toList()));

        assertThat(keys()).isEqualTo(ids(1, 500));
    }

    private static String header(ConsumerRecord<byte[], byte[]> record, String name) {
        var header = record.headers().lastHeader(name);
        return header == null ? null : new String(header.value(), StandardCharsets.UTF_8);
    }

    @Test
    void aMissingTopicIsAnErrorWhereCreationIsOff() throws Exception {
        TopicCreation off = new TopicCreation(false, -1, (short) -1, Map.of());
        KafkaTarget target = target(with(options(), Delivery.EXACTLY_ONCE, off, Keyless.NULL));

        assertThat(target.check(List.of(PERSON)))
                .map(Throwable::getMessage)
                .satisfiesExactly(
                        message -> assertThat(message).contains("topic " + prefix + ".pg2any.position is missing"),
                        message -> assertThat(message).contains("topic " + prefix + ".public.person is missing"));
        assertThatThrownBy(target::open)
                .isInstanceOf(TargetException.class)
                .hasMessageContaining("cleanup.policy=compact");
        open();
        target.open();
        assertThatThrownBy(() -> target.apply(ChangesBatch.after(START).transaction(insert(1))))
                .hasMessageContaining("topic " + prefix + ".public.person is missing")
                .extracting(e -> ((TargetException) e).kind())
                .isEqualTo(Kind.CONFIG);
    }

    @Test
    void topicsAreMadeAsConfigured() throws Exception {
        TopicCreation creation = new TopicCreation(true, 3, (short) 1, Map.of("retention.ms", "123456789"));
        KafkaTarget target = target(with(options(), Delivery.EXACTLY_ONCE, creation, Keyless.NULL));
        target.open();
        target.apply(ChangesBatch.after(START).transaction(insert(1)));

        try (Admin admin = Admin.create(Map.of("bootstrap.servers", kafka.servers()))) {
            String topic = prefix + ".public.person";
            assertThat(admin.describeTopics(List.of(topic))
                            .topicNameValues()
                            .get(topic)
                            .get()
                            .partitions())
                    .hasSize(3);
            var resource = new org.apache.kafka.common.config.ConfigResource(
                    org.apache.kafka.common.config.ConfigResource.Type.TOPIC, topic);
            assertThat(admin.describeConfigs(List.of(resource))
                            .all()
                            .get()
                            .get(resource)
                            .get("retention.ms")
                            .value())
                    .isEqualTo("123456789");
        }
    }

    @Test
    void aPositionTopicThatExpiresIsRefused() throws Exception {
        try (Admin admin = Admin.create(Map.of("bootstrap.servers", kafka.servers()))) {
            admin.createTopics(List.of(new NewTopic(prefix + ".pg2any.position", 1, (short) 1)))
                    .all()
                    .get();
        }
        assertThatThrownBy(this::open)
                .hasMessageContaining("cleanup.policy=delete")
                .extracting(e -> ((TargetException) e).kind())
                .isEqualTo(Kind.CONFIG);
    }

    @Test
    void keylessMessagesOfATransactionShareAPartition() throws Exception {
        Relation log = full(3, "log", "line text");
        TopicCreation creation = new TopicCreation(true, 8, (short) 1, Map.of());
        KafkaTarget target = target(with(options(), Delivery.EXACTLY_ONCE, creation, Keyless.TRANSACTION));
        target.open();
        ChangesBatch batch = ChangesBatch.after(START);
        for (int i = 0; i < 20; i++) {
            batch.transaction(new Insert(log, tuple("a")), new Insert(log, tuple("b")));
        }
        target.apply(batch);

        Map<String, java.util.Set<Integer>> partitions = new java.util.HashMap<>();
        data().forEach(record -> partitions
                .computeIfAbsent(header(record, "pg2any.lsn"), lsn -> new java.util.HashSet<>())
                .add(record.partition()));
        assertThat(partitions)
                .hasSize(20)
                .allSatisfy((lsn, of) -> assertThat(of).hasSize(1));
        assertThat(partitions.values().stream().distinct().count()).isGreaterThan(1);
    }

    @Test
    void atLeastOnceKeepsThePositionBehindTheMessages() throws Exception {
        KafkaOptions options = with(options(), Delivery.AT_LEAST_ONCE, TopicCreation.BROKER_DEFAULTS, Keyless.NULL);
        KafkaTarget target = target(options);
        target.open();
        ChangesBatch batch = ChangesBatch.after(START).transaction(insert(1));
        target.apply(batch);
        target.apply(batch);

        assertThat(keys()).isEqualTo(ids(1, 1));
        assertThat(target(options).position()).contains(new Position(ChangesBatch.SOURCE, batch.end()));
    }

    @Test
    void twoPipelinesShareAPositionTopic() throws Exception {
        KafkaOptions o = options();
        KafkaTarget other = target(
                new KafkaOptions(o.servers(), "other", o.messages(), o.delivery(), o.keyless(), o.topics(), Map.of()));
        KafkaTarget target = open();
        other.open();
        target.apply(ChangesBatch.after(START).transaction(insert(1)));
        other.apply(ChangesBatch.after(0x7000).through(0x8000));

        assertThat(target.position().orElseThrow().lsn()).isEqualTo(new Lsn(START + ChangesBatch.STEP));
        assertThat(other.position().orElseThrow().lsn()).isEqualTo(new Lsn(0x8000));
    }

    @Test
    void brokersThatAreDownAreWaitedFor() throws Exception {
        KafkaOptions o = options();
        KafkaTarget target = target(with(
                new KafkaOptions(
                        "127.0.0.1:" + FreePort.find(),
                        o.pipeline(),
                        o.messages(),
                        o.delivery(),
                        o.keyless(),
                        o.topics(),
                        Map.of()),
                "default.api.timeout.ms",
                "1000",
                "request.timeout.ms",
                "900",
                "max.block.ms",
                "1000"));

        TargetException e = catchThrowableOfType(TargetException.class, target::open);

        assertThat(e.kind()).isEqualTo(Kind.RETRYABLE);
        assertThat(e).hasMessageContaining("no answer from the brokers");
    }
}
