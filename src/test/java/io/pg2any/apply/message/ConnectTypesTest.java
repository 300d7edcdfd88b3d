package io.pg2any.apply.message;

import static io.pg2any.apply.Tuples.UNCHANGED;
import static io.pg2any.apply.Tuples.tuple;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.pg2any.apply.KeySource;
import io.pg2any.apply.TableMapping;
import io.pg2any.apply.TargetException;
import io.pg2any.apply.ValuePolicy;
import io.pg2any.apply.message.MessageOptions.Binaries;
import io.pg2any.apply.message.MessageOptions.Decimals;
import io.pg2any.apply.message.MessageOptions.Format;
import io.pg2any.apply.message.MessageOptions.Intervals;
import io.pg2any.apply.message.MessageOptions.Times;
import io.pg2any.change.Change.Insert;
import io.pg2any.change.Change.Update;
import io.pg2any.change.Column;
import io.pg2any.change.Relation;
import io.pg2any.change.ReplicaIdentity;
import java.math.BigDecimal;
import java.time.Instant;
import java.time.LocalDateTime;
import java.time.ZoneOffset;
import java.util.Arrays;
import java.util.Date;
import java.util.List;
import java.util.Map;
import org.apache.kafka.connect.data.Struct;
import org.apache.kafka.connect.json.JsonConverter;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What Kafka Connect's own converter reads from our events: values of the declared types. */
class ConnectTypesTest {
    private static MessageOptions options(Decimals decimals, Times times, Binaries binaries, Intervals intervals) {
        return new MessageOptions(
                "pg2any",
                "shop",
                "1.0",
                Format.DEBEZIUM,
                true,
                decimals,
                times,
                binaries,
                intervals,
                true,
                false,
                KeyColumns.NONE,
                MessageTopics.NONE,
                KeySource.NONE,
                TableMapping.NONE,
                ValuePolicy.FAIL);
    }

    private static final MessageOptions PRECISE =
            options(Decimals.PRECISE, Times.ADAPTIVE, Binaries.BYTES, Intervals.NUMERIC);

    private static Relation column(int oid, int modifier, String typeName) {
        return new Relation(
                1,
                "public",
                "t",
                ReplicaIdentity.DEFAULT,
                List.of(new Column("id", 23, -1, "", true), new Column("v", oid, modifier, typeName, false)));
    }

    private static Struct read(byte[] json) {
        try (JsonConverter converter = new JsonConverter()) {
            converter.configure(Map.of("schemas.enable", "true", "converter.type", "value"));
            return (Struct) converter.toConnectData("topic", json).value();
        }
    }

    private static Object value(MessageOptions options, int oid, int modifier, String typeName, Object text)
            throws TargetException {
        return after(options, oid, modifier, typeName, text).get("v");
    }

    private static Struct after(MessageOptions options, int oid, int modifier, String typeName, Object text)
            throws TargetException {
        Relation relation = column(oid, modifier, typeName);
        return read(Events.of(options, new Insert(relation, tuple("1", text)))
                        .get(0)
                        .value())
                .getStruct("after");
    }

    private static String schemaName(MessageOptions options, int oid, int modifier) throws TargetException {
        return after(options, oid, modifier, "", null)
                .schema()
                .field("v")
                .schema()
                .name();
    }

    private static Object precise(int oid, int modifier, Object text) throws TargetException {
        return value(PRECISE, oid, modifier, "", text);
    }

    @Test
    void theEnvelopeIsDebeziums() throws Exception {
        Struct event = read(Events.of(PRECISE, new Insert(column(25, -1, ""), tuple("1", "x")))
                .get(0)
                .value());

        assertThat(event.schema().name()).isEqualTo("pg2any.public.t.Envelope");
        assertThat(event.getString("op")).isEqualTo("c");
        assertThat(event.getStruct("source").getInt64("txId")).isEqualTo(774);
        assertThat(event.getStruct("transaction").getInt64("total_order")).isEqualTo(1);
        assertThat(event.getStruct("before")).isNull();
    }

    @Test
    void theKeyIsAStructOfRequiredFields() throws Exception {
        Struct key = read(Events.of(PRECISE, new Insert(column(25, -1, ""), tuple("1", "x")))
                .get(0)
                .key());

        assertThat(key.schema().name()).isEqualTo("pg2any.public.t.Key");
        assertThat(key.getInt32("id")).isEqualTo(1);
        assertThat(key.schema().field("id").schema().isOptional()).isFalse();
    }

    @Test
    void numbersKeepTheirWidth() throws Exception {
        assertThat(precise(16, -1, "t")).isEqualTo(true);
        assertThat(precise(21, -1, "-32768")).isEqualTo((short) -32768);
        assertThat(precise(23, -1, "2147483647")).isEqualTo(2147483647);
        assertThat(precise(20, -1, "-9223372036854775808")).isEqualTo(Long.MIN_VALUE);
        assertThat(precise(20, -1, "9223372036854775807")).isEqualTo(Long.MAX_VALUE);
        assertThat(precise(26, -1, "4294967295")).isEqualTo(4294967295L);
        assertThat(precise(700, -1, "1.5e+30")).isEqualTo(1.5e30f);
        assertThat(precise(701, -1, "-0.1")).isEqualTo(-0.1);
    }

    @Test
    void decimalsAreExact() throws Exception {
        assertThat(precise(1700, (12 << 16 | 2) + 4, "-12345.60")).isEqualTo(new BigDecimal("-12345.60"));
        assertThat(precise(1700, (4 << 16 | 0x7FE) + 4, "1200")).isEqualTo(new BigDecimal("12E+2"));
        Struct variable = (Struct) precise(1700, -1, "0.001");
        assertThat(variable.getInt32("scale")).isEqualTo(3);
        assertThat(variable.getBytes("value")).isEqualTo(new byte[] {1});
        assertThatThrownBy(() -> precise(1700, (12 << 16 | 2) + 4, "NaN")).hasMessageContaining("column v");
    }

    @Test
    void decimalsAsStringsAndDoubles() throws Exception {
        assertThat(value(
                        options(Decimals.STRING, Times.ADAPTIVE, Binaries.BYTES, Intervals.NUMERIC),
                        1700,
                        -1,
                        "",
                        "NaN"))
                .isEqualTo("NaN");
        assertThat(value(
                        options(Decimals.DOUBLE, Times.ADAPTIVE, Binaries.BYTES, Intervals.NUMERIC),
                        1700,
                        -1,
                        "",
                        "1.25"))
                .isEqualTo(1.25);
    }

    @ParameterizedTest
    @CsvSource({
        "1970-01-01 00:00:00, 1970-01-01T00:00:00",
        "2026-11-22 10:11:12.123456, 2026-11-22T10:11:12.123456",
        "2000-02-29 23:59:59.9, 2000-02-29T23:59:59.900",
        "1582-10-10 02:30:00, 1582-10-10T02:30:00",
        "0001-01-01 00:00:00, 0001-01-01T00:00:00",
        "0044-03-15 12:00:00 BC, -0043-03-15T12:00:00",
        "4713-01-01 00:00:00 BC, -4712-01-01T00:00:00",
        "12345-06-07 08:09:10, +12345-06-07T08:09:10",
    })
    void timestampsOfAnyYearAreExact(String text, String expected) throws Exception {
        long micros = (Long) precise(1114, -1, text);
        assertThat(LocalDateTime.ofEpochSecond(
                        Math.floorDiv(micros, 1_000_000), Math.floorMod(micros, 1_000_000) * 1000, ZoneOffset.UTC))
                .isEqualTo(LocalDateTime.parse(expected));
    }

    @Test
    void timesFollowTheirPrecision() throws Exception {
        assertThat(precise(1114, 3, "1970-01-01 00:00:01.234")).isEqualTo(1234L);
        assertThat(schemaName(PRECISE, 1114, 3)).isEqualTo("io.debezium.time.Timestamp");
        assertThat(schemaName(PRECISE, 1114, -1)).isEqualTo("io.debezium.time.MicroTimestamp");
        assertThat(precise(1083, 0, "00:00:02")).isEqualTo(2000);
        assertThat(precise(1083, -1, "24:00:00")).isEqualTo(86_400_000_000L);
        assertThat(precise(1082, -1, "1970-01-11")).isEqualTo(10);
        assertThat(precise(1114, -1, "infinity")).isEqualTo(9223372036825200000L);
        assertThat(precise(1184, -1, "2026-11-22 10:11:12.5+00")).isEqualTo("2026-11-22T10:11:12.5Z");
        assertThat(precise(1184, -1, "0044-03-15 12:00:00+00 BC")).isEqualTo("-0043-03-15T12:00:00Z");
        assertThat(precise(1266, -1, "01:02:03.5+02:30")).isEqualTo("22:32:03.5Z");
        assertThat(precise(1186, -1, "1 year 2 mons -3 days +04:05:06.789"))
                .isEqualTo((long) ((14 * (365.25 / 12) - 3) * 86_400_000_000.0) + 14_706_789_000L);
    }

    @Test
    void otherTimeModesAreHonoured() throws Exception {
        MessageOptions connect = options(Decimals.STRING, Times.CONNECT, Binaries.HEX, Intervals.STRING);
        assertThat(value(connect, 1114, -1, "", "1970-01-01 00:00:01.234567"))
                .isEqualTo(Date.from(Instant.ofEpochMilli(1234)));
        assertThat(value(connect, 1186, -1, "", "1 year 2 mons -3 days +04:05:06.789"))
                .isEqualTo("P1Y2M-3DT4H5M6.789S");
        assertThat(value(connect, 17, -1, "", "\\xdeadbeef")).isEqualTo("deadbeef");
        MessageOptions iso = options(Decimals.STRING, Times.ISOSTRING, Binaries.BASE64, Intervals.STRING);
        assertThat(value(iso, 1114, -1, "", "2026-11-22 10:11:12.5")).isEqualTo("2026-11-22T10:11:12.5Z");
        assertThat(value(iso, 1082, -1, "", "infinity")).isEqualTo("infinity");
        assertThat(value(iso, 1082, -1, "", "0044-03-15 BC")).isEqualTo("-0043-03-15Z");
    }

    @Test
    void bytesBitsAndSemanticStrings() throws Exception {
        assertThat(precise(17, -1, "\\xdeadbeef"))
                .isEqualTo(new byte[] {(byte) 0xde, (byte) 0xad, (byte) 0xbe, (byte) 0xef});
        assertThat(precise(1560, 1, "1")).isEqualTo(true);
        assertThat(precise(1560, 10, "1000000001")).isEqualTo(new byte[] {1, 2});
        assertThat(precise(3802, -1, "{\"a\": 1}")).isEqualTo("{\"a\": 1}");
        assertThat(schemaName(PRECISE, 3802, -1)).isEqualTo("io.debezium.data.Json");
        assertThat(schemaName(PRECISE, 2950, -1)).isEqualTo("io.debezium.data.Uuid");
        assertThat(value(PRECISE, 16400, -1, "hstore", "\"a\"=>\"1\\\"2\", \"b\"=>NULL"))
                .isEqualTo("{\"a\":\"1\\\"2\",\"b\":null}");
        assertThat(value(PRECISE, 16400, -1, "mood", "happy")).isEqualTo("happy");
        assertThat(value(PRECISE, 16400, -1, "int4", "5")).as("a domain").isEqualTo(5);
    }

    @Test
    void arraysKeepNullsAndQuotedElements() throws Exception {
        assertThat(precise(1007, -1, "{1,NULL,-3}")).isEqualTo(Arrays.asList(1, null, -3));
        assertThat(precise(1009, -1, "{a,\"b,c\",\"NULL\",NULL,\"q\\\"\\\\\",\"\"}"))
                .isEqualTo(Arrays.asList("a", "b,c", "NULL", null, "q\"\\", ""));
        assertThat(precise(1007, -1, "[0:1]={1,2}")).isEqualTo(List.of(1, 2));
        assertThat(precise(1007, -1, "{}")).isEqualTo(List.of());
        assertThatThrownBy(() -> precise(1007, -1, "{{1,2},{3,4}}")).hasMessageContaining("several dimensions");
    }

    @Test
    void everyPlaceholderFitsItsSchema() throws Exception {
        for (int oid : new int[] {17, 25, 1009, 1007, 1016, 1700, 3802, 1231, 1115, 1022, 2951, 1001}) {
            Relation relation = column(oid, -1, "");
            Message message = Events.of(PRECISE, new Update(relation, null, tuple("1", UNCHANGED)))
                    .get(0);
            assertThat(read(message.value()).getStruct("after").schema().field("v"))
                    .as("type " + oid)
                    .isNotNull();
            assertThat(message.unchanged()).isEqualTo("v");
        }
    }

    @Test
    void textThatIsNotUtf8IsRefused() throws Exception {
        assertThatThrownBy(() -> precise(25, -1, new byte[] {'a', (byte) 0xff}))
                .isInstanceOf(TargetException.class)
                .hasMessageContaining("not UTF-8");
        assertThat(precise(25, -1, "\uFFFD stored")).isEqualTo("\uFFFD stored");
    }
}
