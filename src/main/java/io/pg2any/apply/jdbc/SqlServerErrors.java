package io.pg2any.apply.jdbc;

import io.pg2any.apply.TargetException.Kind;
import java.sql.SQLException;
import java.util.Set;
import java.util.regex.Pattern;

/** Error numbers of SQL Server, by what the applier can do about them. */
final class SqlServerErrors {
    private static final int LOCK_TIMEOUT = 1222;
    private static final int LOG_FULL = 9002;
    private static final int FILE_FULL = 1105;
    private static final int IDENTITY_INSERT = 544;
    private static final int NO_DATABASE = 4060;
    private static final int LOGIN = 18456;
    private static final int KEY_TOO_LONG = 1946;
    private static final int TOO_MANY_COLUMNS = 1702;

    /** Deadlocks, waits, memory, disk, fail-over, limits of hosted servers. */
    private static final Set<Integer> RETRYABLE = Set.of(
            -2,
            601,
            617,
            669,
            701,
            802,
            845,
            921,
            926,
            942,
            FILE_FULL,
            1204,
            1205,
            LOCK_TIMEOUT,
            1221,
            3906,
            3935,
            3960,
            3961,
            4221,
            5231,
            5234,
            6005,
            8628,
            8645,
            8651,
            LOG_FULL,
            9515,
            10053,
            10054,
            10060,
            10922,
            10928,
            10929,
            10936,
            14355,
            17197,
            20041,
            40143,
            40197,
            40501,
            40540,
            40613,
            41301,
            41302,
            41305,
            41325,
            41839,
            42108,
            42109,
            49918,
            49919,
            49920);

    /** Values and rows that the table does not take. */
    private static final Set<Integer> REJECTED = Set.of(
            220, 232, 241, 242, 245, 248, 295, 334, 515, 517, 547, 1007, 2601, 2627, 2628, 3609, 3616, 6522, 7105, 8114,
            8115, 8134, 8152, 8169, 9420, 50000);

    private static final Set<Integer> CONFIG = Set.of(
            102,
            156,
            207,
            208,
            229,
            230,
            262,
            297,
            300,
            916,
            1088,
            TOO_MANY_COLUMNS,
            1750,
            2705,
            2714,
            2760,
            NO_DATABASE,
            4064,
            1919,
            1944,
            KEY_TOO_LONG,
            LOGIN,
            18470,
            18487,
            18488,
            IDENTITY_INSERT);

    private static final Pattern VALUE = Pattern.compile("(?s)(?<=key value is )\\(.*\\)(?=\\.)|(?<=[Vv]alue:? )'.*'");
    private static final SqlErrorClasses CLASSES = new SqlErrorClasses(RETRYABLE, REJECTED, CONFIG);

    private SqlServerErrors() {}

    static Kind classify(SQLException error) {
        return CLASSES.of(error);
    }

    /** "… The duplicate key value is (…).", "… Truncated value: '…'.", "… converting the varchar value '…' to …". */
    static String words(SQLException error) {
        return VALUE.matcher(error.getMessage()).replaceFirst("(not shown)");
    }

    static String remedy(SQLException error) {
        switch (error.getErrorCode()) {
            case LOCK_TIMEOUT:
                return "another session holds a lock on the table or on the position: end its transaction";
            case LOG_FULL, FILE_FULL:
                return "free space for the database or its log";
            case 2601, 2627, 547:
                return "the target holds other rows or stricter constraints than the source: remove them";
            case IDENTITY_INSERT:
                return "the column numbers its rows by itself (IDENTITY): make the table without it";
            case 229, 230, 262, 300:
                return "grant the login what it lacks";
            case LOGIN:
                return "correct user or password";
            case NO_DATABASE:
                return "create the database, or correct its name in the target's URL";
            case TOO_MANY_COLUMNS:
                return "a table has 1,024 columns at most: publish a column list";
            case KEY_TOO_LONG:
                return "a key has 900 bytes at most: shorten it, or make the table beforehand";
            case 2628, 8152:
                return "the value is longer than the target's column: widen it where it can be";
            default:
                return "";
        }
    }
}
