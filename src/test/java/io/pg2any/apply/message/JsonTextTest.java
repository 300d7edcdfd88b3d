package io.pg2any.apply.message;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Random;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;

/** Against Jackson, byte for byte. */
class JsonTextTest {
    private final JsonText json = new JsonText();

    @Test
    void everyCharacterOfTheBasicPlaneIsWrittenAsJacksonWritesIt() throws IOException {
        for (int character = 0; character <= Character.MAX_VALUE; character++) {
            if (!Character.isSurrogate((char) character)) {
                String text = Character.toString(character);
                assertThat(json.string(text).take()).isEqualTo(byJackson(text));
            }
        }
    }

    @Test
    void anyTextIsWrittenAsJacksonWritesIt() throws IOException {
        Random random = new Random(4);
        for (int round = 0; round < 20_000; round++) {
            String text = text(random);
            assertThat(json.string(text).take()).isEqualTo(byJackson(text));
        }
    }

    /** Many that are escaped, some of two to four bytes; a few longer than the first buffer. */
    private static String text(Random random) {
        StringBuilder text = new StringBuilder();
        int length = random.nextInt(100) == 0 ? random.nextInt(20_000) : random.nextInt(40);
        while (text.length() < length) {
            switch (random.nextInt(5)) {
                case 0 -> text.append((char) random.nextInt(' '));
                case 1 -> text.append("\"\\/\u007f".charAt(random.nextInt(4)));
                case 2 -> text.append("é€漢\u2028\ufffd\ufeff".charAt(random.nextInt(6)));
                case 3 -> text.appendCodePoint(0x10000 + random.nextInt(0x100000));
                default -> text.append((char) (' ' + random.nextInt(95)));
            }
        }
        return text.toString();
    }

    @Test
    void bytesThatAreNotUtf8AreWrittenAsTheyAreAndReported() {
        byte[] broken = {'a', (byte) 0xC3, '"', (byte) 0x80};
        boolean ascii = json.string(broken, 0, broken.length);

        assertThat(ascii).isFalse();
        assertThat(json.take()).containsExactly('"', 'a', 0xC3, '\\', '"', 0x80, '"');
        assertThat(json.string(broken, 0, 1)).isTrue();
    }

    @Test
    void everyNumberIsWrittenInFull() {
        LongStream.of(0, 1, -1, 9, 10, -10, 1_000_000_007, Integer.MIN_VALUE, Long.MAX_VALUE, Long.MIN_VALUE)
                .forEach(number ->
                        assertThat(json.number(number).take()).asString().isEqualTo(Long.toString(number)));
        new Random(4)
                .longs(100_000)
                .map(number -> number >> (number & 63))
                .forEach(number ->
                        assertThat(json.number(number).take()).asString().isEqualTo(Long.toString(number)));
    }

    @Test
    void commasPartNeighboursAndNothingElse() {
        byte[] name = JsonText.quoted("a\"b");
        json.startObject();
        json.name(name).startArray().endArray();
        json.name("c")
                .startArray()
                .number(1)
                .string("x")
                .nothing()
                .startObject()
                .endObject()
                .bool(true)
                .endArray();
        json.name("d").startObject().name(name).bool(false).endObject();
        json.endObject();

        assertThat(json.take()).asString().isEqualTo("""
                {"a\\"b":[],"c":[1,"x",null,{},true],"d":{"a\\"b":false}}""");
    }

    @Test
    void aValueThatWasCutIsAsIfItHadNeverBegun() {
        json.startObject().name("a").number(1).name("b");
        int start = json.length();
        json.startArray().number(2);
        json.cut(start);
        json.nothing().endObject();

        assertThat(json.take()).asString().isEqualTo("""
                {"a":1,"b":null}""");
    }

    @Test
    void aTextThatWasForgottenLeavesNoTrace() {
        json.startArray().number(1);
        json.forget();

        assertThat(json.number(2).take()).asString().isEqualTo("2");
    }

    private static byte[] byJackson(String text) throws IOException {
        byte[] utf8 = text.getBytes(StandardCharsets.UTF_8);
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (JsonGenerator out = new JsonFactory().createGenerator(bytes)) {
            out.writeUTF8String(utf8, 0, utf8.length);
        }
        return bytes.toByteArray();
    }
}
