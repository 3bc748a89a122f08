//! The calls in flight of one driver: how many there may be, and why no more are accepted.

use std::sync::Arc;

use slab::Slab;

use super::call_cell::CallCell;
use super::idle_time::DriveClock;
use crate::codes::Code;
use crate::error::Error;
use crate::fork::{self, ForkSafeMutex};
use crate::sync::atomic::{AtomicBool, Ordering};

/// The calls in flight of one driver in one process.
pub(super) struct InFlightCalls {
    generation: u64,
    max: usize,
    calls: ForkSafeMutex<Calls>,
    /// Whether the I/O driver has failed: checked by every tick, without the lock.
    has_failed: AtomicBool,
}

#[derive(Default)]
struct Calls {
    /// Why no more calls are accepted.
    closed: Option<Closed>,
    cells: Slab<Arc<CallCell>>,
}

/// Why a driver accepts no more calls.
#[derive(Clone)]
pub(super) enum Closed {
    ShutDown,
    /// The I/O driver failed. The host may have closed its descriptor, or the system refuses to
    /// wait for it.
    Failed(Arc<str>),
}

impl Closed {
    pub(super) fn error(&self) -> Error {
        match self {
            Closed::ShutDown => shut_down_error(),
            Closed::Failed(message) => {
                Error::new(Code::INTERNAL, format!("A defect in this library: {message}"))
            }
        }
    }
}

impl InFlightCalls {
    pub(super) fn new(max: usize) -> Arc<InFlightCalls> {
        Arc::new(InFlightCalls {
            generation: fork::generation(),
            max,
            calls: ForkSafeMutex::new(Calls::default()),
            has_failed: AtomicBool::new(false),
        })
    }

    /// Returns the number of calls in flight.
    pub(super) fn len(&self) -> usize {
        self.calls.lock().cells.len()
    }

    /// Adds a call, which counts as in flight until its guard is dropped.
    ///
    /// # Errors
    ///
    /// [`Code::BUSY`] for more calls than `max_in_flight`, and the reason why no more calls are
    /// accepted.
    pub(super) fn register(self: &Arc<Self>, clock: &Arc<DriveClock>) -> Result<InFlightGuard, Error> {
        let cell = Arc::new(CallCell::new(clock));
        let mut calls = self.calls.lock();
        if let Some(closed) = &calls.closed {
            return Err(closed.error());
        }
        if calls.cells.len() >= self.max {
            let message =
                format!("The client has as many calls in flight as `max_in_flight` allows ({}).", self.max);
            let mut error = Error::new(Code::BUSY, message);
            error.inner_mut().retryable = true;
            return Err(error);
        }
        let key = calls.cells.insert(Arc::clone(&cell));
        drop(calls);
        Ok(InFlightGuard { calls: Arc::clone(self), cell, key, counts: AtomicBool::new(true) })
    }

    /// Accepts no more calls. Returns those in flight.
    pub(super) fn shut_down(&self) -> Vec<Arc<CallCell>> {
        let mut calls = self.calls.lock();
        calls.closed.get_or_insert(Closed::ShutDown);
        calls.cells.iter().map(|(_, cell)| Arc::clone(cell)).collect()
    }

    /// Accepts no more calls because the I/O driver failed. Returns those in flight.
    #[cold]
    pub(super) fn fail(&self, reason: Closed) -> Vec<Arc<CallCell>> {
        let mut calls = self.calls.lock();
        calls.closed = Some(reason);
        let cells = calls.cells.iter().map(|(_, cell)| Arc::clone(cell)).collect();
        drop(calls);
        self.has_failed.store(true, Ordering::Release);
        cells
    }

    /// Returns why the I/O driver failed, if it did.
    pub(super) fn failure(&self) -> Option<Error> {
        if !self.has_failed.load(Ordering::Acquire) {
            return None;
        }
        self.calls.lock().closed.as_ref().map(Closed::error)
    }
}

/// A call that counts as in flight until this is dropped, which also cancels the call if it has not
/// ended.
pub(crate) struct InFlightGuard {
    calls: Arc<InFlightCalls>,
    cell: Arc<CallCell>,
    key: usize,
    counts: AtomicBool,
}

impl InFlightGuard {
    /// Returns the guard of a call that no driver runs, for the loom models.
    #[cfg(all(test, iplaygames_loom))]
    pub(crate) fn without_driver() -> InFlightGuard {
        InFlightCalls::new(1).register(&Arc::new(DriveClock::new())).unwrap()
    }

    pub(crate) fn cell(&self) -> &Arc<CallCell> {
        &self.cell
    }

    /// Drops a call that has ended, without canceling it. The caller then has the last reference to
    /// its report, so that the report need not be cloned.
    pub(super) fn unregister(self) {
        self.calls.calls.lock().cells.try_remove(self.key);
        self.counts.store(false, Ordering::Release);
    }

    /// Cancels the call if it has not ended. It does not count as in flight any more.
    pub(crate) fn release(&self) {
        if self.calls.generation != fork::generation() {
            // The call of a parent process: its task and its connection belong to the parent.
            return;
        }
        // A thread that finds the call released also finds it ended.
        if self.counts.load(Ordering::Acquire) && self.counts.swap(false, Ordering::AcqRel) {
            self.calls.calls.lock().cells.try_remove(self.key);
            self.cell.cancel();
        }
    }
}

impl Drop for InFlightGuard {
    fn drop(&mut self) {
        self.release();
    }
}

pub(crate) fn shut_down_error() -> Error {
    Error::new(Code::SHUT_DOWN, "The client is shut down.")
}
