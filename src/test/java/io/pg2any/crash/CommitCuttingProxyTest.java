package io.pg2any.crash;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.nio.charset.Charset;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;

class CommitCuttingProxyTest {
    /** Headers of a TDS packet and of a batch. */
    private static final int SQL_SERVER_HEADERS = 8 + 22;

    private static final int MYSQL_HEADERS = 4 + 1;

    private static boolean isCommit(int headers, String sql, Charset charset) {
        ByteArrayOutputStream request = new ByteArrayOutputStream();
        request.writeBytes(new byte[headers]);
        request.writeBytes(sql.getBytes(charset));
        return CommitCuttingProxy.isCommit(request.toByteArray(), request.size());
    }

    @Test
    void aCommitIsKnownAsEveryDriverSendsIt() {
        assertThat(isCommit(SQL_SERVER_HEADERS, "IF @@TRANCOUNT > 0 COMMIT TRAN", StandardCharsets.UTF_16LE))
                .isTrue();
        assertThat(isCommit(MYSQL_HEADERS, "COMMIT", StandardCharsets.UTF_8)).isTrue();
        assertThat(isCommit(6, "COMMIT\0\0\0B\0\0\0\f", StandardCharsets.UTF_8)).isTrue();
    }

    @Test
    void aStatementAboutCommitsIsNone() {
        assertThat(isCommit(6, "SET LOCAL synchronous_commit = on", StandardCharsets.UTF_8))
                .isFalse();
        assertThat(isCommit(MYSQL_HEADERS, "SET autocommit=0", StandardCharsets.UTF_8))
                .isFalse();
        assertThat(isCommit(
                        SQL_SERVER_HEADERS,
                        "SET TRANSACTION ISOLATION LEVEL READ COMMITTED",
                        StandardCharsets.UTF_16LE))
                .isFalse();
    }
}
