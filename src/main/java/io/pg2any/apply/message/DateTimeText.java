package io.pg2any.apply.message;

import java.nio.charset.StandardCharsets;

/**
 * Dates and times from PostgreSQL's ISO output ({@code DateStyle = ISO}, {@code TimeZone = UTC}, which the replication
 * session pins), any year the server knows, to days and microseconds since 1970 in the proleptic Gregorian calendar.
 */
final class DateTimeText {
    static final long MICROS_PER_SECOND = 1_000_000;
    static final long MICROS_PER_DAY = 86_400 * MICROS_PER_SECOND;

    private final byte[] bytes;
    private final int end;
    private int at;

    private DateTimeText(byte[] bytes, int offset, int length) {
        this.bytes = bytes;
        this.at = offset;
        this.end = offset + length;
    }

    /** 1 for {@code infinity}, -1 for {@code -infinity}, 0 for a value. */
    static int infinity(byte[] bytes, int offset, int length) {
        if (length >= 8 && bytes[offset] == 'i') {
            return 1;
        }
        return length >= 9 && bytes[offset] == '-' && bytes[offset + 1] == 'i' ? -1 : 0;
    }

    static long epochDay(byte[] bytes, int offset, int length) throws InexpressibleValueException {
        DateTimeText text = new DateTimeText(bytes, offset, length);
        long day = text.date();
        text.requireEnd();
        return day;
    }

    /** Of a day; {@code 24:00:00} is a whole one. */
    static long microsOfDay(byte[] bytes, int offset, int length) throws InexpressibleValueException {
        DateTimeText text = new DateTimeText(bytes, offset, length);
        long micros = text.time();
        text.requireEnd();
        return micros;
    }

    /** Of a day in UTC. */
    static long microsOfDayWithZone(byte[] bytes, int offset, int length) throws InexpressibleValueException {
        DateTimeText text = new DateTimeText(bytes, offset, length);
        long micros = text.time() - text.zone();
        text.requireEnd();
        return Math.floorMod(micros, MICROS_PER_DAY);
    }

    /** With or without a zone; without one as if in UTC. */
    static long epochMicros(byte[] bytes, int offset, int length) throws InexpressibleValueException {
        DateTimeText text = new DateTimeText(bytes, offset, length);
        boolean beforeChrist = text.endsBeforeChrist();
        int stop = beforeChrist ? text.end - 3 : text.end;
        long day = text.date(beforeChrist);
        text.expect(' ');
        long micros = text.time();
        if (text.at < stop) {
            micros -= text.zone();
        }
        if (text.at != stop) {
            throw notATime();
        }
        try {
            return Math.addExact(Math.multiplyExact(day, MICROS_PER_DAY), micros);
        } catch (ArithmeticException e) {
            throw new InexpressibleValueException("the time is too far away for microseconds in 64 bits");
        }
    }

    private boolean endsBeforeChrist() {
        return end - at > 3 && bytes[end - 1] == 'C' && bytes[end - 2] == 'B' && bytes[end - 3] == ' ';
    }

    private long date() throws InexpressibleValueException {
        boolean beforeChrist = endsBeforeChrist();
        long day = date(beforeChrist);
        if (beforeChrist) {
            at += 3;
        }
        return day;
    }

    private long date(boolean beforeChrist) throws InexpressibleValueException {
        long year = 0;
        int start = at;
        while (at < end && isDigit(bytes[at])) {
            year = year * 10 + bytes[at++] - '0';
        }
        if (at - start < 4 || at - start > 7) {
            throw notATime();
        }
        expect('-');
        int month = twoDigits();
        expect('-');
        int day = twoDigits();
        return epochDay(beforeChrist ? 1 - year : year, month, day);
    }

    /** Counts the months from March, so that the leap day is the last of its year. */
    private static long epochDay(long year, int month, int day) {
        long y = month <= 2 ? year - 1 : year;
        long era = Math.floorDiv(y, 400);
        long yearOfEra = y - era * 400;
        long dayOfYear = (153L * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;
        long dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear;
        return era * 146_097 + dayOfEra - 719_468;
    }

    private long time() throws InexpressibleValueException {
        long seconds = twoDigits() * 3600L;
        expect(':');
        seconds += twoDigits() * 60L;
        expect(':');
        seconds += twoDigits();
        long micros = 0;
        if (at < end && bytes[at] == '.') {
            at++;
            int digits = 0;
            while (at < end && isDigit(bytes[at]) && digits < 6) {
                micros = micros * 10 + bytes[at++] - '0';
                digits++;
            }
            for (; digits < 6; digits++) {
                micros *= 10;
            }
        }
        return seconds * MICROS_PER_SECOND + micros;
    }

    /** {@code ±hh[:mm[:ss]]}. */
    private long zone() throws InexpressibleValueException {
        if (at >= end || (bytes[at] != '+' && bytes[at] != '-')) {
            throw notATime();
        }
        boolean west = bytes[at++] == '-';
        long seconds = twoDigits() * 3600L;
        for (int unit = 60; unit >= 1 && at < end && bytes[at] == ':'; unit /= 60) {
            at++;
            seconds += (long) twoDigits() * unit;
        }
        return (west ? -seconds : seconds) * MICROS_PER_SECOND;
    }

    private int twoDigits() throws InexpressibleValueException {
        if (at + 2 > end || !isDigit(bytes[at]) || !isDigit(bytes[at + 1])) {
            throw notATime();
        }
        int value = (bytes[at] - '0') * 10 + bytes[at + 1] - '0';
        at += 2;
        return value;
    }

    private void expect(char c) throws InexpressibleValueException {
        if (at >= end || bytes[at] != c) {
            throw notATime();
        }
        at++;
    }

    private void requireEnd() throws InexpressibleValueException {
        if (at != end) {
            throw notATime();
        }
    }

    private static boolean isDigit(byte b) {
        return b >= '0' && b <= '9';
    }

    private static InexpressibleValueException notATime() {
        return new InexpressibleValueException("not a date or time in PostgreSQL's ISO form");
    }

    /** Months, days and microseconds of PostgreSQL's verbose interval form ({@code IntervalStyle = postgres}). */
    record Interval(long months, long days, long micros) {
        /** A month counted as 365.25 / 12 days. */
        long averageMicros() throws InexpressibleValueException {
            double approximate = (months * (365.25 / 12) + days) * MICROS_PER_DAY;
            if (Math.abs(approximate) > 9e18) {
                throw new InexpressibleValueException("the interval is too long for microseconds in 64 bits");
            }
            try {
                return Math.addExact((long) approximate, micros);
            } catch (ArithmeticException e) {
                throw new InexpressibleValueException("the interval is too long for microseconds in 64 bits");
            }
        }

        /** ISO 8601 with every part. */
        String iso() {
            long seconds = micros / MICROS_PER_SECOND;
            long fraction = Math.abs(micros % MICROS_PER_SECOND);
            StringBuilder text = new StringBuilder("P");
            text.append(months / 12)
                    .append('Y')
                    .append(months % 12)
                    .append('M')
                    .append(days)
                    .append("DT");
            text.append(seconds / 3600).append('H').append(seconds / 60 % 60).append('M');
            if (micros < 0 && seconds % 60 == 0 && fraction != 0) {
                text.append('-');
            }
            text.append(seconds % 60);
            if (fraction != 0) {
                String digits = Long.toString(MICROS_PER_SECOND + fraction).substring(1);
                text.append('.').append(digits.replaceAll("0+$", ""));
            }
            return text.append('S').toString();
        }
    }

    static Interval interval(byte[] bytes, int offset, int length) throws InexpressibleValueException {
        String text = new String(bytes, offset, length, StandardCharsets.ISO_8859_1);
        String[] words = text.split(" ");
        long months = 0;
        long days = 0;
        long micros = 0;
        try {
            for (int i = 0; i < words.length; i++) {
                if (words[i].indexOf(':') > 0) {
                    micros = clock(words[i]);
                } else {
                    long number = Long.parseLong(words[i].startsWith("+") ? words[i].substring(1) : words[i]);
                    switch (words[++i]) {
                        case "year", "years" -> months += number * 12;
                        case "mon", "mons" -> months += number;
                        case "day", "days" -> days += number;
                        default -> throw notAnInterval();
                    }
                }
            }
        } catch (NumberFormatException | IndexOutOfBoundsException e) {
            throw notAnInterval();
        }
        return new Interval(months, days, micros);
    }

    /** {@code [+-]h…h:mm:ss[.ffffff]}. */
    private static long clock(String word) throws InexpressibleValueException {
        boolean negative = word.startsWith("-");
        String unsigned = negative || word.startsWith("+") ? word.substring(1) : word;
        String[] parts = unsigned.split("[:.]");
        if (parts.length < 3 || parts.length > 4) {
            throw notAnInterval();
        }
        long seconds = Long.parseLong(parts[0]) * 3600 + Long.parseLong(parts[1]) * 60 + Long.parseLong(parts[2]);
        long fraction = parts.length == 4 ? Long.parseLong((parts[3] + "000000").substring(0, 6)) : 0;
        long micros = seconds * MICROS_PER_SECOND + fraction;
        return negative ? -micros : micros;
    }

    private static InexpressibleValueException notAnInterval() {
        return new InexpressibleValueException("not an interval in PostgreSQL's own form");
    }
}
