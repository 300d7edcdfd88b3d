package io.pg2any.camel;

import static org.assertj.core.api.Assertions.assertThat;

import org.apache.camel.main.Main;
import org.apache.camel.support.CamelContextHelper;
import org.apache.camel.util.URISupport;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** What Camel asks before it prints a property or a URI. */
class SecretOptionsTest {
    private final Main main = new Main();

    @AfterEach
    void stop() {
        main.stop();
    }

    @Test
    void whereSourceAndTargetAreIsMaskedBesideWhatTheApplicationMasks() throws Exception {
        main.setDefaultPropertyPlaceholderLocation("false");
        main.addInitialProperty("camel.main.additionalSensitiveKeywords", "mine");
        main.addInitialProperty("camel.component.pgcapture.connection", "postgresql://u:s3cret@localhost/db");
        main.addInitialProperty("camel.component.jdbcapply.url", "postgresql://u:s3cret@localhost/db");
        main.start();

        for (String key :
                new String[] {"camel.component.pgcapture.connection", "camel.component.jdbcapply.url", "mine"}) {
            assertThat(CamelContextHelper.containsSensitive(main.getCamelContext(), key))
                    .as(key)
                    .isTrue();
        }
        assertThat(URISupport.sanitizeUri("pgcapture:slot?connection=postgresql://u:s3cret@localhost/db"))
                .doesNotContain("s3cret");
    }
}
