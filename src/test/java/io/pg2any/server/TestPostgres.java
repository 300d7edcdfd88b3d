package io.pg2any.server;

import io.pg2any.cli.EmbeddedPostgres;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/** The five supported server versions, from the jars the build has copied. */
public final class TestPostgres {
    public static final List<Integer> VERSIONS = List.of(14, 15, 16, 17, 18);

    /** Where one version has to do: the newest, or the one that {@code -Dpg2any.postgres=14} names. */
    public static final int VERSION = Integer.getInteger("pg2any.postgres", 18);

    private TestPostgres() {}

    public static EmbeddedPostgres start(int majorVersion) throws IOException {
        return start(majorVersion, Map.of());
    }

    public static EmbeddedPostgres start(int majorVersion, Map<String, String> settings) throws IOException {
        return EmbeddedPostgres.start(binaries(majorVersion), settings);
    }

    public static Path binaries(int majorVersion) throws IOException {
        Path folder = Path.of(System.getProperty("pg2any.test.postgres", "target/postgres"));
        try (Stream<Path> jars = Files.list(folder)) {
            return jars.filter(jar -> jar.getFileName().toString().contains("-" + majorVersion + "."))
                    .findFirst()
                    .orElseThrow(() -> new IllegalStateException("no binaries of PostgreSQL " + majorVersion + " in "
                            + folder + "; mvn generate-test-resources brings them"));
        }
    }
}
