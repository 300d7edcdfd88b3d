package io.pg2any.server;

import java.io.IOException;
import java.nio.file.Path;
import kafka.server.KafkaConfig;
import kafka.server.KafkaRaftServer;
import org.apache.kafka.common.utils.Time;
import org.apache.logging.log4j.Level;
import org.apache.logging.log4j.core.config.Configurator;

/** Main class of a broker in a process of its own: runs the node of that properties file until it is killed. */
final class KafkaProcess {
    private KafkaProcess() {}

    public static void main(String[] arguments) throws IOException {
        Configurator.setRootLevel(Level.WARN);
        new KafkaRaftServer(new KafkaConfig(KafkaNodes.read(Path.of(arguments[0]))), Time.SYSTEM).startup();
    }
}
