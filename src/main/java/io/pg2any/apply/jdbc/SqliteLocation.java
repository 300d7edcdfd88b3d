package io.pg2any.apply.jdbc;

import io.pg2any.apply.TargetException;
import io.pg2any.apply.TargetException.Kind;
import java.net.URI;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.regex.Pattern;

/** The forms a SQLite destination is written in. Messages never repeat a URL, which may carry a passphrase. */
final class SqliteLocation {
    private static final String FORMS = "(a path, file:///path, sqlite://path, sqlite:path or jdbc:sqlite:path)";

    /** With a scheme that is none of ours. */
    private static final Pattern OTHER_URL = Pattern.compile("[A-Za-z][A-Za-z0-9+.-]*://");

    private SqliteLocation() {}

    static Path parse(String destination) throws TargetException {
        String text = destination.strip();
        if (text.startsWith("jdbc:")) {
            text = text.substring("jdbc:".length());
        }
        if (text.startsWith("sqlite:")) {
            text = withoutParameters(text.substring("sqlite:".length()));
            // sqlite:///data/a.db has an absolute path, sqlite://a.db a relative one.
            text = text.startsWith("//") ? text.substring(2) : text;
        }
        if (text.startsWith("file:")) {
            text = fileUrl(withoutParameters(text));
        }
        if (OTHER_URL.matcher(text).lookingAt()) {
            throw config("SQLite destination: is the URL of another kind of target; set CDC_DEST_TYPE to that kind, or"
                    + " name a file " + FORMS);
        }
        if (text.isEmpty() || text.startsWith(":")) {
            throw config("SQLite destination: needs a file, since nothing else outlives the process " + FORMS);
        }
        try {
            return Path.of(text).toAbsolutePath().normalize();
        } catch (InvalidPathException e) {
            throw new TargetException(Kind.CONFIG, "SQLite destination: not a path: " + e.getReason(), e);
        }
    }

    private static String withoutParameters(String text) throws TargetException {
        int question = text.indexOf('?');
        if (question < 0) {
            return text;
        }
        for (String parameter : text.substring(question + 1).split("&", -1)) {
            // What other tools write to have the file created, which happens anyway.
            if (!parameter.isEmpty() && !parameter.equals("mode=rwc")) {
                int equals = parameter.indexOf('=');
                throw config("SQLite destination: unknown parameter '"
                        + (equals < 0 ? parameter : parameter.substring(0, equals)) + "': remove it");
            }
        }
        return text.substring(0, question);
    }

    private static String fileUrl(String text) throws TargetException {
        String path = text.substring("file:".length());
        if (path.startsWith("//")) {
            path = path.substring(2);
            path = path.startsWith("localhost/") ? path.substring("localhost".length()) : path;
        }
        try {
            String decoded = new URI(path.replace(" ", "%20")).getPath();
            if (decoded != null) {
                return decoded;
            }
            throw config("SQLite destination: not a file URL " + FORMS);
        } catch (URISyntaxException e) {
            throw new TargetException(
                    Kind.CONFIG, "SQLite destination: not a file URL " + FORMS + ": " + e.getReason());
        }
    }

    private static TargetException config(String message) {
        return new TargetException(Kind.CONFIG, message);
    }

    static void requireUsable(Path file) throws TargetException {
        Path folder = file.getParent();
        if (folder == null || Files.isDirectory(file)) {
            throw config("SQLite file " + file + ": is a folder, name a file in it");
        }
        if (!Files.isDirectory(folder)) {
            throw config("SQLite file " + file + ": folder " + folder + " does not exist, create it");
        }
        // The write-ahead log is a file next to it.
        if (!Files.isWritable(folder)) {
            throw config("SQLite file " + file + ": folder " + folder + " is not writable for this user");
        }
        if (Files.exists(file) && !Files.isWritable(file)) {
            throw config("SQLite file " + file + ": is not writable for this user");
        }
    }

    /** The driver cuts a plain path at a question mark; a URI carries it encoded. */
    static String url(Path file) {
        String path = file.toString();
        return "jdbc:sqlite:" + (path.indexOf('?') < 0 ? path : file.toUri().toString());
    }
}
