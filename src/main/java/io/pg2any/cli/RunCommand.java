package io.pg2any.cli;

import io.pg2any.camel.Pipeline;
import io.pg2any.camel.PipelineFailedException;
import java.io.IOException;
import java.nio.file.Path;
import java.util.OptionalInt;
import java.util.concurrent.Callable;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import org.apache.camel.CamelContext;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import picocli.CommandLine.Command;
import sun.misc.Signal;

/** Runs the pipeline until a signal or a fatal error. */
@Command(name = "run", description = "Run the pipeline (the default command).")
class RunCommand implements Callable<Integer> {
    private static final Logger LOG = LoggerFactory.getLogger(RunCommand.class);
    private static final long SAME_SIGNAL_NANOS = TimeUnit.MILLISECONDS.toNanos(500);

    /** Released by a signal and by a failure. */
    private final Semaphore end = new Semaphore(0);

    private volatile boolean signalled;

    @Override
    public Integer call() throws Exception {
        Settings settings = Settings.load(Path.of(""));
        Logging.level(settings.text(Setting.LOG_LEVEL));
        LOG.info("Starting pg2any {}, slot {}", Main.version(), settings.text(Setting.SLOT));
        settings.warnings().forEach(LOG::warn);

        stopOnSignals();
        OptionalInt refused = Preflight.of(settings).logAndDecide();
        if (refused.isPresent()) {
            return refused.getAsInt();
        }
        while (true) {
            AtomicReference<PipelineFailedException> failure = new AtomicReference<>();
            int exitCode = run(settings, failure);
            // Before the look at the signal: one that comes after it finds its permit kept.
            end.drainPermits();
            if (failure.get() == null || !failure.get().startsAgain() || signalled) {
                return exitCode;
            }
            LOG.warn("Starting again from the target's position");
        }
    }

    /** Until a signal or a failure. */
    private int run(Settings settings, AtomicReference<PipelineFailedException> failure) {
        boolean started = false;
        Application application = new Application(settings);
        try (HttpSurface http = HttpSurface.start(settings, application)) {
            application.build();
            pipeline(application.context(), settings).onFailure(exception -> {
                failure.compareAndSet(null, exception);
                end.release();
            });
            application.start();
            started = true;
            end.acquire();
            application.stop();
        } catch (IOException e) {
            LOG.error("{}", e.getMessage());
            return Main.CONFIGURATION;
        } catch (Exception e) {
            PipelineFailedException known = failure.get() != null ? failure.get() : cause(e);
            if (known != null) {
                return known.exitCode();
            }
            // Before the start only a route or an option can be wrong: nothing has been touched.
            LOG.error("pg2any could not {}: {}", started ? "stop in order" : "start", reasons(e));
            LOG.debug("Start or stop failed", e);
            return started ? Main.FATAL : Main.CONFIGURATION;
        }
        if (failure.get() != null) {
            return failure.get().exitCode();
        }
        LOG.info("pg2any stopped");
        return Main.OK;
    }

    private static Pipeline pipeline(CamelContext context, Settings settings) {
        return Pipeline.of(context, settings.text(Setting.PIPELINE));
    }

    private static PipelineFailedException cause(Throwable thrown) {
        for (Throwable at = thrown; at != null; at = at.getCause()) {
            if (at instanceof PipelineFailedException failure) {
                return failure;
            }
        }
        return null;
    }

    /** Camel repeats the causes in some messages; in that of a broken YAML file the line is in the cause alone. */
    static String reasons(Throwable thrown) {
        StringBuilder text = new StringBuilder(String.valueOf(thrown.getMessage()));
        for (Throwable cause = thrown.getCause(); cause != null; cause = cause.getCause()) {
            if (cause.getMessage() != null && text.indexOf(cause.getMessage()) < 0) {
                text.append(": ").append(cause.getMessage());
            }
        }
        return text.toString().strip();
    }

    /**
     * The first signal stops gracefully; a second one ends the process at once, which loses nothing either. One that comes
     * on the heels of the first is the same request: timeout(1) signals the process and its group.
     */
    private void stopOnSignals() {
        AtomicLong first = new AtomicLong();
        for (String name : new String[] {"TERM", "INT"}) {
            Signal.handle(new Signal(name), signal -> {
                if (!first.compareAndSet(0, System.nanoTime())) {
                    if (System.nanoTime() - first.get() > SAME_SIGNAL_NANOS) {
                        LOG.warn("Second signal: ending at once");
                        Runtime.getRuntime().halt(Main.OK);
                    }
                    return;
                }
                LOG.info("Received SIG{}, stopping gracefully", signal.getName());
                signalled = true;
                end.release();
            });
        }
    }
}
