package io.pg2any.apply.jdbc;

import static org.assertj.core.api.Assertions.assertThat;

import java.sql.SQLException;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class MySqlErrorsTest {
    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '"',
            value = {
                "Duplicate entry 's3cret' for key 't.PRIMARY' | for key 't.PRIMARY'",
                "Duplicate entry 'a' for key 's3cret' for key 't.k' | for key 't.k'",
                "Incorrect integer value: 's3cret' for column 'a' at row 1 | for column 'a' at row 1",
                "Incorrect datetime value: 's3'cret' for column `d`.`t`.`a` at row 1 | `a` at row 1",
                "Truncated incorrect DOUBLE value: 's3cret' | DOUBLE value"
            })
    void aRefusedValueIsNotInTheMessage(String message, String kept) {
        assertThat(MySqlErrors.words(new SQLException(message))).contains(kept).doesNotContain("s3");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '"',
            value = {"Data too long for column 'a' at row 1", "Column 'b' cannot be null"})
    void whatHoldsNoValueStaysAsItIs(String message) {
        assertThat(MySqlErrors.words(new SQLException(message))).isEqualTo(message);
    }
}
