package io.pg2any.apply.jdbc;

import io.pg2any.apply.TargetException.Kind;
import java.sql.SQLException;
import java.util.Set;
import java.util.regex.Pattern;

/** Error numbers of MySQL and MariaDB servers, by what the applier can do about them. */
final class MySqlErrors {
    static final String PACKET_REMEDY = "raise max_allowed_packet of the server above the size of the row";

    private static final int PACKET_TOO_LARGE = 1153;
    private static final int LOCK_WAIT_TIMEOUT = 1205;
    private static final int DISK_FULL = 1021;
    private static final int TABLE_FULL = 1114;
    private static final int NO_DATABASE = 1049;
    private static final int KEY_TOO_LONG = 1071;
    private static final int CANNOT_CREATE = 1005;
    private static final int TOO_MANY_COLUMNS = 1117;
    private static final int ROW_TOO_LARGE = 1118;

    /** Deadlocks, waits, shutdown, limits on connections, memory and disk, a server that is read-only for now. */
    private static final Set<Integer> RETRYABLE = Set.of(
            3,
            28,
            DISK_FULL,
            1037,
            1038,
            1040,
            1041,
            1053,
            1077,
            TABLE_FULL,
            1129,
            1135,
            1158,
            1159,
            1160,
            1161,
            1203,
            LOCK_WAIT_TIMEOUT,
            1206,
            1213,
            1226,
            1290,
            1317,
            1613,
            1614,
            1637,
            1792,
            1836,
            1907,
            1927,
            1969,
            2006,
            2013,
            3024,
            3100,
            3101,
            3572,
            4031);

    /** Values and rows that the table does not take. */
    private static final Set<Integer> REJECTED = Set.of(
            1022,
            1048,
            1062,
            PACKET_TOO_LARGE,
            1216,
            1217,
            1264,
            1265,
            1292,
            1364,
            1365,
            1366,
            1367,
            1406,
            1411,
            1426,
            1451,
            1452,
            1526,
            1569,
            1644,
            1690,
            1748,
            1761,
            1762,
            3140,
            3141,
            3819,
            4025,
            4078);

    /** Rights, names, tables that cannot be made. */
    private static final Set<Integer> CONFIG = Set.of(
            CANNOT_CREATE,
            1044,
            1045,
            NO_DATABASE,
            1054,
            1059,
            1060,
            1064,
            KEY_TOO_LONG,
            1072,
            1074,
            1102,
            1103,
            1115,
            TOO_MANY_COLUMNS,
            ROW_TOO_LARGE,
            1130,
            1142,
            1143,
            1146,
            1166,
            1170,
            1227,
            1251,
            1273,
            1286,
            1298,
            1524,
            1665,
            1698,
            3780);

    private static final Pattern VALUE =
            Pattern.compile("(?s)\\b(entry|value:?) (?:'.*'(?= for (?:key|column|function) )|'.*'$)");
    private static final SqlErrorClasses CLASSES = new SqlErrorClasses(RETRYABLE, REJECTED, CONFIG);

    private MySqlErrors() {}

    static Kind classify(SQLException error) {
        return CLASSES.of(error);
    }

    /** "Duplicate entry '…' for key 't.PRIMARY'", "Incorrect integer value: '…' for column 'a' at row 1". */
    static String words(SQLException error) {
        return VALUE.matcher(error.getMessage()).replaceFirst("$1 (not shown)");
    }

    static String remedy(SQLException error) {
        switch (error.getErrorCode()) {
            case PACKET_TOO_LARGE:
                return PACKET_REMEDY;
            case LOCK_WAIT_TIMEOUT:
                return "another session holds a lock on a row or on the position: end its transaction";
            case DISK_FULL, TABLE_FULL:
                return "free space on the server's disk";
            case 1062:
                return "the target holds other rows or stricter constraints than the source: remove them";
            case 1044, 1142, 1143, 1227:
                return "grant the user what it lacks";
            case 1045, 1698:
                return "correct user or password";
            case NO_DATABASE:
                return "create the database, or correct its name in the target's URL";
            case KEY_TOO_LONG:
                return "make the table beforehand with a shorter key, or leave it out of the publication";
            case CANNOT_CREATE, TOO_MANY_COLUMNS, ROW_TOO_LARGE:
                return "if the table has too many columns for the server, publish a column list, or make it beforehand with fewer";
            case 1406:
                return "the value is longer than the target's column: a key of type text holds 768 characters at most;"
                        + " widen the column where it can be";
            default:
                return "";
        }
    }
}
