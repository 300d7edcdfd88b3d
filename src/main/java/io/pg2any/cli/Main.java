package io.pg2any.cli;

/** Entry point of {@code java -jar pg2any.jar}. */
public final class Main {
    private Main() {}

    public static void main(String[] args) {
        System.exit(2);
    }
}
