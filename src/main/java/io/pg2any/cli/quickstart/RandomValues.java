package io.pg2any.cli.quickstart;

import java.util.Base64;
import java.util.Random;
import java.util.UUID;

/** Values in PostgreSQL's input syntax, from the corners of each type; reproducible from the seed. */
final class RandomValues {
    private static final String[] NASTY = {
        "",
        " ",
        "t",
        "f",
        "\\N",
        "NULL",
        "null",
        "\r\n",
        "a\r\nb",
        "\n",
        "\t",
        "'",
        "''",
        "\"",
        "`",
        "\\",
        "\\\\x00",
        "O'Reilly; DROP TABLE accounts;--",
        "%s %d ?",
        "$1",
        "{}",
        "{a,b}",
        "(1,2)",
        "\u0001\u0002\u001f\u007f",
        "\u00e9 e\u0301",
        "\ud83d\ude00",
        "\ud83d\udc69\u200d\ud83d\udcbb",
        "\ufeffbom",
        "\u2028\u2029",
        "\uffff\ue000",
        "\ud800\udc00",
        "\u6771\u4eac",
        "\u202eright to left",
        "1e400",
        "-0",
        "0x10",
        "NaN",
        "trailing  "
    };
    private static final String[] NUMERICS = {
        "0",
        "-0.0",
        "1.10",
        "1.100",
        "NaN",
        "0.000000000000000000000000000000000001",
        "-99999999999999999999999999.5",
        "123456789012345678901234567890.123456789012345678901234567890",
        "1e-300",
        "1e300"
    };
    private static final String[] REALS = {
        "0", "-0", "1", "0.1", "-1.5", "3.4028235e38", "1e-45", "Infinity", "-Infinity", "16777217", "1.17549435e-38"
    };
    private static final String[] DOUBLES = {
        "0", "-0", "0.1", "1e308", "5e-324", "Infinity", "-Infinity", "9007199254740993", "123456.789", "-2.5e-10"
    };
    private static final String[] DATES = {
        "2024-02-29",
        "1970-01-01",
        "0001-01-01",
        "0044-03-15 BC",
        "infinity",
        "-infinity",
        "5874897-12-31",
        "1582-10-10"
    };
    private static final String[] TIMES = {"00:00:00", "24:00:00", "23:59:59.999999", "12:34:56.1", "00:00:00.000001"};
    private static final String[] TIMESTAMPS = {
        "2024-02-29 12:00:00.123456", "0044-03-15 12:00:00.000001 BC", "infinity", "-infinity",
        "294276-12-31 23:59:59.999999", "1969-12-31 23:59:59.999999", "2024-03-31 02:30:00", "4713-01-01 00:00:00 BC"
    };
    private static final String[] INTERVALS = {
        "0",
        "1 mon -1 day +01:00:00",
        "-1 year -2 mons +3 days -04:05:06.789",
        "178000000 years",
        "00:00:00.000001",
        "1 day"
    };
    private static final String[] JSON = {
        "null",
        "{}",
        "{\"b\":1, \"a\": [1,2.50,null, true], \"c\": {\"d\": \"\\u00e9\\n\"}}",
        "\"text\"",
        "1.10",
        "  [ ]  ",
        "{\"a\":1,\"a\":2}",
        "\"\ud83d\ude00\""
    };
    private static final String[] NETWORKS = {"10.0.0.0/8", "192.168.1.0/24", "2001:db8::/32", "0.0.0.0/0"};
    private static final String[] HOSTS = {"10.1.2.3", "10.1.2.3/8", "::1", "2001:db8::1/64", "255.255.255.255"};
    private static final String[] INT_ARRAYS = {
        "{}", "{1,2,3}", "{NULL}", "{{1,2},{3,4}}", "[2:3]={7,8}", "{-2147483648}"
    };
    private static final String[] TEXT_ARRAYS = {
        "{}", "{a,NULL,\"NULL\",\"\"}", "{\"with \\\"quotes\\\"\",\"and, comma\",\"back\\\\slash\"}", "{\"{}\"}"
    };
    private static final String[] INT_RANGES = {"empty", "[1,10)", "(,5]", "[7,)", "(,)"};
    private static final String[] PERIODS = {
        "empty", "[2024-01-01 00:00:00+00,2024-06-01 12:30:00.5+02)", "(,infinity]", "[2020-01-01 00:00:00+00,)"
    };
    private static final String[] PAIRS = {"(1,a)", "(,)", "(7,\"x, y\")", "(-1,\"\")"};
    private static final String[] MOODS = {"sad", "ok", "happy", "it's \"complicated\""};

    private final Random random;

    RandomValues(Random random) {
        this.random = random;
    }

    int below(int bound) {
        return random.nextInt(bound);
    }

    boolean chance(int percent) {
        return random.nextInt(100) < percent;
    }

    UUID uuid() {
        return new UUID(random.nextLong(), random.nextLong());
    }

    /** Short text; often one that some layer might take for something else. */
    String text() {
        return chance(60) ? NASTY[below(NASTY.length)] : word() + NASTY[below(NASTY.length)] + word();
    }

    String word() {
        return Long.toString(random.nextLong() & Long.MAX_VALUE, 36);
    }

    /** Does not compress, so that a column keeps it out of line. */
    String large(int bytes) {
        return Base64.getEncoder().encodeToString(bytes(bytes * 3 / 4));
    }

    byte[] bytes(int length) {
        byte[] bytes = new byte[length];
        random.nextBytes(bytes);
        return bytes;
    }

    /** A value for a column of that type of table {@code everything}; null one time in ten. */
    String of(String type) {
        if (chance(10)) {
            return null;
        }
        return switch (type) {
            case "smallint" -> Short.toString((short) random.nextInt());
            case "int" -> pick("2147483647", "-2147483648", "0", Integer.toString(random.nextInt()));
            case "bigint" -> pick("9223372036854775807", "-9223372036854775808", "0", Long.toString(random.nextLong()));
            case "oid" -> pick("0", "4294967295", Integer.toString(below(100_000)));
            case "numeric" -> chance(50) ? pick(NUMERICS) : digits(1 + below(400)) + "." + digits(1 + below(200));
            case "numeric(12, 2)" -> digits(1 + below(9)) + "." + digits(2);
            case "real" -> chance(50) ? pick(REALS) : Float.toString(random.nextFloat() * 1e6f);
            case "double precision" -> chance(50) ? pick(DOUBLES) : Double.toString(random.nextGaussian() * 1e9);
            case "boolean" -> pick("true", "false");
            case "\"char\"" -> pick("a", "", "\\", "'");
            case "char(8)" -> pick("", "a", "  b", "12345678");
            case "varchar(40)" -> abbreviate(text(), 40);
            case "text" -> text();
            case "date" -> pick(DATES);
            case "time" -> pick(TIMES);
            case "timetz" -> pick(TIMES) + pick("+00", "-15:59", "+05:30");
            case "timestamp" -> pick(TIMESTAMPS);
            case "timestamptz" -> pick(TIMESTAMPS);
            case "interval" -> pick(INTERVALS);
            case "uuid" -> uuid().toString();
            case "json" -> pick(JSON);
            case "jsonb" -> pick(JSON);
            case "bytea" -> pick("\\x", "\\x00", "\\x5c78", "\\xdeadbeef", "\\xff00ff");
            case "int[]" -> pick(INT_ARRAYS);
            case "text[]" -> pick(TEXT_ARRAYS);
            case "numeric[]" -> pick("{}", "{1.10,NaN}", "{{1.0,2.00},{3,NULL}}");
            case "mood" -> pick(MOODS);
            case "positive" -> Integer.toString(1 + below(Integer.MAX_VALUE - 1));
            case "email" -> word() + "@example.org";
            case "pair" -> pick(PAIRS);
            case "inet" -> pick(HOSTS);
            case "cidr" -> pick(NETWORKS);
            case "macaddr" -> "08:00:2b:01:02:" + (10 + below(80));
            case "int4range" -> pick(INT_RANGES);
            case "tstzrange" -> pick(PERIODS);
            case "bit varying(20)" -> pick("", "0", "1", "10101010101010101010");
            case "point" -> pick("(0,0)", "(1.5,-2.25)", "(1e300,1e-300)");
            case "tsvector" -> pick("", "'a':1 'fat':2 'it''s':3A", "'x'");
            default -> throw new IllegalArgumentException("no values for type " + type);
        };
    }

    private String digits(int count) {
        StringBuilder text = new StringBuilder(count);
        for (int i = 0; i < count; i++) {
            text.append((char) ('0' + below(10)));
        }
        return text.toString();
    }

    private String pick(String... values) {
        return values[below(values.length)];
    }

    /** Whole code points only. */
    private static String abbreviate(String text, int codePoints) {
        return text.codePointCount(0, text.length()) <= codePoints
                ? text
                : text.substring(0, text.offsetByCodePoints(0, codePoints));
    }
}
