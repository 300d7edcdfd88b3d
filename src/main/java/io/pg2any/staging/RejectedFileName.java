package io.pg2any.staging;

import io.pg2any.change.Lsn;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.HexFormat;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The name of a dead letter in rejected/: the commit LSN of its transaction as 16 hexadecimal digits, the ordinal of the
 * change, and {@code .rejected}; the same change always has the same name. While it is being replayed, the number of the
 * replay and {@code .replaying} instead.
 *
 * @param replay the number of the replay, 0 for none
 */
public record RejectedFileName(Lsn commitLsn, long ordinal, long replay) implements Comparable<RejectedFileName> {
    private static final Pattern NAME =
            Pattern.compile("([0-9A-F]{16})\\.([0-9]{1,18})\\.(?:rejected|([0-9]{1,18})\\.replaying)");
    private static final HexFormat DIGITS = HexFormat.of().withUpperCase();
    private static final Comparator<RejectedFileName> ORDER = Comparator.comparing(RejectedFileName::commitLsn)
            .thenComparing(RejectedFileName::ordinal)
            .thenComparing(RejectedFileName::replay);

    /** Empty if the name is of another kind. */
    static Optional<RejectedFileName> parse(Path file) {
        Matcher matcher = NAME.matcher(file.getFileName().toString());
        if (!matcher.matches()) {
            return Optional.empty();
        }
        String replay = matcher.group(3);
        return Optional.of(new RejectedFileName(
                new Lsn(HexFormat.fromHexDigitsToLong(matcher.group(1))),
                Long.parseLong(matcher.group(2)),
                replay == null ? 0 : Long.parseLong(replay)));
    }

    /** What people call it, whether it is being replayed or not. */
    public String id() {
        return DIGITS.toHexDigits(commitLsn.value()) + "." + ordinal;
    }

    RejectedFileName replaying(long number) {
        return new RejectedFileName(commitLsn, ordinal, number);
    }

    /** In the order of the source. */
    @Override
    public int compareTo(RejectedFileName other) {
        return ORDER.compare(this, other);
    }

    @Override
    public String toString() {
        return id() + (replay == 0 ? ".rejected" : "." + replay + ".replaying");
    }
}
