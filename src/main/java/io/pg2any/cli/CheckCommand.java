package io.pg2any.cli;

import io.pg2any.capture.Problem;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/** Prints every problem of source, staging and target at once; changes nothing there. */
@Command(name = "check", description = "Examine source, staging folder and target; print every problem and its remedy.")
class CheckCommand implements Callable<Integer> {
    @Spec
    private CommandSpec spec;

    @Override
    public Integer call() throws Exception {
        Settings settings = Settings.load(Path.of(""));
        Logging.level("error"); // the problems are the output
        PrintWriter out = spec.commandLine().getOut();
        settings.warnings().forEach(warning -> out.println("warning: " + warning));
        boolean errors = false;
        Preflight preflight = Preflight.of(settings);
        preflight.notes().forEach(note -> out.println("note: " + note));
        for (Problem problem : preflight.problems()) {
            boolean error = problem.severity() == Problem.Severity.ERROR;
            errors |= error;
            out.println((error ? "ERROR: " : "warning: ") + Preflight.text(problem));
        }
        out.println(errors ? "Not ready: mend the errors above and check again." : "Ready to run.");
        out.flush();
        return errors ? Main.CONFIGURATION : Main.OK;
    }
}
