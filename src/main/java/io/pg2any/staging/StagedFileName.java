package io.pg2any.staging;

import io.pg2any.change.Lsn;
import java.nio.file.Path;
import java.util.HexFormat;
import java.util.Locale;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The name of a file in pending/: its through LSN as 16 hexadecimal digits, so that the order of names is the order of
 * commits, and {@code .staged}. Segments have the name of their file, a number, and {@code .segment}.
 */
record StagedFileName(Lsn through) {
    private static final String SUFFIX = ".staged";
    private static final Pattern NAME = Pattern.compile("[0-9A-F]{16}\\.staged");
    private static final Pattern SEGMENT = Pattern.compile("([0-9A-F]{16})\\.[0-9]{6}\\.segment");
    private static final HexFormat DIGITS = HexFormat.of().withUpperCase();

    /** Empty if the name is of another kind: not a file of ours. */
    static Optional<StagedFileName> parse(Path file) {
        String name = file.getFileName().toString();
        return NAME.matcher(name).matches()
                ? Optional.of(new StagedFileName(new Lsn(HexFormat.fromHexDigitsToLong(name, 0, 16))))
                : Optional.empty();
    }

    /** The staged file that a segment in pending/ belongs to; empty if it is no segment. */
    static Optional<StagedFileName> ofSegment(String name) {
        Matcher matcher = SEGMENT.matcher(name);
        return matcher.matches()
                ? Optional.of(new StagedFileName(new Lsn(HexFormat.fromHexDigitsToLong(matcher.group(1)))))
                : Optional.empty();
    }

    /** The number-th segment of what the name stands for, counted from 0. */
    static String segment(String name, int number) {
        return String.format(Locale.ROOT, "%s.%06d.segment", name, number);
    }

    String digits() {
        return DIGITS.toHexDigits(through.value());
    }

    /** In received/: what it continues from, what it is, and a number that no other open file of this process has. */
    static String received(Lsn after, String kind, long serial) {
        return DIGITS.toHexDigits(after.value()) + "." + serial + "." + kind;
    }

    @Override
    public String toString() {
        return digits() + SUFFIX;
    }
}
