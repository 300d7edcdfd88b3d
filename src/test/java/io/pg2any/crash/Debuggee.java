package io.pg2any.crash;

import com.sun.jdi.AbsentInformationException;
import com.sun.jdi.Bootstrap;
import com.sun.jdi.Location;
import com.sun.jdi.Method;
import com.sun.jdi.ReferenceType;
import com.sun.jdi.VMDisconnectedException;
import com.sun.jdi.VirtualMachine;
import com.sun.jdi.connect.AttachingConnector;
import com.sun.jdi.connect.Connector;
import com.sun.jdi.connect.IllegalConnectorArgumentsException;
import com.sun.jdi.event.BreakpointEvent;
import com.sun.jdi.event.ClassPrepareEvent;
import com.sun.jdi.event.Event;
import com.sun.jdi.event.EventSet;
import com.sun.jdi.event.VMDeathEvent;
import com.sun.jdi.event.VMDisconnectEvent;
import com.sun.jdi.request.BreakpointRequest;
import com.sun.jdi.request.ClassPrepareRequest;
import com.sun.jdi.request.EventRequest;
import io.pg2any.cli.FreePort;
import io.pg2any.cli.quickstart.PipelineProcess;
import java.io.IOException;
import java.net.ConnectException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Random;

/**
 * Kills a JVM at a {@link KillPoint}, from outside: the product has no hook for it. At the breakpoint every thread
 * stands still, and then the process is gone.
 *
 * <p>A class that has no such method is an error, so that a renamed one does not quietly turn a kill point into none.
 */
final class Debuggee {
    private static final int RETURN_OPCODE = 0xb1;
    private static final Duration ATTACH_LIMIT = Duration.ofSeconds(20);
    private static final Duration POINT_LIMIT = Duration.ofSeconds(45);

    private final Process process;
    private final VirtualMachine machine;

    private Debuggee(Process process, VirtualMachine machine) {
        this.process = process;
        this.machine = machine;
    }

    /** For the JVM that will be attached to; it waits until then. */
    static String jvmOption(int port) {
        return "-agentlib:jdwp=transport=dt_socket,server=y,suspend=y,address=127.0.0.1:" + port;
    }

    /**
     * Starts the pipeline, and kills it when it comes to the point, one of the times that are sure.
     *
     * @return which of them
     */
    static int startAndKill(PipelineProcess pipeline, KillPoint point, Random random)
            throws IOException, InterruptedException {
        int hit = 1 + random.nextInt(point.hits());
        int port = FreePort.find();
        Process process = Scenario.start(pipeline, jvmOption(port));
        try {
            attach(process, port).killAt(point, hit, POINT_LIMIT);
        } catch (IllegalStateException e) {
            throw new AssertionError(e.getMessage() + "\n" + pipeline.tail(), e);
        }
        return hit;
    }

    static Debuggee attach(Process process, int port) throws IOException, InterruptedException {
        AttachingConnector connector = Bootstrap.virtualMachineManager().attachingConnectors().stream()
                .filter(candidate -> candidate.name().equals("com.sun.jdi.SocketAttach"))
                .findFirst()
                .orElseThrow();
        Map<String, Connector.Argument> arguments = connector.defaultArguments();
        arguments.get("hostname").setValue("127.0.0.1");
        arguments.get("port").setValue(Integer.toString(port));
        long end = System.nanoTime() + ATTACH_LIMIT.toNanos();
        while (true) {
            try {
                return new Debuggee(process, connector.attach(arguments));
            } catch (ConnectException e) {
                if (!process.isAlive() || System.nanoTime() > end) {
                    throw e;
                }
                Thread.sleep(20); // the agent announces its port to a terminal only
            } catch (IllegalConnectorArgumentsException e) {
                throw new IllegalStateException(e);
            }
        }
    }

    /**
     * Lets it run, and kills it when it comes to the point for the n-th time.
     *
     * @throws IllegalStateException if it ended by itself, or did not come there in time (it is dead then too)
     */
    void killAt(KillPoint point, int hit, Duration limit) throws InterruptedException {
        try {
            ClassPrepareRequest prepared = machine.eventRequestManager().createClassPrepareRequest();
            prepared.addClassFilter(point.className());
            prepared.enable();
            for (ReferenceType loaded : machine.classesByName(point.className())) {
                breakAt(loaded, point, hit);
            }
            machine.resume();
            await(point, hit, limit);
        } catch (VMDisconnectedException e) {
            throw new IllegalStateException("the process ended before " + point + ", hit " + hit, e);
        } finally {
            process.destroyForcibly().waitFor();
        }
    }

    private void await(KillPoint point, int hit, Duration limit) throws InterruptedException {
        long end = System.nanoTime() + limit.toNanos();
        while (true) {
            EventSet events = machine.eventQueue().remove(Math.max(1, (end - System.nanoTime()) / 1_000_000));
            if (events == null) {
                throw new IllegalStateException("not reached within " + limit + ": " + point + ", hit " + hit);
            }
            for (Event event : events) {
                if (event instanceof BreakpointEvent) {
                    return;
                }
                if (event instanceof ClassPrepareEvent prepared) {
                    breakAt(prepared.referenceType(), point, hit);
                }
                if (event instanceof VMDeathEvent || event instanceof VMDisconnectEvent) {
                    throw new IllegalStateException("the process ended before " + point + ", hit " + hit);
                }
            }
            events.resume();
        }
    }

    private void breakAt(ReferenceType type, KillPoint point, int hit) {
        List<Method> methods = type.methodsByName(point.method()).stream()
                .filter(method -> method.declaringType().equals(type))
                .filter(method ->
                        point.signature() == null || method.signature().equals(point.signature()))
                .toList();
        if (methods.size() != 1) {
            throw new IllegalStateException("kill point '" + point + "' names " + methods.size() + " methods "
                    + point.method() + " of " + type);
        }
        BreakpointRequest request =
                machine.eventRequestManager().createBreakpointRequest(location(methods.get(0), point));
        request.addCountFilter(hit);
        request.setSuspendPolicy(EventRequest.SUSPEND_ALL);
        request.enable();
    }

    private static Location location(Method method, KillPoint point) {
        if (point.where() == KillPoint.Where.ENTRY) {
            return method.location();
        }
        try {
            List<Location> lines = method.allLineLocations();
            Location last = lines.get(lines.size() - 1);
            int opcode = method.bytecodes()[(int) last.codeIndex()] & 0xFF;
            if (opcode != RETURN_OPCODE) {
                throw new IllegalStateException(
                        "kill point '" + point + "': " + method + " does not end with its return");
            }
            return last;
        } catch (AbsentInformationException e) {
            throw new IllegalStateException("kill point '" + point + "': " + method + " has no line numbers", e);
        }
    }
}
