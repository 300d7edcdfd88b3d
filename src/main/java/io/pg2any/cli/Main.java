package io.pg2any.cli;

import io.pg2any.cli.quickstart.QuickstartCommand;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.IVersionProvider;

/**
 * Entry point of {@code java -jar pg2any.jar}. Exit codes: 0 after a graceful stop, 1 for a fatal error, 2 for a
 * configuration or preflight error.
 */
@Command(
        name = "pg2any",
        mixinStandardHelpOptions = true,
        versionProvider = Main.Version.class,
        description = "PostgreSQL change data capture: whole transactions, in commit order, exactly once.",
        subcommands = {
            RunCommand.class,
            CheckCommand.class,
            InspectCommand.class,
            RejectedCommand.class,
            QuickstartCommand.class
        },
        footer = {
            "",
            "Without a command: run.",
            "Settings come from CDC_* and PG2ANY_* variables or" + " application.properties; the README has them all."
        })
public final class Main {
    static final int OK = 0;
    static final int FATAL = 1;
    static final int CONFIGURATION = 2;

    private Main() {}

    public static void main(String[] args) {
        NativeLibraries.prepare();
        System.exit(execute(args));
    }

    static int execute(String... args) {
        return commands().execute(args.length == 0 ? new String[] {"run"} : args);
    }

    static CommandLine commands() {
        CommandLine commands = new CommandLine(new Main());
        for (CommandLine command : commands.getSubcommands().values()) {
            command.getCommandSpec().mixinStandardHelpOptions(true).versionProvider(new Version());
        }
        commands.setExecutionExceptionHandler((exception, commandLine, parsed) -> {
            if (exception instanceof ConfigurationException configuration) {
                configuration.problems().forEach(problem -> System.err.println("pg2any: " + problem));
                return CONFIGURATION;
            }
            System.err.println("pg2any: " + exception);
            return FATAL;
        });
        return commands;
    }

    static String version() {
        String version = Main.class.getPackage().getImplementationVersion();
        return version == null ? "development" : version;
    }

    static final class Version implements IVersionProvider {
        @Override
        public String[] getVersion() {
            return new String[] {"pg2any " + version()};
        }
    }
}
