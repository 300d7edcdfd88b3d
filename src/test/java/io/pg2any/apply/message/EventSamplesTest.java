package io.pg2any.apply.message;

import static io.pg2any.apply.Relations.full;
import static io.pg2any.apply.Relations.keyed;
import static io.pg2any.apply.Tuples.UNCHANGED;
import static io.pg2any.apply.Tuples.tuple;
import static io.pg2any.apply.message.Events.text;
import static org.assertj.core.api.Assertions.assertThat;

import io.pg2any.apply.TargetException;
import io.pg2any.change.Change;
import io.pg2any.change.Change.Delete;
import io.pg2any.change.Change.Insert;
import io.pg2any.change.Change.LogicalMessage;
import io.pg2any.change.Change.Truncate;
import io.pg2any.change.Change.Update;
import io.pg2any.change.Lsn;
import io.pg2any.change.Relation;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** The samples of docs/events.md are what the code makes; {@code -Dpg2any.docs.write=true} writes them. */
class EventSamplesTest {
    private static final Path PAGE = Path.of("docs/events.md");
    private static final String BEGIN = "<!-- samples: written by EventSamplesTest -->\n";
    private static final String END = "<!-- end of samples -->";

    @Test
    void thePageShowsWhatTheCodeMakes() throws Exception {
        String page = Files.readString(PAGE);
        assertThat(page).contains(BEGIN, END);
        int from = page.indexOf(BEGIN) + BEGIN.length();
        if (Boolean.getBoolean("pg2any.docs.write")) {
            page = page.substring(0, from) + samples() + page.substring(page.indexOf(END));
            Files.writeString(PAGE, page);
        }
        assertThat(page.substring(from, page.indexOf(END))).isEqualTo(samples());
    }

    /** One transaction with a change of every kind; the statement before each. */
    private static Map<String, Change> changes() {
        Relation person =
                keyed(1, "person", "id* int4", "name text", "balance numeric", "seen timestamptz", "photo text");
        Relation badge = full(2, "badge", "id int4", "label text");
        Map<String, Change> changes = new LinkedHashMap<>();
        changes.put(
                "INSERT INTO person VALUES (7, 'Ada', 12.50, '2026-11-22 11:00:00.5+01', 'a large text')",
                new Insert(person, tuple("7", "Ada", "12.50", "2026-11-22 10:00:00.5+00", "a large text")));
        changes.put(
                "UPDATE person SET balance = NULL WHERE id = 7   -- the photo is large and stays as it is",
                new Update(person, null, tuple("7", "Ada", null, "2026-11-22 10:00:00.5+00", UNCHANGED)));
        changes.put(
                "UPDATE person SET id = 8, photo = '' WHERE id = 7",
                new Update(
                        person,
                        tuple("7", null, null, null, null),
                        tuple("8", "Ada", null, "2026-11-22 10:00:00.5+00", "")));
        changes.put("DELETE FROM person WHERE id = 8", new Delete(person, tuple("8", null, null, null, null)));
        changes.put(
                "UPDATE badge SET label = 'new' WHERE id = 1   -- REPLICA IDENTITY FULL, without a primary key",
                new Update(badge, tuple("1", "old"), tuple("1", "new")));
        changes.put("TRUNCATE person", new Truncate(List.of(person), false, false));
        changes.put(
                "SELECT pg_logical_emit_message(true, 'order/7', '{\"placed\":7}')",
                new LogicalMessage(true, new Lsn(0xF00), "order/7", "{\"placed\":7}".getBytes(StandardCharsets.UTF_8)));
        return changes;
    }

    private static String samples() throws TargetException {
        Map<String, Change> changes = changes();
        MessageOptions options = Events.withTopics(Events.defaults(), "order/*=shop.orders");
        List<Message> messages = Events.of(options, changes.values().toArray(Change[]::new));
        StringBuilder samples = new StringBuilder();
        long ordinal = 0;
        for (String statement : changes.keySet()) {
            long of = ++ordinal;
            samples.append("```\n").append(statement).append("\n```\n");
            messages.stream().filter(message -> message.ordinal() == of).forEach(message -> append(samples, message));
            samples.append('\n');
        }
        return samples.toString();
    }

    private static void append(StringBuilder samples, Message message) {
        String key = message.key() == null ? "no key" : "key `" + text(message.key()) + "`";
        samples.append("\nTopic `").append(message.topic()).append("`, ").append(key);
        if (message.value() == null) {
            samples.append(", no value: a tombstone.\n");
        } else {
            samples.append(":\n\n```json\n")
                    .append(wrapped(text(message.value())))
                    .append("\n```\n");
        }
    }

    private static String wrapped(String value) {
        return value.replace(",\"after\":", ",\n \"after\":")
                .replace(",\"source\":{", ",\n \"source\":{")
                .replace(",\"sequence\":", ",\n           \"sequence\":")
                .replace(",\"transaction\":{", ",\n \"transaction\":{")
                .replace(",\"op\":", ",\n \"op\":");
    }
}
