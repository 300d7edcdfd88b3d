package io.pg2any;

import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;

import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import org.junit.jupiter.api.Test;

/** The package table of the architecture: who may import whom. */
class ArchitectureTest {
    private static final JavaClasses PRODUCT = new ClassFileImporter()
            .withImportOption(new ImportOption.DoNotIncludeTests())
            .importPackages("io.pg2any");

    @Test
    void changeKnowsOnlyTheJdk() {
        classes()
                .that()
                .resideInAPackage("io.pg2any.change..")
                .should()
                .onlyDependOnClassesThat()
                .resideInAnyPackage("io.pg2any.change..", "java..")
                .check(PRODUCT);
    }

    @Test
    void pgoutputKnowsOnlyChangeAndTheJdk() {
        classes()
                .that()
                .resideInAPackage("io.pg2any.pgoutput..")
                .should()
                .onlyDependOnClassesThat()
                .resideInAnyPackage("io.pg2any.pgoutput..", "io.pg2any.change..", "java..")
                .check(PRODUCT);
    }

    @Test
    void captureStagingAndApplyNeverImportOneAnother() {
        slices().matching("io.pg2any.(capture|staging|apply)..")
                .should()
                .notDependOnEachOther()
                .allowEmptyShould(true)
                .check(PRODUCT);
    }

    @Test
    void onlyCamelAndCliImportCamel() {
        noClasses()
                .that()
                .resideOutsideOfPackages("io.pg2any.camel..", "io.pg2any.cli..")
                .should()
                .dependOnClassesThat()
                .resideInAPackage("org.apache.camel..")
                .check(PRODUCT);
    }

    @Test
    void onlyCaptureAndApplyJdbcImportTheDriver() {
        noClasses()
                .that()
                .resideOutsideOfPackages("io.pg2any.capture..", "io.pg2any.apply.jdbc..", "io.pg2any.cli..")
                .should()
                .dependOnClassesThat()
                .resideInAPackage("org.postgresql..")
                .check(PRODUCT);
    }

    @Test
    void onlyApplyKafkaImportsTheClientsOfKafka() {
        noClasses()
                .that()
                .resideOutsideOfPackage("io.pg2any.apply.kafka..")
                .should()
                .dependOnClassesThat()
                .resideInAPackage("org.apache.kafka..")
                .check(PRODUCT);
    }

    @Test
    void eventsKnowNoTargetAndNoTargetKnowsAnother() {
        slices().matching("io.pg2any.apply.(jdbc|kafka)..")
                .should()
                .notDependOnEachOther()
                .check(PRODUCT);
        noClasses()
                .that()
                .resideInAPackage("io.pg2any.apply.message..")
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage("io.pg2any.apply.jdbc..", "io.pg2any.apply.kafka..")
                .check(PRODUCT);
    }

    @Test
    void applyKnowsOnlyChange() {
        noClasses()
                .that()
                .resideInAPackage("io.pg2any.apply..")
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage(
                        "io.pg2any.pgoutput..",
                        "io.pg2any.capture..",
                        "io.pg2any.staging..",
                        "io.pg2any.camel..",
                        "io.pg2any.cli..")
                .allowEmptyShould(true)
                .check(PRODUCT);
    }

    @Test
    void nothingImportsTheCommandLine() {
        noClasses()
                .that()
                .resideOutsideOfPackage("io.pg2any.cli..")
                .should()
                .dependOnClassesThat()
                .resideInAPackage("io.pg2any.cli..")
                .check(PRODUCT);
    }

    @Test
    void packagesAreFreeOfCycles() {
        slices().matching("io.pg2any.(*)..")
                .should()
                .beFreeOfCycles()
                .allowEmptyShould(true)
                .check(PRODUCT);
    }
}
