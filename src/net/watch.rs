//! What can be seen of a request from outside while it travels.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

/// Shared by who carries a request and who waits for it.
#[derive(Debug, Default)]
pub(crate) struct Watch {
    /// Set as the request is handed to a connection: from then on it may arrive.
    dispatched: AtomicBool,
    /// Grows with every part of an answer.
    progress: AtomicU64,
}

impl Watch {
    pub(crate) fn dispatched(&self) -> bool {
        self.dispatched.load(Ordering::Acquire)
    }

    /// Forgets the last attempt, whose request is known not to have been done.
    pub(crate) fn reset(&self) {
        self.dispatched.store(false, Ordering::Release);
    }

    pub(crate) fn progress(&self) -> u64 {
        self.progress.load(Ordering::Relaxed)
    }

    /// The request is handed over.
    pub(super) fn dispatch(&self) {
        self.dispatched.store(true, Ordering::Release);
    }

    pub(super) fn move_on(&self) {
        self.progress.fetch_add(1, Ordering::Relaxed);
    }
}
