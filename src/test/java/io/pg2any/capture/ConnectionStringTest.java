package io.pg2any.capture;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ConnectionStringTest {
    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "postgresql://u:p@h:1/d?replication=database | [h:1] | d | u | p | {}",
                "postgres://u@h/my-db | [h:5432] | my-db | u | | {}",
                "postgresql://u:p%40%2F%3A%25@h1:1,h2:2/d?sslmode=verify-full | [h1:1, h2:2] | d | u | p@/:% |"
                        + " {sslmode=verify-full}",
                "postgresql://u:a+b@h/d | [h:5432] | d | u | a+b | {}",
                "postgresql://u:a@b/c@h/d | [h:5432] | d | u | a@b/c | {}",
                "postgresql://u@[::1]:6432,[fe80::1]/d%20e | [[::1]:6432, [fe80::1]:5432] | d e | u | | {}",
                "postgresql:///d?host=h1,h2&port=7&user=u&password=p | [h1:7, h2:7] | d | u | p | {}",
                "postgresql://u@h | [h:5432] | u | u | | {}",
                "postgresql://u@h/d?application_name=x%20y&connect_timeout=3&target_session_attrs=read-write | [h:5432]"
                        + " | d | u | | {ApplicationName=x y, connectTimeout=3, targetServerType=primary}",
                "jdbc:postgresql://h:1/d?user=u&password=p%2Bq+r&sslrootcert=/ca.pem | [h:1] | d | u | p+q r |"
                        + " {sslrootcert=/ca.pem}",
                "jdbc:postgresql:d?user=u | [localhost:5432] | d | u | | {}",
                "host=h port=1 dbname=d user=u password='p q\\'\\\\r' | [h:1] | d | u | p q'\\r | {}",
                "host = ::1 dbname = d user=u password=a\\ b keepalives=0 | [[::1]:5432] | d | u | a b |"
                        + " {tcpKeepAlive=false}",
                "host=h dbname='' user=u password='' | [h:5432] | u | u | '' | {}",
            })
    void readsWhatUsersHaveAtHand(
            String text, String hosts, String database, String user, String password, String parameters) {
        ConnectionString connection = ConnectionString.parse(text);
        assertThat(connection.hosts().toString()).isEqualTo(hosts);
        assertThat(connection.database()).isEqualTo(database);
        assertThat(connection.user()).hasValue(user);
        assertThat(connection.password().orElse(null)).isEqualTo(password);
        assertThat(connection.parameters().toString()).isEqualTo(parameters);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "postgresql://u:secret@h:port/d | port of host 1",
                "postgresql://u:secret/d | port of host 1",
                "postgresql://u:secret@h:99999/d | port of host 1",
                "postgresql://u:secret@h1,::1/d | malformed host 2",
                "postgresql://u:secret%zz@h/d | percent-encoding in the password",
                "postgresql://u:secret@h/d?sslmod=require | unknown connection parameter: sslmod",
                "postgresql://u:secret@h/d?sslmode | not of the form name=value",
                "postgresql://u:?secret@h/d | not of the form name=value",
                "postgresql://u:secret@h/d?target_session_attrs=best | target_session_attrs",
                "postgresql://u:secret@%2Fvar%2Frun/d | Unix socket",
                "postgresql://:secret@h | neither a database nor a user",
                "host=h password='secret | password lacks its closing quote",
                "host=h password=secret rest | without a value",
                "mysql://u:secret@h/d | not a connection string",
                "mysql://u:secret@h/d?x=y | not a connection string",
                "'' | not a connection string",
            })
    void namesThePartThatIsWrongAndNeverThePassword(String text, String part) {
        assertThatThrownBy(() -> ConnectionString.parse(text))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining(part)
                .hasMessageNotContaining("secret")
                .hasNoCause();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "postgresql://u:s3cr3t@h/d?sslpassword=k3yp4ss",
                "host=h dbname=d user=u password=s3cr3t sslpassword=k3yp4ss"
            })
    void masksItsSecrets(String text) {
        ConnectionString connection = ConnectionString.parse(text);
        CaptureConfig config = CaptureConfig.builder(connection, "s", List.of("p"))
                .driverProperties(Map.of("sslpassword", "k3yp4ss"))
                .build();
        assertThat(connection.toString()).isEqualTo("postgresql://u:****@h:5432/d?sslpassword=****");
        assertThat(connection.mask("login with s3cr3t and k3yp4ss failed"))
                .isEqualTo("login with **** and **** failed");
        assertThat(config.toString()).doesNotContain("s3cr3t").doesNotContain("k3yp4ss");
    }

    @ParameterizedTest
    @CsvSource({
        "slot,Orders",
        "slot,''",
        "publications,''",
        "handoffBytes,x",
        "chunkBytes,x",
        "statusInterval,x",
        "protocolVersion,x",
        "reconnectMax,x"
    })
    void aBadSettingIsRefusedByItsKey(String key, String value) {
        String slot = key.equals("slot") ? value : "s";
        CaptureConfig.Builder builder = CaptureConfig.builder(
                ConnectionString.parse("postgresql://u@h/d"), slot, List.of(key.equals("publications") ? "" : "p"));
        switch (key) {
            case "handoffBytes" -> builder.handoffBytes(1);
            case "chunkBytes" -> builder.chunkBytes(0);
            case "statusInterval" -> builder.statusInterval(Duration.ZERO);
            case "protocolVersion" -> builder.protocolVersion(5);
            case "reconnectMax" -> builder.reconnect(Duration.ofSeconds(2), Duration.ofSeconds(1));
            default -> assertThat(key).isIn("slot", "publications");
        }
        assertThatThrownBy(builder::build)
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageStartingWith(key + " must be");
    }

    @Test
    void aTimelineHistoryTellsWhatIsPartOfIt() {
        TimelineHistory history =
                TimelineHistory.parse("1\t0/3000000\tno recovery target specified\n\n2\t0/5000000\tx\n");
        assertThat(history.contains(1, io.pg2any.change.Lsn.parse("0/3000000"))).isTrue();
        assertThat(history.contains(1, io.pg2any.change.Lsn.parse("0/3000001"))).isFalse();
        assertThat(history.contains(2, io.pg2any.change.Lsn.parse("0/4000000"))).isTrue();
        assertThat(history.contains(7, io.pg2any.change.Lsn.parse("0/1"))).isFalse();
    }
}
