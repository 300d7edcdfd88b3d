package io.pg2any.cli;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import io.pg2any.camel.Pipeline;
import io.pg2any.camel.PipelineMeters;
import io.prometheus.metrics.core.metrics.Info;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.Collection;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import org.apache.camel.CamelContext;
import org.apache.camel.Route;
import org.apache.camel.ServiceStatus;
import org.apache.camel.health.HealthCheck;
import org.apache.camel.health.HealthCheckHelper;
import org.apache.camel.util.json.JsonArray;
import org.apache.camel.util.json.JsonObject;

/**
 * {@code /metrics}, {@code /health}, {@code /health/ready}, {@code /health/live}. Answers from the end of the
 * preflight until the process ends; what is not ready says why.
 */
final class HttpSurface implements AutoCloseable {
    /** One client that does not finish its request must not keep the others from an answer. */
    private static final int THREADS = 4;

    /** Seconds after which the JDK's server hangs up on such a client; it never does unless told. */
    private static final String LONGEST_REQUEST = "sun.net.httpserver.maxReqTime";

    private final HttpServer server;
    private final ExecutorService executor;
    private final Application application;
    private final Settings settings;
    private final PrometheusMeterRegistry registry = new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);
    private PipelineMeters meters; // guarded by this

    private HttpSurface(HttpServer server, ExecutorService executor, Settings settings, Application application) {
        this.server = server;
        this.executor = executor;
        this.settings = settings;
        this.application = application;
    }

    /**
     * @throws IOException if the address cannot be bound; the text names it and the setting
     */
    static HttpSurface start(Settings settings, Application application) throws IOException {
        int port = (int) settings.number(Setting.HTTP_PORT);
        if (port == 0) {
            return new HttpSurface(null, null, settings, application);
        }
        String host = settings.text(Setting.HTTP_HOST);
        if (System.getProperty(LONGEST_REQUEST) == null) {
            System.setProperty(LONGEST_REQUEST, "10");
        }
        HttpServer server;
        try {
            server = HttpServer.create(new InetSocketAddress(host, port), 16);
        } catch (IOException e) {
            throw new IOException(
                    "cannot listen on " + host + ":" + port + " for /metrics and /health: " + e.getMessage()
                            + ". Set METRICS_PORT (pg2any.http.port) to a free port, or to 0 to do without",
                    e);
        }
        ExecutorService executor = Executors.newFixedThreadPool(THREADS, task -> {
            Thread thread = new Thread(task, "pg2any-http");
            thread.setDaemon(true);
            return thread;
        });
        HttpSurface surface = new HttpSurface(server, executor, settings, application);
        server.setExecutor(executor);
        server.createContext("/metrics", surface::metrics);
        server.createContext("/health", exchange -> surface.health(exchange, false));
        server.createContext("/health/ready", exchange -> surface.health(exchange, false));
        server.createContext("/health/live", exchange -> surface.health(exchange, true));
        server.createContext("/", exchange -> answer(exchange, 404, "text/plain; charset=utf-8", "Not Found\n"));
        server.start();
        return surface;
    }

    @Override
    public void close() {
        if (server != null) {
            server.stop(0);
            executor.shutdownNow();
        }
    }

    private void metrics(HttpExchange exchange) throws IOException {
        answer(exchange, 200, "text/plain; version=0.0.4; charset=utf-8", scrape());
    }

    private synchronized String scrape() {
        CamelContext context = application.context();
        if (context != null) {
            if (meters == null) {
                meters = new PipelineMeters(
                        Pipeline.of(context, settings.text(Setting.PIPELINE)), settings.targetType(), registry);
                Info.builder()
                        .name("pg2any_build_info")
                        .help("The version that runs")
                        .labelNames("version")
                        .register(registry.getPrometheusRegistry())
                        .addLabelValues(Main.version());
            }
            meters.refresh();
        }
        return registry.scrape();
    }

    private void health(HttpExchange exchange, boolean liveness) throws IOException {
        JsonArray checks = new JsonArray();
        boolean up = contextCheck(checks, liveness);
        CamelContext context = application.context();
        if (context != null && !liveness) {
            Collection<HealthCheck.Result> results = HealthCheckHelper.invokeReadiness(context, "full");
            for (HealthCheck.Result result : results) {
                up &= result.getState() == HealthCheck.State.UP;
                JsonObject check = new JsonObject();
                check.put("name", result.getCheck().getId());
                check.put("status", result.getState().name());
                result.getMessage().ifPresent(message -> check.put("reason", message));
                JsonObject details = new JsonObject();
                // Dotted keys are Camel's own book-keeping of the call.
                result.getDetails().forEach((key, value) -> {
                    if (key.indexOf('.') < 0) {
                        details.put(key, String.valueOf(value));
                    }
                });
                check.put("details", details);
                checks.add(check);
            }
        }
        JsonObject body = new JsonObject();
        body.put("status", up ? "UP" : "DOWN");
        body.put("checks", checks);
        answer(exchange, up ? 200 : 503, "application/json; charset=utf-8", body.toJson() + "\n");
    }

    /** The context runs, the pipeline has not failed, and every route that was loaded is still there and started. */
    private boolean contextCheck(JsonArray checks, boolean liveness) {
        CamelContext context = application.context();
        String reason = null;
        // A context that was built but not started yet calls itself Stopped, as one that has ended does.
        boolean starting = context == null || context.getStatus().isStarting() || !application.hasBeenStarted();
        if (starting) {
            reason = "the application is starting";
        } else if (!context.getStatus().isStarted()) {
            reason = "the application is " + context.getStatus();
        } else {
            reason = Pipeline.of(context, settings.text(Setting.PIPELINE))
                    .failure()
                    .map(Throwable::getMessage)
                    .orElse(null);
            if (reason == null && !liveness) {
                reason = stoppedRoute(context);
            }
        }
        boolean up = reason == null || (liveness && starting);
        JsonObject check = new JsonObject();
        check.put("name", "pipeline");
        check.put("status", up ? "UP" : "DOWN");
        if (reason != null) {
            check.put("reason", reason);
        }
        checks.add(check);
        return up;
    }

    private static String stoppedRoute(CamelContext context) {
        for (String needed : new String[] {"capture", "apply"}) {
            if (context.getRoute(needed) == null) {
                return "route " + needed + " is gone";
            }
        }
        for (Route route : context.getRoutes()) {
            ServiceStatus status = context.getRouteController().getRouteStatus(route.getId());
            if (status == null || !(status.isStarted() || status.isSuspended())) {
                return "route " + route.getId() + " is " + (status == null ? "gone" : status);
            }
        }
        return null;
    }

    private static void answer(HttpExchange exchange, int status, String type, String text) throws IOException {
        byte[] body = text.getBytes(StandardCharsets.UTF_8);
        exchange.getResponseHeaders().set("Content-Type", type);
        exchange.sendResponseHeaders(status, body.length);
        try (OutputStream out = exchange.getResponseBody()) {
            out.write(body);
        }
    }
}
