package io.pg2any.apply.message;

import io.pg2any.apply.message.MessageOptions.Intervals;
import io.pg2any.apply.message.MessageOptions.Times;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.LocalTime;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;

/** Dates and times under a {@link Times} mode. */
final class TemporalTypes {
    /** What PostgreSQL's JDBC driver, and so Debezium, makes of infinity: microseconds. */
    private static final long POSITIVE_INFINITY = 9_223_372_036_825_200_000L;

    private static final long NEGATIVE_INFINITY = -9_223_372_036_832_400_000L;

    private TemporalTypes() {}

    /** How a number of this unit comes out of microseconds. */
    private enum Unit {
        MILLIS,
        MICROS;

        long of(long micros) {
            return this == MICROS ? micros : Math.floorDiv(micros, 1000);
        }
    }

    static ValueType date(Times times) {
        return switch (times) {
            case CONNECT -> new DateType(ConnectSchema.named("int32", "org.apache.kafka.connect.data.Date"));
            case ISOSTRING -> new IsoType(ConnectSchema.named("string", "io.debezium.time.IsoDate"), "Z");
            case ADAPTIVE, ADAPTIVE_TIME_MICROSECONDS ->
                new DateType(ConnectSchema.named("int32", "io.debezium.time.Date"));
        };
    }

    /**
     * @param precision fractional digits, 0 to 6
     */
    static ValueType time(Times times, int precision) {
        return switch (times) {
            case CONNECT ->
                new TimeType(ConnectSchema.named("int32", "org.apache.kafka.connect.data.Time"), Unit.MILLIS);
            case ISOSTRING -> new IsoType(ConnectSchema.named("string", "io.debezium.time.IsoTime"), "Z");
            case ADAPTIVE ->
                precision <= 3
                        ? new TimeType(ConnectSchema.named("int32", "io.debezium.time.Time"), Unit.MILLIS)
                        : microTime();
            case ADAPTIVE_TIME_MICROSECONDS -> microTime();
        };
    }

    private static ValueType microTime() {
        return new TimeType(ConnectSchema.named("int64", "io.debezium.time.MicroTime"), Unit.MICROS);
    }

    static ValueType timestamp(Times times, int precision) {
        return switch (times) {
            case CONNECT ->
                new TimestampType(ConnectSchema.named("int64", "org.apache.kafka.connect.data.Timestamp"), Unit.MILLIS);
            case ISOSTRING -> new IsoType(ConnectSchema.named("string", "io.debezium.time.IsoTimestamp"), "Z");
            case ADAPTIVE, ADAPTIVE_TIME_MICROSECONDS ->
                precision <= 3
                        ? new TimestampType(ConnectSchema.named("int64", "io.debezium.time.Timestamp"), Unit.MILLIS)
                        : new TimestampType(
                                ConnectSchema.named("int64", "io.debezium.time.MicroTimestamp"), Unit.MICROS);
        };
    }

    /** ISO 8601 without a zone, for people. */
    static ValueType local() {
        return new IsoType(ConnectSchema.of("string"), "");
    }

    static ValueType zonedTimestamp() {
        return new IsoType(ConnectSchema.named("string", "io.debezium.time.ZonedTimestamp"), "Z");
    }

    static ValueType zonedTime() {
        return new ZonedTimeType(ConnectSchema.named("string", "io.debezium.time.ZonedTime"));
    }

    static ValueType interval(Intervals intervals) {
        return intervals == Intervals.STRING
                ? new IntervalType(ConnectSchema.named("string", "io.debezium.time.Interval"))
                : new IntervalType(ConnectSchema.named("int64", "io.debezium.time.MicroDuration"));
    }

    private record DateType(ConnectSchema schema) implements ValueType {
        @Override
        public void write(JsonText out, byte[] bytes, int offset, int length) throws InexpressibleValueException {
            if (DateTimeText.infinity(bytes, offset, length) != 0) {
                throw new InexpressibleValueException(
                        "an infinite date has no day number; write times as text (pg2any.events.times=isostring)");
            }
            out.number(DateTimeText.epochDay(bytes, offset, length));
        }
    }

    private record TimeType(ConnectSchema schema, Unit unit) implements ValueType {
        @Override
        public void write(JsonText out, byte[] bytes, int offset, int length) throws InexpressibleValueException {
            out.number(unit.of(DateTimeText.microsOfDay(bytes, offset, length)));
        }
    }

    private record TimestampType(ConnectSchema schema, Unit unit) implements ValueType {
        @Override
        public void write(JsonText out, byte[] bytes, int offset, int length) throws InexpressibleValueException {
            long micros = switch (DateTimeText.infinity(bytes, offset, length)) {
                case 1 -> POSITIVE_INFINITY;
                case -1 -> NEGATIVE_INFINITY;
                default -> DateTimeText.epochMicros(bytes, offset, length);
            };
            out.number(unit.of(micros));
        }
    }

    /** PostgreSQL's ISO text with a T between date and time and the given zone; the session's time zone is UTC. */
    private record IsoType(ConnectSchema schema, String zone) implements ValueType {
        @Override
        public void write(JsonText out, byte[] bytes, int offset, int length) throws InexpressibleValueException {
            if (DateTimeText.infinity(bytes, offset, length) != 0) {
                out.string(bytes, offset, length);
                return;
            }
            if (length > 29
                    || (length > 4 && bytes[offset + 4] != '-' && bytes[offset + 2] != ':')
                    || bytes[offset + length - 1] == 'C') {
                out.string(farAway(bytes, offset, length));
                return;
            }
            int end = length;
            if (length > 3 && bytes[offset + length - 3] == '+') {
                end -= 3;
            }
            byte[] text = new byte[end + zone.length()];
            System.arraycopy(bytes, offset, text, 0, end);
            if (end > 10 && text[10] == ' ') {
                text[10] = 'T';
            }
            if (!zone.isEmpty()) {
                text[end] = 'Z';
            }
            out.string(text, 0, text.length);
        }

        /** Before Christ or after the year 9999: ISO 8601 wants a sign. */
        private String farAway(byte[] bytes, int offset, int length) throws InexpressibleValueException {
            boolean date = true;
            for (int at = offset; at < offset + length; at++) {
                date &= bytes[at] != ':';
            }
            if (date) {
                return LocalDate.ofEpochDay(DateTimeText.epochDay(bytes, offset, length)) + zone;
            }
            long micros = DateTimeText.epochMicros(bytes, offset, length);
            LocalDateTime time = LocalDateTime.ofEpochSecond(
                    Math.floorDiv(micros, DateTimeText.MICROS_PER_SECOND),
                    (int) Math.floorMod(micros, DateTimeText.MICROS_PER_SECOND) * 1000,
                    ZoneOffset.UTC);
            return DateTimeFormatter.ISO_LOCAL_DATE_TIME.format(time) + zone;
        }
    }

    private record ZonedTimeType(ConnectSchema schema) implements ValueType {
        @Override
        public void write(JsonText out, byte[] bytes, int offset, int length) throws InexpressibleValueException {
            long micros = DateTimeText.microsOfDayWithZone(bytes, offset, length);
            out.string(DateTimeFormatter.ISO_LOCAL_TIME.format(LocalTime.ofNanoOfDay(micros * 1000)) + "Z");
        }
    }

    private record IntervalType(ConnectSchema schema) implements ValueType {
        @Override
        public void write(JsonText out, byte[] bytes, int offset, int length) throws InexpressibleValueException {
            DateTimeText.Interval interval = DateTimeText.interval(bytes, offset, length);
            if (schema.type().equals("string")) {
                out.string(interval.iso());
            } else {
                out.number(interval.averageMicros());
            }
        }
    }
}
