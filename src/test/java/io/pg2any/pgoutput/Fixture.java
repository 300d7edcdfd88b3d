package io.pg2any.pgoutput;

import io.pg2any.change.Column;
import io.pg2any.change.Lsn;
import io.pg2any.change.Relation;
import io.pg2any.change.ReplicaIdentity;
import io.pg2any.change.SourceIdentity;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** A recorded session: what a server sent, and what its catalog said ({@link FixtureRecorder} draws the format). */
final class Fixture {
    record Message(long walStart, byte[] bytes) {}

    final FixtureScenario scenario;
    final int version;
    final List<Message> messages = new ArrayList<>();
    /** As the catalog had them when the recording began. */
    final Map<Integer, Relation> relations = new LinkedHashMap<>();

    final Map<Integer, String> xidLabels = new HashMap<>();
    Lsn from;
    Lsn to;

    private Fixture(FixtureScenario scenario, int version) {
        this.scenario = scenario;
        this.version = version;
    }

    static Fixture load(int version, FixtureScenario scenario) throws IOException {
        Fixture fixture = new Fixture(scenario, version);
        String name = "/pgoutput/" + version + "/" + scenario.file() + ".hex";
        try (InputStream in = Fixture.class.getResourceAsStream(name)) {
            if (in == null) {
                throw new IOException("no fixture " + name);
            }
            new String(in.readAllBytes(), StandardCharsets.UTF_8).lines().forEach(fixture::line);
        }
        return fixture;
    }

    /** All sessions that were recorded of the server. */
    static List<Fixture> all(int version) throws IOException {
        List<Fixture> fixtures = new ArrayList<>();
        for (FixtureScenario scenario : FixtureScenario.values()) {
            if (version >= scenario.since) {
                fixtures.add(load(version, scenario));
            }
        }
        return fixtures;
    }

    PgOutputDecoder decoder() {
        return new PgOutputDecoder("parallel".equals(scenario.options.get("streaming")));
    }

    MessageChunk chunk() throws IOException {
        MessageChunkWriter writer = new MessageChunkWriter(1024);
        for (Message message : messages) {
            writer.append(message.bytes, 0, message.bytes.length, message.walStart);
        }
        return writer.toChunk(new SourceIdentity("7000000000000000000", 1, "fixture"), 1, from, null);
    }

    private void line(String line) {
        if (!line.startsWith("# ")) {
            String[] parts = line.split(" ");
            messages.add(new Message(Lsn.parse(parts[0]).value(), HexFormat.of().parseHex(parts[1])));
            return;
        }
        String[] fact = line.substring(2).split("[ \t]", 2);
        switch (fact[0]) {
            case "lsn" -> {
                from = Lsn.parse(fact[1].split(" ")[0]);
                to = Lsn.parse(fact[1].split(" ")[1]);
            }
            case "xid" -> xidLabels.put(Integer.parseUnsignedInt(fact[1].split(" ")[1]), fact[1].split(" ")[0]);
            case "column" -> column(fact[1].split("\t", -1));
            default -> {} // server and options: for people, the scenario knows them
        }
    }

    private void column(String[] fact) {
        int oid = Integer.parseUnsignedInt(fact[0]);
        List<Column> columns = new ArrayList<>();
        if (relations.containsKey(oid)) {
            columns.addAll(relations.get(oid).columns());
        }
        columns.add(new Column(
                fact[4], Integer.parseUnsignedInt(fact[5]), Integer.parseInt(fact[6]), fact[8], fact[7].equals("t")));
        relations.put(oid, new Relation(oid, fact[1], fact[2], ReplicaIdentity.of(fact[3].charAt(0)), columns));
    }

    @Override
    public String toString() {
        return version + "/" + scenario.file();
    }
}
