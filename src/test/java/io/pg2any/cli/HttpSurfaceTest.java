package io.pg2any.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.HttpURLConnection;
import java.net.InetAddress;
import java.net.Socket;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.Properties;
import org.junit.jupiter.api.Test;

class HttpSurfaceTest {
    @Test
    void aClientThatDoesNotFinishItsRequestKeepsNobodyFromAnAnswer() throws Exception {
        int port = FreePort.find();
        Settings settings = Settings.of(
                new Properties(),
                Map.of(
                        "CDC_SOURCE_CONNECTION_STRING", "postgresql://u@localhost/db",
                        "CDC_DEST_TYPE", "SQLite",
                        "CDC_DEST_URI", "./replica.db",
                        "METRICS_PORT", Integer.toString(port)),
                new Properties());
        try (HttpSurface surface = HttpSurface.start(settings, new Application(settings));
                Socket unfinished = new Socket(InetAddress.getLoopbackAddress(), port)) {
            unfinished.getOutputStream().write("GET /hea".getBytes(StandardCharsets.US_ASCII));
            Thread.sleep(200); // until a thread of the server reads it

            HttpURLConnection asked = (HttpURLConnection)
                    URI.create("http://127.0.0.1:" + port + "/health").toURL().openConnection();
            asked.setReadTimeout(5_000);
            assertThat(asked.getResponseCode()).isEqualTo(503);
            assertThat(surface).isNotNull();
        }
    }
}
