//! The queue between the tasks of the runtime, which end calls, and the threads that run callbacks.

use std::collections::VecDeque;
use std::sync::Arc;

use super::event::CallResult;
use crate::fork::ForkSafeMutex;
use crate::net::host_waker::HostWaker;
use crate::sync::atomic::{AtomicUsize, Ordering};

/// The events of a client's calls that are not delivered yet. The tasks of the runtime push to it,
/// so it contains nothing of the host: neither a callback nor anything that could hold the last
/// reference to one.
pub(crate) struct CompletionQueue {
    /// The number of calls in flight plus the number of callbacks that have not run. A tick with
    /// nothing to do reads only this field.
    active: AtomicUsize,
    /// Ids of calls and their events, oldest first. Some of the calls may be forgotten by now.
    ready: ForkSafeMutex<VecDeque<(u64, Completion)>>,
    pub(crate) waker: Arc<HostWaker>,
}

pub(super) enum Completion {
    Update(CallResult),
    Done,
}

impl CompletionQueue {
    pub(super) fn new() -> CompletionQueue {
        CompletionQueue {
            active: AtomicUsize::new(0),
            ready: ForkSafeMutex::new(VecDeque::new()),
            waker: HostWaker::new(),
        }
    }

    pub(super) fn push(&self, id: u64, completion: Completion) {
        self.ready.lock().push_back((id, completion));
        self.waker.wake();
    }

    /// Returns whether there is an event to deliver. Its call may be forgotten by now.
    pub(crate) fn has_ready(&self) -> bool {
        !self.ready.lock().is_empty()
    }

    /// Returns whether a tick has nothing to do.
    pub(crate) fn is_empty(&self) -> bool {
        self.active.load(Ordering::Acquire) == 0
    }

    /// Counts a callback that has not run.
    pub(super) fn add_callback(&self) {
        self.active.fetch_add(1, Ordering::AcqRel);
    }

    /// Stops counting a callback: it has run, or it will never run.
    pub(super) fn remove_callback(&self) {
        self.active.fetch_sub(1, Ordering::AcqRel);
    }

    /// Resets the count that was inherited from the parent process.
    pub(super) fn reset(&self) {
        self.active.store(0, Ordering::Release);
    }

    /// Takes the oldest event.
    pub(super) fn pop(&self) -> Option<(u64, Completion)> {
        self.ready.lock().pop_front()
    }

    /// Counts a call in flight until the guard is dropped.
    pub(crate) fn enter(self: &Arc<CompletionQueue>) -> ActiveGuard {
        self.active.fetch_add(1, Ordering::AcqRel);
        ActiveGuard(Arc::clone(self))
    }
}

/// A call in flight, until it is dropped.
pub(crate) struct ActiveGuard(Arc<CompletionQueue>);

impl Drop for ActiveGuard {
    fn drop(&mut self) {
        self.0.active.fetch_sub(1, Ordering::AcqRel);
    }
}
