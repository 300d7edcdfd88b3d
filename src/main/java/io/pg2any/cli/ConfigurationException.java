package io.pg2any.cli;

import java.util.List;

/** Settings that cannot be started with; every problem found, each naming its key. Exit code 2. */
class ConfigurationException extends Exception {
    private static final long serialVersionUID = 1L;

    private final transient List<String> problems;

    ConfigurationException(List<String> problems) {
        super(String.join("\n", problems));
        this.problems = List.copyOf(problems);
    }

    List<String> problems() {
        return problems;
    }
}
