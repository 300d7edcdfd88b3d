package io.pg2any.capture;

import static org.assertj.core.api.Assertions.assertThat;

import io.pg2any.change.Lsn;
import io.pg2any.change.Position;
import io.pg2any.pgoutput.MessageChunk;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.function.BooleanSupplier;

/**
 * What stands behind capture in these tests: takes chunks, puts whole transactions together, drops what a session left
 * unfinished, and confirms what it has, as the staging does.
 */
final class Downstream {
    private static final Duration PATIENCE = Duration.ofSeconds(20);

    private final Capture capture;
    private final SlotFeedback feedback;
    private final boolean confirms;
    private final List<String> open = new ArrayList<>();
    private boolean inTransaction;
    private long session;

    /** One string per committed transaction: its inserted rows' columns, joined. */
    final List<String> transactions = new ArrayList<>();

    final List<MessageChunk> chunks = new ArrayList<>();
    Position position;
    long largestMessage;

    Downstream(Capture capture, SlotFeedback feedback, boolean confirms) {
        this.capture = capture;
        this.feedback = feedback;
        this.confirms = confirms;
    }

    /** Takes until the condition holds; fails when that lasts too long. */
    void until(BooleanSupplier condition) throws Exception {
        long deadline = System.nanoTime() + PATIENCE.toNanos();
        while (!condition.getAsBoolean()) {
            assertThat(System.nanoTime())
                    .as("within %s: %s, %s", PATIENCE, capture.status(), transactions)
                    .isLessThan(deadline);
            takeOne(Duration.ofMillis(20));
        }
    }

    void untilTransactions(int count) throws Exception {
        until(() -> transactions.size() >= count);
    }

    boolean takeOne(Duration timeout) throws Exception {
        MessageChunk chunk = capture.take(timeout);
        if (chunk == null) {
            return false;
        }
        accept(chunk);
        return true;
    }

    private void accept(MessageChunk chunk) {
        if (chunk.session() != session) {
            assertThat(chunk.session()).isGreaterThan(session);
            session = chunk.session();
            open.clear();
            inTransaction = false;
        }
        ByteBuffer bytes = ByteBuffer.wrap(chunk.bytes(), 0, chunk.length());
        int messages = 0;
        while (bytes.hasRemaining()) {
            int size = bytes.getInt();
            bytes.getLong();
            ByteBuffer message = bytes.slice().limit(size);
            bytes.position(bytes.position() + size);
            largestMessage = Math.max(largestMessage, size);
            message(chunk, message);
            messages++;
        }
        assertThat(messages).isEqualTo(chunk.messages());
        if (chunk.idleThrough() != null) {
            assertThat(inTransaction).isFalse();
            reached(chunk, chunk.idleThrough());
        }
        if (chunks.size() < 10_000) {
            chunks.add(chunk);
        }
    }

    private void message(MessageChunk chunk, ByteBuffer message) {
        switch (message.get()) {
            case 'B' -> {
                assertThat(inTransaction).isFalse();
                inTransaction = true;
            }
            case 'C' -> {
                assertThat(inTransaction).isTrue();
                inTransaction = false;
                message.get();
                message.getLong();
                long end = message.getLong();
                if (!open.isEmpty()) { // PostgreSQL 14 sends empty transactions too
                    transactions.add(String.join(" ", open));
                    open.clear();
                }
                reached(chunk, new Lsn(end));
            }
            case 'I' -> {
                assertThat(inTransaction).isTrue();
                open.add(row(message));
            }
            default -> assertThat(inTransaction).isTrue();
        }
    }

    private void reached(MessageChunk chunk, Lsn lsn) {
        assertThat(position == null || lsn.isAfter(position.lsn()) || lsn.equals(position.lsn()))
                .isTrue();
        position = new Position(chunk.source(), lsn);
        if (confirms) {
            feedback.safe(lsn);
        }
    }

    private static String row(ByteBuffer insert) {
        insert.getInt();
        assertThat(insert.get()).isEqualTo((byte) 'N');
        int columns = insert.getShort();
        List<String> values = new ArrayList<>();
        for (int i = 0; i < columns; i++) {
            if (insert.get() == 't') {
                byte[] text = new byte[insert.getInt()];
                insert.get(text);
                values.add(text.length > 1000 ? text.length + " bytes" : new String(text, StandardCharsets.UTF_8));
            } else {
                values.add("-");
            }
        }
        return String.join(",", values);
    }
}
