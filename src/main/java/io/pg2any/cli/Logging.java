package io.pg2any.cli;

import java.util.Locale;
import org.apache.logging.log4j.Level;
import org.apache.logging.log4j.core.config.Configurator;

/** The one place that knows which logging implementation runs. */
final class Logging {
    private Logging() {}

    static void level(String level) {
        Configurator.setLevel("io.pg2any", Level.valueOf(level.toUpperCase(Locale.ROOT)));
    }
}
