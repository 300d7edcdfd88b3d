package io.pg2any.camel;

import io.pg2any.apply.KeySource;
import io.pg2any.apply.TableMapping;
import io.pg2any.apply.Target;
import io.pg2any.apply.ValuePolicy;
import io.pg2any.apply.kafka.KafkaOptions;
import io.pg2any.apply.kafka.KafkaTarget;
import io.pg2any.apply.kafka.SaslLogin;
import io.pg2any.apply.message.KeyColumns;
import io.pg2any.apply.message.MessageOptions;
import io.pg2any.apply.message.MessageTopics;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/** Makes the Kafka target that a configuration describes. */
public final class KafkaTargets {
    private KafkaTargets() {}

    /**
     * @param keys looks up primary keys that the stream does not tell
     * @throws IllegalArgumentException for an option that means nothing; names it
     */
    public static Target create(String pipeline, KafkaApplyConfiguration configuration, KeySource keys) {
        Map<String, String> properties = new HashMap<>();
        properties.put("security.protocol", configuration.getSecurityProtocol().toUpperCase(Locale.ROOT));
        if (configuration.getSaslMechanism() != null) {
            properties.putAll(new SaslLogin(
                            configuration.getSaslMechanism(),
                            configuration.getSaslUsername(),
                            configuration.getSaslPassword())
                    .clientProperties());
        }
        configuration.getClientProperties().forEach((name, value) -> properties.put(name, String.valueOf(value)));
        return new KafkaTarget(new KafkaOptions(
                configuration.getServers(),
                pipeline,
                messageOptions(configuration, keys),
                constant(KafkaOptions.Delivery.class, "delivery", configuration.getDelivery()),
                constant(KafkaOptions.Keyless.class, "keyless", configuration.getKeyless()),
                new KafkaOptions.TopicCreation(
                        configuration.isCreateTopics(),
                        configuration.getPartitions(),
                        configuration.getReplicationFactor(),
                        topicConfigs(configuration.getTopicConfigs())),
                properties));
    }

    static MessageOptions messageOptions(KafkaApplyConfiguration configuration, KeySource keys) {
        return new MessageOptions(
                configuration.getTopicPrefix(),
                configuration.getDatabase(),
                version(),
                constant(MessageOptions.Format.class, "format", configuration.getFormat()),
                configuration.isSchemas(),
                constant(MessageOptions.Decimals.class, "decimals", configuration.getDecimals()),
                constant(MessageOptions.Times.class, "times", configuration.getTimes()),
                constant(MessageOptions.Binaries.class, "binaries", configuration.getBinaries()),
                constant(MessageOptions.Intervals.class, "intervals", configuration.getIntervals()),
                configuration.isTombstones(),
                configuration.isTransactionTopic(),
                KeyColumns.parse(configuration.getKeyColumns()),
                MessageTopics.parse(configuration.getMessages()),
                keys,
                TableMapping.parse(configuration.getSchemaMapping())
                        .excludeTables(configuration.getExcludeTables())
                        .excludeColumns(configuration.getExcludeColumns()),
                constant(ValuePolicy.class, "unrepresentable", configuration.getUnrepresentable()));
    }

    static String version() {
        return Optional.ofNullable(KafkaTargets.class.getPackage().getImplementationVersion())
                .orElse("development");
    }

    private static Map<String, String> topicConfigs(String text) {
        Map<String, String> configs = new HashMap<>();
        if (text != null && !text.isBlank()) {
            for (String pair : text.split(";", -1)) {
                int equals = pair.indexOf('=');
                if (equals <= 0) {
                    throw new IllegalArgumentException("kafkaapply: topicConfigs: expected name=value pairs joined by"
                            + " semicolons, found '" + pair + "'");
                }
                configs.put(
                        pair.substring(0, equals).strip(),
                        pair.substring(equals + 1).strip());
            }
        }
        return configs;
    }

    private static <E extends Enum<E>> E constant(Class<E> type, String option, String value) {
        try {
            return Enum.valueOf(type, value.toUpperCase(Locale.ROOT).replace('-', '_'));
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException(option + "=" + value + " is none of "
                    + Arrays.toString(type.getEnumConstants())
                            .toLowerCase(Locale.ROOT)
                            .replace('_', '-'));
        }
    }
}
