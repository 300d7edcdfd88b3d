package io.pg2any.apply.jdbc;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.pg2any.apply.TargetException;
import io.pg2any.apply.TargetException.Kind;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class DatabaseLocationTest {
    private static DatabaseLocation parse(String url) throws TargetException {
        return DatabaseLocation.parse("MySQL", url, List.of("mysql"));
    }

    @ParameterizedTest
    @ValueSource(strings = {"mysql://u:s3cret@h:59x9/d", "mysql://u:s3cret@h1:1,h2:/d", "jdbc:mysql://[::1]:x/d"})
    void aPortThatIsNoNumberIsAConfigurationError(String url) {
        assertThatThrownBy(() -> parse(url))
                .isInstanceOfSatisfying(
                        TargetException.class, e -> assertThat(e.kind()).isEqualTo(Kind.CONFIG))
                .hasMessageContaining("port")
                .hasMessageNotContaining("s3cret");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "mysql://u:p@h/d",
                "mysql://u:p@h1:3306,h2/d",
                "mysql://[::1]:3306/d",
                "mysql://[::1]/d",
                "mysql://address=(host=h)(port=3306)/d"
            })
    void hostsMayHavePortsOrNone(String url) throws Exception {
        assertThat(parse(url).database()).isEqualTo("d");
    }
}
