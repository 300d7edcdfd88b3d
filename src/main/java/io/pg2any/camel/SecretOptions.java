package io.pg2any.camel;

import org.apache.camel.CamelContext;
import org.apache.camel.ExtendedCamelContext;

/**
 * Camel masks, in its start-up summary and in printed URIs, the options that its own components call secret; those of
 * others it does not know, whatever their metadata says.
 */
final class SecretOptions {
    private SecretOptions() {}

    static void mask(CamelContext context, String option) {
        ExtendedCamelContext extension = context.getCamelContextExtension();
        String known = extension.getAdditionalSensitiveKeywords();
        if (known == null || known.isEmpty()) {
            extension.setAdditionalSensitiveKeywords(option);
        } else if (!("," + known + ",").contains("," + option + ",")) {
            extension.setAdditionalSensitiveKeywords(known + "," + option);
        }
    }
}
