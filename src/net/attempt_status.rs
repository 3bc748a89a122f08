//! The state of the current attempt of a call: whether its request may have been sent, and the
//! progress of the response. Shared by the task that makes attempts and by the threads that wait
//! for or cancel the call.
//!
//! Contains the send gate. It does not contain the call's result; see `call_cell.rs`.

use crate::sync::atomic::{AtomicU8, AtomicU64, Ordering};

/// A part of the request may have been sent.
const SENT: u8 = 1;
/// The call has ended: nothing more may be sent.
const CALLED_OFF: u8 = 2;

/// The state of a call's current attempt.
///
/// A transport passes the send gate ([`try_send`](AttemptStatus::try_send)) immediately before it
/// writes or hands over the first byte of a request. A cancelation closes the gate
/// ([`call_off`](AttemptStatus::call_off)). Both change the same atomic, so they have an order: a
/// call that is reported as not sent is never sent afterwards.
#[derive(Debug, Default)]
pub(crate) struct AttemptStatus {
    gate: AtomicU8,
    /// Grows with every part of a response.
    progress: AtomicU64,
    /// The number of the shared connection that the attempt uses; 0 for none.
    connection: AtomicU64,
}

impl AttemptStatus {
    /// Passes the send gate. Returns false if the call was called off; then nothing may be sent.
    #[must_use]
    pub(crate) fn try_send(&self) -> bool {
        match self.gate.compare_exchange(0, SENT, Ordering::AcqRel, Ordering::Acquire) {
            Ok(_) => true,
            Err(now) => now == SENT,
        }
    }

    /// Takes back [`try_send`](AttemptStatus::try_send): it is certain that the server did not act
    /// on the request, either because no byte of it was written or because the server said so.
    pub(crate) fn mark_not_sent(&self) {
        self.gate.fetch_and(!SENT, Ordering::AcqRel);
    }

    /// Closes the send gate for good. Returns whether a part of the request may have been sent
    /// before.
    pub(crate) fn call_off(&self) -> bool {
        self.gate.fetch_or(CALLED_OFF, Ordering::AcqRel) & SENT != 0
    }

    /// Returns whether a part of the request may have been sent.
    pub(crate) fn may_be_sent(&self) -> bool {
        self.gate.load(Ordering::Acquire) & SENT != 0
    }

    /// Returns a number that grows with every part of a response.
    pub(crate) fn progress(&self) -> u64 {
        self.progress.load(Ordering::Relaxed)
    }

    /// Returns the number of the shared connection that the attempt uses, if it uses one.
    pub(crate) fn shared_connection(&self) -> Option<u64> {
        Some(self.connection.load(Ordering::Relaxed)).filter(|id| *id != 0)
    }

    /// Records which shared connection the attempt uses.
    pub(crate) fn use_connection(&self, id: u64) {
        self.connection.store(id, Ordering::Relaxed);
    }

    /// Records that a part of a response has come.
    pub(crate) fn record_progress(&self) {
        self.progress.fetch_add(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_that_was_called_off_cannot_be_sent() {
        let status = AttemptStatus::default();
        assert!(!status.call_off());
        assert!(!status.try_send());
        assert!(!status.may_be_sent());
    }

    #[test]
    fn a_call_that_was_sent_is_called_off_as_sent() {
        let status = AttemptStatus::default();
        assert!(status.try_send() && status.try_send());
        assert!(status.call_off());
        assert!(!status.try_send(), "no second attempt after the end");
    }

    #[test]
    fn an_attempt_that_was_not_sent_can_be_repeated() {
        let status = AttemptStatus::default();
        assert!(status.try_send());
        status.mark_not_sent();
        assert!(!status.may_be_sent());
        assert!(status.try_send());
    }

    #[test]
    fn two_threads_agree_on_whether_a_call_was_sent() {
        for _ in 0..2000 {
            let status = AttemptStatus::default();
            let (sent, called_off_after_sending) = std::thread::scope(|scope| {
                let sender = scope.spawn(|| status.try_send());
                let canceler = scope.spawn(|| status.call_off());
                (sender.join().unwrap(), canceler.join().unwrap())
            });
            assert_eq!(sent, called_off_after_sending);
        }
    }
}
