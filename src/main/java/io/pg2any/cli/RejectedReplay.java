package io.pg2any.cli;

import io.pg2any.apply.Applied;
import io.pg2any.apply.Target;
import io.pg2any.apply.TargetException;
import io.pg2any.change.Change;
import io.pg2any.change.Lsn;
import io.pg2any.change.SourceIdentity;
import io.pg2any.change.TransactionBatch;
import io.pg2any.change.TransactionCursor;
import io.pg2any.change.TransactionInfo;
import io.pg2any.staging.RejectedFile;
import io.pg2any.staging.RejectedFileName;
import io.pg2any.staging.RejectedFiles;
import java.io.IOException;
import java.time.Instant;

/**
 * Applies dead letters, each in a target transaction of its own, once.
 *
 * <p>The target keeps a position for replays beside the pipeline's, and its LSN only counts them. A letter gets the next
 * number in its name, on disk, before it is applied; the target moves to the number together with the change; then the
 * letter goes. Whatever was interrupted, the next replay compares both numbers and knows.
 */
final class RejectedReplay {
    private final RejectedFiles letters;
    private final Target target;
    /** How many the target has. */
    private long replayed;

    private RejectedReplay(RejectedFiles letters, Target target, long replayed) {
        this.letters = letters;
        this.target = target;
        this.replayed = replayed;
    }

    /** Opens the target, and settles what an earlier replay has left. */
    static RejectedReplay open(RejectedFiles letters, Target target) throws TargetException, IOException {
        long replayed = target.open().map(position -> position.lsn().value()).orElse(0L);
        for (RejectedFileName name : letters.names()) {
            if (name.replay() > replayed) {
                letters.mark(name, 0);
            } else if (name.replay() > 0) {
                letters.delete(name);
            }
        }
        return new RejectedReplay(letters, target, replayed);
    }

    /**
     * When this returns the target has the change, and the letter is gone.
     *
     * @throws TargetException after which the target does not have the change, or, if it is RETRYABLE, the next replay
     *     finds out
     */
    void replay(RejectedFileName name) throws TargetException, IOException {
        RejectedFile letter = RejectedFile.read(letters.path(name));
        long number = replayed + 1;
        RejectedFileName marked = letters.mark(name, number);
        Applied applied;
        try {
            applied = target.apply(new Letter(letter, new Lsn(replayed), new Lsn(number)));
        } catch (TargetException e) {
            if (e.kind() != TargetException.Kind.RETRYABLE) {
                letters.mark(marked, 0);
            }
            throw e;
        }
        if (!applied.durable().equals(new Lsn(number))) {
            throw new IllegalStateException("replay " + number + " was applied, but is not durable");
        }
        replayed = number;
        letters.delete(marked);
    }

    /** One transaction of one change, whose end is the number of the replay. */
    private record Letter(RejectedFile letter, Lsn after, Lsn through) implements TransactionBatch {
        @Override
        public SourceIdentity source() {
            return letter.source();
        }

        @Override
        public long stagedBytes() {
            return 0;
        }

        @Override
        public boolean preserve() {
            return true;
        }

        @Override
        public TransactionCursor open() {
            return new LetterCursor(letter, through);
        }
    }

    private static final class LetterCursor implements TransactionCursor {
        private final RejectedFile letter;
        private final Lsn through;
        private int transactions;
        private int changes;

        LetterCursor(RejectedFile letter, Lsn through) {
            this.letter = letter;
            this.through = through;
        }

        @Override
        public boolean nextTransaction() {
            return ++transactions == 1;
        }

        @Override
        public TransactionInfo transaction() {
            return letter.transaction();
        }

        @Override
        public Change nextChange() {
            return ++changes == 1 ? letter.change() : null;
        }

        @Override
        public long ordinal() {
            return changes == 0 ? 0 : letter.rejection().ordinal();
        }

        @Override
        public void skipThrough(long ordinal) {
            throw new IllegalStateException("a dead letter is not applied in parts");
        }

        @Override
        public Instant stagedAt() {
            return letter.rejection().rejectedAt();
        }

        @Override
        public Lsn through() {
            return through;
        }

        @Override
        public void close() {}
    }
}
