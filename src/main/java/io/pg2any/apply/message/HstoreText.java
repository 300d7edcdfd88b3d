package io.pg2any.apply.message;

import com.fasterxml.jackson.core.io.JsonStringEncoder;

/** Reads {@code "key"=>"value", "key2"=>NULL}, the output form of the hstore extension. */
final class HstoreText {
    private final String text;
    private int at;

    private HstoreText(String text) {
        this.text = text;
    }

    static String toJson(String text) throws InexpressibleValueException {
        return new HstoreText(text).json();
    }

    private String json() throws InexpressibleValueException {
        StringBuilder json = new StringBuilder(text.length()).append('{');
        while (at < text.length()) {
            if (json.length() > 1) {
                expect(", ");
                json.append(',');
            }
            quoted(json);
            expect("=>");
            json.append(':');
            if (text.startsWith("NULL", at)) {
                at += 4;
                json.append("null");
            } else {
                quoted(json);
            }
        }
        return json.append('}').toString();
    }

    private void quoted(StringBuilder json) throws InexpressibleValueException {
        expect("\"");
        StringBuilder value = new StringBuilder();
        while (at < text.length() && text.charAt(at) != '"') {
            if (text.charAt(at) == '\\') {
                at++;
            }
            if (at < text.length()) {
                value.append(text.charAt(at++));
            }
        }
        expect("\"");
        json.append('"');
        JsonStringEncoder.getInstance().quoteAsString(value, json);
        json.append('"');
    }

    private void expect(String token) throws InexpressibleValueException {
        if (!text.startsWith(token, at)) {
            throw new InexpressibleValueException("not an hstore in its output form");
        }
        at += token.length();
    }
}
