package io.pg2any.apply.message;

import io.pg2any.apply.TargetException;
import io.pg2any.change.Change;
import io.pg2any.change.Lsn;
import io.pg2any.change.TransactionInfo;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;

/** Messages of changes, gathered. */
public final class Events {
    static final Instant COMMITTED = Instant.parse("2026-11-22T10:00:00.123456Z");
    static final Clock CLOCK = Clock.fixed(Instant.parse("2026-11-22T10:00:01Z"), ZoneOffset.UTC);

    private Events() {}

    static List<Message> of(MessageOptions options, Change... changes) throws TargetException {
        List<Message> messages = new ArrayList<>();
        TransactionEvents events = new TransactionEvents(options, CLOCK, messages::add);
        events.begin(new TransactionInfo(774, new Lsn(0x1000), COMMITTED, OptionalLong.of(changes.length)));
        for (Change change : changes) {
            events.change(change);
        }
        events.end();
        return messages;
    }

    static MessageOptions defaults() {
        return MessageOptions.defaults("pg2any", "shop", "1.0");
    }

    /** The same, but with rules for logical messages. */
    public static MessageOptions withTopics(MessageOptions d, String topics) {
        return new MessageOptions(
                d.prefix(),
                d.database(),
                d.version(),
                d.format(),
                d.schemas(),
                d.decimals(),
                d.times(),
                d.binaries(),
                d.intervals(),
                d.tombstones(),
                d.boundaries(),
                d.keyColumns(),
                MessageTopics.parse(topics),
                d.keys(),
                d.mapping(),
                d.values());
    }

    static String text(byte[] json) {
        return json == null ? null : new String(json, StandardCharsets.UTF_8);
    }
}
