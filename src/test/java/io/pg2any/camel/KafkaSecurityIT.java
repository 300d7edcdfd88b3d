package io.pg2any.camel;

import static io.pg2any.apply.Relations.keyed;
import static io.pg2any.apply.Tuples.tuple;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.pg2any.apply.ChangesBatch;
import io.pg2any.apply.KeySource;
import io.pg2any.apply.Target;
import io.pg2any.apply.TargetException;
import io.pg2any.apply.TargetException.Kind;
import io.pg2any.change.Change.Insert;
import io.pg2any.cli.quickstart.PipelineProcess;
import io.pg2any.server.TestKafka;
import io.pg2any.server.TokenIssuer;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Logins, access control and TLS against real brokers. */
class KafkaSecurityIT {
    private static final String MODULES = "org.apache.kafka.common.security.";
    private static final String PASSWORD = "s3cr\"et\\";
    private static final String STORE_PASSWORD = "changeit";

    /** Kafka's own: which URLs tokens and keys may come from. */
    private static final String ALLOWED_URLS = "org.apache.kafka.sasl.oauthbearer.allowed.urls";

    private static TokenIssuer issuer;
    private static TestKafka logins;
    private static TestKafka tls;

    @TempDir
    static Path folder;

    @BeforeAll
    static void startBrokers() throws Exception {
        issuer = new TokenIssuer("carol", PASSWORD);
        System.setProperty(ALLOWED_URLS, issuer.tokenUrl() + "," + issuer.keysUrl());
        logins = TestKafka.start(
                1,
                Map.of(
                        "listener.security.protocol.map",
                        "CLIENT:SASL_PLAINTEXT,CONTROLLER:PLAINTEXT",
                        "sasl.enabled.mechanisms",
                        "PLAIN,SCRAM-SHA-256,OAUTHBEARER",
                        "listener.name.client.oauthbearer.sasl.jaas.config",
                        MODULES + "oauthbearer.OAuthBearerLoginModule required;",
                        "listener.name.client.oauthbearer.sasl.server.callback.handler.class",
                        MODULES + "oauthbearer.OAuthBearerValidatorCallbackHandler",
                        "listener.name.client.oauthbearer.sasl.oauthbearer.jwks.endpoint.url",
                        issuer.keysUrl(),
                        "sasl.mechanism.inter.broker.protocol",
                        "PLAIN",
                        "listener.name.client.plain.sasl.jaas.config",
                        MODULES + "plain.PlainLoginModule required username=\"broker\" password=\"b\""
                                + " user_broker=\"b\" user_alice=\"s3cr\\\"et\\\\\" user_mallory=\"m\";",
                        "listener.name.client.scram-sha-256.sasl.jaas.config",
                        MODULES + "scram.ScramLoginModule required;",
                        "authorizer.class.name",
                        "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
                        "super.users",
                        "User:broker;User:ANONYMOUS;User:alice;User:bob;User:carol"),
                "--add-scram",
                "SCRAM-SHA-256=[name=bob,password=b0b]");
        Path keys = folder.resolve("broker.p12");
        keytool(
                "-genkeypair",
                "-alias",
                "broker",
                "-keyalg",
                "EC",
                "-dname",
                "CN=127.0.0.1",
                "-ext",
                "san=ip:127.0.0.1",
                "-keystore",
                keys.toString());
        keytool("-exportcert", "-alias", "broker", "-keystore", keys.toString(), "-file", cert().toString());
        keytool(
                "-importcert",
                "-noprompt",
                "-alias",
                "broker",
                "-file",
                cert().toString(),
                "-keystore",
                trust().toString());
        tls = TestKafka.start(
                1,
                Map.of(
                        "listener.security.protocol.map",
                        "CLIENT:SSL,CONTROLLER:PLAINTEXT",
                        "ssl.keystore.location",
                        keys.toString(),
                        "ssl.keystore.password",
                        STORE_PASSWORD,
                        "ssl.keystore.type",
                        "PKCS12",
                        "ssl.truststore.location",
                        trust().toString(),
                        "ssl.truststore.password",
                        STORE_PASSWORD,
                        "ssl.truststore.type",
                        "PKCS12"));
    }

    @AfterAll
    static void stopBrokers() throws IOException {
        logins.close();
        tls.close();
        issuer.close();
        System.clearProperty(ALLOWED_URLS);
    }

    private static Path cert() {
        return folder.resolve("broker.crt");
    }

    private static Path trust() {
        return folder.resolve("trust.p12");
    }

    private static void keytool(String... arguments) throws IOException, InterruptedException {
        List<String> command = new ArrayList<>();
        command.add(Path.of(PipelineProcess.java()).resolveSibling("keytool").toString());
        command.addAll(List.of(arguments));
        command.addAll(List.of("-storetype", "PKCS12", "-storepass", STORE_PASSWORD));
        Process process = new ProcessBuilder(command).inheritIO().start();
        assertThat(process.waitFor(60, TimeUnit.SECONDS)).isTrue();
        assertThat(process.exitValue()).as(command.toString()).isZero();
    }

    private static KafkaApplyConfiguration login(String mechanism, String user, String password) {
        KafkaApplyConfiguration configuration = new KafkaApplyConfiguration();
        configuration.setServers(logins.servers());
        configuration.setTopicPrefix(user);
        configuration.setSecurityProtocol("sasl_plaintext");
        configuration.setSaslMechanism(mechanism);
        configuration.setSaslUsername(user);
        configuration.setSaslPassword(password);
        return configuration;
    }

    private static void assertWorks(KafkaApplyConfiguration configuration) throws Exception {
        try (Target target = KafkaTargets.create("test", configuration, KeySource.NONE)) {
            target.open();
            target.apply(
                    ChangesBatch.after(0x1000).transaction(new Insert(keyed(1, "person", "id* int4"), tuple("1"))));
            assertThat(target.position()).isPresent();
        }
    }

    private static TargetException refusal(KafkaApplyConfiguration configuration) throws TargetException {
        try (Target target = KafkaTargets.create("test", configuration, KeySource.NONE)) {
            return catchThrowableOfType(TargetException.class, target::open);
        }
    }

    @Test
    void plainAndScramLogIn() throws Exception {
        assertWorks(login("PLAIN", "alice", PASSWORD));
        assertWorks(login("SCRAM-SHA-256", "bob", "b0b"));
    }

    @Test
    void aWrongPasswordIsOneClearErrorWithoutIt() throws Exception {
        for (String mechanism : List.of("PLAIN", "SCRAM-SHA-256")) {
            TargetException e = refusal(login(mechanism, "bob", "wr0ng"));

            assertThat(e.kind()).isEqualTo(Kind.CONFIG);
            assertThat(e).hasMessageContaining("refused the login").hasMessageContaining("CDC_KAFKA_SASL_");
            assertThat(e.getMessage()).doesNotContain("wr0ng");
        }
    }

    @Test
    void oauthLogsInWithATokenForIdAndSecret() throws Exception {
        assertWorks(oauth(PASSWORD));

        TargetException e = refusal(oauth("wr0ng"));
        assertThat(e.kind()).isEqualTo(Kind.CONFIG);
        assertThat(e).hasMessageContaining("refused the login");
        assertThat(e.getMessage()).doesNotContain("wr0ng");
    }

    private static KafkaApplyConfiguration oauth(String secret) {
        KafkaApplyConfiguration configuration = login("OAUTHBEARER", "carol", secret);
        configuration.setClientProperties(Map.of("sasl.oauthbearer.token.endpoint.url", issuer.tokenUrl()));
        return configuration;
    }

    @Test
    void aDeniedTopicSaysWhatToGrant() throws Exception {
        TargetException e = refusal(login("PLAIN", "mallory", "m"));

        assertThat(e.kind()).isEqualTo(Kind.CONFIG);
        assertThat(e).hasMessageContaining("not allowed").hasMessageContaining("grant");
    }

    @Test
    void tlsWorksWithATrustedCertificateOnly() throws Exception {
        KafkaApplyConfiguration configuration = new KafkaApplyConfiguration();
        configuration.setServers(tls.servers());
        configuration.setSecurityProtocol("ssl");
        TargetException untrusted = refusal(configuration);
        assertThat(untrusted.kind()).isEqualTo(Kind.CONFIG);
        assertThat(untrusted).hasMessageContaining("TLS");

        configuration.setClientProperties(Map.of(
                "ssl.truststore.location",
                trust().toString(),
                "ssl.truststore.password",
                STORE_PASSWORD,
                "ssl.truststore.type",
                "PKCS12"));
        assertWorks(configuration);
    }
}
