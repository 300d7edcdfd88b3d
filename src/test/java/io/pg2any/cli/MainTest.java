package io.pg2any.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.PrintWriter;
import java.io.StringWriter;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import picocli.CommandLine;

class MainTest {
    @ParameterizedTest
    @ValueSource(strings = {"run", "check", "inspect", "quickstart"})
    void everyCommandHasHelpAndAVersion(String command) {
        StringWriter out = new StringWriter();
        CommandLine commands = Main.commands().setOut(new PrintWriter(out, true));

        assertThat(commands.execute(command, "--help")).isZero();
        assertThat(out.toString()).contains("Usage: pg2any " + command);

        assertThat(commands.execute(command, "--version")).isZero();
        assertThat(out.toString()).endsWith("pg2any " + Main.version() + System.lineSeparator());
    }
}
