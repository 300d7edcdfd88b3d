package io.pg2any.apply.jdbc;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.util.Random;
import org.junit.jupiter.api.Test;

class DelimitedLinesTest {
    private static final String PIECES = "\\\t\n\r\0\u000b\u000f\u0010\u001f [],\"'aZ~\u007fé日😀";

    private final DelimitedLines lines = new DelimitedLines(16);

    @Test
    void bytesThatMeanSomethingToTheReaderComeBehindABackslash() {
        lines.putText(bytes("a\tb\nc\rd\\e\0f"), 0, 11);
        lines.endField();
        lines.putNull();
        lines.endLine();
        assertThat(text()).isEqualTo("a\\tb\\nc\\rd\\\\e\\0f\t\\N\n");
    }

    @Test
    void everyTextIsTheSameWhereverItsBytesStand() {
        Random random = new Random(1);
        int[] pieces = PIECES.codePoints().toArray();
        for (int round = 0; round < 20_000; round++) {
            StringBuilder text = new StringBuilder();
            StringBuilder escaped = new StringBuilder();
            for (int i = random.nextInt(40); i > 0; i--) {
                // Mostly such as stand for themselves, so that runs of every length come.
                int c = random.nextInt(4) > 0 ? 'x' : pieces[random.nextInt(pieces.length)];
                text.appendCodePoint(c);
                int special = "\\\t\n\r\0".indexOf(c);
                if (special >= 0) {
                    escaped.append('\\').append("\\tnr0".charAt(special));
                } else {
                    escaped.appendCodePoint(c);
                }
            }
            String before = "\t".repeat(random.nextInt(9));
            byte[] all = bytes(before + text + "\n");
            lines.truncate(0);
            boolean ascii = lines.putText(all, before.length(), all.length - before.length() - 1);
            assertThat(text()).isEqualTo(escaped.toString());
            assertThat(ascii).isEqualTo(text.chars().allMatch(c -> c < 128));
        }
    }

    @Test
    void whatIsTruncatedIsGone() {
        lines.putPlain(bytes("123"), 0, 3);
        int start = lines.size();
        lines.putText(bytes("a long text of which the end has no form"), 0, 40);
        lines.truncate(start);
        lines.put('4');
        assertThat(text()).isEqualTo("1234");
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    private String text() {
        return new String(lines.bytes(), 0, lines.size(), StandardCharsets.UTF_8);
    }
}
