package io.pg2any.crash;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.invoke.MethodType;
import java.util.Arrays;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What the crash suite relies on in drivers, where no server is at hand to run it. */
class KillPointTest {
    @ParameterizedTest
    @ValueSource(
            strings = {
                TargetServer.MYSQL_CONNECTION,
                TargetServer.POSTGRES_CONNECTION,
                TargetServer.SQL_SERVER_CONNECTION
            })
    void everyPointOnTheWayToAServerIsAMethod(String connectionClass) throws Exception {
        for (KillPoint point : KillPoint.onTheWayTo(connectionClass)) {
            Class<?> type = Class.forName(point.className());
            assertThat(Arrays.stream(type.getDeclaredMethods())
                            .filter(method -> method.getName().equals(point.method()))
                            .filter(method -> point.signature() == null
                                    || point.signature()
                                            .equals(MethodType.methodType(
                                                            method.getReturnType(), method.getParameterTypes())
                                                    .toMethodDescriptorString())))
                    .as("%s: %s.%s", point, point.className(), point.method())
                    .hasSize(1);
        }
    }
}
