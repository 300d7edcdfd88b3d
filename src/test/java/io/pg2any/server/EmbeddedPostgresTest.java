package io.pg2any.server;

import static org.assertj.core.api.Assertions.assertThat;

import io.pg2any.cli.EmbeddedPostgres;
import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.Statement;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class EmbeddedPostgresTest {
    @ParameterizedTest
    @ValueSource(ints = {14, 15, 16, 17, 18})
    void everySupportedServerStartsWithLogicalWal(int version) throws Exception {
        try (EmbeddedPostgres server = TestPostgres.start(version);
                Connection connection = server.connect();
                Statement statement = connection.createStatement();
                ResultSet row = statement.executeQuery(
                        "SELECT current_setting('server_version_num')::int / 10000, current_setting('wal_level')")) {
            row.next();
            assertThat(row.getInt(1)).isEqualTo(version);
            assertThat(row.getString(2)).isEqualTo("logical");
        }
    }
}
