package io.pg2any.capture;

import static org.assertj.core.api.Assertions.assertThat;

import io.pg2any.change.Lsn;
import org.junit.jupiter.api.Test;

class SlotFeedbackTest {
    @Test
    void onlyEverRises() {
        SlotFeedback feedback = new SlotFeedback();
        assertThat(feedback.confirmable()).isEqualTo(Lsn.ZERO);
        feedback.safe(Lsn.parse("1/0"));
        feedback.safe(Lsn.parse("0/FFFFFFFF"));
        feedback.safe(Lsn.ZERO);
        assertThat(feedback.confirmable()).isEqualTo(Lsn.parse("1/0"));
    }

    @Test
    void comparesUnsigned() {
        SlotFeedback feedback = new SlotFeedback();
        feedback.safe(Lsn.parse("FFFFFFFF/0"));
        feedback.safe(Lsn.parse("1/0"));
        assertThat(feedback.confirmable()).isEqualTo(Lsn.parse("FFFFFFFF/0"));
    }
}
