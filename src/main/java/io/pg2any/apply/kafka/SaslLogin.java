package io.pg2any.apply.kafka;

import java.util.HashMap;
import java.util.Locale;
import java.util.Map;

/**
 * A login with user name and password, or with OAuth's client id and secret.
 *
 * @param username null for a mechanism that takes its identity from elsewhere
 */
public record SaslLogin(String mechanism, String username, String password) {
    private static final String MODULES = "org.apache.kafka.common.security.";

    /** What Kafka's clients want for it. */
    public Map<String, String> clientProperties() {
        Map<String, String> properties = new HashMap<>();
        String name = mechanism.toUpperCase(Locale.ROOT);
        properties.put("sasl.mechanism", name);
        switch (name) {
            case "PLAIN" -> properties.put("sasl.jaas.config", jaas("plain.PlainLoginModule", "username", "password"));
            case "SCRAM-SHA-256", "SCRAM-SHA-512" ->
                properties.put("sasl.jaas.config", jaas("scram.ScramLoginModule", "username", "password"));
            case "OAUTHBEARER" -> {
                properties.put(
                        "sasl.jaas.config", jaas("oauthbearer.OAuthBearerLoginModule", "clientId", "clientSecret"));
                properties.put(
                        "sasl.login.callback.handler.class", MODULES + "oauthbearer.OAuthBearerLoginCallbackHandler");
            }
            default -> {
                // Kerberos and others: their properties are given one by one.
            }
        }
        return properties;
    }

    private String jaas(String module, String userOption, String passwordOption) {
        StringBuilder text = new StringBuilder(MODULES + module + " required");
        if (username != null) {
            text.append(' ').append(userOption).append('=').append(quoted(username));
        }
        if (password != null) {
            text.append(' ').append(passwordOption).append('=').append(quoted(password));
        }
        return text.append(';').toString();
    }

    private static String quoted(String value) {
        return '"' + value.replace("\\", "\\\\").replace("\"", "\\\"") + '"';
    }

    @Override
    public String toString() {
        return "SASL " + mechanism;
    }
}
