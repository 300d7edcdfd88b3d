package io.pg2any.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;

/** The README's table of settings and {@link Setting} are one: run with -Dpg2any.docs.write=true to write it anew. */
class OptionReferenceTest {
    private static final String BEGIN = "<!-- settings: written from Setting.java by OptionReferenceTest -->\n";
    private static final String END = "<!-- end of settings -->";

    @Test
    void theReadmeHoldsEverySettingAsItIsInTheCode() throws Exception {
        Path readme = Path.of("README.md");
        String text = Files.readString(readme);
        int begin = text.indexOf(BEGIN) + BEGIN.length();
        int end = text.indexOf(END);
        assertThat(text).contains(BEGIN, END);
        if (Boolean.getBoolean("pg2any.docs.write")) {
            text = text.substring(0, begin) + table() + text.substring(end);
            Files.writeString(readme, text);
            end = text.indexOf(END);
        }

        assertThat(text.substring(begin, end)).isEqualTo(table());
    }

    private static String table() {
        StringBuilder table = new StringBuilder("| Variable | Property | Default | Meaning |\n|---|---|---|---|\n");
        for (Setting setting : Setting.ALL) {
            String fallback =
                    setting.fallback() == null || setting.fallback().isEmpty() ? "" : "`" + setting.fallback() + "`";
            table.append("| `")
                    .append(setting.variable())
                    .append("` | `")
                    .append(setting.property())
                    .append("` | ")
                    .append(fallback)
                    .append(" | ")
                    .append(setting.description())
                    .append(" |\n");
        }
        return table.toString();
    }
}
