package io.pg2any.apply.kafka;

import io.pg2any.apply.TargetException;
import io.pg2any.apply.TargetException.Kind;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutionException;
import javax.security.auth.login.LoginException;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.config.ConfigException;
import org.apache.kafka.common.errors.AuthenticationException;
import org.apache.kafka.common.errors.AuthorizationException;
import org.apache.kafka.common.errors.GroupAuthorizationException;
import org.apache.kafka.common.errors.InvalidConfigurationException;
import org.apache.kafka.common.errors.InvalidPidMappingException;
import org.apache.kafka.common.errors.InvalidProducerEpochException;
import org.apache.kafka.common.errors.InvalidTopicException;
import org.apache.kafka.common.errors.InvalidTxnTimeoutException;
import org.apache.kafka.common.errors.PolicyViolationException;
import org.apache.kafka.common.errors.ProducerFencedException;
import org.apache.kafka.common.errors.RecordTooLargeException;
import org.apache.kafka.common.errors.TimeoutException;
import org.apache.kafka.common.errors.TopicAuthorizationException;
import org.apache.kafka.common.errors.TransactionalIdAuthorizationException;
import org.apache.kafka.common.errors.UnsupportedVersionException;
import org.apache.kafka.common.security.oauthbearer.internals.secured.UnretryableException;

/** What an error of Kafka's clients means for the batch, and what to do about it. */
final class KafkaErrors {
    private final KafkaOptions options;

    KafkaErrors(KafkaOptions options) {
        this.options = options;
    }

    /**
     * @param what was being done
     */
    TargetException of(String what, Throwable thrown) {
        Throwable e = telling(thrown);
        String place = "Kafka " + options.servers() + ": " + what + ": ";
        if (e instanceof AuthenticationException) {
            return new TargetException(
                    Kind.CONFIG,
                    place + "the broker refused the login (" + e.getMessage()
                            + "); check CDC_KAFKA_SECURITY_PROTOCOL, CDC_KAFKA_SASL_* and the TLS properties",
                    e);
        }
        if (e instanceof AuthorizationException) {
            return new TargetException(Kind.CONFIG, place + "not allowed: " + e.getMessage() + "; " + grant(e), e);
        }
        LoginException login = login(thrown);
        if (login != null) {
            // Java's own logins put the whole stack trace of what went wrong into the message, and no cause.
            boolean refused = login.getMessage().contains(UnretryableException.class.getSimpleName());
            return new TargetException(
                    refused ? Kind.CONFIG : Kind.RETRYABLE,
                    place + "no token: "
                            + login.getMessage().lines().findFirst().orElse("")
                            + "; check CDC_KAFKA_SASL_*, sasl.oauthbearer.token.endpoint.url and the JVM's"
                            + " org.apache.kafka.sasl.oauthbearer.allowed.urls",
                    e);
        }
        if (e instanceof RecordTooLargeException) {
            return new TargetException(
                    Kind.REJECTED,
                    place + "the message is too large: " + e.getMessage()
                            + "; raise CDC_KAFKA_MESSAGE_MAX_BYTES and max.message.bytes of the topic",
                    e);
        }
        if (e instanceof InvalidTxnTimeoutException) {
            return new TargetException(
                    Kind.CONFIG,
                    place + "the broker allows only shorter transactions (transaction.max.timeout.ms); lower"
                            + " transaction.timeout.ms (pg2any.kafka.producer.transaction.timeout.ms)",
                    e);
        }
        if (e instanceof InvalidTopicException
                || e instanceof InvalidConfigurationException
                || e instanceof PolicyViolationException
                || e instanceof UnsupportedVersionException
                || (e instanceof ConfigException && !unresolved(e))) {
            return new TargetException(Kind.CONFIG, place + e.getMessage(), e);
        }
        if (e instanceof TimeoutException) {
            return new TargetException(
                    Kind.RETRYABLE, place + "no answer from the brokers (" + e.getMessage() + "); are they up?", e);
        }
        return new TargetException(Kind.RETRYABLE, place + message(e), e);
    }

    /** Of OAuth, whose client logs in at the token endpoint; null if that is not what failed. */
    private static LoginException login(Throwable thrown) {
        for (Throwable cause = thrown; cause != null; cause = cause.getCause()) {
            if (cause instanceof LoginException login && login.getMessage() != null) {
                return login;
            }
        }
        return null;
    }

    /** Whether the coordinator has given the transactional id to somebody else, or has ended the transaction itself. */
    static boolean isFenced(Throwable thrown) {
        Throwable e = telling(thrown);
        return e instanceof ProducerFencedException
                || e instanceof InvalidProducerEpochException
                || e instanceof InvalidPidMappingException;
    }

    /** Clients wrap what the broker said; the innermost error of Kafka's own is the one to tell. */
    private static Throwable telling(Throwable thrown) {
        Throwable e = thrown;
        while (e.getCause() != null
                && (e instanceof ExecutionException
                        || e instanceof CompletionException
                        || (e.getCause() instanceof KafkaException && !isSpecific(e)))) {
            e = e.getCause();
        }
        return e;
    }

    private static boolean isSpecific(Throwable e) {
        return e instanceof AuthenticationException
                || e instanceof AuthorizationException
                || e instanceof RecordTooLargeException;
    }

    /** A name that does not resolve now may later. */
    private static boolean unresolved(Throwable e) {
        return e.getMessage() != null && e.getMessage().contains("resolvable");
    }

    private String grant(Throwable e) {
        if (e instanceof TopicAuthorizationException) {
            return "grant DESCRIBE, WRITE and (to create) CREATE on topics "
                    + options.messages().prefix() + ".*, and READ on " + options.positionTopic();
        }
        if (e instanceof TransactionalIdAuthorizationException) {
            return "grant DESCRIBE and WRITE on transactional id " + options.transactionalId();
        }
        if (e instanceof GroupAuthorizationException) {
            return "grant what the message names";
        }
        return "grant IDEMPOTENT_WRITE, and CREATE where topics are to be created, on the cluster";
    }

    private static String message(Throwable e) {
        return e.getMessage() == null ? e.getClass().getSimpleName() : e.getMessage();
    }
}
