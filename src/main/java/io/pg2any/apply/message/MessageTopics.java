package io.pg2any.apply.message;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;

/** Which logical messages become events, and where they go: the first rule that fits a message's prefix counts. */
public record MessageTopics(List<Rule> rules) {
    public static final MessageTopics NONE = new MessageTopics(List.of());

    /**
     * @param prefix of the message: all of it, or with {@code open} its beginning
     * @param open whether the prefix goes on, with the key
     */
    public record Rule(String prefix, boolean open, String topic) {
        boolean fits(String found) {
            return open ? found.startsWith(prefix) : found.equals(prefix);
        }

        /** What {@code *} stands for, so that what is about one thing stays in order; else the prefix. */
        String key(String found) {
            return open ? found.substring(prefix.length()) : found;
        }
    }

    public MessageTopics {
        rules = List.copyOf(rules);
    }

    /**
     * @param text {@code prefix=topic;prefix*=topic2}; blank names none
     * @throws IllegalArgumentException for an entry of another form
     */
    public static MessageTopics parse(String text) {
        if (text == null || text.isBlank()) {
            return NONE;
        }
        List<Rule> rules = new ArrayList<>();
        for (String entry : text.split(";", -1)) {
            if (!entry.isBlank()) {
                rules.add(rule(entry.strip()));
            }
        }
        return new MessageTopics(rules);
    }

    private static Rule rule(String entry) {
        int equals = entry.lastIndexOf('=');
        String pattern = equals < 0 ? "" : entry.substring(0, equals).strip();
        String topic = entry.substring(equals + 1).strip();
        int star = pattern.indexOf('*');
        if (pattern.isEmpty() || (star >= 0 && star < pattern.length() - 1)) {
            throw new IllegalArgumentException("messages: expected prefix=topic or prefix*=topic entries joined by"
                    + " semicolons, found '" + entry + "'");
        }
        if (!topic.matches("[a-zA-Z0-9._-]{1,249}")) {
            throw new IllegalArgumentException(
                    "messages: a topic has 1 to 249 letters, digits, '.', '_', '-', found '" + topic + "'");
        }
        return new Rule(star < 0 ? pattern : pattern.substring(0, star), star >= 0, topic);
    }

    Optional<Rule> of(String prefix) {
        return rules.stream().filter(rule -> rule.fits(prefix)).findFirst();
    }

    /** Every topic that a rule names. */
    public Set<String> topics() {
        return rules.stream().map(Rule::topic).collect(Collectors.toUnmodifiableSet());
    }
}
