package io.pg2any.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import org.apache.logging.log4j.Level;
import org.apache.logging.log4j.LogManager;
import org.apache.logging.log4j.core.Layout;
import org.apache.logging.log4j.core.LoggerContext;
import org.apache.logging.log4j.core.impl.Log4jLogEvent;
import org.apache.logging.log4j.message.SimpleMessage;
import org.junit.jupiter.api.Test;

class LoggingTest {
    @Test
    void everyEventEndsItsLineWithAThrowableOrWithout() {
        Layout<?> layout = ((LoggerContext) LogManager.getContext(false))
                .getConfiguration()
                .getAppender("console")
                .getLayout();
        Log4jLogEvent.Builder event = Log4jLogEvent.newBuilder()
                .setLoggerName("Any")
                .setLevel(Level.WARN)
                .setMessage(new SimpleMessage("told"));

        assertThat(new String(layout.toByteArray(event.build())))
                .endsWith("told" + System.lineSeparator())
                .hasLineCount(1);
        assertThat(new String(layout.toByteArray(
                        event.setThrown(new IOException("the cause")).build())))
                .endsWith("the cause" + System.lineSeparator())
                .hasLineCount(2);
    }
}
