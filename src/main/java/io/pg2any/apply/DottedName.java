package io.pg2any.apply;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;

/**
 * A name as operators write it: parts joined by dots ({@code public.orders}), exact and case-sensitive. A part that
 * holds a dot, comma, colon, double quote or outer blank stands in double quotes, a double quote in it twice.
 */
public record DottedName(List<String> parts) {
    public DottedName {
        parts = List.copyOf(parts);
    }

    static DottedName of(String... parts) {
        return new DottedName(List.of(parts));
    }

    /**
     * Names joined by commas; blank text holds none.
     *
     * @param parts how many a name has
     * @throws IllegalArgumentException for a name of another form; says what was expected
     */
    static List<DottedName> list(String text, int parts, String form) {
        List<DottedName> names = new ArrayList<>();
        Reader reader = new Reader(text == null ? "" : text, form);
        while (!reader.atEnd()) {
            names.add(reader.name(parts, parts));
            reader.endOfEntry();
        }
        return names;
    }

    /**
     * {@code from:to} pairs joined by commas.
     *
     * @param parts how many a left name has
     * @param most how many a right name may have
     * @throws IllegalArgumentException for a pair of another form, or a left name that comes twice
     */
    static Map<DottedName, DottedName> pairs(String text, int parts, int most, String form) {
        Map<DottedName, DottedName> pairs = new LinkedHashMap<>();
        Reader reader = new Reader(text == null ? "" : text, form);
        while (!reader.atEnd()) {
            DottedName from = reader.name(parts, parts);
            reader.colon();
            if (pairs.put(from, reader.name(1, most)) != null) {
                throw new IllegalArgumentException(from + " is renamed twice");
            }
            reader.endOfEntry();
        }
        return pairs;
    }

    String last() {
        return parts.get(parts.size() - 1);
    }

    @Override
    public String toString() {
        return parts.stream().map(DottedName::quoted).collect(Collectors.joining("."));
    }

    private static String quoted(String part) {
        boolean plain =
                !part.isEmpty() && part.equals(part.strip()) && part.chars().noneMatch(c -> ".,:\"".indexOf(c) >= 0);
        return plain ? part : '"' + part.replace("\"", "\"\"") + '"';
    }

    private static final class Reader {
        private final String text;
        private final String form;
        private int at;

        Reader(String text, String form) {
            this.text = text;
            this.form = form;
            skipBlanks();
        }

        boolean atEnd() {
            return at == text.length();
        }

        DottedName name(int least, int most) {
            List<String> parts = new ArrayList<>();
            do {
                parts.add(part());
            } while (take('.'));
            if (parts.size() < least || parts.size() > most) {
                throw malformed();
            }
            return new DottedName(parts);
        }

        void colon() {
            if (!take(':')) {
                throw malformed();
            }
        }

        void endOfEntry() {
            if (take(',')) {
                if (atEnd()) {
                    throw malformed();
                }
            } else if (!atEnd()) {
                throw malformed();
            }
        }

        private String part() {
            skipBlanks();
            if (atEnd() || text.charAt(at) != '"') {
                int from = at;
                while (!atEnd() && ".,:\"".indexOf(text.charAt(at)) < 0) {
                    at++;
                }
                String part = text.substring(from, at).strip();
                if (part.isEmpty()) {
                    throw malformed();
                }
                return part;
            }
            StringBuilder part = new StringBuilder();
            at++;
            while (!atEnd()) {
                char c = text.charAt(at++);
                if (c != '"') {
                    part.append(c);
                } else if (atEnd() || text.charAt(at) != '"') {
                    skipBlanks();
                    return part.toString();
                } else {
                    part.append('"');
                    at++;
                }
            }
            throw malformed();
        }

        private boolean take(char c) {
            if (atEnd() || text.charAt(at) != c) {
                return false;
            }
            at++;
            skipBlanks();
            return true;
        }

        private void skipBlanks() {
            while (!atEnd() && Character.isWhitespace(text.charAt(at))) {
                at++;
            }
        }

        private IllegalArgumentException malformed() {
            return new IllegalArgumentException("expected " + form
                    + ", joined by commas (a name that holds one of . , : \" stands in double quotes), found '" + text
                    + "'");
        }
    }
}
